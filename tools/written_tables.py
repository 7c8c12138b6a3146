"""Writes settings into docs/settings.md and what is answered into docs/knowledge.md, between their marks. `make tables` calls
it; a test tells when it is due."""

from __future__ import annotations

from bench.quality.report import with_block
from knowledge import load
from knowledge.lint import coverage
from xiaoer import settings
from xiaoer.settings import ROOT


def main() -> None:
    _write("settings", "settings.md", settings.table())
    _write("coverage", "knowledge.md", coverage.markdown(load(settings.get("XIAOER_KNOWLEDGE"))))


def _write(mark: str, name: str, table: str) -> None:
    document = ROOT / "docs" / name
    try:
        text = with_block(document.read_text(encoding="utf-8"), table, f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->")
    except ValueError as error:
        raise SystemExit(f"docs/{name}: {error}") from error
    document.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
