"""`xiaoer audit`: a request's life at the terminal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from actions.desk import requests as desk
from actions.policydb import session, tables
from actions.policydb.demo.data import NUMBERS
from actions.policydb.facts import RequestKind
from actions.policydb.queries import own
from actions.policydb.writes import requests
from actions.policydb.writes.requests import Wish
from bot.command import cli
from xiaoer import clock
from xiaoer.principal import Source, parse_principal


@pytest.fixture
def appeal(database: Path) -> str:
    """The receipt of an appeal that was paid two days later."""
    buyer = parse_principal("buyer:demo", Source.TOKEN)
    number, at = NUMBERS["refused_bad_tracking"], clock.now()
    with session.writing() as opened:
        order = own.order(opened, buyer, number) or pytest.fail("no such order")
        claim = order.policies[0].claims[0]
        key = desk.key_of(RequestKind.APPEAL, buyer, "freight", number, desk.appeal_start(claim))
        wish = Wish(RequestKind.APPEAL, "freight", key, desk.receipt_of(key), {"说明": "填错一位"}, "c1", at)
        requests.appeal(opened, buyer, wish, order_number=number, opened_at=claim.opened_at, evidence={})
        row = opened.query(tables.Request).filter_by(receipt=wish.receipt).one()
        opened.add(tables.ClaimEvent(claim_id=row.claim_id, kind="paid", at=at + timedelta(days=2)))
    return wish.receipt


def test_a_requests_life(appeal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", appeal.lower()]) == 0
    shown = capsys.readouterr().out
    for part in (appeal, "申诉 退货运费险", "等答复", "说明：填错一位", "提交申诉", "赔付", "buyer:demo", "refused"):
        assert part in shown, part


def test_lines_as_json_of_one_principal(appeal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "--json", "--as", "buyer:demo"]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["receipt"], line["action"], line["conversation"]) == (appeal, "request_appeal", "c1")
    assert cli.main(["audit", "--json", "--as", "buyer:amy"]) == 0
    assert capsys.readouterr().out.strip() in ("", "还没有记录。")


@pytest.mark.parametrize(
    ("arguments", "says"), [(["XR-NOTHING000"], "没有这个回执号"), (["--last", "0"], "expected 1 or more, got 0")]
)
def test_wrong_use_says_what_to_do(
    database: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert cli.main(["audit", *arguments]) == 1
    assert says in capsys.readouterr().err
