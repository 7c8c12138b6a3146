"""What a client may be told instead of an answer: a code for the program, a sentence for the person.

The codes are the contract of the wire (docs/security.md); every one is used by sockets (`problem`, ack) and HTTP alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xiaoer.errors import XiaoerError


@dataclass(frozen=True)
class Kind:
    """status: the HTTP status that the code has on the HTTP side."""

    status: int
    text: str


KINDS: dict[str, Kind] = {
    "token_invalid": Kind(401, "登录凭证无效，请刷新页面后重新打开本助手。"),
    "token_expired": Kind(401, "登录已过期，请刷新页面重新登录；您刚才的话没有丢，登录后会再发一次。"),
    "bad_message": Kind(400, "这条消息的格式不对，没有处理。请直接用文字提问。"),
    "bad_request": Kind(400, "地址里的月份或店铺写得不对，没有下载。请回到报表卡片，再点一次「下载」。"),
    "sellers_only": Kind(403, "店铺报表只给卖家本人下载。请用卖家账号从卖家后台打开本助手。"),
    "not_found": Kind(404, "没有查到您名下的这家店铺，没有下载。请回到报表卡片，再点一次「下载」。"),
    "too_long": Kind(413, "这条消息太长了（最多 {most} 个字），没有处理。请挑最想问的一件事，用一两句话再发一次。"),
    "too_many_messages": Kind(429, "您发得太快了，这条没有处理。请等 {seconds} 秒再发。"),
    "too_many_connections": Kind(429, "同一网络打开的对话太多了。请关掉几个窗口，或稍后再试。"),
    "turn_timeout": Kind(
        408, "这个问题处理得太久，先停下了。请稍后再发一次；要办的事不会重复办，办没办成，再发一次就知道。"
    ),
    "unavailable": Kind(503, "险小二暂时没准备好，请过一会儿再发。"),
}


class Problem(XiaoerError):
    """A message was not answered. `text` is for the person who sent it.

    code: a key of KINDS; values: what its sentence needs; status: another HTTP status than the code's own.
    """

    def __init__(self, code: str, *, status: int | None = None, **values: object) -> None:
        kind = KINDS[code]
        super().__init__(kind.text.format(**values))
        self.code = code
        self.text = str(self)
        self.status = status or kind.status
        self.retry_after = values.get("seconds")

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text}


def as_problem(error: Exception) -> Problem:
    """What a client is told of an error: its own words for a Problem, else that we are not available."""
    return error if isinstance(error, Problem) else Problem("unavailable")
