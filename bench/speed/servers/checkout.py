"""A tree of the project that can be started: this one, or another commit in a temporary git worktree.

Where things lie differs between commits. What is relied on of each: its `pyproject.toml` says which module is the
`xiaoer` command, and that knows `chat`, `train` and `db upgrade`; models lie in `models/`, the newest is served.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.speed.servers import processes
from bot.command.serve import environment
from xiaoer import settings
from xiaoer.settings import ROOT

# What a model may depend on, at every commit: more than is needed, since a training too many only costs time.
TRAINED_ON = ("config.yml", "domain.yml", "requirements.lock", "data", "knowledge", "bot", "xiaoer")
LOCK = "requirements.lock"
GIT = ("git", "-c", "core.hooksPath=/dev/null")
KEPT = 4  # trained models of other commits
_COMMAND = re.compile(r'^xiaoer *= *"([\w.]+):main"', re.MULTILINE)


class NoSuchCommit(ValueError):
    """Git does not know the name here, or is not there itself."""


@dataclass(frozen=True)
class Checkout:
    """root: the project's root folder; commit: short, empty for a tree as it lies there."""

    root: Path
    commit: str = ""

    def command(self, *arguments: str) -> list[str]:
        """`xiaoer` of this tree with these arguments. Raises NotStarted where pyproject.toml has no such command."""
        found = _COMMAND.search((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        if not found:
            raise processes.NotStarted(f"pyproject.toml of {self.commit or self.root} names no command `xiaoer`")
        return [sys.executable, "-m", found.group(1), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        """That of a process of ours which imports this tree's modules."""
        return environment(PYTHONPATH=str(self.root), **more)

    def run(self, log: Path, *arguments: str, **more: str) -> None:
        """Runs `xiaoer` with these arguments to its end. Raises NotStarted with the log's end when it fails."""
        env = self.environment(**more)
        code, *_ = processes.spent(self.command(*arguments), cwd=self.root, env=env, log=log)
        if code:
            raise processes.NotStarted(
                f"`xiaoer {' '.join(arguments)}` of {self.commit or 'this tree'} ended with exit code {code}:\n"
                f"{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
            )


HERE = Checkout(ROOT)


@contextmanager
def checked_out(commit: str, folder: Path, repository: Path = ROOT) -> Iterator[Checkout]:
    """The commit in a git worktree at `folder`, which is gone at the end. Raises NoSuchCommit."""
    name = short(commit, repository)
    try:
        # The files second: what is interrupted leaves a worktree that can be removed.
        _git(repository, "worktree", "add", "--quiet", "--detach", "--no-checkout", str(folder), name)
        _git(folder, "checkout", "--quiet", "--force", "HEAD")
        yield Checkout(folder, name)
    finally:
        subprocess.run([*GIT, "worktree", "remove", "-f", "-f", str(folder)], cwd=repository, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def short(commit: str, repository: Path = ROOT) -> str:
    """The commit's short name. Raises NoSuchCommit."""
    try:
        return _git(repository, "rev-parse", "--verify", "--short", "--end-of-options", f"{commit}^{{commit}}")
    except NoSuchCommit as error:
        raise NoSuchCommit(f"no commit {commit!r} here: {error}") from None


def changed(repository: Path = ROOT) -> bool:
    """Whether files that git knows differ from its last commit."""
    return bool(_git(repository, "status", "--porcelain", "--untracked-files=no"))


def same_lock(other: Checkout, here: Checkout = HERE) -> bool:
    """Whether both trees want the same packages."""
    each = [(tree.root / LOCK).read_bytes() if (tree.root / LOCK).exists() else b"" for tree in (here, other)]
    return each[0] == each[1]


def train(other: Checkout, log: Path, cache: Path | None = None) -> bool:
    """Gives the commit its model: the kept one of the same sources, or one that it trains itself. True = trained now.

    Raises NotStarted with the end of the log when its training fails.
    """
    cache = cache or settings.var("bench")
    kept = cache / f"assistant-{digest(other)}.tar.gz"
    models = other.root / "models"
    if kept.exists():
        models.mkdir(exist_ok=True)
        # A copy is younger than the files of the checkout, so that nothing wants to be trained.
        shutil.copyfile(kept, models / "xiaoer-kept.tar.gz")
        return False
    other.run(log, "train")
    cache.mkdir(parents=True, exist_ok=True)
    newest = max(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    shutil.copyfile(newest, kept)
    for old in sorted(cache.glob("assistant-*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return True


def digest(other: Checkout) -> str:
    """Of what its model may depend on: its files as git has them, and the environment, which is this tree's."""
    found = hashlib.sha256(_git(other.root, "ls-tree", "HEAD", "--", *TRAINED_ON).encode())
    found.update((ROOT / LOCK).read_bytes())
    return found.hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> str:
    """What git says. Raises NoSuchCommit with its complaint."""
    try:
        done = subprocess.run([*GIT, *arguments], cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise NoSuchCommit("git is not installed; --against needs it and a clone with history") from None
    if done.returncode:
        raise NoSuchCommit(done.stderr.strip() or f"git {' '.join(arguments)} found nothing")
    return done.stdout.strip()
