"""The bench of keeping conversations runs and says what it promises."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from xiaoer.settings import ROOT


@pytest.mark.model
def test_it_says_what_a_turn_costs_with_a_file_and_without() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bench.keeping", "--questions", "9"],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "ignore"}, timeout=300, check=True,
    )  # fmt: skip
    begins = [line.split(" ")[0] for line in done.stdout.splitlines()]
    assert begins == ["memory", "file", "a", "on"]
