"""What people type and what comes of it: `spoken.yml`, said to the trained assistant on a database of the row's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from actions.policydb.demo.data import NUMBERS
from actions.policydb.facts import RequestKind

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("database")]

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "spoken.yml").read_text(encoding="utf-8"))
KEYS = {number: key for key, number in NUMBERS.items()}
SAYS = frozenset({"at", "then", "said", "press", "later"})
EXPECTS = frozenset({"outcome", "topic", "topics", "product", "order", "says", "hides", "form", "asks", "wrote"})


def _row(kind: str, row: dict[str, Any]) -> Any:
    assert row.keys() <= SAYS | EXPECTS, row
    assert ("said" in row) != ("press" in row), row
    before = "".join(f"{each}｜" for each in row.get("then", ()))
    why = row.get("later")
    marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
    return pytest.param(row, id=f"{kind}-{row['at']}-{before}{row.get('said') or row['press']}", marks=marks)


ROWS = [_row(kind, row) for kind, rows in TABLE["rows"].items() for row in rows]


async def _said(talk: Any, row: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The conversation that the row ends, and the reply to its last message."""
    way = TABLE["ways"][row["at"]]
    conversation = talk(way["who"])
    for text in (*way.get("before", ()), *row.get("then", ())):
        await conversation.press_payload(text)
    return conversation, await conversation.press_payload(row.get("said") or row["press"])


def written() -> list[str]:
    """What stands in the database that was not seeded: `enable return_care demo-shop`, `appeal refused_expired`, `ticket`."""
    from actions.policydb import session, tables

    with session.reading() as opened:
        found = opened.execute(
            select(tables.Request.kind, tables.Request.product_id, tables.Shop.code, tables.ShopOrder.number)
            .outerjoin(tables.Shop, tables.Shop.id == tables.Request.shop_id)
            .outerjoin(tables.ShopOrder, tables.ShopOrder.id == tables.Request.order_id)
            .order_by(tables.Request.id)
        ).all()
        tickets = opened.execute(select(tables.Ticket.id)).all()
    requests = [
        f"{row.kind} {KEYS[row.number]}"
        if row.kind == RequestKind.APPEAL.value
        else f"{row.kind} {row.product_id} {row.code}"
        for row in found
    ]
    return [*requests, *("ticket" for _ in tickets)]


def came_of(record: dict[str, Any], tracker: Any) -> dict[str, Any]:
    """Of a turn, what the table speaks of."""
    form = tracker.active_loop_name
    collected = tracker.get_slot("form_product") if form else None
    order = (form and tracker.get_slot("form_order")) or tracker.get_slot("current_order")
    return {
        "outcome": record["outcome"],
        "topic": record["topic"],
        "topics": record["topics"],
        "product": collected or record["product"],
        "order": KEYS.get(order, order),
        "form": form.removesuffix("_form") if form else "none",
        "asks": tracker.get_slot("requested_slot") if form else None,
        "wrote": written(),
    }


@pytest.mark.parametrize("row", ROWS)
async def test_what_comes_of_it(talk: Any, assistant: Any, row: dict[str, Any]) -> None:
    conversation, record = await _said(talk, row)
    expected = {"form": "none", "wrote": [], **{key: row[key] for key in EXPECTS & row.keys()}}
    if expected["form"] == "any":
        del expected["form"]
    says, hides = expected.pop("says", ""), expected.pop("hides", None)
    found = came_of(record, await assistant.tracker(conversation.id))
    assert {key: found[key] for key in expected} == expected, record["reply"]
    assert says in record["reply"]
    assert hides is None or hides not in record["reply"]
