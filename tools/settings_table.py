"""Writes the settings into docs/settings.md, between its marks. `make tables` calls it; a test tells when it is due."""

from __future__ import annotations

import re

from xiaoer import settings
from xiaoer.settings import ROOT

BLOCK = re.compile(r"(<!-- settings:begin -->\n).*?(<!-- settings:end -->)", re.DOTALL)


def main() -> None:
    document = ROOT / "docs" / "settings.md"
    text = document.read_text(encoding="utf-8")
    written, times = BLOCK.subn(lambda found: f"{found[1]}{settings.table()}\n{found[2]}", text)
    if times != 1:
        raise SystemExit(
            f"docs/settings.md: expected the marks settings:begin and settings:end once, found {times} pairs"
        )
    document.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
