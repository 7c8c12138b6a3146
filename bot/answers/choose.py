"""Which answer is given to a turn: the one room where that is decided."""

from __future__ import annotations

from dataclasses import replace

from bot.answers.asked import LIKELIER, Candidate, candidates, chosen, guessed, side_of
from bot.answers.beside.counted import counted
from bot.answers.buttons import HANDOFF, Buttons
from bot.answers.fixed import Fixed
from bot.answers.reply import Reply
from bot.answers.wording import Wording
from bot.dialogue.turn import BARE, Question, Turn
from bot.understanding.normaliser import MAX_CHARACTERS
from knowledge import Knowledge
from xiaoer import clock

CHANGES = "policy_change"  # the topic that says what is over
LONGEST_MESSAGE = 2000  # characters; a longer message is not an honest question


class Choose:
    """Chooses from one version of the knowledge. What is not known is said to be not known; another product's answer is
    never given instead."""

    def __init__(self, knowledge: Knowledge, fixed: Fixed) -> None:
        self._knowledge = knowledge
        self._fixed = fixed
        self._buttons = Buttons(knowledge)
        self._wording = Wording(knowledge, fixed, self._buttons)

    def answer(self, turn: Turn) -> Reply:
        """The reply to the latest message, or to the next of its questions."""
        reply = self._answer(turn)
        if reply.outcome == "clarify":
            reply.choice = "role" if reply.asked_role else "topic"
        return reply

    def greeting(self, turn: Turn) -> Reply:
        """Good day, and what people ask."""
        reply = self._fixed.of_turn("utter_greet", turn)
        reply.buttons = self._buttons.popular(self._knowledge.default_product, turn)
        return reply

    def _answer(self, turn: Turn) -> Reply:
        if len(turn.text) > LONGEST_MESSAGE:
            return self._fixed.of_turn("utter_too_long", turn, length=len(turn.text), most=MAX_CHARACTERS)
        if not turn.plain:
            return self._wording.with_popular(self._fixed.of_turn("utter_empty", turn), turn)
        if turn.kind == "topic":
            question = turn.questions[min(turn.answered, len(turn.questions) - 1)]
            reply = self._wording.noted(self._to(question, turn), question, turn)
            return self._wording.headed(reply) if len(turn.questions) > 1 else reply
        if turn.kind == "close":
            return self._of_some(turn)
        if turn.kind == "edge":
            return self._wording.at_the_edge(turn)
        if turn.kind == "corrected":
            return self._wording.corrected(turn)
        if turn.kind == "mention":
            return self._wording.noted(self._wording.mentioned(turn), None, turn)
        reply = self._wording.not_understood(turn)
        reply.buttons.append(HANDOFF)
        return reply

    def _of_some(self, turn: Turn) -> Reply:
        """Some topics fit: the likeliest answer below what it answers, where that is likely enough; else what may be asked is
        offered. A word alone (退货) asks for none of them."""
        found = self._may_be_asked(turn)
        given = next(iter(found), None)
        one_word = len(turn.plain.strip("?!。")) <= BARE
        of_one_side = given is not None and bool(given.answer.audience) and turn.audience is None
        if given is None or given.share < LIKELIER or one_word or of_one_side:
            return self._wording.which_of_some(turn, found)
        reply = self._wording.guess(given, found, turn)
        return reply if reply.beside else self._wording.headed(reply)

    def _may_be_asked(self, turn: Turn) -> tuple[Candidate, ...]:
        """The answers that a message may ask for of which it is open what it asks."""
        if turn.maybe is None:
            return ()
        product = guessed(turn.maybe, turn.audience, self._knowledge) or turn.product
        return candidates(turn.maybe, product, turn.audience, self._knowledge, turn.plain)

    def _to(self, question: Question, turn: Turn) -> Reply:
        question = replace(question, topic=question.instead) if question.instead else question
        topic = question.topic
        if topic in self._knowledge.outside:
            reply = self._fixed.of_turn(f"utter_{topic}", turn)
            reply.topic = topic
            return reply
        if topic not in self._knowledge.knowledge_topics:
            return self._wording.not_understood(turn)
        if topic == "product_difference" and len(question.products) > 1:
            return self._difference(question, turn)
        return self._counted(self._known(question, self._product_for(question, turn), turn), turn)

    def _known(self, question: Question, product: str, turn: Turn) -> Reply:
        """A knowledge topic: the answer that is asked for, or which role is meant, or that nothing is known."""
        found = candidates(question, product, turn.audience, self._knowledge, turn.plain)
        if turn.audience is not None:
            return self._for(question, product, turn.audience, found, turn)
        side = side_of(found)
        if side is None:
            return self._for(question, product, None, found, turn)
        meant = tuple(each for each in found if each.answer.audience in ("", side))
        return self._wording.also_for_the_other(self._for(question, product, side, meant, turn), side)

    def _for(
        self, question: Question, product: str, audience: str | None, found: tuple[Candidate, ...], turn: Turn
    ) -> Reply:
        """What is said to one side, or to somebody of whom it is open which one is his."""
        topic = question.topic
        versions = self._knowledge.versions(product, topic)
        given = chosen(found, question, bool(versions))
        if given is not None and (audience is not None or not given.answer.audience):
            return self._wording.answer(given, found, turn)
        if not versions:
            return self._over(product, turn) or self._wording.not_known(product, topic, turn, question.answers)
        article = self._knowledge.article(product, topic, audience)
        if article is not None:
            return self._wording.article(article, turn, found)
        if audience is not None or len(versions) == 1:
            return self._wording.for_the_other_side(versions[0], turn)
        if turn.asked_role:
            return self._wording.both_sides(versions, turn)
        return self._wording.ask_role(topic, product, turn)

    def _over(self, product: str, turn: Turn) -> Reply | None:
        """Of what nobody can have any more, that is said to whatever is not known of it; None of all else."""
        versions = (
            self._knowledge.versions(product, CHANGES) if self._knowledge.products[product].desk.withdrawn else ()
        )
        return self._wording.article(versions[0], turn) if versions else None

    def _counted(self, reply: Reply, turn: Turn) -> Reply:
        """The reply, with what the day that the words name comes to before it."""
        if reply.article is not None:
            words = counted(str(reply.topic), str(reply.product), turn.plain, clock.today(), self._knowledge)
            reply.text = f"{words}\n\n{reply.text}" if words else reply.text
        return reply

    def _product_for(self, question: Question, turn: Turn) -> str:
        """The product whose article is meant; the general one where the product makes no difference or was not named."""
        guess = guessed(question, turn.audience, self._knowledge)
        if guess and question.topic not in self._knowledge.about_any_product:
            return guess
        if self._knowledge.knows(question.product, question.topic):
            return question.product
        named = bool(question.products) or (turn.product_named and not question.carried)
        said_to_be_unknown = (question.product, question.topic) in self._knowledge.unknowns
        if question.topic in self._knowledge.about_any_product or (not named and not said_to_be_unknown):
            return self._knowledge.default_product
        return question.product

    def _difference(self, question: Question, turn: Turn) -> Reply:
        """Two products: the article of one that speaks of the other, else both side by side."""
        first, second = (self._knowledge.products[product] for product in question.products[:2])
        for one, other in ((first, second), (second, first)):
            article = self._knowledge.article(one.id, "product_difference", turn.audience or "buyer")
            if article and any(name in article.text for name in other.names):
                return self._wording.article(article, turn)
        return self._wording.side_by_side(first, second)
