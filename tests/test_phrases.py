"""What counts as a yes, a no, a read agreement: one line a text. Money hangs on it, so doubtful ones are no yes."""

from __future__ import annotations

import pytest

from xiaoer.phrases import declines, ends, has_read, says_yes

ENABLE, DISABLE = ("开通", "开"), ("关闭", "关掉", "关", "停")
YES = ["确认", "确定", "好的", "好", "行", "可以", "嗯", "嗯嗯好的办吧", "没问题", "OK", "ok👌", "是的，确认", "对", "办吧", "开吧", "帮我办理",
       "确认开通", "中", "要得", "同意", "就这样吧", "确认！", "确认无误", "我确认开通", "好嘞", "当然", "👍"]  # fmt: skip
NO = ["确认什么", "确认之前我问下", "先不确认", "确认吗", "确认？", "等一下再确认", "不要确认", "好贵啊", "好像不对", "可以便宜点吗", "行不行", "是什么",
      "对了多久生效", "好的，运费险多久到账", "不", "算了", "吧", "", "……", "我", "开通要多少钱", "关闭", "停", "对了", "哦对了", "得了吧", "行了行了",
      "好了", "办好了", "成了", "嗯。。。", "确认关闭", "确认申诉"]  # fmt: skip


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert says_yes(text, *ENABLE)


@pytest.mark.parametrize("text", NO)
def test_no_yes(text: str) -> None:
    assert not says_yes(text, *ENABLE)


@pytest.mark.parametrize(
    ("text", "yes"), [("关吧", True), ("停", True), ("确认关闭", True), ("开吧", False), ("确认开通", False)]
)
def test_the_verb_is_the_forms_own(text: str, yes: bool) -> None:
    assert says_yes(text, *DISABLE) is yes


@pytest.mark.parametrize("text", ["看过了", "看过了，同意", "协议我都读完了", "已阅", "同意", "好的", "我看完了"])
def test_has_read(text: str) -> None:
    assert has_read(text)


@pytest.mark.parametrize(
    "text",
    [
        "还没看过",
        "看过了吗",
        "没看",
        "不同意",
        "先看看",
        "在哪看",
        "协议是什么",
        "看了一半",
        "同意了会怎样",
        "看了觉得贵",
        "同意才怪",
    ],
)
def test_has_not_read(text: str) -> None:
    assert not has_read(text)


@pytest.mark.parametrize(
    "text",
    [
        "算了",
        "不办了",
        "先不开了吧",
        "不用了",
        "取消",
        "还是算了吧",
        "算了，不申诉了",
        "那不关了",
        "改天再说",
        "留着吧",
        "算球",
    ],
)
def test_ends(text: str) -> None:
    assert ends(text)


@pytest.mark.parametrize(
    "text", ["取消了会怎样", "我不要了所以退的", "卖家让我放弃维权", "不对", "先不确认", "取消刚才的申诉", "好"]
)
def test_does_not_end(text: str) -> None:
    assert not ends(text)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("别给我开退货宝", True),
        ("我不想关运费险", True),
        ("运费险还是留着", True),
        ("帮我关了运费险", False),
        ("开通退货宝", False),
    ],
)
def test_declines(text: str, does: bool) -> None:
    assert declines(text) is does
