"""What counts as a yes: one line a text. Money hangs on it, so doubtful ones are no."""

from __future__ import annotations

import pytest

from xiaoer.phrases import has_read, says_yes

YES = ["确认", "确定", "好的", "好", "行", "可以", "嗯", "嗯嗯好的办吧", "没问题", "OK", "ok👌", "是的，确认", "对", "办吧",
       "帮我办理", "确认开通", "中", "要得", "同意", "就这样吧", "确认！"]  # fmt: skip
NO = ["确认什么", "确认之前我问下", "先不确认", "确认吗", "确认？", "等一下再确认", "不要确认", "好贵啊", "好像不对", "可以便宜点吗", "行不行",
      "是什么", "对了多久生效", "好的，运费险多久到账", "不", "算了", "吧", "", "……", "我", "开通要多少钱", "关闭别的", "关闭", "开吧", "停"]  # fmt: skip


@pytest.mark.parametrize("text", YES)
def test_yes(text: str) -> None:
    assert says_yes(text)


@pytest.mark.parametrize("text", NO)
def test_no(text: str) -> None:
    assert not says_yes(text)


@pytest.mark.parametrize("text", ["看过了", "看过了，同意", "协议我读完了", "已阅", "同意", "好的"])
def test_has_read(text: str) -> None:
    assert has_read(text)


@pytest.mark.parametrize("text", ["还没看过", "看过了吗", "没看", "不同意", "先看看", "在哪看", "协议是什么"])
def test_has_not_read(text: str) -> None:
    assert not has_read(text)
