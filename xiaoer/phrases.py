"""Turns of phrase that both the dialogue and the actions have to know alike."""

from __future__ import annotations

import re

# 不是运费险，是退货宝; 改成退货宝; 是另一单: what is named last is meant, what was said before is taken back.
CORRECTS = re.compile(r"不对|不是|错了|弄错|搞错|改|换|另一|别的|我说的是|我要的是")
# Asked after something was written.
ASKS_HOW_IT_WENT = re.compile(
    r"[办弄搞整](?:好|成|完|妥)了?(?:没|吗|么|[?？])|成功了(?:没|吗)|回执号?|提交(?:上去)?了(?:没|吗)|^(?:好|成)了?(?:没有?|吗|么)[?？]?$"
)
# There is no such evidence.
_LACK = (
    r"(?:没有|没|无|找不到|丢了|丢|忘了|忘|不记得|不知道|不清楚|不会写|不写|不填|跳过|略|下一步)"
    r"(?:了|记|拍|留|存|保存|单号|快递单号|底单|照片|图|截图|说明|回执|找到|找|啥|什么|说的|可说的|要说的|东西)*"
)
NOTHING_TO_SHOW = re.compile(
    rf"^(?:(?:快递|快递单号|单号|底单|照片|回执|截图|图)*我?(?:这|手上|手头|手里|暂时|现在|都|实在|也)*{_LACK}[吧啊呢的,，.。!！ ]*)+$"
)
# The forms' own deeds: 「关吧」 is a yes to closing and to nothing else.
VERBS = {
    "request_enable_form": ("开通", "开"),
    "request_disable_form": ("关闭", "关掉", "关了", "关", "停掉", "停了", "停"),
    "file_appeal_form": ("提交申诉", "提交", "申诉", "交"),
}
# Money hangs on a 确认: only what is nothing but a yes is one. 「确认什么」, 「对了」, 「好贵」 are not.
_SOFT = r"[吧啊呀哈的咯嘛呗啦哦噢哟,，.!！~～、 ]*"
_YES = (
    r"(?:我)?(?:已经?)?(?:确认|确定)(?:无误|了|{verbs})?|(?:我)?同意(?:了|{verbs})?|没问题|没错|可以(?:了|的)?|当然|好[的嘞滴]?|好好|行|对|对对|是的?|中|要得|"
    r"ok+|okay|yes|就这样|就这么办|(?:帮我|给我)?办理?|嗯+|恩+|{verbs}|👌|👍"
)
_READ = (
    r"(?:协议|条款|合同)?(?:我|都|已经|已|全)*(?:(?:看|读)(?:过|完|好)了?|看了|读了|阅读过?|阅)(?:协议|条款)?(?:了)?(?:[,，、 ]*(?:我)?(?:都)?同意)?|"
    r"(?:我)?同意"
)
_ENDS = re.compile(
    r"(?:那|还是|先|我|就|都|好吧|嗯|哎|唉|[,，.。!！ ])*"
    r"(?:算了|算球|拉倒|不办|不弄|不搞|不整|不开|不关|不停|不申诉|不投诉|不用|不要|不想[办弄开关]|取消|放弃|停下|先不|别办|别弄|别开|别关|别申诉|改天|下次|留着|退出)"
    r"(?:再说|了|吧|啊|呀|不办|不弄|不开|不关|不申诉|办|弄|开|关|通|申诉|就|它|这个|这件事|这样|先|还是|算了|[,，.。!！ ])*"
)
_DECLINES = re.compile(
    r"(?:不|别|甭|莫|不想|不要|不用|先别|别给|不需要)(?:想|要|用|给我|帮我|再|说要)*(?:开通?|关闭?|停|申诉|投保|退出)|留着"
)


def says_yes(text: str, *verbs: str) -> bool:
    """Whether a text is a yes and nothing else. verbs: what is being asked for, so that 「关吧」 is a yes to closing.

    >>> [says_yes(text) for text in ("确认", "好的，办吧", "嗯嗯可以", "确认什么", "确认之前问下", "好贵啊", "对了", "关吧")]
    [True, True, True, False, False, False, False, False]
    >>> says_yes("关吧", "关闭", "关"), says_yes("确认关闭", "开通", "开")
    (True, False)
    """
    named = "|".join(map(re.escape, verbs)) or "(?!)"
    yes = _YES.replace("{verbs}", f"(?:{named})")
    return bool(re.fullmatch(f"(?:(?:{yes}){_SOFT})+", text.strip(), re.IGNORECASE))


def has_read(text: str) -> bool:
    """Whether a text says that the agreement was read, or agrees to it, and nothing else (not 还没看过, 看了一半)."""
    return says_yes(text) or bool(re.fullmatch(f"(?:{_READ}){_SOFT}", text.strip()))


def ends(text: str) -> bool:
    """Whether a text calls the whole thing off, and says nothing else: 算了, 还是先不开了吧."""
    return _ENDS.fullmatch(text.strip()) is not None


def declines(text: str) -> bool:
    """Whether a text says what should *not* be done: 别给我开退货宝, 运费险留着."""
    return _DECLINES.search(text) is not None
