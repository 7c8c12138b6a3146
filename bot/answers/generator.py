"""The response generator (`endpoints.yml`, `nlg`): (topic, product, audience) -> reply.

Fixed sentences come from the domain's responses, answers from `knowledge/`, read again when a file changes. What is
not known is said to be not known; another product's answer is never given instead.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from bot.dialogue.turn import DEFAULT_PRODUCT, META, Question, Turn, turn_before, turn_of
from bot.engine.training.importer import ANSWER
from bot.understanding.normaliser import MAX_CHARACTERS, tidy
from knowledge import GRADES, Article, Knowledge, live
from xiaoer.errors import error_number
from xiaoer.principal import Role

logger = logging.getLogger(__name__)

_NO_RESPONSES: Mapping[str, Any] = {}
LONGEST_MESSAGE = 2000  # characters; a longer message is not an honest question
SUGGESTIONS = 3
RESUME = "utter_resume_"  # + the slot that the open form asks for
FORM_NAMES = {"request_enable_form": "开通", "request_disable_form": "关闭", "file_appeal_form": "申诉"}
# The tasks on a shop; the others are on a buyer's orders. A test compares them with the actions' roles.
SELLERS_TASKS = frozenset(
    {
        *("check_shop_services", "check_shop_eligibility", "estimate_premium"),
        *("request_enable", "request_disable", "shop_report"),
    }
)
HANDOFF = {"title": "转人工", "payload": "/handoff"}
ROLE_NAMES = {"buyer": "买家", "seller": "卖家"}
# Topics whose answer does not depend on the product: asked about any product, the general article serves.
ABOUT_ANY_PRODUCT = frozenset({"human_channels", "freight_without_insurance"})
NEARLY_THE_SAME = 0.5  # of the pairs of characters of two questions
OFFERS = {
    "asked_twice": "您又问了一遍，看来我没答到点子上；不想再问我的话，可以直接转人工。",
    "unknown_twice": "连着两次没能答上您，直接转人工会更快。",
}


@dataclass
class Reply:
    """One reply: Markdown, buttons and the data that `ask --json`, the widget and the log read."""

    text: str
    outcome: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    topic: str | None = None
    product: str | None = None
    article: str | None = None
    sources: list[str] = field(default_factory=list)
    as_of: str | None = None
    grade: str | None = None
    carry: str | None = None  # the topic that 「退货宝呢」 would be about
    asked_role: bool = False
    person: str | None = None  # why a person is offered at once: asked_twice, unknown_twice
    summary: str | None = None  # the read-back that a typed 确认 would be for
    receipt: str | None = None  # of what has been done already
    choice: str | None = None  # of a reply that asks back: what is to be chosen, "topic" or "role"

    def message(self) -> dict[str, Any]:
        """As Rasa wants it from a generator."""
        data = {key: value for key, value in self.__dict__.items() if key not in ("text", "buttons")}
        return {"text": self.text, "buttons": self.buttons, META: data}


class Answers(NaturalLanguageGenerator):
    """Loaded by Rasa from `endpoints.yml`."""

    def __init__(self, endpoint_config: EndpointConfig | None = None, domain: Domain | None = None) -> None:
        self._live = live()
        self._live.newest()  # a server whose answers cannot be read does not start
        self._writer: _Writer | None = None

    def _writer_of(self, responses: Mapping[str, Any]) -> _Writer:
        """The writer for the knowledge in force: another one when an article has changed, with nothing kept of the old."""
        knowledge, writer = self._live.current, self._writer
        if writer is None or writer.knowledge is not knowledge or writer.responses is not responses:
            writer = self._writer = _Writer(knowledge, responses)
        return writer

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any]:
        """The reply for an `utter_…` action. Never raises: what fails becomes the failure reply, with its number in the log."""
        writer = self._writer_of(kwargs.get("domain_responses") or _NO_RESPONSES)
        try:
            turn = turn_of(tracker)
            if utter_action == ANSWER:
                reply = writer.answer(turn, tracker)
                if reply.outcome == "clarify":
                    reply.choice = "role" if reply.asked_role else "topic"
                return _with_person(reply, turn, tracker).message()
            if utter_action == "utter_repeat":
                return writer.repeat(turn, tracker).message()
            of_a_form = writer.of_a_form(utter_action, tracker)
            if of_a_form is not None:
                return of_a_form.message()
            reply = writer.fixed(utter_action, turn)
            reply.topic = utter_action.removeprefix("utter_")
            return reply.message()
        except Exception:
            number = error_number()
            logger.exception("%s: the reply %s could not be written", number, utter_action)
            return writer.failure(number, _last_text(tracker)).message()


class _Writer:
    """Words replies from one version of the knowledge.

    What is the same for all who ask is worded once: an article's text, by product, topic and audience, and the buttons.
    The replies of all conversations share it, in time and in memory.
    """

    def __init__(self, knowledge: Knowledge, responses: Mapping[str, Any]) -> None:
        self.knowledge = knowledge
        self.responses = responses
        self._texts: dict[tuple[str, str, str], str] = {}
        self._suggestions: dict[tuple[str, str], dict[str, str]] = {}

    # ------------------------------------------------------------------ fixed sentences

    def fixed(self, name: str, turn: Turn, **values: Any) -> Reply:
        """A response of the domain, in the asker's version."""
        if name == "utter_failure":
            number = error_number()
            logger.error("%s: the turn ended without a reply", number)
            return self.failure(number, turn.text)
        reply = self._from_domain(name, turn.principal.role.value, turn.audience, values or self._values(turn))
        if name == "utter_greet":
            reply.buttons = self._popular(DEFAULT_PRODUCT, turn)
        return reply

    def of_a_form(self, name: str, tracker: DialogueStateTracker) -> Reply | None:
        """What is said differently because of a form: where it goes on, that its confirmation is in doubt, or done."""
        read_back = tracker.get_slot("summary") or {}
        if name.startswith(RESUME):
            doing = read_back.get("title") or FORM_NAMES.get(tracker.active_loop_name or "", "那件事")
            reply = self._from_domain(name, None, None, {"doing": doing, "summary": read_back.get("token", "")})
            reply.summary = read_back.get("token") if name == f"{RESUME}confirmed" else None
            return reply
        if name == "utter_failure" and tracker.get_slot("confirmed"):
            number = error_number()
            logger.error("%s: a confirmation ended without a reply", number)
            values = {"error": number, "summary": tracker.get_slot("confirmed")}
            return self._from_domain("utter_failure_in_doubt", None, None, values)
        receipt = next((data.get("receipt") for data in turn_before(tracker)[1]), None)
        if name in ("utter_affirm", "utter_stop") and receipt:
            after = "utter_already_done" if name == "utter_affirm" else "utter_done_cannot_be_stopped"
            reply = self._from_domain(after, None, None, {"receipt": receipt})
            reply.topic, reply.receipt = name.removeprefix("utter_"), receipt
            return reply
        return None

    def failure(self, number: str, message: str) -> Reply:
        return self._from_domain("utter_failure", None, None, {"error": number, "message": message})

    def _from_domain(self, name: str, role: str | None, audience: str | None, values: Mapping[str, Any]) -> Reply:
        versions = self.responses.get(name) or [{"text": "抱歉，这一步没有办成，没有改动任何东西。"}]

        def meant_for(version: Mapping[str, Any]) -> str | None:
            return (version.get("metadata") or {}).get("audience")

        version = next((v for v in versions if meant_for(v) in (role, audience) and meant_for(v)), None) or next(
            (v for v in versions if not meant_for(v)), versions[0]
        )
        buttons = [
            {key: _fill(text, values) for key, text in button.items()} for button in version.get("buttons") or ()
        ]
        outcome = (version.get("metadata") or {}).get("outcome", "answered")
        return Reply(_fill(version.get("text", ""), values), outcome, buttons)

    def _values(self, turn: Turn) -> dict[str, str]:
        platform = turn.named.get("platform")
        return {
            "platform": platform if platform and platform != "其他" else "其他平台",
            "other_insurance": turn.named.get("other_insurance") or "别的保险",
            "message": turn.text,
        }

    def repeat(self, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        """The last reply once more."""
        waiting = True
        for event in reversed(tracker.events):
            if waiting:
                waiting = not isinstance(event, UserUttered)
            elif isinstance(event, BotUttered) and event.text:
                again = Reply(event.text, "answered", list(event.data.get("buttons") or []), topic="repeat")
                again.summary = (event.metadata.get(META) or {}).get("summary")  # a 确认 is still for it
                return again
        reply = self.fixed("utter_repeat", turn)
        reply.topic = "repeat"
        return reply

    # ------------------------------------------------------------------ answers

    def answer(self, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        """The reply to the latest message, or to the next of its questions."""
        if len(turn.text) > LONGEST_MESSAGE:
            return self.fixed("utter_too_long", turn, length=len(turn.text), most=MAX_CHARACTERS)
        if not tidy(turn.text):
            return self._with_popular(self.fixed("utter_empty", turn), turn)
        if turn.kind == "topic":
            question = turn.questions[min(turn.answered, len(turn.questions) - 1)]
            return self._noted(self._question(question, turn, tracker), question, turn)
        if turn.kind == "close":
            return self._close(turn)
        if turn.kind == "mention":
            return self._noted(self._mention(turn), None, turn)
        reply = self._with_popular(self.fixed("utter_unknown", turn), turn)
        reply.buttons.append(HANDOFF)
        return reply

    def _noted(self, reply: Reply, question: Question | None, turn: Turn) -> Reply:
        """Says what was read into the message: a corrected name, a product that the conversation gave."""
        notes = []
        if turn.corrections and turn.answered == 0:
            notes.append(
                "您问的是"
                + "、".join(f"「{name}」" for name in dict.fromkeys(name for _, name in turn.corrections))
                + "。"
            )
        elif question is not None and question.carried and reply.article and question.product != DEFAULT_PRODUCT:
            notes.append(f"（接着说{self.knowledge.products[question.product].name}）")
        if notes:
            reply.text = "\n\n".join([*notes, reply.text])
        return reply

    def _question(self, question: Question, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        topic = question.topic
        if topic in self.knowledge.outside:
            reply = self.fixed(f"utter_{topic}", turn)
            reply.topic = topic
            return reply
        if topic not in self.knowledge.knowledge_topics:
            return self._with_popular(self.fixed("utter_unknown", turn), turn)
        return self._known(question, turn, tracker)

    def _known(self, question: Question, turn: Turn, tracker: DialogueStateTracker) -> Reply:
        """A knowledge topic: the article, or which role is meant, or that nothing is known."""
        topic = question.topic
        if topic == "product_difference" and len(question.products) > 1:
            return self._difference(question, turn)
        product = self._product_for(question, turn)
        versions = self.knowledge.versions(product, topic)
        if not versions:
            return self._not_known(product, topic, turn)
        article = self.knowledge.article(product, topic, turn.audience)
        if article is not None:
            return self._article(article, turn)
        if turn.audience is not None or len(versions) == 1:
            # Written for the other side only: who does it is part of the answer.
            other = versions[0]
            reply = self._article(other, turn)
            if turn.audience is not None:
                reply.text = f"这一步由{ROLE_NAMES[other.audience]}操作，做法是这样的：\n\n{reply.text}"
            return reply
        if _asked_role(tracker):
            both = [f"**{ROLE_NAMES[version.audience]}**\n\n{version.body}" for version in versions]
            reply = self._article(versions[0], turn)
            reply.text = "\n\n".join([*both, _footer(versions[0])])
            return reply
        reply = self.fixed("utter_ask_role", turn)
        reply.buttons = [
            {"title": f"我是{name}", "payload": f'/mention{{"audience":"{role}"}}'} for role, name in ROLE_NAMES.items()
        ]
        reply.topic, reply.product, reply.carry, reply.asked_role = topic, product, topic, True
        return reply

    def _product_for(self, question: Question, turn: Turn) -> str:
        """The product whose article is meant; the general one where the product makes no difference or was not named."""
        if self.knowledge.knows(question.product, question.topic):
            return question.product
        named = bool(question.products) or (turn.product_named and not question.carried)
        if question.topic in ABOUT_ANY_PRODUCT or (
            not named and (question.product, question.topic) not in self.knowledge.unknowns
        ):
            return DEFAULT_PRODUCT
        return question.product

    def _article(self, article: Article, turn: Turn) -> Reply:
        key = (article.product, article.topic, article.audience)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = f"{article.body}\n\n{_footer(article)}"
        return Reply(
            text,
            "answered",
            self._buttons(article.related, article.product, turn, skip=article.topic),
            topic=article.topic,
            product=article.product,
            article=article.id,
            sources=list(article.sources),
            as_of=article.as_of,
            grade=article.grade,
            carry=article.topic,
        )

    def _not_known(self, product: str, topic: str, turn: Turn) -> Reply:
        """资料不足: says so, where to look, and offers a person."""
        name = self.knowledge.products[product].name
        unknown = self.knowledge.unknowns.get((product, topic))
        where = (
            unknown.where
            if unknown
            else ("千牛里这项保障的服务页" if turn.audience == "seller" else "订单页里这项保障的说明")
        )
        reply = Reply(
            f"关于{name}的这一点（{self.knowledge.label(topic, product).rstrip('？')}），我这里**资料不足**，不敢乱说。\n\n"
            f"可以去看：{where}。仍不清楚的话，建议转人工问清楚。",
            "unknown",
            [*self._popular(product, turn)[:2], HANDOFF],
            topic=topic,
            product=product,
            carry=topic,
        )
        return reply

    def _difference(self, question: Question, turn: Turn) -> Reply:
        """Two products: the article of one that speaks of the other, else both side by side."""
        first, second = (self.knowledge.products[product] for product in question.products[:2])
        for one, other in ((first, second), (second, first)):
            article = self.knowledge.article(one.id, "product_difference", turn.audience or "buyer")
            if article and any(name in article.body for name in other.names):
                return self._article(article, turn)
        lines = [
            f"- **{product.name}**：{product.summary}"
            f"费用：{'；'.join(dict.fromkeys(product.paid_by.values()))}。赔给：{product.pays_to}。"
            for product in (first, second)
        ]
        text = (
            f"{first.name}和{second.name}不是一回事：\n\n"
            + "\n".join(lines)
            + "\n\n各自的细则以订单页或服务页展示为准。"
        )
        return Reply(
            text,
            "answered",
            [
                {"title": self.knowledge.label("what_is_product", p.id), "payload": _payload("what_is_product", p.id)}
                for p in (first, second)
            ],
            topic="product_difference",
            product=first.id,
            carry="product_difference",
        )

    # ------------------------------------------------------------------ asking back

    def _close(self, turn: Turn) -> Reply:
        reply = self.fixed("utter_close", turn)
        reply.buttons = [
            self._suggestion(topic, turn.product) for topic in turn.candidates if topic in self.knowledge.labels
        ]
        if not reply.buttons:
            return self._with_popular(self.fixed("utter_unknown", turn), turn)
        reply.buttons.append({"title": "都不是，转人工", "payload": "/handoff"})
        reply.topic, reply.product = turn.candidates[0], turn.product
        return reply

    def _mention(self, turn: Turn) -> Reply:
        """Something is named and nothing asked: what it is, and what people ask about it."""
        if turn.product_named:
            product = self.knowledge.products[turn.product]
            text = f"{product.name}：{product.summary}您想了解哪一点？"
        else:
            text = "好的，记下了。您想问哪一件？"
        return Reply(
            text, "clarify", self._popular(turn.product, turn), product=turn.product if turn.product_named else None
        )

    # ------------------------------------------------------------------ buttons

    def _with_popular(self, reply: Reply, turn: Turn) -> Reply:
        reply.buttons = [*reply.buttons, *self._popular(turn.product, turn)]
        return reply

    def _popular(self, product: str, turn: Turn) -> list[dict[str, str]]:
        popular = self.knowledge.products[product].popular
        audience = turn.audience
        if audience is None:  # a visitor: a little of both
            mixed = [
                topic
                for pair in zip(popular.get("buyer", ()), popular.get("seller", ()), strict=False)
                for topic in pair
            ]
            topics: Sequence[str] = mixed or [*popular.get("buyer", ()), *popular.get("seller", ())]
        else:
            topics = popular.get(audience) or popular.get("buyer", ()) or popular.get("seller", ())
        return self._buttons(list(dict.fromkeys(topics)), product, turn)

    def _buttons(self, topics: Sequence[str], product: str, turn: Turn, skip: str = "") -> list[dict[str, str]]:
        """Up to three next questions that would be answered."""

        asked = {question.topic for question in turn.questions}

        def offered(topic: str) -> bool:
            if topic == skip or topic in asked or topic not in self.knowledge.labels:
                return False
            if topic in self.knowledge.tasks:
                return turn.principal.role is (Role.SELLER if topic in SELLERS_TASKS else Role.BUYER)
            return self.knowledge.knows(product, topic)

        return [self._suggestion(topic, product) for topic in topics if offered(topic)][:SUGGESTIONS]

    def _suggestion(self, topic: str, product: str) -> dict[str, str]:
        button = self._suggestions.get((topic, product))
        if button is None:
            button = {"title": self.knowledge.label(topic, product), "payload": _payload(topic, product)}
            self._suggestions[topic, product] = button
        return button


def _with_person(reply: Reply, turn: Turn, tracker: DialogueStateTracker) -> Reply:
    """Offers a person at once where the turn before came to nothing: asked twice, or unknown twice running."""
    reply.person = _why_person(reply, turn, tracker) if turn.answered == 0 else None
    if reply.person is not None:
        reply.text = f"{OFFERS[reply.person]}\n\n{reply.text}"
        reply.buttons = [HANDOFF, *(button for button in reply.buttons if button["payload"] != HANDOFF["payload"])]
    return reply


def _why_person(reply: Reply, turn: Turn, tracker: DialogueStateTracker) -> str | None:
    asked, said = turn_before(tracker)
    if asked is None:
        return None
    if reply.outcome == "unknown" and any(data.get("outcome") == "unknown" for data in said):
        return "unknown_twice"
    alike = _alike(asked, turn.text)
    same_article = reply.article is not None and any(data.get("article") == reply.article for data in said)
    return "asked_twice" if alike == 1 or (same_article and alike >= NEARLY_THE_SAME) else None


def _alike(first: str, second: str) -> float:
    """How many pairs of neighbouring characters two texts share, from 0 to 1; 1 is kept for the same text."""
    one, other = ("".join(filter(str.isalnum, tidy(text))) for text in (first, second))
    if one == other:
        return 1.0
    pairs, others = ({text[at : at + 2] for at in range(len(text) - 1)} for text in (one, other))
    return min(0.99, 2 * len(pairs & others) / max(1, len(pairs) + len(others)))


def _payload(topic: str, product: str) -> str:
    return f'/{topic}{{"product":"{product}"}}'


def _footer(article: Article) -> str:
    return f"（资料截至 {article.as_of}，{GRADES[article.grade]}；以您页面上显示的为准）"


def _fill(text: str, values: Mapping[str, Any]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def _asked_role(tracker: DialogueStateTracker) -> bool:
    return any(
        isinstance(event, BotUttered) and (event.metadata.get(META) or {}).get("asked_role") for event in tracker.events
    )


def _last_text(tracker: DialogueStateTracker) -> str:
    return (tracker.latest_message.text or "") if tracker.latest_message else ""
