"""May my shop have it, and what would it cost? check_shop_eligibility, estimate_premium."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from actions.asking import wording
from actions.asking.base import Ask, Reply, TaskAction, button, rule_card
from actions.asking.shops import shops_for
from actions.desk import eligibility, quotes, rules
from actions.desk.eligibility import Check, Eligibility, State
from actions.desk.quotes import Per, Quote
from actions.desk.rules import NoRules
from actions.desk.volumes import Volume, volume_of
from actions.policydb.facts import ShopFacts
from actions.tasks.shops import product_meant
from knowledge.rules import Row, Rule, Table
from xiaoer.clock import local
from xiaoer.principal import Role

_AT_ONCE = 3  # products of one message
_OFTEN = ("freight", "return_care", "material_fidelity", "bulky_freight")  # offered where none was understood


@dataclass(frozen=True)
class _Block:
    """What is said of one shop. good: nothing known speaks against opening it.

    unsettled: conditions that nobody reliable states; quote: the price that the rules are explained by.
    """

    shop: ShopFacts
    text: str
    rules: tuple[Rule, ...]
    card: dict[str, Any] | None
    good: bool
    unsettled: tuple[Check, ...] = ()
    quote: Quote | None = None


class _AboutAProduct(TaskAction):
    """A product walked or priced for each of the seller's own shops (the one that a button names)."""

    role = Role.SELLER

    @abstractmethod
    def walked(self, product: str, shops: list[ShopFacts], ask: Ask) -> Reply:
        """The reply about shops of which there is one at least. Raises NoRules."""

    @abstractmethod
    def not_known(self, product: str) -> Reply:
        """资料不足, and where to look: `_not_known` with the task's own words."""

    def answer(self, session: Session, ask: Ask) -> Reply:
        meant = shops_for(session, ask, self.topic)
        if isinstance(meant, Reply):
            return meant
        products = ask.products[:_AT_ONCE] or tuple(filter(None, [product_meant(ask)]))
        if not products:
            return meant.told(_which_product(self.topic, ask))
        return meant.told(_together([self._of(product, list(meant.shops), ask) for product in products]))

    def _of(self, product: str, shops: list[ShopFacts], ask: Ask) -> Reply:
        if rules.desk_of(product).withdrawn:
            return _withdrawn(product)
        try:
            return self.walked(product, shops, ask)
        except NoRules:
            return self.not_known(product)


class CheckShopEligibility(_AboutAProduct):
    """Each condition of a product against the shop's own figures, with its rule and how to mend what fails."""

    topic = "check_shop_eligibility"

    def walked(self, product: str, shops: list[ShopFacts], ask: Ask) -> Reply:
        blocks = [_eligibility(product, shop, ask) for shop in shops]
        used = _used(blocks)
        return Reply(
            wording.paragraphs(
                *(block.text for block in blocks),
                _where_unsettled(blocks),
                _next_step(product, blocks),
                f"{wording.caveats(used)}与您页面上显示的不同时，以页面为准。",
            ),
            product=product,
            rules=used,
            buttons=(
                *_price_button(product, ask),
                *_enable_button(product, blocks),
                *_known_button("开通要什么条件？", "seller_eligibility", product),
            ),
            card=_cards("eligibilities", blocks),
        )

    def not_known(self, product: str) -> Reply:
        said = "的开通条件里，能拿店铺资料来核对的**资料不足**，能不能开我不敢替您下结论。"
        return _not_known(product, said, "seller_eligibility", "开通要什么条件？")


class EstimatePremium(_AboutAProduct):
    """What a product would cost the shop an order and a month, by which dated table, and what would save."""

    topic = "estimate_premium"

    def walked(self, product: str, shops: list[ShopFacts], ask: Ask) -> Reply:
        blocks = [_price(product, shop, ask) for shop in shops]
        explained = next((block.quote for block in blocks if block.quote), None)
        if explained is None:
            if any(eligibility.running(shop, product) and _paid_now(product, shop) for shop in shops):
                texts = wording.paragraphs(*(block.text for block in blocks))
                return Reply(texts, product=product, buttons=_known_button("保费怎么算？", "premium_cost", product))
            raise NoRules(f"{product} cannot be priced for any of the shops")
        used = _used(blocks)
        return Reply(
            wording.paragraphs(
                *(block.text for block in blocks),
                "**怎么估的**",
                wording.bullets(*_how(explained)),
                wording.footer(used),
            ),
            product=product,
            rules=used,
            buttons=(
                button("我的店能不能开", "check_shop_eligibility", product=product),
                *_enable_button(product, blocks),
                *_known_button("为什么涨价？", "premium_increase", product),
            ),
            card=_cards("quotes", blocks),
        )

    def not_known(self, product: str) -> Reply:
        said = "按您店铺估价的**资料不足**，一单多少钱我不敢乱报。"
        return _not_known(product, said, "premium_cost", "保费怎么算？")


# ---------------------------------------------------------------- both
def _which_product(topic: str, ask: Ask) -> Reply:
    """Words speak of a product that is none of ours: no other is taken for it."""
    offered = [each for each in _OFTEN if topic != "estimate_premium" or _price_button(each, ask)]
    return Reply(
        "没认出您说的是哪一项保障。请说全名，例如「退货运费险」「退货宝」，或点下面的按钮：",
        outcome="clarify",
        buttons=tuple(button(rules.product_name(each), topic, product=each) for each in offered),
    )


def _together(replies: Sequence[Reply]) -> Reply:
    """What was asked of several products, one behind the other: the first one's card and buttons."""
    first = replies[0]
    if len(replies) == 1:
        return first
    used = tuple(dict.fromkeys(rule for reply in replies for rule in reply.rules))
    known = any(reply.outcome == "task" for reply in replies)
    text = wording.paragraphs(*(reply.text for reply in replies))
    return replace(first, text=text, rules=used, outcome="task" if known else first.outcome)


def _not_known(product: str, said: str, topic: str, title: str) -> Reply:
    """said: what follows the product's name. topic: the article of where to look, behind the button of this title."""
    where = rules.where_to_look(product, topic) or rules.desk_of(product).where
    return Reply(
        f"**{rules.product_name(product)}**{said}\n\n**下一步**：{where}。",
        outcome="unknown",
        product=product,
        buttons=(*_known_button(title, topic, product), button("转人工", "handoff")),
    )


def _withdrawn(product: str) -> Reply:
    desk, rule = rules.desk_of(product), rules.find(product, "withdrawn")
    name = rules.product_name(product)
    return Reply(
        wording.paragraphs(
            f"**{name}**不能再开了" + (f"：{rule.text}（{wording.basis(rule)}）。" if rule else "。"),
            f"**下一步**：{desk.where}。",
        ),
        product=product,
        rules=(rule,) if rule else (),
        buttons=(button(f"看{rules.product_name(desk.instead)}", "check_shop_eligibility", product=desk.instead),)
        if desk.instead
        else (),
    )


def _used(blocks: Iterable[_Block]) -> tuple[Rule, ...]:
    return tuple(dict.fromkeys(rule for block in blocks for rule in block.rules))


def _cards(several: str, blocks: Iterable[_Block]) -> dict[str, Any] | None:
    """One card as it is, several in one."""
    cards = [block.card for block in blocks if block.card]
    return cards[0] if len(cards) == 1 else {"type": several, "items": cards} if cards else None


def _enable_button(product: str, blocks: Iterable[_Block]) -> tuple[dict[str, str], ...]:
    """For the shop that may open it here and has not; without naming one where several may."""
    can = _may_open(product, blocks)
    if not can:
        return ()
    return (button("帮我开通", "request_enable", product=product, shop=can[0].code if len(can) == 1 else ""),)


def _may_open(product: str, blocks: Iterable[_Block]) -> list[ShopFacts]:
    if not rules.desk_of(product).enable:
        return []
    return [block.shop for block in blocks if block.good and not eligibility.running(block.shop, product)]


def _price_button(product: str, ask: Ask) -> tuple[dict[str, str], ...]:
    if not quotes.is_priced(product, on=local(ask.at).date()):
        return ()
    return (button("大概多少钱", "estimate_premium", product=product),)


def _known_button(title: str, topic: str, product: str) -> tuple[dict[str, str], ...]:
    return (button(title, topic, product=product),) if rules.speaks_of(product, topic) else ()


# ---------------------------------------------------------------- eligibility
def _eligibility(product: str, shop: ShopFacts, ask: Ask) -> _Block:
    walked = eligibility.walk(product, shop, at=ask.at)
    unknown = walked.of(State.UNKNOWN)
    coarse = [check for check in unknown if not check.rule.unsettled]  # the shop's row does not tell finely enough
    unsettled = tuple(check for check in unknown if check.rule.unsettled)
    opens, reopen = eligibility.reopens_at(product, shop, at=ask.at), rules.find(product, "reopen")
    text = wording.paragraphs(
        _verdict(walked, shop, paused=opens is not None),
        wording.bullets(
            *map(_fail_line, walked.of(State.FAIL)), *map(_coarse_line, coarse), *_pass_lines(walked.of(State.PASS))
        ),
        f"**没有查到可靠要求的**：{_figures(unsettled)}。" if unsettled else "",
        _pause(opens, reopen, ask) if opens and reopen else "",
    )
    # A verdict rests on what is settled, the failing first; where nothing is, on what is said of the rest.
    decided = [check.rule for check in (*walked.of(State.FAIL), *coarse, *walked.of(State.PASS))]
    used = decided or [check.rule for check in unsettled]
    return _Block(
        shop,
        text,
        (*used, *([reopen] if opens and reopen else [])),
        _eligibility_card(walked, shop),
        good=walked.eligible is not False and not (walked.eligible is None and coarse) and opens is None,
        unsettled=unsettled,
    )


def _verdict(walked: Eligibility, shop: ShopFacts, *, paused: bool) -> str:
    name, on = rules.product_name(walked.product), eligibility.running(shop, walked.product)
    passing, failing = len(walked.of(State.PASS)), len(walked.of(State.FAIL))
    who = f"「{shop.name}」"
    if walked.eligible is False:
        return (
            f"{who}{name}开着，但有 **{failing} 条不符合**：" if on else f"{who}**现在开不了**{name}，差 {failing} 条："
        )
    if on:
        return f"{who}**已经开着**{name}" + (f"，查得到的 {passing} 条条件都符合：" if passing else "。")
    if walked.eligible is None:
        return f"{who}能不能开{name}，按查得到的资料**定不了**，要看页面。"
    return f"{who}符合{name}查得到的 {passing} 条条件，**{'但要等一等' if paused else '可以申请开通'}**："


def _fail_line(check: Check) -> str:
    return (
        f"**不符合** {check.name}：{check.figure}。{check.rule.text}（{wording.basis(check.rule)}）。"
        f"**怎么办**：{check.remedy}。"
    )


def _coarse_line(check: Check) -> str:
    return (
        f"**要核对** {check.name}：{check.figure}。{check.rule.text}（{wording.basis(check.rule)}）。{check.remedy}。"
    )


def _pass_lines(checks: Iterable[Check]) -> Iterable[str]:
    """One line for what rests on equally sure and equally old rules."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(wording.basis(check.rule), []).append(check)
    return (f"**符合** {_figures(group)}（{basis}）" for basis, group in groups.items())


def _figures(checks: Iterable[Check]) -> str:
    return "；".join(f"{check.name}：{check.figure}{_limit(check)}" for check in checks)


def _limit(check: Check) -> str:
    return f"（要低于 {check.rule.percent}%）" if check.rule.percent is not None else ""


def _where_unsettled(blocks: Iterable[_Block]) -> str:
    """Where to look for what nobody reliable states, once for all shops."""
    checks = [check for block in blocks for check in block.unsettled]
    where = "；".join(dict.fromkeys(check.remedy for check in checks if check.remedy))
    return f"没有查到要求的，{where}。" if where else ""


def _pause(opens: datetime, reopen: Rule, ask: Ask) -> str:
    """Left so lately that it may not be opened again yet."""
    day = wording.day(opens, local(ask.at).date())
    return f"**另外**：您店不久前刚退出。{reopen.text}（{wording.basis(reopen)}），按这一条最早 {day}能再开。"


def _next_step(product: str, blocks: list[_Block]) -> str:
    desk, name = rules.desk_of(product), rules.product_name(product)
    can = _may_open(product, blocks)
    if can:
        which = f"给「{can[0].name}」" if len(can) == 1 and len(blocks) > 1 else ""
        return f"**下一步**：要{which}开通，说「帮我开通{name}」就行。"
    if not desk.enable and any(block.good and not eligibility.running(block.shop, product) for block in blocks):
        return f"**下一步**：{name}不在我这里开。{desk.where}。"
    return ""


def _eligibility_card(walked: Eligibility, shop: ShopFacts) -> dict[str, Any]:
    return {
        "type": "eligibility",
        "product": walked.product,
        "product_name": rules.product_name(walked.product),
        "shop": shop.name,
        "shop_code": shop.code,
        "eligible": walked.eligible,
        "checks": [
            {
                "id": check.rule.id,
                "name": check.name,
                "state": check.state.value,
                "figure": check.figure,
                "rule": rule_card(check.rule),
                **({"remedy": check.remedy} if check.remedy else {}),
            }
            for check in walked.checks
        ],
    }


# ---------------------------------------------------------------- price
_SPANS = {1: "一天", 7: "一周", 30: "一个月", 90: "一个季度", 365: "一年"}


def _price(product: str, shop: ShopFacts, ask: Ask) -> _Block:
    try:
        quote = quotes.quote(product, shop, at=ask.at)
    except NoRules:
        return _Block(shop, _by_fee(product, shop, ask), (), None, good=False)
    if quote.refused:
        return _refused(quote, quote.refused, shop, ask)
    unfit = _unfit(quote.product, shop, ask)
    volume = volume_of(ask.asked.plain)
    of_so_many = _of_so_many(volume, quote, shop) if volume else ""
    text = wording.paragraphs(of_so_many, _price_text(quote, shop), wording.bullets(*_own_lines(quote, shop)), unfit)
    return _Block(shop, text, quote.rules, _quote_card(quote, shop), good=not unfit, quote=quote)


def _price_text(quote: Quote, shop: ShopFacts) -> str:
    """The price first, the month next, and what the shop really pays where it has the product."""
    name = rules.product_name(quote.product)
    text = f"「{shop.name}」的{name}，**{wording.price(quote)}**"
    if quote.month_low_fen is not None and quote.month_high_fen is not None:
        text += (
            f"；按近 30 天 {quote.orders_30d} 单，一个月约 {wording.span(quote.month_low_fen, quote.month_high_fen)}"
            if quote.orders_30d
            else "；近 30 天没有订单，月费估不出"
        )
    return f"{text}。{_paid_now(quote.product, shop)}"


def _paid_now(product: str, shop: ShopFacts) -> str:
    """What it really pays; or paid, where it has left."""
    on = eligibility.running(shop, product)
    if on is not None:
        return f"这家店已经开着，目前实际每单 {wording.yuan(on.fee_fen)}。" if on.fee_fen else ""
    before = next((each for each in reversed(shop.enrollments) if each.product == product and each.fee_fen), None)
    return f"这家店退出前每单付 {wording.yuan(before.fee_fen)}。" if before else ""


def _by_fee(product: str, shop: ShopFacts, ask: Ask) -> str:
    """Where nothing is known to estimate by: what the shop really pays, and what that makes for so many orders."""
    name, on, volume = rules.product_name(product), eligibility.running(shop, product), volume_of(ask.asked.plain)
    if on is None or not on.fee_fen:
        return f"「{shop.name}」的{name}**资料不足**，一单多少钱我不敢乱报。{_paid_now(product, shop)}"
    so_many = _fee_of_so_many(volume, name, on.fee_fen, shop) if volume else ""
    now = f"「{shop.name}」的{name}目前实际**每单 {wording.yuan(on.fee_fen)}**；以后会不会变，资料不足，不敢乱估。"
    return wording.paragraphs(so_many, now)


def _counted(volume: Volume) -> str:
    """一天 50 单、按 30 天算是 1500 单."""
    if volume.each and volume.over and volume.each != volume.over:
        return f"{_SPANS[volume.each]} {volume.orders} 单、按 {volume.over} 天算是 {volume.total} 单"
    return f"{volume.total} 单"


def _fee_of_so_many(volume: Volume, name: str, fee_fen: int, shop: ShopFacts) -> str:
    return (
        f"「{shop.name}」{name} {_counted(volume)}，保费 **{wording.yuan(fee_fen * volume.total)}**：目前实际每单 "
        f"{wording.yuan(fee_fen)} × {volume.total} 单；每单的价会变，到时以实际扣费为准。"
    )


def _of_so_many(volume: Volume, quote: Quote, shop: ShopFacts) -> str:
    """The price of the orders that were spoken of: by what the shop really pays where it has the product, else as it is
    estimated; with how they were counted."""
    name, on, count = rules.product_name(quote.product), eligibility.running(shop, quote.product), volume.total
    if quote.per is Per.YEAR or quote.low_fen is None or quote.high_fen is None:
        return f"{name}不按单数收。"
    if on and on.fee_fen:
        return _fee_of_so_many(volume, name, on.fee_fen, shop)
    sums = wording.span(quote.low_fen * count, quote.high_fen * count)
    each = wording.span(quote.low_fen, quote.high_fen)
    return f"「{shop.name}」{name} {_counted(volume)}，保费**约 {sums}**：每单约 {each} × {count} 单（估算）。"


def _own_lines(quote: Quote, shop: ShopFacts) -> Iterable[str]:
    """The shop's own figures that the price follows from, and what would lower it."""
    if quote.row and quote.table:
        compared = "" if quote.table.rule.product == quote.product else rules.product_name(quote.table.rule.product)
        derived = "，表里没有写明这一档，按前后两档推算" if quote.row.derived else ""
        yield (
            f"风险率 {wording.percent(quote.risk_rate_bp)}，{compared}旧费率表里是 {wording.yuan(quote.row.fen)}一单{derived}"
            f"{_bounds(quote, quote.row, quote.table)}。"
        )
    elif quote.per is Per.YEAR:
        yield f"应缴保证金 {wording.yuan(shop.deposit_due_fen)}。"
    elif shop.orders_30d:
        yield f"近 30 天平均每单 {wording.yuan(shop.amount_30d_fen // shop.orders_30d)}。"
    if quote.saving:
        month = wording.span(quote.saving.month_low_fen, quote.saving.month_high_fen)
        yield f"**想省**：风险率降到 {wording.percent(quote.saving.risk_rate_bp)} 以内，每月约省 {month}。"


def _bounds(quote: Quote, row: Row, table: Table) -> str:
    """How the range comes from the step; nothing before the cut, when the step is the price."""
    if quote.cut is None:
        return ""
    low = "公布的最低价" if row.fen == table.lowest_fen else "平均降幅"
    capped = quote.cut.max_fen is not None and row.fen > quote.cut.max_fen
    return f"；下限按下调的{low}算，上限按{'商家说过的最高价' if capped and quote.reported else '旧价'}算"


def _how(quote: Quote) -> Iterable[str]:
    """The rules behind the price, the same for every shop."""
    if quote.table is None:
        yield f"**依据**：{quote.rules[0].text}（{wording.basis(quote.rules[0])}）。"
        return
    if quote.rules[0] is not quote.table.rule:
        yield f"**比出来的**：{quote.rules[0].text}（{wording.basis(quote.rules[0])}）。"
    yield f"**用的表**：{quote.table.rule.text}（{wording.basis(quote.table.rule)}）。"
    if quote.cut:
        yield f"**下调**：{quote.cut.text}（{wording.basis(quote.cut)}）。"
    if quote.conflict:
        yield f"**说法对不上**：{quote.conflict}。"


def _refused(quote: Quote, limit: Rule, shop: ShopFacts, ask: Ask) -> _Block:
    """No price at present; what it would be just below the limit."""
    volume = volume_of(ask.asked.plain)
    text = (
        f"「{shop.name}」的{rules.product_name(quote.product)}**现在报不出价**：风险率 {wording.percent(quote.risk_rate_bp)}，"
        f"{limit.text}（{wording.basis(limit)}）。{_paid_now(quote.product, shop)}"
    )
    below = quotes.quote(quote.product, replace(shop, risk_rate_bp=(limit.percent or 0) * 100 - 1), at=ask.at)
    lines = wording.bullets(
        f"**怎么办**：{limit.remedy}。",
        f"刚恢复时是最贵的一档，{wording.price(below)}。",
        f"恢复后：{_of_so_many(volume, below, shop)}" if volume else "",
    )
    return _Block(shop, wording.paragraphs(text, lines), (limit, *below.rules), None, good=False, quote=below)


def _unfit(product: str, shop: ShopFacts, ask: Ask) -> str:
    """A price is of no use to a shop that may not have the product: says which condition fails."""
    try:
        failing = eligibility.walk(product, shop, at=ask.at).of(State.FAIL)
    except NoRules:
        return ""
    return f"**注意**：按查得到的条件，这家店现在还开不了，差在{_figures(failing)}。" if failing else ""


def _quote_card(quote: Quote, shop: ShopFacts) -> dict[str, Any]:
    saving = quote.saving
    return {
        "type": "quote",
        "product": quote.product,
        "product_name": rules.product_name(quote.product),
        "shop": shop.name,
        "shop_code": shop.code,
        "per": quote.per.value,
        "low_fen": quote.low_fen,
        "high_fen": quote.high_fen,
        "month_low_fen": quote.month_low_fen,
        "month_high_fen": quote.month_high_fen,
        "orders_30d": quote.orders_30d,
        "risk_rate_bp": quote.risk_rate_bp,
        "saving": {
            "risk_rate_bp": saving.risk_rate_bp,
            "month_low_fen": saving.month_low_fen,
            "month_high_fen": saving.month_high_fen,
        }
        if saving
        else None,
        "rules": [rule_card(rule) for rule in quote.rules],
    }
