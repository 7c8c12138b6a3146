"""The HTTP part does what its description says: Schemathesis generates requests, honest and not."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings

from bot.channel.guard.problems import KINDS
from bot.channel.wire.rest import OPENAPI
from tests.channel.conftest import token

schema = schemathesis.openapi.from_path(str(OPENAPI))


@schema.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_as_described(case: Any, server: Any) -> None:
    case.call_and_validate(base_url=server.url, headers={"Authorization": f"Bearer {token('fuzz')}"})


def test_every_code_is_described() -> None:
    import json

    described = json.loads(OPENAPI.read_text(encoding="utf-8"))
    codes = described["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]["enum"]
    assert set(codes) == set(KINDS)
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    statuses = {status for operation in operations for status in operation["responses"]}
    assert statuses == {"200", "405", "415"} | {str(kind.status) for kind in KINDS.values()}


@pytest.mark.parametrize("path", ["/webhooks/widget/openapi.json"])
def test_the_description_is_served(server: Any, path: str) -> None:
    answer = requests.get(server.url + path, timeout=5)
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")
