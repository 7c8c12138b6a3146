"""The documents keep up with the code."""

from __future__ import annotations

import json
import re
from types import ModuleType

import pytest

from bench.quality import report as quality
from bench.speed import report as speed
from xiaoer import settings
from xiaoer.settings import ROOT, SETTINGS


def test_the_settings_are_listed_as_they_are() -> None:
    assert settings.table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("report", [quality, speed])
def test_measured_figures_are_told_as_they_are(report: ModuleType) -> None:
    """`make tables` writes them."""
    figures = report.markdown(json.loads(report.RESULT.read_text(encoding="utf-8")))
    assert f"{report.BEGIN}\n{figures}\n{report.END}" in report.DOCUMENT.read_text(encoding="utf-8")


def test_every_room_of_the_design_exists() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\| (.+?) \|", design, flags=re.MULTILINE)
    paths = [path for room in rooms for path in re.findall(r"`([\w/.]+)`", room)]
    assert len(paths) > 8
    for path in paths:
        assert (ROOT / path).exists() or (ROOT / "bot" / path).exists(), path


def test_every_documented_link_of_ours_exists() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_setting_is_read_through_settings() -> None:
    for setting in SETTINGS:
        readers = [
            path
            for path in ROOT.glob("[abkx]*/**/*.py")
            if f'"{setting.name}"' in path.read_text(encoding="utf-8") and path.name != "settings.py"
        ]
        assert readers, f"nothing reads {setting.name}"
