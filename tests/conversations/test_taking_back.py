"""Taking back what was done, and asking what was done: by chat, from whatever session, and what stands in the database."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from actions.policydb.demo.data import NUMBERS

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("content")]

COAT, BELT = NUMBERS["refused_bad_tracking"], NUMBERS["refused_abnormal_trade"]
APPEALED = ("buyer:demo", f"我要对这单{COAT}的拒赔申诉", "就这些", "确认")
TWO = (*APPEALED, f"我要对这单{BELT}的拒赔申诉", "就这些", "确认")
CLOSED = ("seller:demo", "帮我关闭运费险", "确认")
OPENED = ("seller:demo", "帮我开通退货宝", "确认")
BOTH = (*CLOSED, *OPENED[1:])


async def after(talk, way: tuple[str, ...]):
    conversation = talk(way[0])
    for text in way[1:]:
        await conversation.say(text)
    return conversation


def states() -> dict[str, str]:
    """Receipt -> state, of all requests."""
    from actions.policydb import session, tables

    with session.reading() as opened:
        return dict(opened.execute(select(tables.Request.receipt, tables.Request.state)).all())


def receipt_in(record) -> str:
    found = re.search(r"XR-[A-Z2-7]{10}", record["reply"])
    assert found, record["reply"]
    return found.group()


# ---------------------------------------------------------------------- what it is said by

ASKED_BACK = {
    "appeal": (
        APPEALED,
        "撤回对尾号 9443",
        ["刚才那个申诉撤了", "我不申诉了 撤回来吧", "撤回", "帮我把申诉撤销", "交错了撤回来", "大衣那单申诉撤掉", "尾号9443的申诉撤了",
         "能不能撤回", "申诉取消", "我想撤诉", "算了撤回吧", "刚才的作废", "想了想还是别申诉 撤掉", "后悔了", "还能反悔不", "跟卖家说好了 申诉不要了 帮我撤"],
    ),
    "closing": (
        CLOSED,
        "撤销今天的关闭：恢复「小鹿家鞋服旗舰店」的「退货运费险」",
        ["刚才关错了", "关错了 给我恢复", "刚关的开回来", "把刚才关的撤销", "撤销", "反悔了", "恢复原样", "取消关闭", "手滑了 撤销一下",
         "刚才的操作能撤吗", "恢复开通", "重新开回来", "刚停的那个恢复", "运费险还是开着吧 刚才的撤了", "把刚刚关闭那步作废", "哎呀关错店了 快弄回去",
         "那个险我还要用 刚才不该关 复原", "刚才让你关的那个还是别关了 恢复吧"],
    ),
    "opening": (
        OPENED,
        "撤销今天的开通：停掉「小鹿家鞋服旗舰店」的「退货宝」",
        ["刚才开的撤了", "刚开的不要了", "撤销开通", "取消开通", "退货宝不开了 撤回", "刚才开的给我关回去", "误开 撤销", "开错了", "刚才那个开通我要反悔",
         "不小心点了开通 帮我退回", "刚加的退货宝我反悔 不要了"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, row in ASKED_BACK.items() for text in row[2]])
async def test_it_is_read_back_and_taken_back_by_yes(talk, content, kind: str, text: str) -> None:
    way, says, _ = ASKED_BACK[kind]
    conversation = await after(talk, way)
    read_back = await conversation.say(text)
    assert says in read_back["reply"], read_back["reply"]
    receipt = receipt_in(read_back)
    assert states()[receipt] != "withdrawn", "nothing before 确认"
    done = await conversation.say("确认")
    assert receipt in done["reply"]
    assert states()[receipt] == "withdrawn"


@pytest.mark.parametrize(
    ("way", "text", "says"),
    [
        (TWO, "申诉撤了吧", "要撤哪一件"),
        (TWO, "都撤了吧", "一次撤一件"),
        (TWO, "第一个撤回", "没认出是哪一件"),
        (BOTH, "把今天的都撤了", "一次撤一件"),
        (APPEALED, "尾号1111的申诉撤了", "没有查到您说的这一件"),
        (("buyer:demo",), "申诉撤了吧", "没有办理记录"),
        (("seller:demo",), "撤销刚才的操作", "没有办理记录"),
        (("visitor",), "撤回刚才的操作", "需要先登录"),
    ],
)
async def test_what_is_not_certain_is_asked(talk, content, way, text: str, says: str) -> None:
    conversation = await after(talk, way)
    before = states()
    record = await conversation.say(text)
    assert says in record["reply"], record["reply"]
    await conversation.say("确认")
    assert states() == before


@pytest.mark.parametrize(
    ("way", "text", "says"),
    [
        (TWO, "把大衣那单的申诉撤了", "9443"),
        (TWO, "腰带那单不申诉了 撤了", BELT[-4:]),
        (BOTH, "刚才关的恢复", "恢复「小鹿家鞋服旗舰店」的「退货运费险」"),
        (BOTH, "刚才开的那个撤销", "停掉「小鹿家鞋服旗舰店」的「退货宝」"),
        (BOTH, "撤回", "停掉「小鹿家鞋服旗舰店」的「退货宝」"),
    ],
)
async def test_of_several_the_one_that_is_named(talk, content, way, text: str, says: str) -> None:
    record = await (await after(talk, way)).say(text)
    assert "请核对" in record["reply"], record["reply"]
    assert says in record["reply"]


async def test_one_of_a_list_is_picked_by_its_place(talk, content) -> None:
    buyer = await after(talk, TWO)
    await buyer.say("申诉撤了吧")
    record = await buyer.say("第二个")
    assert "9443" in record["reply"]
    await buyer.say("撤吧")
    assert sorted(states().values()) == ["pending", "withdrawn"]


async def test_from_the_list_of_what_was_done(talk, content) -> None:
    seller = await after(talk, BOTH)
    await seller.say("我办过什么")
    record = await seller.say("第二个撤回")
    assert "恢复「小鹿家鞋服旗舰店」的「退货运费险」" in record["reply"]


@pytest.mark.parametrize("word", ["算了", "不撤了", "别撤", "先不撤了"])
async def test_calling_it_off_leaves_it_done(talk, content, word: str) -> None:
    seller = await after(talk, CLOSED)
    await seller.say("撤回")
    before, stands = content(), states()
    record = await seller.say(word)
    assert "什么都没有写下" in record["reply"], record["reply"]
    await seller.say("确认")
    assert (content(), states()) == (before, stands)


@pytest.mark.parametrize("word", ["撤吧", "撤回吧", "撤了吧", "撤销", "确认撤回", "好的 撤"])
async def test_its_own_verbs_are_a_yes(talk, content, word: str) -> None:
    seller = await after(talk, CLOSED)
    await seller.say("刚才关的恢复")
    assert "已撤回" in (await seller.say(word))["reply"]


@pytest.mark.parametrize("text", ["申诉撤了吧", "撤回", "不申诉了 撤了"])
async def test_while_the_form_is_open_it_calls_the_form_off(talk, content, text: str) -> None:
    before = content()
    buyer = await after(talk, (APPEALED[0], APPEALED[1], "就这些"))
    record = await buyer.say(text)
    assert "什么都没有写下" in record["reply"], record["reply"]
    await buyer.say("确认")
    assert content() == before


@pytest.mark.parametrize("text", ["算了", "不申诉了", "申诉我不要了"])
async def test_just_after_it_is_done_a_no_offers_to_take_it_back(talk, content, text: str) -> None:
    buyer = await after(talk, APPEALED)
    record = await buyer.say(text)
    assert "已经办好" in record["reply"]
    assert "撤回对尾号 9443" in (await buyer.press("撤回"))["reply"]
    await buyer.press("确认")
    assert list(states().values()) == ["withdrawn"]


# ---------------------------------------------------------------------- what becomes of it


async def test_a_closing_undone_stands_as_before(talk, content) -> None:
    before = content()
    seller = await after(talk, (*CLOSED, "刚才关的恢复", "确认"))
    now = content()
    assert (now.on, now.requests, now.audits) == (before.on, 1, 2)
    again = await seller.say("帮我关闭运费险")
    assert "4月27日" in again["reply"], "from its old date"
    receipt = receipt_in(await seller.say("确认"))
    assert sorted(states().values()) == ["done", "withdrawn"]
    assert states()[receipt] == "done"


async def test_an_appeal_taken_back_may_be_made_again(talk, content) -> None:
    buyer = await after(talk, (*APPEALED, "申诉撤了", "确认"))
    assert content().appeals == 0 or list(states().values()) == ["withdrawn"]
    await buyer.say(f"我要对这单{COAT}的拒赔申诉")
    await buyer.say("就这些")
    assert "申诉已提交" in (await buyer.say("确认"))["reply"]
    assert sorted(states().values()) == ["pending", "withdrawn"]


async def test_two_tabs_take_it_back_once(talk, content) -> None:
    await after(talk, CLOSED)
    first, second = await after(talk, ("seller:demo", "撤回")), await after(talk, ("seller:demo", "撤回"))
    one, other = await first.say("确认"), await second.say("确认")
    assert receipt_in(one) == receipt_in(other)
    assert content().audits == 2


async def test_a_closing_confirmed_in_an_old_tab_after_it_was_undone_is_not_told_as_done(talk, content) -> None:
    old = await after(talk, CLOSED[:2])
    await after(talk, (*CLOSED, "撤回", "确认"))
    before = content()
    record = await old.say("确认")
    assert "已撤回" in record["reply"] or "已经撤回" in record["reply"] or "变了" in record["reply"], record["reply"]
    assert content() == before


async def test_what_was_done_another_day_is_said_with_the_way(talk, content, later) -> None:
    await after(talk, CLOSED)
    later(days=1)
    before = content()
    record = await talk("seller:demo").say("把关掉的运费险恢复，撤销")
    assert "不是今天办的" in record["reply"], record["reply"]
    assert "帮我开通" in record["reply"]
    assert content() == before


async def test_an_open_appeal_of_another_day_may_be_taken_back(talk, content, later) -> None:
    await after(talk, APPEALED)
    later(days=1)
    assert "请核对" in (await talk("buyer:demo").say("我的申诉撤回"))["reply"]


async def test_somebody_elses_receipt_and_none_are_told_alike(talk, content) -> None:
    receipt = next(iter([*(await _receipts(talk))]))
    other = talk("seller:other")
    foreign = await other.say(f"撤回{receipt}")
    missing = await talk("seller:other").say("撤回XR-AAAAAAAAAA")
    assert foreign["reply"] == missing["reply"]
    assert "没有在您名下查到" in foreign["reply"]
    looked_up = await talk("buyer:demo").say(f"回执号{receipt}办得怎么样了")
    assert "没有在您名下查到" in looked_up["reply"]


async def _receipts(talk) -> list[str]:
    await after(talk, CLOSED)
    return list(states())


# ---------------------------------------------------------------------- what have I had done?


@pytest.mark.parametrize(
    ("way", "text", "says"),
    [
        *[
            (APPEALED, text, "已提交，等保险公司答复")
            for text in ("办成了吗", "交上去没", "回执号给我", "我都申诉过啥", "申诉有没有交成功", "那个申诉咋样了", "刚才办的啥", "我办过什么", "查下办理记录",
                         "成功没", "我申诉过没", "大衣那单我申诉过吗", "几号交的申诉", "我的记录", "啥时候交的", "受理编号能再给我看眼吗", "之前让你办的事办了没")
        ],
        *[
            (CLOSED, text, "已办成")
            for text in ("关了没", "回执号", "我开过什么关过什么", "今天都改了啥", "关闭成功了吗", "运费险关上了吗", "我今天让你办了几样")
        ],
        (OPENED, "开好了吗", "已办成"),
        (OPENED, "开通的回执号", "已办成"),
        (TWO, "我办过哪些", "办过 2 件"),
        (TWO, "大衣那单申诉怎么样了", "9443"),
        (TWO, "两个申诉的回执号", "办过 2 件"),
        ((*CLOSED, "撤回", "确认"), "我办过什么", "已撤回"),
        (("buyer:demo",), "办成了吗", "没有办理记录"),
        (("seller:demo",), "回执号多少", "没有办理记录"),
        (("visitor",), "我办过什么", "需要先登录"),
    ],
)  # fmt: skip
async def test_it_is_told_from_the_journal(talk, content, way, text: str, says: str) -> None:
    record = await (await after(talk, way)).say(text)
    assert says in record["reply"], record["reply"]
    assert record["outcome"] in ("task", "sign_in")


async def test_in_another_session_it_is_known_too(talk, content) -> None:
    receipt = receipt_in((await after(talk, CLOSED)).last.record())
    record = await talk("seller:demo").say("我之前办的那个回执号多少")
    assert receipt in record["reply"]
    assert receipt not in (await talk("seller:other").say("我办过什么"))["reply"]


async def test_newest_first(talk, content) -> None:
    record = await (await after(talk, BOTH)).say("我办过什么")
    assert record["reply"].index("退货宝") < record["reply"].index("退货运费险")
    assert "1. " in record["reply"]
