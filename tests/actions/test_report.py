"""A seller's month: what counts in it, what the reply, the card and the sheet say of it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from actions.asking.base import Ask as Asking
from actions.desk import report
from actions.desk.report import Frame, Span
from actions.policydb import admin, session, tables
from actions.policydb.demo import crowd
from actions.policydb.demo.data import NUMBERS, ORDERS
from actions.policydb.facts import CloseReason, EventKind, Payer, ReturnReason
from actions.policydb.queries import figures, own
from actions.policydb.queries.access import NotSignedIn, WrongRole
from actions.policydb.queries.figures import Counts, Part
from actions.tasks.reports import ShopReport
from bot.understanding.normaliser import tidy
from xiaoer import clock
from xiaoer.asked import Asked
from xiaoer.clock import SHANGHAI
from xiaoer.dates import Month
from xiaoer.principal import VISITOR, Principal, Role, Source, parse_principal

Ask = Callable[..., Any]
TODAY = date(2026, 11, 23)
SELLER = parse_principal("seller:demo", Source.TOKEN)
OWNER = parse_principal("seller:own", Source.TOKEN)
NOV, OCT = Month(2026, 11), Month(2026, 10)


# ---------------------------------------------------------------- compared with what


@pytest.mark.parametrize(
    ("month", "today", "days", "before"),
    [
        (NOV, TODAY, ("2026-11-01", "2026-11-23"), ("2026-10-01", "2026-10-23")),
        (OCT, TODAY, ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")),
        (Month(2026, 3), date(2026, 3, 31), ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        (Month(2026, 1), date(2026, 1, 1), ("2026-01-01", "2026-01-01"), ("2025-12-01", "2025-12-01")),
        (Month(2024, 2), TODAY, ("2024-02-01", "2024-02-29"), ("2024-01-01", "2024-01-31")),
    ],
)
def test_a_running_month_is_compared_to_the_same_day_and_a_full_one_in_full(
    month: Month, today: date, days: tuple[str, str], before: tuple[str, str]
) -> None:
    frame = Frame.of(month, today)
    assert (frame.days, frame.before) == tuple(Span(*map(date.fromisoformat, each)) for each in (days, before))
    assert frame.partial == (month == Month.of(today))


def test_no_month_before_the_shop_opened_is_shown() -> None:
    assert list(map(str, Frame.of(NOV, TODAY, date(2026, 9, 30)).series)) == ["2026-09", "2026-10", "2026-11"]
    assert list(map(str, Frame.of(NOV, TODAY).series)) == [f"2026-{month:02}" for month in range(6, 12)]


@given(part=st.integers(0, 10**6), whole=st.integers(0, 10**6))
def test_rates_are_rounded_half_up(part: int, whole: int) -> None:
    rate = report.rate_bp(part, whole)
    if not whole:
        assert rate is None
    else:
        assert rate is not None
        assert -whole <= 2 * (part * 10_000 - rate * whole) < whole


@pytest.mark.parametrize(
    ("now", "before", "more"),
    [(108, 100, 8), (92, 100, -8), (5, 0, None), (0, 4, -100), (1005, 1000, 1), (995, 1000, -1)],
)
def test_per_cent(now: int, before: int, more: int | None) -> None:
    assert report.per_cent(now, before) == more


@given(st.dictionaries(st.one_of(st.none(), st.sampled_from(ReturnReason)), st.integers(1, 5)))
def test_top_reasons_are_those_that_were_given_most(counted: dict[ReturnReason | None, int]) -> None:
    top = report.top_reasons(counted, 3)
    left = [count for reason, count in counted.items() if reason and reason not in dict(top)]
    assert all(counted[reason] == count for reason, count in top)
    assert len(top) == min(3, len(counted.keys() - {None}))
    assert min((count for _, count in top), default=9) >= max(left, default=0)


# ---------------------------------------------------------------- what counts, by rows of our own


class Books:
    """A seller's shop with nothing in it, to be filled row by row."""

    def __init__(self, opened: Any, owner: str = "own", code: str = "own-shop", name: str = "自家店") -> None:
        self._session = opened
        self._numbers = itertools.count(1)
        day = datetime(2020, 1, 1, tzinfo=timezone.utc)
        self._code = code
        self._seller = tables.Account(role="seller", external_id=owner, created_at=day)
        self._buyer = tables.Account(role="buyer", external_id=f"of-{owner}", created_at=day)
        self._shop = tables.Shop(
            code=code,
            name=name,
            owner=self._seller,
            risk_rate_bp=100,
            consumer_protection=True,
            seven_day_return=True,
            return_region="",
        )
        opened.add_all([self._seller, self._buyer, self._shop])

    def sell(
        self,
        paid: str,
        *,
        premium: int | None = 50,
        issued: str = "",
        payer: Payer = Payer.SELLER,
        product: str = "freight",
        claimed: str = "",
        reason: ReturnReason | None = None,
        payout: tuple[str, int] | None = None,
        closed: str = "",
        why: CloseReason = CloseReason.RETURNED,
    ) -> None:
        """One order; instants as Asia/Shanghai text, 2026-11-01 00:00."""
        number = f"{self._code}-{next(self._numbers)}"
        order = tables.ShopOrder(
            number=number,
            buyer=self._buyer,
            shop=self._shop,
            amount_fen=100,
            paid_at=at(paid),
            ship_to_region="",
            closed_at=at(closed) if closed else None,
            close_reason=why.value if closed else None,
        )
        if premium is not None:
            policy = tables.Policy(
                number=number,
                product_id=product,
                payer=payer.value,
                premium_fen=premium,
                sum_insured_fen=1000,
                issued_at=at(issued or paid),
            )
            order.policies = [policy]
            if claimed:
                claim = tables.Claim(
                    kind="return",
                    method="self",
                    fault="buyer",
                    opened_at=at(claimed),
                    reason=reason.value if reason else None,
                )
                policy.claims = [claim]
                if payout:
                    claim.payout = tables.Payout(amount_fen=payout[1], payee="alipay", paid_at=at(payout[0]))
        self._session.add(order)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def count(principal: Principal, shop: str, first: str, last: str, **more: Any) -> Counts:
    edges = [report.midnight(date.fromisoformat(first)), report.midnight(date.fromisoformat(last) + timedelta(days=1))]
    with session.reading() as opened:
        (part,) = figures.counts(opened, principal, shop, edges, **more)
    return part.counts


def test_every_figure_by_its_definition(database: Path) -> None:
    with session.writing() as opened:
        books = Books(opened)
        books.sell("2026-10-05 12:00", premium=51)
        books.sell("2026-10-06 12:00", premium=52, claimed="2026-10-09 10:00", payout=("2026-10-12 10:00", 1200))
        # issued before, claimed and paid in the month; and the other way round
        books.sell("2026-08-01 12:00", premium=400, claimed="2026-10-01 10:00", payout=("2026-10-31 10:00", 900))
        books.sell("2026-10-31 12:00", premium=53, claimed="2026-11-02 10:00", payout=("2026-11-03 10:00", 5000))
        # closed in the month: only a return that was completed is one
        books.sell("2026-09-20 12:00", premium=None, closed="2026-10-02 10:00")
        books.sell("2026-10-07 12:00", premium=None, closed="2026-10-08 10:00", why=CloseReason.CANCELLED)
        # a buyer's own policy is not the shop's cost, nor is what comes of it
        books.sell(
            "2026-10-08 12:00",
            premium=99,
            payer=Payer.BUYER,
            claimed="2026-10-09 10:00",
            payout=("2026-10-10 10:00", 7),
        )
        # paid at the end of one month, issued in the next
        books.sell("2026-09-30 23:59", premium=54, issued="2026-10-01 00:01")
    assert count(OWNER, "own-shop", "2026-10-01", "2026-10-31") == Counts(
        orders=5, returned=1, policies=4, premium_fen=51 + 52 + 53 + 54, claims=2, payout_fen=1200 + 900
    )
    assert count(OWNER, "own-shop", "2020-01-01", "2020-01-31") == Counts()


@pytest.mark.parametrize(
    ("moment", "counted"),
    [
        ("2026-09-30 23:59:59.999999", 0),
        ("2026-10-01 00:00:00", 1),
        ("2026-10-31 23:59:59.999999", 1),
        ("2026-11-01 00:00:00", 0),
    ],
)
def test_a_month_begins_and_ends_at_midnight_in_shanghai(database: Path, moment: str, counted: int) -> None:
    with session.writing() as opened:
        books = Books(opened)
        books.sell(moment, premium=50)
        books.sell("2026-09-01 12:00", premium=None, closed=moment)
        books.sell("2026-09-01 12:00", claimed=moment, reason=ReturnReason.SIZE, payout=(moment, 100))
    assert count(OWNER, "own-shop", "2026-10-01", "2026-10-31") == Counts(
        *(counted * figure for figure in (1, 1, 1, 50, 1, 100))
    )
    with session.reading() as opened:
        span = Span(OCT.first, OCT.last)
        assert sum(figures.reasons(opened, OWNER, "own-shop", span.start, span.end).values()) == counted


def test_days_add_up_to_the_month(database: Path) -> None:
    with session.reading() as opened:
        days = figures.counts(opened, SELLER, "demo-shop", report.day_edges(OCT, TODAY))
        span = Span(OCT.first, OCT.last)
        (month,) = figures.counts(opened, SELLER, "demo-shop", [span.start, span.end])
    assert len(days) == 31
    assert span.sum(days) == month.counts
    assert month.counts.orders > 100


def test_a_product_has_its_part(database: Path) -> None:
    with session.writing() as opened:
        books = Books(opened)
        books.sell("2026-10-05 12:00", premium=50, claimed="2026-10-09 10:00", payout=("2026-10-12 10:00", 1200))
        books.sell("2026-10-05 12:00", premium=35, product="return_care")
    own = count(OWNER, "own-shop", "2026-10-01", "2026-10-31", product="return_care")
    assert (own.policies, own.premium_fen, own.claims, own.payout_fen) == (1, 35, 0, 0)


STRANGERS = [
    parse_principal("seller:other", Source.TOKEN),
    parse_principal("seller:nobody", Source.TOKEN),
    Principal(Role.SELLER, "demo", shop="other-shop", source=Source.TOKEN),
    Principal(Role.SELLER, "demo' OR '1'='1", source=Source.TOKEN),
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_another_sellers_shop_has_nothing_as_one_that_does_not_exist(database: Path, stranger: Principal) -> None:
    edges = report.day_edges(OCT, TODAY)
    with session.reading() as opened:
        found = [figures.counts(opened, stranger, code, edges) for code in ("demo-shop", "no-shop", "x' OR 1=1 --")]
        asked = [figures.reasons(opened, stranger, code, edges[0], edges[-1]) for code in ("demo-shop", "no-shop")]
    assert all(part.counts == Counts() for parts in found for part in parts)
    assert asked == [{}, {}]


def test_a_shell_seller_reaches_demo_accounts_only(database: Path) -> None:
    with session.writing() as opened:
        Books(opened).sell("2026-10-05 12:00")
    shell = parse_principal("seller:own", Source.SHELL)
    assert count(shell, "own-shop", "2026-10-01", "2026-10-31") == Counts()
    assert count(OWNER, "own-shop", "2026-10-01", "2026-10-31").orders == 1


@pytest.mark.parametrize(
    ("principal", "error"), [(VISITOR, NotSignedIn), (parse_principal("buyer:demo", Source.TOKEN), WrongRole)]
)
def test_buyers_and_visitors_are_told_so_before_anything_is_read(
    database: Path, principal: Principal, error: type[Exception]
) -> None:
    edges = report.day_edges(OCT, TODAY)
    with session.reading() as opened:
        with pytest.raises(error):
            figures.counts(opened, principal, "demo-shop", edges)
        with pytest.raises(error):
            figures.reasons(opened, principal, "demo-shop", edges[0], edges[-1])


def test_every_look_up_uses_the_shops_index(database: Path) -> None:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    frame = Frame.of(NOV, TODAY)
    with session.reading() as opened:
        engine = opened.get_bind().engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            figures.counts(opened, SELLER, "demo-shop", frame.edges)
            figures.reasons(opened, SELLER, "demo-shop", frame.days.start, frame.days.end)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert len(seen) == 6
        for statement, values in seen:
            plan = str(opened.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all())
            assert "ix_shop_order_shop_id_paid_at" in plan
            assert "SCAN" not in plan, plan


# ---------------------------------------------------------------- the demo shops' half year


def test_the_demo_shop_has_a_half_year_that_can_be_believed(database: Path) -> None:
    months = [NOV.shift(-back) for back in range(6)]
    tops = []
    with session.reading() as opened:
        for month in months:
            span = Span(month.first, month.last)
            (part,) = figures.counts(opened, SELLER, "demo-shop", [span.start, span.end])
            found = part.counts
            assert 150 <= found.orders <= 250, month
            assert 500 <= (report.rate_bp(found.returned, found.orders) or 0) <= 900, month
            assert 50 <= found.premium_fen / found.policies <= 75
            assert found.payout_fen > 0
            asked = figures.reasons(opened, SELLER, "demo-shop", span.start, span.end)
            tops.append([reason for reason, _ in report.top_reasons(asked, 3)])
    assert len({str(top) for top in tops}) >= 3, "the reasons differ between months"


def test_the_crowds_rows_hang_together(database: Path) -> None:
    now = report.midnight(TODAY)
    with session.reading() as opened:
        orders = (
            opened.execute(
                select(tables.ShopOrder).join(tables.Account, tables.ShopOrder.buyer).filter_by(external_id="crowd")
            )
            .scalars()
            .all()
        )
        claims = [(order, claim) for order in orders for policy in order.policies for claim in policy.claims]
        refused = [claim for _, claim in claims if claim.refusal]
        assert 0 < len(refused) < len(claims) / 5
        assert all(order.lines and order.policies for order in orders)
        assert all(order.paid_at < now for order in orders)
        assert len({order.number[-4:] for order in orders} - {number[-4:] for number in NUMBERS.values()}) > 500
        for order, claim in claims:
            steps = [each.at for each in claim.events]
            kinds = [each.kind for each in claim.events]
            assert steps == sorted(steps)
            assert steps[0] == claim.opened_at >= order.signed_at
            assert max(steps) < now
            assert claim.reason
            assert (claim.payout is not None) == (EventKind.PAID.value in kinds)
            assert (claim.refusal is not None) == (EventKind.REFUSED.value in kinds)
            assert (order.close_reason == "returned") == (EventKind.REFUNDED.value in kinds)


def test_seeding_takes_the_crowds_orders_away_with_the_rest(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = count(SELLER, "demo-shop", "2026-05-01", "2026-11-22")
    monkeypatch.setenv("XIAOER_TODAY", "2027-06-30")
    admin.seed()
    assert count(SELLER, "demo-shop", "2026-05-01", "2026-11-22") == Counts()
    assert count(SELLER, "demo-shop", "2026-12-07", "2027-06-29").orders == pytest.approx(before.orders, abs=20)


def test_the_named_orders_are_as_they_were_without_the_crowd(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = parse_principal("buyer:demo", Source.TOKEN)

    def everything() -> tuple[Any, ...]:
        with session.reading() as opened:
            return own.recent_orders(opened, buyer, limit=1000)

    with_crowd = everything()
    monkeypatch.setattr(crowd, "TRADES", ())
    admin.seed()
    with session.reading() as opened:
        assert opened.execute(select(func.count(tables.ShopOrder.id))).scalar_one() == len(ORDERS)
    assert everything() == with_crowd


# ---------------------------------------------------------------- the reply


def run(ask: Ask, who: str | Principal, **entities: str) -> Any:
    return ask(ShopReport(), who, **entities)


def say(text: str, who: Principal = SELLER) -> Any:
    """The action's answer to a text, which `ask` has no room for."""
    with session.reading() as opened:
        return ShopReport().answer(opened, Asking(who, clock.now(), asked=Asked(text=text, plain=tidy(text))))


def test_the_running_month_is_the_default_and_says_so(ask: Ask) -> None:
    said = run(ask, "seller:demo")
    card = said.meta["card"]
    assert said.outcome == "task"
    assert (card["month"], card["previous"], card["partial"]) == ("2026-11", "2026-10", True)
    for part in [
        "小鹿家鞋服旗舰店",
        "11月",
        "截至 11月23日",
        "10月1日到23日",
        "比10月同期",
        "出险率",
        "退货率",
        "下一步",
        "口径",
    ]:
        assert part in said.text
    assert [each["payload"] for each in said.buttons] == [
        '/shop_report{"month": "2026-10"}',
        "/estimate_premium",
        "/premium_increase",
    ]
    assert said.buttons[0]["title"] == "看10月"


def test_a_full_month_is_compared_with_the_full_month_before(ask: Ask) -> None:
    said = run(ask, "seller:demo", month="2026-10")
    assert said.meta["card"]["partial"] is False
    assert "整月" in said.text
    assert "比9月" in said.text
    assert "同期" not in said.text
    assert said.meta["card"]["before"] == run(ask, "seller:demo", month="2026-09").meta["card"]["figures"]


@pytest.mark.parametrize(
    ("text", "month"),
    [("我店上个月保费花了多少", "2026-10"), ("去年11月", "2025-11"), ("我店月报", "2026-11"), ("八月份的", "2026-08")],
)
def test_the_month_is_read_from_the_text(database: Path, text: str, month: str) -> None:
    assert say(text).card["month"] == month


def test_the_button_wins_over_the_text(ask: Ask) -> None:
    assert run(ask, "seller:demo", month="2026-08").meta["card"]["month"] == "2026-08"


@pytest.mark.parametrize("month", ["2026-13", "x", "0000-01", "2026-1", "'; DROP TABLE shop"])
def test_a_garbage_month_offers_months(ask: Ask, month: str) -> None:
    said = run(ask, "seller:demo", month=month)
    assert said.outcome == "clarify"
    assert said.meta["card"] is None
    assert [each["title"] for each in said.buttons] == ["看11月", "看10月", "看9月"]
    assert month not in said.text


def test_a_garbage_month_in_the_text(database: Path) -> None:
    assert say("13月的报表").outcome == "clarify"


def test_a_month_that_is_yet_to_come(ask: Ask) -> None:
    said = run(ask, "seller:demo", month="2026-12")
    assert "2026年12月还没到" in said.text
    assert said.meta["card"] is None
    assert said.buttons[0]["title"] == "看11月"


def test_a_month_before_the_shop_opened(ask: Ask) -> None:
    said = run(ask, "seller:demo", month="2024-08")
    assert "2024年8月还没有开店" in said.text
    assert "2024年9月14日" in said.text
    assert said.meta["card"] is None


def test_a_month_without_anything(ask: Ask) -> None:
    said = run(ask, "seller:risky", month="2026-10")
    assert "没有订单" in said.text
    figures = said.meta["card"]["figures"]
    assert (figures["premium_fen"], figures["claim_rate_bp"], figures["return_rate_bp"]) == (0, None, None)
    assert said.buttons[-1]["payload"] == "/check_shop_eligibility"


def test_a_first_month_has_nothing_to_be_compared_with(database: Path) -> None:
    with session.writing() as opened:
        Books(opened).sell("2026-11-05 12:00", premium=68)
    reply = say("这个月", OWNER)
    assert "上月没有数据可比" in reply.text
    assert "保费 **0.68元**（1 份保单）\n" in reply.text
    assert "出险率 **0.0%**\n" in reply.text


@pytest.mark.parametrize(
    ("fens", "words"),
    [
        ((1000, 1080), "比9月多 0.8元（+8%）"),
        ((1080, 1000), "比9月少 0.8元（-7%）"),
        ((1000, 1000), "和9月一样"),
        ((100_000, 100_001), "比9月多 0.01元（不到 1%）"),
    ],
)
def test_differences_are_said_in_words(database: Path, fens: tuple[int, int], words: str) -> None:
    with session.writing() as opened:
        books = Books(opened)
        for month, fen in zip(("09", "10"), fens, strict=True):
            books.sell(f"2026-{month}-05 12:00", premium=fen)
    assert words in say("上个月", OWNER).text


def test_rates_are_compared_in_points_of_what_is_shown(database: Path) -> None:
    with session.writing() as opened:
        books = Books(opened)
        for month, claims in (("09", 1), ("10", 2)):
            for nth in range(16):
                claimed = f"2026-{month}-20 12:00" if nth < claims else ""
                books.sell(f"2026-{month}-05 12:00", claimed=claimed)
    assert "理赔 2 笔，出险率 **12.5%**，比9月高 6.2 个百分点" in say("上个月", OWNER).text


def test_reasons_are_the_three_most_frequent(database: Path) -> None:
    reasons = (
        [ReturnReason.SIZE] * 3 + [ReturnReason.QUALITY] * 2 + [ReturnReason.DAMAGED, ReturnReason.OTHER, None, None]
    )
    with session.writing() as opened:
        books = Books(opened)
        for reason in reasons:
            books.sell("2026-11-05 12:00", claimed="2026-11-09 12:00", reason=reason)
    reply = say("这个月", OWNER)
    assert "退货原因最多的：尺码不合适 3 笔、质量问题 2 笔、收到时破损 1 笔（另有 2 笔没填原因）" in reply.text
    assert [each["count"] for each in reply.card["reasons"]] == [3, 2, 1, 1]


def test_other_stretches_of_time_are_not_passed_off_as_a_month(database: Path) -> None:
    reply = say("我店最近三个月运费险支出")
    assert reply.text.startswith("报表按自然月出，「最近三个月」没有单独的合计")


def test_a_product_that_is_asked_about_comes_first(ask: Ask) -> None:
    said = run(ask, "seller:other", product="bulky_freight", month="2026-11")
    assert "其中**大件运费险**：1 份保单，保费 2.6元" in said.text
    assert said.text.index("其中") < said.text.index("- 保费")
    assert "其中" not in run(ask, "seller:demo", product="freight").text


def test_several_shops_have_a_block_each(database: Path) -> None:
    with session.writing() as opened:
        books = Books(opened)
        books.sell("2026-11-05 12:00")
        owner = opened.execute(select(tables.Account).filter_by(external_id="own")).scalars().one()
        kept = {"risk_rate_bp": 1, "consumer_protection": True, "seven_day_return": True, "return_region": ""}
        opened.add(tables.Shop(code="second", name="二店", owner=owner, **kept))
    reply = say("报表", OWNER)
    assert reply.card["type"] == "reports"
    assert [each["shop_code"] for each in reply.card["items"]] == ["own-shop", "second"]
    assert "「自家店」" in reply.text
    assert "「二店」" in reply.text
    one = say("报表", Principal(Role.SELLER, "own", shop="second", source=Source.TOKEN))
    assert one.card["shop_code"] == "second"


@pytest.mark.parametrize("who", ["visitor", "buyer:demo"])
def test_only_sellers_get_a_report(ask: Ask, who: str) -> None:
    said = run(ask, VISITOR if who == "visitor" else who)
    assert said.outcome == "sign_in"
    assert said.meta["card"] is None


def test_a_foreign_shop_and_none_get_one_reply(ask: Ask) -> None:
    replies = [run(ask, "seller:other", shop=code) for code in ("demo-shop", "no-shop")]
    replies.append(run(ask, Principal(Role.SELLER, "other", shop="demo-shop", source=Source.TOKEN)))
    assert len({reply.text for reply in replies}) == 1
    assert all(reply.outcome == "unknown" and reply.meta["card"] is None for reply in replies)


@pytest.mark.parametrize("month", ["2026-11", "2026-10", "2026-09"])
def test_reply_card_and_sheet_have_the_same_figures(ask: Ask, month: str) -> None:
    said = run(ask, "seller:demo", month=month)
    card, figures = said.meta["card"], said.meta["card"]["figures"]
    assert card["series"][-1] == {
        name: {"month": month, **figures}[name] for name in ("month", "premium_fen", "payout_fen")
    }
    total = rows_of(sheet_of(SELLER, "demo-shop", Month.parse(month)))["合计"]
    assert total == [
        str(figures["orders"]),
        str(figures["policies"]),
        f"{figures['premium_fen'] / 100:.2f}",
        str(figures["claims"]),
        f"{figures['payout_fen'] / 100:.2f}",
        str(figures["returned"]),
    ]
    premium, payout = re.findall(r"- (?:保费|赔付) \*\*([\d.]+)元\*\*", said.text)
    assert (round(float(premium) * 100), round(float(payout) * 100)) == (figures["premium_fen"], figures["payout_fen"])
    assert f"（{figures['policies']} 份保单）" in said.text
    assert f"理赔 {figures['claims']} 笔" in said.text
    assert f"订单 {figures['orders']} 单，退货 {figures['returned']} 单" in said.text
    assert card["csv"] == f"report.csv?month={month}&shop=demo-shop"


# ---------------------------------------------------------------- the sheet


def sheet_of(principal: Principal, code: str, month: Month) -> bytes:
    with session.reading() as opened:
        days = figures.counts(opened, principal, code, report.day_edges(month, TODAY))
    return report.sheet("店", month, days, TODAY)


def cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def rows_of(data: bytes) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in cells(data) if row}


def day(text: str, **figures: int) -> Part:
    return Part(report.midnight(date.fromisoformat(text)), Counts(**figures))


def test_a_sheet_has_a_row_a_day_and_their_sum() -> None:
    days = [
        day("2026-10-01", orders=3, policies=2, premium_fen=105),
        day("2026-10-02", claims=1, payout_fen=1200, returned=1),
    ]
    data = report.sheet("店", OCT, days, TODAY)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert b"\r\n" in data
    assert cells(data)[:4] == [
        ["日期", "订单（单）", "保单（份）", "保费（元）", "理赔申请（笔）", "赔付（元）", "退货（单）"],
        ["2026-10-01", "3", "2", "1.05", "0", "0.00", "0"],
        ["2026-10-02", "0", "0", "0.00", "1", "12.00", "1"],
        ["合计", "3", "2", "1.05", "1", "12.00", "1"],
    ]
    assert rows_of(data)["月份"] == ["2026-10（整月）"]
    assert "截至 2026-11-23" in report.sheet("店", NOV, [], TODAY).decode("utf-8-sig")


def test_days_of_a_sheet() -> None:
    assert len(report.day_edges(OCT, TODAY)) == 32
    assert len(report.day_edges(NOV, TODAY)) == 24
    assert len(report.day_edges(Month(2028, 2), TODAY)) == 30


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+86",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠a",
        "  =1",
        "\u200b=1",
        "\ufeff=1",
        '=HYPERLINK("http://x")',
    ],
)
def test_no_name_acts_as_a_formula(name: str) -> None:
    found = rows_of(report.sheet(name, OCT, [], TODAY))["店铺"]
    assert found == [f"'{name}"]


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_a_name_stays_in_its_cell(name: str) -> None:
    rows = cells(report.sheet(name, OCT, [], TODAY))
    (found,) = [row[1] for row in rows if row[:1] == ["店铺"]]
    assert found.removeprefix("'").replace("'", "") == re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f']", "", name)
    assert not found.lstrip().startswith(("=", "+", "-", "@"))
    assert not found.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("demo-shop", "report-demo-shop-2026-10.csv"),
        ('a"\r\nX: y', "report-a___X__y-2026-10.csv"),
        ("../店", "report-____-2026-10.csv"),
    ],
)
def test_a_file_name_is_harmless(code: str, name: str) -> None:
    assert report.file_name(code, OCT) == name


def test_the_address_of_the_sheet_holds_any_code() -> None:
    assert _card("a&b=c#/店")["csv"] == "report.csv?month=2026-10&shop=a%26b%3Dc%23%2F%E5%BA%97"


def _card(code: str, parts: Sequence[Part] = ()) -> dict[str, Any]:
    return report.card(code, "店", Frame.of(OCT, TODAY), parts, {})
