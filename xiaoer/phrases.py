"""Turns of phrase that both the dialogue and the actions have to know alike."""

from __future__ import annotations

import re

# 不是运费险，是退货宝; 改成退货宝; 是另一单: what is named last is meant, what was said before is taken back.
CORRECTS = re.compile(r"不对|不是|错了|弄错|搞错|改|换|另一|别的")
# A form asks for the agreement to have been read.
_HAS_READ = re.compile(r"看过|看完|看了|读过|读完|同意|已阅|已读")
_BUT = re.compile(r"不|没|未|别|先|等|再|考虑|[?？]|吗|么|什么|啥")
# Money hangs on a 确认: only what is nothing but a yes is one. 「确认什么」, 「确认一下价格」 are not.
_YES = re.compile(
    r"(?:确认(?:开通|关闭|办理|提交|申诉)?|确定|同意|没问题|没错|可以|好的?|行|对的?|是的?|嗯|恩|中|得|要得|成|ok|okay|yes|就这样|就这么办|"
    r"(?:帮我|给我)?办理?|👌|👍|[了吧啊呀哈的咯嘛呗啦哦噢哟,，.。!！~～、 ])+",
    re.IGNORECASE,
)
_YES_CORE = re.compile(
    r"确认|确定|同意|没问题|没错|可以|好|行|对|是|嗯|恩|中|得|成|ok|yes|就这|办|👌|👍", re.IGNORECASE
)


def says_yes(text: str) -> bool:
    """Whether a text is a yes and nothing else.

    >>> [says_yes(text) for text in ("确认", "好的，办吧", "嗯嗯可以", "确认什么", "确认之前问下", "好贵啊", "吧")]
    [True, True, True, False, False, False, False]
    """
    return bool(_YES.fullmatch(text.strip()) and _YES_CORE.search(text))


def has_read(text: str) -> bool:
    """Whether a text says that the agreement was read, or agrees to it, without a but (还没看过, 看过了吗)."""
    return says_yes(text) or bool(_HAS_READ.search(text) and not _BUT.search(text))
