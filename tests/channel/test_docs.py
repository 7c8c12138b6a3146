"""docs/security.md does not lag: every setting of the channel, every problem code and every metric is in it."""

from __future__ import annotations

import re

import pytest
from prometheus_client import Counter, Gauge, Histogram

from bot.channel import observe
from bot.channel.guard.problems import KINDS
from xiaoer.settings import ROOT, SETTINGS

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PARTS = sorted((ROOT / "bot" / "channel").rglob("*.py"))
USED = {name for path in PARTS for name in re.findall(r'"(XIAOER_[A-Z_]+)"', path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("name", sorted(USED))
def test_every_setting_is_described(name: str) -> None:
    default = next(setting.default for setting in SETTINGS if setting.name == name)
    row = re.search(rf"^\| `{name}` \|([^|]*)\|", TEXT, re.MULTILINE)
    assert row, f"docs/security.md lacks {name}"
    assert not default or default.startswith(str(ROOT)) or default in row[1]


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_code_is_described(code: str) -> None:
    assert re.search(rf"^\| `{code}` \| {KINDS[code].status}", TEXT, re.MULTILINE)


def test_every_metric_is_described() -> None:
    for metric in vars(observe).values():
        if isinstance(metric, (Counter, Gauge, Histogram)):
            assert all(family.name in TEXT for family in metric.describe())


def test_every_file_that_checks_exists() -> None:
    for name in re.findall(r"`([\w/]+\.py)`", TEXT):
        assert (ROOT / name).exists() or any(part.match(name) for part in PARTS), name
