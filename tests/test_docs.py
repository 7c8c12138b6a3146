"""The documents keep up with the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from bench.quality import report as quality
from bench.speed import report as speed
from knowledge import load
from knowledge.lint import coverage
from xiaoer import settings
from xiaoer.settings import ROOT, SETTINGS

READMES = (ROOT / "README.md", ROOT / "README.en.md")
DOCUMENTS = (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))


def test_the_settings_are_listed_as_they_are() -> None:
    assert settings.table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_what_is_answered_is_listed_as_it_is() -> None:
    """`make tables` writes it."""
    found = coverage.markdown(load(settings.get("XIAOER_KNOWLEDGE")))
    assert found in (ROOT / "docs" / "knowledge.md").read_text(encoding="utf-8")


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


def anchors(document: Path) -> set[str]:
    """What headings are linked as: lower case, blanks as -, marks left out."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_documented_link_of_ours_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8")):
            found = (document.parent / target) if target else document
            assert found.exists(), f"{document.name}: {target}"
            assert not anchor or anchor in anchors(found), f"{document.name}: {target}#{anchor}"


def test_the_readmes_are_short_and_lead_to_every_document() -> None:
    for readme in READMES:
        text = readme.read_text(encoding="utf-8")
        assert text.count("\n") <= 90
        assert {path.name for path in (ROOT / "docs").glob("*.md")} == set(re.findall(r"\(docs/([\w-]+\.md)\)", text))


def test_the_readmes_say_how_many_products_there_are() -> None:
    chinese, english = (readme.read_text(encoding="utf-8") for readme in READMES)
    products = len(load(settings.get("XIAOER_KNOWLEDGE")).products)
    assert f"等 {products} 种" in chinese
    assert f"{products} in all" in english


def changes() -> dict[str, list[str]]:
    """The files of each change of howto.md, by heading."""
    sections = re.split(r"^## ", (ROOT / "docs" / "howto.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.partition("\n")[0]: re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE) for section in sections
    }


def test_howto_names_files_that_there_are() -> None:
    assert len(changes()) > 10
    for change, files in changes().items():
        assert files, change
        for file in files:
            assert any(ROOT.glob(re.sub(r"<\w+>", "*", file))), f"{change}: {file}"


def test_a_change_opens_four_files_or_fewer() -> None:
    more = {change: len(files) for change, files in changes().items() if len(files) > 4}
    assert more == {"Add a task that writes": 8}, "it may only grow less"


def test_every_setting_is_read_through_settings() -> None:
    for setting in SETTINGS:
        readers = [
            path
            for path in ROOT.glob("[abkx]*/**/*.py")
            if f'"{setting.name}"' in path.read_text(encoding="utf-8") and path.name != "settings.py"
        ]
        assert readers, f"nothing reads {setting.name}"
