"""What a shop's insurance cost and brought, counted by the database. The definitions (口径), for any stretch of time:

- orders (订单): orders paid in it; returned (退货): orders closed in it because goods came back and were refunded;
- policies (保单), premium (保费): policies issued in it that the seller paid for; a buyer's own policy is not the shop's;
- claims (理赔): claims on the seller's policies that were opened in it, whenever the policy was issued;
- payout (赔付): what was paid in it on claims on the seller's policies, whenever the claim was opened.

Who may see them is decided as in `access`: another seller's shop and one that does not exist both have nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from actions.policydb import tables
from actions.policydb.facts import CloseReason, Payer, ReturnReason
from actions.policydb.queries.access import own_account
from xiaoer.principal import Principal, Role


@dataclass(frozen=True)
class Counts:
    """The figures of a stretch of time; see above."""

    orders: int = 0
    returned: int = 0
    policies: int = 0
    premium_fen: int = 0
    claims: int = 0
    payout_fen: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Part:
    """A stretch of time by the instant it starts at, and its figures."""

    start: datetime
    counts: Counts


def counts(
    session: Session, principal: Principal, shop: str, edges: Sequence[datetime], *, product: str = ""
) -> tuple[Part, ...]:
    """The figures of the own shop of that code, one part from each edge to the next (which belongs to the next).

    product: only policies of it, and what hangs on them; orders and returned are the shop's all the same.
    Raises NotSignedIn, WrongRole.
    """
    found: list[dict[str, int]] = [{} for _ in edges[1:]]
    kind = (tables.Policy.product_id == product,) if product else ()
    order, policy, claim, payout = tables.ShopOrder, tables.Policy, tables.Claim, tables.Payout
    insured: tuple[Any, ...] = (policy,)
    for moment, joined, conditions, figures in (
        (order.paid_at, (), (), {"orders": func.count()}),
        (order.closed_at, (), (order.close_reason == CloseReason.RETURNED.value,), {"returned": func.count()}),
        (policy.issued_at, insured, kind, {"policies": func.count(), "premium_fen": func.sum(policy.premium_fen)}),
        (claim.opened_at, (*insured, claim), kind, {"claims": func.count()}),
        (payout.paid_at, (*insured, claim, payout), kind, {"payout_fen": func.sum(payout.amount_fen)}),
    ):
        # Both databases group by the place among the edges: neither has to know what a day in Shanghai is.
        place: Any = case(*((moment < edge, at) for at, edge in enumerate(edges[1:]))).label("place")
        columns = [place, *(value.label(name) for name, value in figures.items())]
        statement = _of_shop(select(*columns), principal, shop, joined, edges[0], edges[-1], moment)
        for row in session.execute(statement.where(*conditions).group_by("place")):
            found[row.place].update({name: int(getattr(row, name)) for name in figures})
    return tuple(Part(start, Counts(**figures)) for start, figures in zip(edges, found, strict=False))


def reasons(
    session: Session, principal: Principal, shop: str, start: datetime, end: datetime
) -> dict[ReturnReason | None, int]:
    """How many of the claims of `counts` gave which reason; None: gave none. Raises NotSignedIn, WrongRole."""
    claim = tables.Claim
    statement = select(claim.reason, func.count())
    statement = _of_shop(statement, principal, shop, (tables.Policy, claim), start, end, claim.opened_at)
    return {
        ReturnReason(reason) if reason else None: count
        for reason, count in session.execute(statement.group_by(claim.reason))
    }


def _of_shop(
    statement: Any,
    principal: Principal,
    shop: str,
    joined: tuple[Any, ...],
    start: datetime,
    end: datetime,
    moment: Any,
) -> Any:
    """The statement over the orders of the principal's own shop of that code, joined to those tables, in a time."""
    asker = own_account(principal, Role.SELLER)
    order = tables.ShopOrder
    statement = (
        statement.select_from(order)
        .join(tables.Shop, tables.Shop.id == order.shop_id)
        .join(tables.Account, tables.Account.id == tables.Shop.owner_id)
    )
    for table in joined:
        statement = statement.join(table, _ON[table])
    if tables.Policy in joined:
        statement = statement.where(tables.Policy.payer == Payer.SELLER.value)
    if principal.shop:
        statement = statement.where(tables.Shop.code == principal.shop)
    # Nothing happens to an order before it is paid, so the index on shop and payment leaves the later ones out.
    return statement.where(*asker, tables.Shop.code == shop, order.paid_at < end, moment >= start, moment < end)


_ON: dict[Any, Any] = {
    tables.Policy: tables.Policy.order_id == tables.ShopOrder.id,
    tables.Claim: tables.Claim.policy_id == tables.Policy.id,
    tables.Payout: tables.Payout.claim_id == tables.Claim.id,
}
