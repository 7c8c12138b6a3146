"""What a message does to an open form: real sentences through the trained model, in every step of every form."""

from __future__ import annotations

from typing import Any

import pytest

from actions.policydb.demo.data import NUMBERS
from bot.dialogue.forms import Move, move
from bot.dialogue.turn import turn_of
from knowledge import live

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("database")]

# How a conversation comes to where the form asks for a slot: (who, what is said).
WAYS = {
    "shop": ("seller:chain", ["帮我开通退货宝"]),
    "product": ("seller:demo", ["帮我开通"]),
    "enable": ("seller:demo", ["帮我开通退货宝"]),
    "disable": ("seller:demo", ["帮我把运费险关了"]),
    "tracking": ("buyer:demo", [f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉"]),
    "photo": ("buyer:demo", [f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉", "SF1234567890123"]),
    "note": ("buyer:demo", [f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉", "SF1234567890123", "没有"]),
    "appeal": (
        "buyer:demo",
        [f"我要对这单{NUMBERS['refused_bad_tracking']}的拒赔申诉", "SF1234567890123", "没有", "没有"],
    ),
}
ASKS_FOR = {
    "shop": "form_shop",
    "product": "form_product",
    "tracking": "evidence_tracking",
    "photo": "evidence_photo",
    "note": "evidence_note",
    **dict.fromkeys(("enable", "disable", "appeal"), "confirmed"),
}
ANSWER, BESIDE, CANCEL, SWITCH = Move.ANSWER, Move.BESIDE, Move.CANCEL, Move.SWITCH

SAID = [
    # -- a yes, and what only looks like one
    ("enable", "确认", ANSWER),
    ("enable", "嗯嗯好的办吧", ANSWER),
    ("enable", "开吧", ANSWER),
    ("enable", "確認", ANSWER),
    ("disable", "关吧", ANSWER),
    ("disable", "停", ANSWER),
    ("enable", "确认之前我想问下多久生效", BESIDE),
    ("enable", "确认的话要多少钱", BESIDE),
    # -- taking it back
    ("enable", "算了", CANCEL),
    ("enable", "先不开了吧", CANCEL),
    ("enable", "别给我开退货宝", CANCEL),
    ("enable", "我又不想开这个服务了", CANCEL),
    ("enable", "不要", CANCEL),
    ("disable", "别关了", CANCEL),
    ("disable", "那还是留着吧", CANCEL),
    ("disable", "我不想停运费险了", CANCEL),
    ("product", "先不开了", CANCEL),
    ("appeal", "算了不申诉了", CANCEL),
    ("note", "算了不申诉了", CANCEL),
    # -- a negation of something else takes nothing back
    ("disable", "不停就扣钱", BESIDE),
    ("disable", "不然一直不停扣我钱", ANSWER),
    ("note", "我不要了所以寄回去的，卖家也同意退货了", ANSWER),
    ("note", "卖家说我没寄，其实寄了", ANSWER),
    # -- correcting
    ("enable", "不对", ANSWER),
    ("appeal", "不对，是另一单", ANSWER),
    ("appeal", "不对，是羊绒大衣那单", ANSWER),
    ("product", "我说的是退货宝", ANSWER),
    # -- something else is wanted
    ("enable", "帮我关闭运费险", SWITCH),
    ("enable", "不开了，帮我把运费险关掉", SWITCH),
    # -- beside it
    ("enable", "多久生效", BESIDE),
    ("enable", "我的店开了哪些保险", BESIDE),
    ("enable", "转人工", BESIDE),
    ("enable", "退货宝一单多少钱", BESIDE),
    ("product", "退货宝怎么开？", BESIDE),
    ("product", "拼多多呢", BESIDE),
    ("photo", "我的申诉怎么样了", BESIDE),
    ("tracking", "我要投诉你们", BESIDE),
    ("note", "谢谢", BESIDE),
    ("note", "运费险多久到账？", BESIDE),
    # -- naming what is asked for
    ("shop", "果然新鲜水果店", ANSWER),
    ("shop", "第二家", ANSWER),
    ("product", "退货宝", ANSWER),
    ("product", "我要开退货宝", ANSWER),
    ("enable", "看过了", ANSWER),
    ("enable", "協議看過了", ANSWER),
    ("enable", "还没看过", BESIDE),
    # -- evidence
    ("tracking", "没有", ANSWER),
    ("tracking", "SF1234567890123", ANSWER),
    ("photo", "底单照片丢了", ANSWER),
    ("photo", "没底单", ANSWER),
    ("photo", "IMG_2031.jpg", ANSWER),
]


@pytest.mark.parametrize(("step", "text", "meant"), SAID, ids=[f"{step}-{text}" for step, text, _ in SAID])
async def test_move(talk: Any, assistant: Any, step: str, text: str, meant: Move) -> None:
    who, said = WAYS[step]
    conversation = talk(who)
    for each in (*said, text):
        await conversation.say(each)
    turn = turn_of(await assistant.tracker(conversation.id))
    assert turn.past.requested == ASKS_FOR[step], "the way there"
    assert move(turn, live().current.tasks) is meant, (turn.intent, turn.questions, turn.acts)
