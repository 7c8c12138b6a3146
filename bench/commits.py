"""Another commit's code made to run what this commit's bench asks of it."""

from __future__ import annotations

import importlib
import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from xiaoer.settings import ROOT

# Where modules that the bench and tools/transcripts.py import were in earlier commits, the newest place first.
# A module that is moved again gets its last place put in front.
MOVED: dict[str, tuple[str, ...]] = {
    "bot.command": ("bot",),
    "bot.command.cli": ("bot.cli",),
    "bot.command.inprocess": ("bot.inprocess",),
    "bot.engine.training.models": ("bot.project",),
}
# What a checkout of another commit takes from this one: the questions, how they are asked and written down.
ASKING = ("bench", "tools/transcripts.py", "docs/tasks.md")


def full_name(commit: str, repository: Path = ROOT) -> str:
    """The 40 digits of a commit. Raises ValueError where there is none of that name."""
    asked = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"]
    found = subprocess.run(asked, cwd=repository, capture_output=True, text=True, check=False)
    if found.returncode:
        raise ValueError(f"expected a commit or a file, got {commit!r}")
    return found.stdout.strip()


def checkout(commit: str, folder: Path, repository: Path = ROOT) -> None:
    """The files of a commit in an empty folder, with this tree's ASKING in place of its own."""
    packed = subprocess.run(["git", "archive", commit], cwd=repository, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    for name in ASKING:
        ours, theirs = repository / name, folder / name
        if ours.is_dir():
            shutil.rmtree(theirs, ignore_errors=True)
            shutil.copytree(ours, theirs, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            theirs.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ours, theirs)


def trained(folder: Path, commit: str) -> Path:
    """The model of a checkout, trained if it is not kept. Raises RuntimeError with the end of what Rasa said."""
    from bot.command.serve import training
    from xiaoer import settings

    kept = settings.var("bench", f"xiaoer-{commit}.tar.gz")
    if not kept.exists():
        print(f"training {commit[:7]}", file=sys.stderr, flush=True)
        command = [sys.executable, "-W", "ignore", *training(folder / "models")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        made = next((folder / "models").glob("*.tar.gz"), None)
        if made is None:
            raise RuntimeError(f"{commit} trained no model:\n{(done.stdout + done.stderr)[-2000:]}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, kept)
    return kept


def stand_in(root: Path = ROOT, moved: Mapping[str, tuple[str, ...]] = MOVED) -> None:
    """Lets modules that a checkout has in an earlier place be imported by today's name; `root` is on sys.path."""
    for now, before in moved.items():
        place = next((name for name in (now, *before) if _is_there(root, name)), now)
        if place != now:
            sys.modules[now] = importlib.import_module(place)


def _is_there(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
