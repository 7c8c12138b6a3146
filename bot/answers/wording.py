"""Words replies from one version of the knowledge. What to say is chosen in `choose`; sentences stand in domain.yml."""

from __future__ import annotations

from collections.abc import Sequence

from bot.answers.asked import Candidate, beside, sisters
from bot.answers.buttons import HANDOFF, SUGGESTIONS, Buttons, payload
from bot.answers.fixed import Fixed
from bot.answers.reply import Reply
from bot.dialogue.turn import Question, Turn
from knowledge import GRADES, Answer, Article, Knowledge, Product
from knowledge.model import AUDIENCES
from xiaoer.dates import period
from xiaoer.principal import ROLE_NAMES

ASKED_FOR = 0.5  # of an answer that is not known of a product: how probable it is, for 资料不足 to name it
READABLE = 0.15  # of all candidates: an answer that is offered where it is open what is asked
SISTERS = 2  # other answers of the article that are offered below one


class Wording:
    """What is the same for all who ask is worded once: an article's text, by product, topic and audience."""

    def __init__(self, knowledge: Knowledge, fixed: Fixed, buttons: Buttons) -> None:
        self._knowledge = knowledge
        self._fixed = fixed
        self._buttons = buttons
        self._texts: dict[tuple[str, str, str], str] = {}

    def article(self, article: Article, turn: Turn, found: Sequence[Candidate] = ()) -> Reply:
        """The overview of an article, with where it comes from and what to ask next."""
        reply = self._worded(article, article.answers[0], sisters(None, found, article, turn.audience), turn)
        return self._with_another(reply, article.topic, article.answers[0], found, turn)

    def answer(self, given: Candidate, found: Sequence[Candidate], turn: Turn) -> Reply:
        """An answer, and what else may have been meant."""
        reply = self._worded(given.article, given.answer, sisters(given, found, given.article, turn.audience), turn)
        return self._with_another(reply, given.article.topic, given.answer, found, turn)

    def _with_another(self, reply: Reply, topic: str, given: Answer, found: Sequence[Candidate], turn: Turn) -> Reply:
        """Where it is doubtful which answer is asked for, the first sentences of two, each behind what it answers, then what
        supports the likelier one. Of several questions each has its heading already."""
        other = beside(given, found, turn.audience) if len(turn.questions) <= 1 else None
        if other is None:
            return reply
        first, second = (
            self._names(given, topic, str(reply.product)),
            self._names(other.answer, other.article.topic, other.article.product),
        )
        leads = f"**{first}**：{given.lead}\n\n**{second}**：{other.answer.lead}"
        reply.text = f"{leads}{reply.text.removeprefix(given.lead)}"
        reply.beside = other.id
        return reply

    def _names(self, answer: Answer, topic: str, product: str) -> str:
        return (answer.question or self._knowledge.label(topic, product)).rstrip("？?")

    def _worded(self, article: Article, answer: Answer, others: Sequence[Answer], turn: Turn) -> Reply:
        """An answer of an article. others: the article's other answers, of which some are offered."""
        key = (article.product, article.topic, answer.key(article.topic))
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = f"{answer.text}\n\n{self._source(answer)}"
        buttons = [self._buttons.of_answer(each, article.topic, article.product) for each in others[:SISTERS]]
        buttons += self._buttons.next_questions(article.related, article.product, turn, skip=article.topic)
        return Reply(
            text,
            "answered",
            buttons[:SUGGESTIONS],
            topic=article.topic,
            product=article.product,
            article=article.id,
            answer=f"{article.id}#{answer.id}",
            lead=answer.lead,
            sources=list(article.sources),
            as_of=answer.as_of,
            grade=answer.grade,
            carry=article.topic,
        )

    def for_the_other_side(self, article: Article, turn: Turn) -> Reply:
        """An article that is written for the other side only: who does it is part of the answer."""
        reply = self.article(article, turn)
        if turn.audience is not None:
            lead = self._fixed.text("utter_other_side", role=ROLE_NAMES[article.audience])
            reply.text = f"{lead}\n\n{reply.text}"
        return reply

    def also_for_the_other(self, reply: Reply, side: str) -> Reply:
        """A reply to somebody whose side was told by the words alone, where it is for that side: the other is a tap away."""
        if reply.article and len(self._knowledge.versions(str(reply.product), str(reply.topic))) > 1:
            other = next(role for role in AUDIENCES if role != side)
            reply.buttons = [_says_role(other), *reply.buttons][:SUGGESTIONS]
        return reply

    def both_sides(self, versions: tuple[Article, ...], turn: Turn) -> Reply:
        """Every version, for a visitor who was asked for a role already."""
        both = [f"**{ROLE_NAMES[version.audience]}**\n\n{version.body}" for version in versions]
        reply = self.article(versions[0], turn)
        reply.text = "\n\n".join([*both, self._source(versions[0].answers[0])])
        return reply

    def ask_role(self, topic: str, product: str, turn: Turn) -> Reply:
        """Which side are you?"""
        reply = self._fixed.of_turn("utter_ask_role", turn)
        reply.buttons = [_says_role(role) for role in AUDIENCES]
        reply.topic, reply.product, reply.carry, reply.asked_role = topic, product, topic, True
        return reply

    def not_known(self, product: str, topic: str, turn: Turn, asked: Sequence[tuple[str, float]] = ()) -> Reply:
        """资料不足: says so of the point that is asked, where to look, and offers a person. asked: answers of whatever product."""
        unknown = self._knowledge.unknowns.get((product, topic))
        point = self._knowledge.question_of(asked[0][0]) if asked and asked[0][1] >= ASKED_FOR else ""
        reply = self._fixed.say(
            "utter_not_known",
            product=self._knowledge.products[product].name,
            point=(point or self._knowledge.label(topic, product)).rstrip("？"),
            where=unknown.where if unknown else self._fixed.text("utter_where_to_look", turn.audience),
        )
        reply.buttons = [*self._buttons.popular(product, turn)[:2], HANDOFF]
        reply.topic, reply.product, reply.carry = topic, product, topic
        return reply

    def side_by_side(self, first: Product, second: Product) -> Reply:
        """Two products beside each other."""
        lines = [
            self._fixed.text(
                "utter_difference_line",
                product=product.name,
                summary=product.summary,
                paid_by="；".join(dict.fromkeys(product.paid_by.values())),
                pays_to=product.pays_to,
            )
            for product in (first, second)
        ]
        reply = self._fixed.say("utter_difference", first=first.name, second=second.name, lines="\n".join(lines))
        reply.buttons = [self._buttons.question("what_is_product", product.id) for product in (first, second)]
        reply.topic, reply.product, reply.carry = "product_difference", first.id, "product_difference"
        return reply

    def which_of_some(self, turn: Turn, found: Sequence[Candidate]) -> Reply:
        """Some topics fit: what may be asked of them is offered, as people would ask it."""
        readings = _readings(found)
        buttons = [self._buttons.of_answer(each.answer, each.article.topic, each.article.product) for each in readings]
        offered = {each.article.topic for each in readings}
        topics = [topic for topic in turn.candidates if topic not in offered]
        buttons = [*buttons, *self._buttons.labelled(topics, turn.product)][:SUGGESTIONS]
        if not buttons:
            return self.not_understood(turn)
        reply = self._fixed.of_turn("utter_close", turn)
        reply.buttons = [*buttons, *reply.buttons]
        reply.topic, reply.product = turn.candidates[0], turn.product
        reply.readings = [each.id for each in readings]
        return reply

    def guess(self, given: Candidate, found: Sequence[Candidate], turn: Turn) -> Reply:
        """The likeliest answer where it is open what is asked, with what else may have been meant."""
        reply = self.answer(given, found, turn)
        readings = [each for each in _readings(found) if each is not given]
        buttons = [self._buttons.of_answer(each.answer, each.article.topic, each.article.product) for each in readings]
        known = {button["payload"] for button in buttons}
        reply.buttons = [*buttons, *(each for each in reply.buttons if each["payload"] not in known)][:SUGGESTIONS]
        reply.readings = [each.id for each in (given, *readings)]
        return reply

    def at_the_edge(self, turn: Turn) -> Reply:
        """What came is no sentence: what can be done with it, and what to ask."""
        return self.with_popular(self._fixed.of_turn(f"utter_edge_{turn.candidates[0]}", turn), turn)

    def corrected(self, turn: Turn) -> Reply:
        """The last reply was wrong, and it is not said what is right: what is asked nearby is offered."""
        reply = self._fixed.of_turn("utter_corrected", turn)
        product, topic = turn.product, turn.past.topic or ""
        near = [related for version in self._knowledge.versions(product, topic) for related in version.related]
        reply.buttons = self._buttons.next_questions(list(dict.fromkeys(near)), product, turn, skip=topic)
        reply.buttons = [*(reply.buttons or self._buttons.popular(product, turn)), HANDOFF]
        reply.product, reply.carry = product, topic or None
        return reply

    def mentioned(self, turn: Turn) -> Reply:
        """Something is named and nothing asked: what it is, and what people ask about it."""
        if turn.product_named:
            product = self._knowledge.products[turn.product]
            reply = self._fixed.say("utter_product", product=product.name, summary=product.summary)
            reply.product = turn.product
        else:
            reply = self._fixed.say("utter_noted")
        reply.buttons = self._buttons.popular(turn.product, turn)
        return reply

    def not_understood(self, turn: Turn) -> Reply:
        """What it could have been is offered instead."""
        return self.with_popular(self._fixed.of_turn("utter_unknown", turn), turn)

    def with_popular(self, reply: Reply, turn: Turn) -> Reply:
        """The reply, with what people ask about the product."""
        reply.buttons = [*reply.buttons, *self._buttons.popular(turn.product, turn)]
        return reply

    def noted(self, reply: Reply, question: Question | None, turn: Turn) -> Reply:
        """Says what was read into the message: a corrected name, a product that the conversation gave."""
        note = ""
        if turn.corrections and turn.answered == 0:
            names = dict.fromkeys(name for _, name in turn.corrections)
            note = self._fixed.text("utter_understood_as", names="、".join(f"「{name}」" for name in names))
        elif question is not None and self._goes_on_with(question, reply):
            note = self._fixed.text("utter_goes_on", product=self._knowledge.products[question.product].name)
        if note:
            reply.text = f"{note}\n\n{reply.text}"
        return reply

    def headed(self, reply: Reply) -> Reply:
        """The reply to one of several questions, below what it answers."""
        if reply.article and reply.topic and reply.product:
            name = (reply.answer or "").partition("#")[2]
            versions = self._knowledge.versions(reply.product, reply.topic)
            own = (each.question for version in versions for each in version.answers if each.id == name)
            heading = next(own, "") or self._knowledge.label(reply.topic, reply.product)
            reply.text = f"**{heading}**\n\n{reply.text}"
        return reply

    def _goes_on_with(self, question: Question, reply: Reply) -> bool:
        return question.carried and bool(reply.article) and question.product != self._knowledge.default_product

    def _source(self, answer: Answer) -> str:
        return self._fixed.text("utter_source", as_of=period(answer.as_of), grade=GRADES[answer.grade])


def _readings(found: Sequence[Candidate]) -> list[Candidate]:
    """Answers that a message which is open may ask for, one a question that a button can say."""
    return [each for each in found if each.answer.question and each.share >= READABLE][:SUGGESTIONS]


def _says_role(role: str) -> dict[str, str]:
    return {"title": f"我是{ROLE_NAMES[role]}", "payload": payload("mention", audience=role)}
