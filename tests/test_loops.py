"""What a message does to an open form, by table: one line a case."""

from __future__ import annotations

import pytest
from rasa.shared.core.events import ActiveLoop, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.dialogue.forms import Move, move, open_form
from bot.dialogue.turn import Question, Turn, _about
from xiaoer.principal import VISITOR

FORMS = frozenset({"request_enable_form", "request_disable_form", "file_appeal_form"})
ENABLE, APPEAL = "request_enable_form", "file_appeal_form"
OUTSIDE = {"platform": "拼多多"}


def turn(text: str, intent: str, named: dict[str, str] | None = None, confidence: float = 1.0) -> Turn:
    if intent in ("mention", "nlu_fallback"):
        return Turn(VISITOR, "mention" if intent == "mention" else "unknown", (), text, named=named or {})
    return Turn(VISITOR, "topic", (Question(intent, "freight", confidence=confidence),), text, named=named or {})


@pytest.mark.parametrize(
    ("text", "intent", "form", "requested", "meant"),
    [
        ("确认", "affirm", ENABLE, "confirmed", Move.ANSWER),
        ("退货宝", "mention", ENABLE, "form_product", Move.ANSWER),
        ("嗯嗯呃", "nlu_fallback", ENABLE, "confirmed", Move.ANSWER),
        ("帮我开通运费险", "request_enable", ENABLE, "confirmed", Move.ANSWER),
        ("看过了", "nlu_fallback", ENABLE, "agreement", Move.ANSWER),
        ("協議看過了", "policy_change", ENABLE, "agreement", Move.ANSWER),
        ("好的办吧", "request_disable", ENABLE, "confirmed", Move.ANSWER),
        ("还没看过", "nlu_fallback", ENABLE, "agreement", Move.ANSWER),
        ("看过了吗我忘了怎么看？", "policy_change", ENABLE, "agreement", Move.BESIDE),
        ("多久生效", "coverage_period", ENABLE, "confirmed", Move.BESIDE),
        ("你好", "greet", ENABLE, "confirmed", Move.BESIDE),
        ("我的店开了哪些", "check_shop_services", ENABLE, "confirmed", Move.BESIDE),
        ("算了", "stop", ENABLE, "confirmed", Move.CANCEL),
        ("先不开了", "disable_service", ENABLE, "form_product", Move.CANCEL),
        ("不要", "deny", ENABLE, "confirmed", Move.CANCEL),
        ("拜拜", "goodbye", ENABLE, "agreement", Move.BESIDE),
        ("转人工", "handoff", ENABLE, "confirmed", Move.BESIDE),
        ("果然新鲜水果店", "out_of_scope", ENABLE, "form_shop", Move.ANSWER),
        ("别给我开退货宝", "request_enable", ENABLE, "confirmed", Move.CANCEL),
        ("我说的是退货宝", "what_is_product", ENABLE, "form_product", Move.ANSWER),
        ("取消了会怎样？", "disable_service", ENABLE, "confirmed", Move.BESIDE),
        ("不对", "deny", ENABLE, "confirmed", Move.ANSWER),
        ("不对，是另一单", "deny", APPEAL, "confirmed", Move.ANSWER),
        ("帮我关闭运费险", "request_disable", ENABLE, "confirmed", Move.SWITCH),
        ("我要申诉", "file_appeal", ENABLE, "agreement", Move.SWITCH),
        # -- where any words may be the answer
        ("没有", "deny", APPEAL, "evidence_tracking", Move.ANSWER),
        ("SF1234567890123", "out_of_scope", APPEAL, "evidence_tracking", Move.ANSWER),
        ("卖家说我没寄，其实寄了", "complaint", APPEAL, "evidence_note", Move.ANSWER),
        ("我不要了所以寄回去的，卖家也同意退货了", "premium_refund", APPEAL, "evidence_note", Move.ANSWER),
        ("多久到账？", "payout_time", APPEAL, "evidence_note", Move.BESIDE),
        ("转人工", "handoff", APPEAL, "evidence_tracking", Move.BESIDE),
        ("转人工", "handoff", APPEAL, "evidence_note", Move.BESIDE),
        ("谢谢", "thanks", APPEAL, "evidence_note", Move.BESIDE),
        ("我要投诉你们", "complaint", APPEAL, "evidence_tracking", Move.BESIDE),
        ("底单照片丢了", "nlu_fallback", APPEAL, "evidence_photo", Move.ANSWER),
        ("我的申诉怎么样了", "file_appeal", APPEAL, "evidence_photo", Move.BESIDE),
        ("没底单", "nlu_fallback", APPEAL, "evidence_photo", Move.ANSWER),
        ("不要了所以寄回", "premium_refund", APPEAL, "evidence_note", Move.ANSWER),
        ("算了不申诉了", "stop", APPEAL, "evidence_note", Move.CANCEL),
    ],
)
def test_move(text: str, intent: str, form: str, requested: str, meant: Move) -> None:
    assert move(turn(text, intent), intent, form, requested, FORMS) is meant


@pytest.mark.parametrize(
    ("text", "named", "meant"),
    [
        ("退货宝吧", {"product": "return_care"}, Move.ANSWER),
        ("我要开退货宝", {"product": "return_care"}, Move.ANSWER),
        ("退货宝怎么开？", {"product": "return_care"}, Move.BESIDE),
    ],
)
def test_a_product_is_an_answer_when_one_is_asked_for(text: str, named: dict[str, str], meant: Move) -> None:
    asked = turn(text, "enable_service", named)
    assert move(asked, "enable_service", ENABLE, "form_product", FORMS) is meant


def test_another_platform_is_no_answer() -> None:
    assert move(turn("拼多多呢", "mention", OUTSIDE), "mention", ENABLE, "form_product", FORMS) is Move.BESIDE


def test_a_doubtful_question_is_taken_for_the_explanation_that_was_asked_for() -> None:
    text = "我怎么知道会填错啊"
    for confidence, meant in ((0.5, Move.ANSWER), (0.95, Move.BESIDE)):
        asked = turn(text, "claim_rejected", confidence=confidence)
        assert move(asked, "claim_rejected", APPEAL, "evidence_note", FORMS) is meant


def _tracker(*events: object) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("x", list(events))  # type: ignore[arg-type]


def test_the_form_that_was_open_when_the_message_came() -> None:
    said = UserUttered("确认", {"name": "affirm"})
    assert open_form(_tracker(said)) is None
    assert open_form(_tracker(ActiveLoop(ENABLE), said)) == ENABLE
    assert open_form(_tracker(ActiveLoop(ENABLE), said, ActiveLoop(None))) == ENABLE, "ended by this very message"
    assert open_form(_tracker(ActiveLoop(ENABLE), ActiveLoop(None), said)) is None
    assert open_form(_tracker(said, ActiveLoop(ENABLE))) is None, "opened by this very message"


def test_what_opens_a_form_comes_last() -> None:
    found = [
        {"topic": "request_enable", "confidence": 1.0, "products": ["return_care"]},
        {"topic": "coverage_period", "confidence": 1.0, "products": []},
    ]
    questions = _about(found, "freight", named_before=False)
    assert [(question.topic, question.product) for question in questions] == [
        ("coverage_period", "return_care"),
        ("request_enable", "return_care"),
    ]
