"""What a turn comes to: the actions that answer it, in order. Topic -> action is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Collection

from bot.dialogue.clauses import PERSON
from bot.dialogue.forms import Move, another, is_sure, move
from bot.dialogue.turn import Question, Turn
from bot.understanding.parse import MENTION
from bot.understanding.verdict import names_own
from knowledge import Knowledge
from xiaoer.asked import GENERAL, NOTHING
from xiaoer.asked import OWN as OWNED
from xiaoer.principal import Role

ANSWER = "utter_answer"
CANCEL = "action_cancel"
DENY = "utter_deny"
FAILURE = "utter_failure"
HANDOFF = "action_handoff"
OWN = "action_own"  # answers by what is the asker's own, or says that the question is a general one
PASS_ON = "action_pass_on"
_SURELY = 0.9
_PLAIN = ("greet", "thanks", "help")  # what is said to nothing that one has
REPEAT = "utter_repeat"
RESUME = "utter_resume_"  # + the slot that the open form asks for
SETTLE = "action_settle"
MY_REQUESTS = "my_requests"  # says it of all that was done, and of the one that is asked about
FORM = "_form"  # how a form's name ends
PLACEHOLDER = "nlu_fallback"  # Rasa trains no policy without a rule: the one about this intent, which no message has
# What is said to the outcome of a confirmation that came late; anything else is a matter of its own.
ABOUT_HOW_IT_WENT = frozenset({"affirm", "deny", "stop", "mention", "", "repeat", "complaint"})


def form_of(topic: str) -> str:
    """The form of a topic: request_enable -> request_enable_form."""
    return topic + FORM


def action_for(topic: str, actions: Collection[str]) -> str:
    """The action that answers a topic: its form, its own action or conversation reply where there is one, else the answer."""
    for name in (form_of(topic), f"action_{topic}", f"utter_{topic}"):
        if name in actions:
            return name
    return ANSWER


def asks_how_it_went(turn: Turn, last_request: object) -> bool:
    """By a read-back's button when its form is over, or in words when something has been written."""
    in_words = last_request and turn.acts.asks_how_it_went and turn.intent != MY_REQUESTS
    return "summary" in turn.named or bool(in_words)


def steps(turn: Turn, knowledge: Knowledge, actions: Collection[str]) -> tuple[str, ...]:
    """The actions that answer the turn; what stands before every turn (a person, an unsettled confirmation) left out."""
    if turn.past.form is not None:
        return _in_form(turn, knowledge, actions)
    if _is_refused(turn, knowledge):
        return (DENY,)
    plan = _answers(turn, knowledge, actions)
    # A form asks, or says why not: nothing comes after it.
    first = next((place for place, name in enumerate(plan, 1) if name.endswith(FORM)), len(plan))
    return tuple(plan[:first])


def _answers(turn: Turn, knowledge: Knowledge, actions: Collection[str]) -> list[str]:
    """What answers each question: the asker's own first, where it may be about that, and what is so in general where it
    is not; as far as is known by now."""
    questions: tuple[Question | None, ...] = turn.questions or (None,)
    looked = iter(turn.now.own)
    plan: list[str] = []
    for question in questions:
        how = GENERAL
        if may_be_own(turn, question, knowledge):
            plan.append(OWN)
            found = next(looked, None)
            if found is None:
                break
            how = found
        if how != OWNED:
            plan.append(_in_general(question, how, actions))
    if len(turn.questions) == 1 and turn.questions[0].instead and turn.principal.role is Role.VISITOR:
        plan.append(ANSWER)  # who is asked to sign in is told what is so in general
    return plan


def _in_general(question: Question | None, how: str, actions: Collection[str]) -> str:
    """The action for a question that is not answered by what is the asker's own. how: looking at that went."""
    if question is None or (how == NOTHING and question.instead):
        return ANSWER
    return action_for(question.topic, actions)


def may_be_own(turn: Turn, question: Question | None, knowledge: Knowledge) -> bool:
    """Whether it is looked up first whether a question is about what is the asker's own: where its topic has points of
    that, where its words leave the topic open, or where they hold what one's own is named by."""
    if turn.principal.role is Role.VISITOR or (turn.text.startswith("/") and "order_number" not in turn.named):
        return False
    beside = turn.past.form is not None  # what is asked beside a form is general, unless it is plainly of one's own
    if question is None or turn.intent == MENTION:
        return bool(turn.plain) and not beside and turn.kind not in ("edge", "corrected")
    if knowledge.points_of(question.topic, turn.principal.role.value):
        return True
    return not beside and _leaves_it_open(question, turn, knowledge)


def _sellers_own(topic: str, turn: Turn, knowledge: Knowledge) -> bool:
    """Whether a seller may ask it of what he has: his shop's tasks are asked in words that ask for a customer's order as
    well (啥时候签的), and what goes on with a reply about something of his is looked up whatever its topic."""
    if topic in knowledge.tasks:
        return not _writes(topic, knowledge)
    about = turn.past.last
    goes_on = bool(about.get("things") or about.get("shops"))
    return goes_on and topic != PERSON and not turn.acts.yes


def _leaves_it_open(question: Question, turn: Turn, knowledge: Knowledge) -> bool:
    """Whether a topic that has no point of one's own may be one all the same."""
    topic = question.topic
    if turn.principal.role is Role.SELLER and _sellers_own(topic, turn, knowledge):
        return True
    if topic in knowledge.conversation:
        plain = topic in _PLAIN and question.confidence >= _SURELY and not turn.past.last.get("things")
        return topic != PERSON and not plain and not turn.acts.yes
    if topic in knowledge.tasks:  # a buyer who is taken to ask for a shop's report
        return not _writes(topic, knowledge) and turn.principal.role.value not in knowledge.tasks[topic].audiences
    goes_on = bool(turn.past.last.get("things"))
    return topic in knowledge.outside or goes_on or names_own(turn.plain)


def _in_form(turn: Turn, knowledge: Knowledge, actions: Collection[str]) -> tuple[str, ...]:
    form, requested = str(turn.past.form), turn.past.requested
    meant = move(turn, knowledge.tasks)
    if meant is Move.ANSWER:
        return (form,)
    if meant is Move.CANCEL:
        return (CANCEL,)
    questions = _answers(turn, knowledge, actions)
    if HANDOFF in questions and PERSON not in turn.acts.declined:
        return (HANDOFF,)
    if meant is Move.SWITCH:
        return (CANCEL, form_of(str(another(turn, knowledge.tasks))))
    return _beside(tuple(name for name in questions if name != form), requested)


def _beside(questions: tuple[str, ...], requested: str | None) -> tuple[str, ...]:
    """What is asked beside a form, and then where the form stands."""
    answers = tuple(DENY if name == HANDOFF else name for name in questions)
    again = answers == (REPEAT,)  # what the form said last is said once more, and that is all
    return (*answers, f"{RESUME}{requested}") if requested and not again else answers


def _is_refused(turn: Turn, knowledge: Knowledge) -> bool:
    """Whether it says of something that could be done that it should not be: 「别给我开退货宝」. What else it may ask for is
    done where that is a deed of another kind, or where it is surely that."""
    acts = turn.acts
    deeds = [
        question.topic for question in turn.questions if question.topic == PERSON or _writes(question.topic, knowledge)
    ]
    if deeds:
        return _are_refused(deeds, turn, knowledge)
    return bool(acts.declined) and acts.plainly and not acts.asks and (acts.calls_off or not is_sure(turn))


def _are_refused(deeds: list[str], turn: Turn, knowledge: Knowledge) -> bool:
    """Whether all of what it may ask for is. What takes back is refused by its own name alone: 「不申诉了，刚才那个撤回」."""
    acts = turn.acts
    if acts.declined.issuperset(deeds):
        return True
    takes_back = any(knowledge.tasks[deed].takes_back for deed in deeds if deed != PERSON)
    return not takes_back and acts.calls_off and acts.plainly and not acts.wished.issuperset(deeds)


def _writes(topic: str, knowledge: Knowledge) -> bool:
    return topic in knowledge.tasks and bool(knowledge.tasks[topic].writes)
