"""Has a text the form of a question? More exactly than a cut needs it: a wish or a coat is none."""

from __future__ import annotations

import re

from bot.understanding.ranking.questions import asks as has_the_form_of_a_question

# 「还是别开了」 decides, 「开还是关」 asks.
_RATHER = re.compile(r"(?:^|(?<=[,，.。!！;；、 ]))((?:那|我|看|想|想想|觉得|要不|就)*)还是")

# 现在还开着吧 makes sure, 就开着吧 decides.
_STILL = re.compile(r"(?:现在|目前|如今|眼下)[^,，。]*(?:开着|在用|用着|留着|生效)[^,，。]{0,2}吧$")
_TWICE = re.compile(r"([不没].)\1")  # 不对不对 insists, 对不对 asks


def asks(text: str) -> bool:
    """Whether a text is a question. (呢 makes one at its end only: 毛呢大衣 is a coat; 这么贵 asks nothing.)"""
    plain = _TWICE.sub(r"\1", _RATHER.sub(r"\1", text)).replace(" ", "")
    return _STILL.search(plain) is not None or has_the_form_of_a_question(re.sub(r"呢(?=\w)|[这那]么", "", plain))
