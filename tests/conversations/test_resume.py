"""After a question beside a form, what is being done is said again, with the thing it is done on."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("database")]


@pytest.mark.parametrize(
    ("who", "said", "beside", "goes_on"),
    [
        ("seller:demo", ["帮我开通退货宝"], ["多久生效"], "接着刚才的：给「小鹿家鞋服旗舰店」开通「退货宝」。"),
        (
            "seller:demo",
            ["帮我开通退货宝"],
            ["多久生效", "一单多少钱"],
            "接着刚才的：给「小鹿家鞋服旗舰店」开通「退货宝」。",
        ),
        ("seller:chain", ["帮我开通退货宝"], ["多久生效"], "接着刚才的：开通。"),
        (
            "seller:chain",
            ["帮我开通退货宝", "第一家"],
            ["要多少钱"],
            "接着刚才的：给「果然新鲜水果店」开通「退货宝」。",
        ),
        ("buyer:demo", ["我要对拒赔申诉", "大衣那单"], ["运费险多久到账"], "接着刚才的：对尾号 9443 这单的申诉。"),
        ("buyer:demo", ["我要对拒赔申诉"], ["运费险多久到账"], "接着刚才的：申诉。"),
    ],
)
async def test_what_is_being_done_and_on_what(talk, who: str, said: list[str], beside: list[str], goes_on: str) -> None:
    conversation = talk(who)
    for text in said:
        await conversation.say(text)
    for text in beside:
        record = await conversation.say(text)
        assert goes_on in record["reply"]
