"""How the tasks put things: money, days, orders, rules. Chinese for people, Asia/Shanghai days, no Rasa in here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

from actions.desk.quotes import Per, Quote
from actions.policydb.facts import OrderFacts, Payee, PayoutFacts
from knowledge import GRADES
from knowledge.rules import Rule
from xiaoer.clock import local
from xiaoer.dates import period

_TITLE = 12  # characters of an item's title: enough to know it by, short enough for a button

_PRAISE = re.compile(r"^(?:【[^】]*】\s*)+")  # 【官方旗舰】: stands before many titles, and tells none


def paid_to(payout: PayoutFacts | None, whose: str = "") -> str:
    """Where a payout went. whose: 您的, 买家的; "" for none said."""
    return "直接抵给快递" if payout is not None and payout.payee is Payee.COURIER else f"打到{whose}支付宝"


def yuan(fen: int) -> str:
    """1250 -> 12.5元, 12900 -> 129元."""
    whole, rest = divmod(fen, 100)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}元"


def percent(bp: int) -> str:
    """Hundredths of a per cent, exactly: 620 -> 6.2%, 625 -> 6.25%."""
    return f"{bp / 100:g}%"


def day(instant: datetime, today: date) -> str:
    """10月3日, with the year when it is not this one."""
    moment = local(instant)
    year = "" if moment.year == today.year else f"{moment.year}年"
    return f"{year}{moment.month}月{moment.day}日"


def item(order: OrderFacts) -> str:
    """What was bought, short: the first line, and how many there are."""
    if not order.lines:
        return "商品"
    title = _PRAISE.sub("", order.lines[0].title) or order.lines[0].title
    short = title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
    return short if len(order.lines) == 1 else f"{short} 等{len(order.lines)}件"


def order_name(order: OrderFacts, today: date) -> str:
    """尾号 1234，10月3日 女鞋."""
    return f"尾号 {order.tail}，{day(order.paid_at, today)} {item(order)}"


def order_button(order: OrderFacts, today: date) -> str:
    """10月3日 女鞋 129元 尾号1234."""
    return f"{day(order.paid_at, today)} {item(order)} {yuan(order.amount_fen)} 尾号{order.tail}"


def cite(rule: Rule) -> str:
    """按「……」这条规则（多处资料，2022 年口径）."""
    return f"按「{rule.text}」这条规则（{basis(rule)}）"


def basis(rule: Rule) -> str:
    """多处资料，2022 年口径: how sure a rule is, and of when."""
    return f"{GRADES.get(rule.grade, rule.grade)}，{period(rule.as_of)}口径"


def span(low_fen: int, high_fen: int) -> str:
    """0.6–0.8元, or 0.8元 where both ends are the same."""
    return yuan(high_fen) if low_fen == high_fen else f"{yuan(low_fen)[:-1]}–{yuan(high_fen)}"


def price(quote: Quote) -> str:
    """每单约 0.6–0.8元（估算）; of a year with the half year where there is one."""
    if quote.low_fen is None or quote.high_fen is None:
        return "现在报不出价"
    if quote.per is Per.ORDER:
        return f"每单约 {span(quote.low_fen, quote.high_fen)}（估算）"
    half = f"，半年约 {yuan(quote.half_year_fen)}" if quote.half_year_fen is not None else ""
    return f"一年约 {span(quote.low_fen, quote.high_fen)}{half}（估算）"


def caveats(rules: Iterable[Rule]) -> str:
    """Where pages differ about the rules used, each once."""
    return "".join(f"{caveat}。" for caveat in dict.fromkeys(rule.caveat for rule in rules if rule.caveat))


def footer(rules: Iterable[Rule]) -> str:
    """The caveats of the rules used, and how old the oldest of them is."""
    used = list(dict.fromkeys(rules))
    if not used:
        return ""
    oldest = min(rule.as_of for rule in used)
    return f"{caveats(used)}规则口径截至 {period(oldest)}，与您页面上显示的不同时，以页面为准。"


def paragraphs(*parts: str) -> str:
    """Parts as Markdown paragraphs, empty ones left out."""
    return "\n\n".join(part for part in parts if part)


def bullets(*lines: str) -> str:
    """Lines as a Markdown list, empty ones left out."""
    return "\n".join(f"- {line}" for line in lines if line)
