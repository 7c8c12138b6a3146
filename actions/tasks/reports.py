"""What did the insurance cost my shop this month, and what did it bring? shop_report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button
from actions.asking.shops import Meant, shops_for
from actions.desk import report, rules
from actions.desk.report import Frame, Span
from actions.policydb.facts import ReturnReason, ShopFacts
from actions.policydb.queries import figures
from actions.policydb.queries.figures import Counts, Part
from actions.tasks.shops import HALF_A_SENTENCE
from xiaoer import dates
from xiaoer.clock import local
from xiaoer.dates import BadMonth, Month
from xiaoer.principal import Role

_REASONS_SAID = 3
_FEW_WORDS = 24  # characters: more tell a story


class ShopReport(TaskAction):
    """A month of the seller's shops in figures, beside the month before.

    The month is that of the button, else that of the text, else the running one.
    """

    topic = "shop_report"
    role = Role.SELLER

    def answer(self, session: Session, ask: Ask) -> Reply:
        meant = shops_for(session, ask, self.topic)
        if isinstance(meant, Reply):
            return meant
        today = local(ask.at).date()
        wanted = meant.button
        named = ask.named.get("month", "")
        try:
            month = Month.parse(named) if named else month_meant(ask, today)
        except BadMonth:
            return meant.told(self._which_month(today, wanted))
        if month > Month.of(today):
            return meant.told(self._not_yet(month, today, wanted))
        return meant.told(self._report(session, ask, meant, month, today), month=str(month))

    def _report(self, session: Session, ask: Ask, meant: Meant, month: Month, today: date) -> Reply:
        named, shops = ask.named.get("month", ""), meant.shops
        blocks = [_block(session, ask, shop, month, today) for shop in shops]
        cards = [block.card for block in blocks if block.card is not None]
        return Reply(
            wording.paragraphs(
                "" if named or _ONE_BEFORE.search(ask.asked.plain) else _only_months(ask.asked.plain, month, today),
                *(block.first for block in blocks),
                *(block.text for block in blocks),
                *_ending(blocks),
            ),
            product=ask.product or None,
            buttons=self._buttons(ask, month, today, meant, any(block.counted for block in blocks)),
            card=cards[0] if len(cards) == 1 else {"type": "reports", "items": cards} if cards else None,
        )

    def _buttons(self, ask: Ask, month: Month, today: date, meant: Meant, counted: bool) -> tuple[dict[str, str], ...]:
        """The month before (the running one, when no shop was open then), and where to go on."""
        previous = month.shift(-1)
        shops, since = meant.shops, [Month.of(opened) for shop in meant.shops if (opened := _opened(shop))]
        shown = previous if len(since) < len(shops) or min(since) <= previous else Month.of(today)
        return (
            *((self._look_at(shown, today, meant.button),) if shown != month else ()),
            button("估一下每单保费", "estimate_premium", product=ask.product),
            button("保费为什么涨", "premium_increase", product=ask.product)
            if counted
            else button("能不能开通", "check_shop_eligibility", product=ask.product),
        )

    def _look_at(self, month: Month, today: date, shop: str) -> dict[str, str]:
        return button(f"看{month.name(today)}", self.topic, month=str(month), shop=shop)

    def _which_month(self, today: date, shop: str) -> Reply:
        running = Month.of(today)
        return Reply(
            "没看明白您要哪个月的报表。可以说「上个月」「10月」或「2025年11月」，也可以点下面的按钮。",
            outcome="clarify",
            buttons=tuple(self._look_at(running.shift(-back), today, shop) for back in range(3)),
        )

    def _not_yet(self, month: Month, today: date, shop: str) -> Reply:
        running = Month.of(today)
        return Reply(
            f"{month.year}年{month.number}月还没到，没有数据。最新的是 {running.name(today)}（截至今天）。",
            buttons=(self._look_at(running, today, shop), self._look_at(running.shift(-1), today, shop)),
        )


@dataclass(frozen=True)
class _Block:
    """What is said of one shop. card None: it was not open; counted: there was something to count;
    rose: there was more premium than in what it is compared with; first: the figure that was asked for, before all."""

    text: str
    card: Mapping[str, Any] | None = None
    counted: bool = False
    rose: bool = False
    first: str = ""


# What a figure is called, and how it is said: the first that is named.
_FIGURES: tuple[tuple[re.Pattern[str], Callable[[Counts], str]], ...] = (
    (
        re.compile("出险"),
        lambda now: f"出险率 {_rate(now.claims, now.policies)}（{now.claims} 笔理赔 ÷ {now.policies} 份保单）",
    ),
    (
        re.compile("退货率|退[了的]?多少|几单退|退货(?![运险宝])"),
        lambda now: f"退货 {now.returned} 单，退货率 {_rate(now.returned, now.orders)}",
    ),
    (re.compile("赔付|赔[了出过]|理赔(?:金|款|额)|赔款"), lambda now: f"赔付 {wording.yuan(now.payout_fen)}"),
    (re.compile("理赔|几笔|报案|赔[了过]?(?:几|多少)[单笔]"), lambda now: f"理赔 {now.claims} 笔"),
    (
        re.compile("保费|扣[了费]|花[了费]|险费|开销|支出|成本"),
        lambda now: f"保费 {wording.yuan(now.premium_fen)}（{now.policies} 份保单）",
    ),
    (re.compile("订单|单量|[卖出]了|(?<!赔)(?<!赔[了过])(?:几单|多少单)"), lambda now: f"订单 {now.orders} 单"),
)


def month_meant(ask: Ask, today: date) -> Month:
    """The month that words name, the one meant where they correct themselves; else that of the report just before; else
    the running one. Raises BadMonth."""
    plain = ask.asked.plain
    said = _DENIED.sub(" ", plain) if ask.asked.corrects else plain
    found = dates.month_in(said, today) or dates.month_in(plain, today)
    shown = str((ask.asked.shown or {}).get("month") or "")
    if shown and _ONE_BEFORE.search(plain):
        return Month.parse(shown).shift(-1)
    if found is None and shown and len(plain) <= HALF_A_SENTENCE and not dates.other_period(plain):
        return Month.parse(shown)
    return found or Month.of(today)


# Counted from the month of the report just before.
_ONE_BEFORE = re.compile(r"再?往前[推数翻]?一?个?月|再前一?个?月|再上一?个?月|^[那再]?前一个月")
# 「不是10月」: which month it is not.
_DENIED = re.compile(r"不(?:是|要|看)[^,，。;；是要看]{1,8}?月份?的?")


def _asked_for(plain: str, shop: ShopFacts, frame: Frame, now: Counts) -> str:
    """The figures that half a sentence names, in the order of what is asked most exactly; nothing for 「报表」 as a whole."""
    if len(plain) > _FEW_WORDS:
        return ""
    found = [say(now) for pattern, say in _FIGURES if pattern.search(plain)][:2]
    return (
        f"「{shop.name}」{frame.month.name(frame.days.last)}{'到现在' if frame.partial else ''}：**{'；'.join(found)}**。"
        if found
        else ""
    )


def _rate(part: int, whole: int) -> str:
    rate = report.rate_bp(part, whole)
    return "算不出" if rate is None else _to_a_tenth(rate)


_DEFINITION = (
    "口径：只算店铺付保费的保单，保单看出单日、理赔看申请日、赔付看到账日、退货看退款完成日；出险率＝理赔申请÷保单，"
    "退货率＝退货÷订单。"
)


def _block(session: Session, ask: Ask, shop: ShopFacts, month: Month, today: date) -> _Block:
    opened = _opened(shop)
    if opened is not None and month < Month.of(opened):
        since = f"{opened.year}年{opened.month}月{opened.day}日"
        return _Block(f"「{shop.name}」**{month.name(today)}还没有开店**（{since}开的店），没有数据。")
    frame = Frame.of(month, today, opened)
    parts = figures.counts(session, ask.principal, shop.code, frame.edges)
    days = frame.days
    reasons = figures.reasons(session, ask.principal, shop.code, days.start, days.end)
    now, before = days.sum(parts), frame.before.sum(parts)
    card = report.card(shop.code, shop.name, frame, parts, reasons)
    if now == Counts():
        until = f"到{_day(today)}为止" if frame.partial else "整月"
        return _Block(f"「{shop.name}」{month.name(today)}{until}**没有订单，也没有保单、理赔和赔付**。", card)
    compared = _Compared(now, before, f"{frame.before.first.month}月{'同期' if frame.partial else ''}")
    return _Block(
        wording.paragraphs(
            _head(shop, frame, before, today),
            _about(session, ask, shop, frame, parts),
            wording.bullets(*compared.lines(), _reasons(reasons)),
        ),
        card,
        counted=True,
        rose=0 < before.premium_fen < now.premium_fen,
        first=_asked_for(ask.asked.plain, shop, frame, now),
    )


def _opened(shop: ShopFacts) -> date | None:
    return local(shop.opened_at).date() if shop.opened_at else None


def _head(shop: ShopFacts, frame: Frame, before: Counts, today: date) -> str:
    until = f"截至 {_day(today)}" if frame.partial else "整月"
    other = f"和 {_days(frame.before, whole=not frame.partial)}比" if before != Counts() else "上月没有数据可比"
    return f"「{shop.name}」**{frame.month.name(today)}**的报表（{until}，{other}）："


def _about(session: Session, ask: Ask, shop: ShopFacts, frame: Frame, parts: tuple[Part, ...]) -> str:
    """Of the product that was asked about, where that is not all there is."""
    if not ask.product:
        return ""
    edges = [frame.days.start, frame.days.end]
    one = figures.counts(session, ask.principal, shop.code, edges, product=ask.product)[0].counts
    everything = frame.days.sum(parts)
    if (one.policies, one.claims, one.payout_fen) == (everything.policies, everything.claims, everything.payout_fen):
        return ""
    return (
        f"其中**{rules.product_name(ask.product)}**：{one.policies} 份保单，保费 {wording.yuan(one.premium_fen)}，"
        f"理赔 {one.claims} 笔，赔付 {wording.yuan(one.payout_fen)}。下面是全部保障合计："
    )


@dataclass(frozen=True)
class _Compared:
    """The figures beside those of `than` (10月同期)."""

    now: Counts
    before: Counts
    than: str

    def lines(self) -> tuple[str, ...]:
        now, before = self.now, self.before
        return (
            f"保费 **{wording.yuan(now.premium_fen)}**（{now.policies} 份保单）"
            + self._more(now.premium_fen, before.premium_fen, wording.yuan),
            f"赔付 **{wording.yuan(now.payout_fen)}**" + self._more(now.payout_fen, before.payout_fen, wording.yuan),
            f"理赔 {now.claims} 笔，出险率 "
            + self._points(*(report.rate_bp(each.claims, each.policies) for each in (now, before))),
            f"订单 {now.orders} 单，退货 {now.returned} 单，退货率 "
            + self._points(*(report.rate_bp(each.returned, each.orders) for each in (now, before))),
        )

    def _more(self, now: int, before: int, words: Any) -> str:
        """，比10月多 12.3元（+8%）"""
        if self.before == Counts():
            return ""
        if now == before:
            return f"，和{self.than}一样"
        per_cent = report.per_cent(now, before)
        share = "" if per_cent is None else f"（{per_cent:+d}%）" if per_cent else "（不到 1%）"
        return f"，比{self.than}{'多' if now > before else '少'} {words(abs(now - before))}{share}"

    def _points(self, now: int | None, before: int | None) -> str:
        """7.5%，比10月高 0.6 个百分点: the difference is that of the figures as they are shown."""
        if now is None:
            return "算不出"
        if before is None:
            return f"**{_to_a_tenth(now)}**"
        more = _tenths(now) - _tenths(before)
        if not more:
            return f"**{_to_a_tenth(now)}**，和{self.than}一样"
        size = f"{abs(more) // 10}.{abs(more) % 10}"
        return f"**{_to_a_tenth(now)}**，比{self.than}{'高' if more > 0 else '低'} {size} 个百分点"


def _reasons(counted: Mapping[ReturnReason | None, int]) -> str:
    top = report.top_reasons(counted, _REASONS_SAID)
    if not top:
        return ""
    silent = counted.get(None, 0)
    said = "、".join(f"{report.REASON_NAMES[reason]} {count} 笔" for reason, count in top)
    return f"退货原因最多的：{said}" + (f"（另有 {silent} 笔没填原因）" if silent else "")


def _only_months(text: str, month: Month, today: date) -> str:
    """What is said first to whoever asked about a stretch of time that is no month."""
    period = dates.other_period(text)
    return (
        f"报表按自然月出，「{period}」没有单独的合计，先给您看 {month.name(today)}；近半年各月看卡片上的图。"
        if period
        else ""
    )


def _ending(blocks: list[_Block]) -> tuple[str, ...]:
    """What the figures mean, and one next step."""
    if not any(block.counted for block in blocks):
        return ("**下一步**：还没开通保障的话，点「能不能开通」先看条件；已经开通的，有订单出单后再来看。",)
    if any(block.rose for block in blocks):
        return (
            _DEFINITION,
            "**下一步**：保费多了的原因和降下来的办法，点「保费为什么涨」。每天的明细可以在报表卡片上下载。",
        )
    return _DEFINITION, "**下一步**：要每天的明细，在报表卡片上下载 CSV（登录的卖家本人才能下）。"


def _tenths(bp: int) -> int:
    """Hundredths of a per cent as tenths, half up."""
    return (bp + 5) // 10


def _to_a_tenth(bp: int) -> str:
    """752 -> 7.5%, 755 -> 7.6%."""
    return f"{_tenths(bp) // 10}.{_tenths(bp) % 10}%"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _days(span: Span, *, whole: bool) -> str:
    """10月1日到23日, or 10月整月."""
    return f"{span.first.month}月整月" if whole else f"{_day(span.first)}到{span.last.day}日"
