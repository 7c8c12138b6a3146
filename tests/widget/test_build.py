"""What is served is what the source builds, within its budget. Needs Node; nobody who runs 险小二 does."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from xiaoer.settings import ROOT

WIDGET = ROOT / "web" / "widget"
LAUNCHER_BYTES = 15 * 1024
PANEL_BYTES = 180 * 1024


def test_the_host_page_pays_little() -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in (WIDGET / "dist").glob("*.js")}
    launcher = sizes.pop("xiaoer.js")
    assert launcher <= LAUNCHER_BYTES
    assert sum(sizes.values()) <= PANEL_BYTES


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of the source with its packages, built."""
    if not shutil.which("npm"):
        if os.environ.get("CI"):
            pytest.fail("npm is missing; CI needs it to check the built widget")
        pytest.skip("npm is missing: the built widget is not compared with its source")
    folder = tmp_path_factory.mktemp("widget") / "widget"
    shutil.copytree(WIDGET, folder, ignore=shutil.ignore_patterns("node_modules", "shots"))
    shutil.rmtree(folder / "dist")
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def test_the_committed_build_equals_its_sources(built: Path) -> None:
    committed = {path.name: path.read_bytes() for path in (WIDGET / "dist").iterdir()}
    fresh = {path.name: path.read_bytes() for path in (built / "dist").iterdir()}
    assert committed.keys() == fresh.keys()
    different = [name for name, content in committed.items() if fresh[name] != content]
    assert not different, f"{different}: run `npm ci && npm run build` in web/widget and commit dist"


@pytest.mark.parametrize("check", ["test", "check:types", "check:size"])
def test_the_widgets_own_checks(built: Path, check: str) -> None:
    done = subprocess.run(["npm", "run", check], cwd=built, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
