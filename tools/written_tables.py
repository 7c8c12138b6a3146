"""Writes settings into docs/settings.md and what is answered into docs/knowledge.md, between their marks. `make tables` calls
it; a test tells when it is due."""

from __future__ import annotations

import re

from knowledge import load
from knowledge.lint import coverage
from xiaoer import settings
from xiaoer.settings import ROOT


def main() -> None:
    _write("settings", "settings.md", settings.table())
    _write("coverage", "knowledge.md", coverage.markdown(load(settings.get("XIAOER_KNOWLEDGE"))))


def _write(mark: str, name: str, table: str) -> None:
    document = ROOT / "docs" / name
    begin, end = f"<!-- {mark}:begin -->\n", f"<!-- {mark}:end -->"
    block = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    text, times = block.subn(lambda _: f"{begin}{table}\n{end}", document.read_text(encoding="utf-8"))
    if times != 1:
        raise SystemExit(f"docs/{name}: expected the marks {mark}:begin and {mark}:end once, found {times} pairs")
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
