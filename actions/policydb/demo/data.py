"""The demo data as it is written: who signs in, their shops, and the named orders.

Order numbers look like Taobao's (19 digits) and are made from the order's key, so they stay the same across seeds;
`NUMBERS` looks them up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from actions.policydb.facts import (
    ClaimKind,
    CloseReason,
    Fault,
    Payer,
    RefusalReason,
    ReturnMethod,
)
from knowledge.rules import Category, Site

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STATES: Mapping[str, type[Enum]] = {
    "kind": ClaimKind,
    "method": ReturnMethod,
    "fault": Fault,
    "refusal": RefusalReason,
    "close_reason": CloseReason,
    "payer": Payer,
    "site": Site,
    "category": Category,
}


@dataclass(frozen=True)
class DemoClaim:
    """Days are counted back from today: `requested=8` is eight days ago. None: has not happened."""

    requested: int
    agreed: int | None = None
    shipped_back: int | None = None
    received: int | None = None
    refunded: int | None = None
    refused: int | None = None
    paid: int | None = None
    withdrawn: int | None = None
    kind: ClaimKind = ClaimKind.RETURN
    method: ReturnMethod = ReturnMethod.SELF
    fault: Fault = Fault.BUYER
    refusal: RefusalReason | None = None
    payout_fen: int = 0
    freight_fen: int | None = None
    weight_g: int | None = 800
    flash: bool = False
    line: int = 0
    parcel: str = ""


@dataclass(frozen=True)
class DemoOrder:
    """One order. product "" = no policy; other fields as in `DemoClaim`."""

    key: str
    items: tuple[tuple[str, int], ...]
    paid: int
    shipped: int | None = None
    signed: int | None = None
    confirmed: int | None = None
    closed: int | None = None
    close_reason: CloseReason | None = None
    product: str = "freight"
    payer: Payer = Payer.SELLER
    sum_fen: int = 1200
    premium_fen: int = 45
    claims: tuple[DemoClaim, ...] = ()
    shop: str = "demo-shop"
    buyer: str = "demo"
    region: str = "浙江杭州"
    courier: str = "中通"


@dataclass(frozen=True)
class DemoService:
    """An insurance that a shop has, or had. since, ended: days ago; fee_fen: what an order costs."""

    product: str
    since: int
    fee_fen: int
    ended: int | None = None


@dataclass(frozen=True)
class DemoShop:
    """opened: days ago."""

    code: str
    owner: str
    name: str
    risk_rate_bp: int
    region: str
    services: tuple[DemoService, ...] = ()
    site: Site = Site.TMALL
    category: Category = Category.CLOTHING
    deposit_fen: int = 5_000_000
    deposit_due_fen: int = 5_000_000
    opened: int = 800
    consumer_protection: bool = True
    seven_day_return: bool = True


def read(name: str) -> Any:
    """The content of one of the files beside this one. Raises OSError, yaml.YAMLError."""
    return yaml.load((Path(__file__).parent / f"{name}.yml").read_text(encoding="utf-8"), Loader=_LOADER)


def digits(key: str, count: int) -> str:
    """So many digits made from a key: the same for the same key."""
    return str(int(hashlib.sha256(key.encode()).hexdigest(), 16))[-count:]


def insurer_of(product: str) -> str:
    """Who insures a policy of that product; "" for a service, which nobody insures."""
    return "" if product == "return_care" else INSURER


def _account(written: str) -> tuple[str, str]:
    role, _, name = written.partition(":")
    return role, name


def _shop(code: str, written: Mapping[str, Any]) -> DemoShop:
    services = tuple(DemoService(**service) for service in written.get("services", ()))
    return DemoShop(code=code, **{**_known(written), "services": services})


def _order(key: str, written: Mapping[str, Any]) -> DemoOrder:
    flat = {name: value for name, value in written.items() if name not in ("ago", "policy")}
    flat |= {"items": tuple(written["items"].items()), "claims": tuple(map(_claim, written.get("claims", ())))}
    return DemoOrder(key=key, **_known({**written["ago"], **written.get("policy", {}), **flat}))


def _claim(written: Mapping[str, Any]) -> DemoClaim:
    if "returned" not in written:
        return DemoClaim(**_known(written))
    back = written["returned"]
    steps = {
        "requested": back + 5,
        "agreed": back + 5,
        "shipped_back": back + 4,
        "received": back + 1,
        "refunded": back,
    }
    others = {name: value for name, value in written.items() if name != "returned"}
    return DemoClaim(**_known({**steps, "freight_fen": 1200, **others}))


def _known(written: Mapping[str, Any]) -> dict[str, Any]:
    """With states as the enums they are of. Raises ValueError for a state that there is not."""
    return {name: _STATES[name](value) if name in _STATES else value for name, value in written.items()}


_ACCOUNTS = read("accounts")
INSURER: str = _ACCOUNTS["insurer"]
ACCOUNTS = tuple(map(_account, _ACCOUNTS["accounts"]))
SHOPS = tuple(_shop(code, written) for code, written in _ACCOUNTS["shops"].items())
ORDERS = tuple(_order(key, written) for key, written in read("orders").items())
NUMBERS = {order.key: "3" + digits(order.key, 18) for order in ORDERS}
