"""One place says what a setting is; what is made while running is below XIAOER_VAR, for its owner alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from xiaoer import settings
from xiaoer.settings import ROOT, private_file, private_folder
from xiaoer.sql import url_of


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("XIAOER_VAR", "POLICY_DATABASE_URL", "XIAOER_CONVERSATIONS"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "folder"),
    [("", ROOT / "var"), ("made/here", ROOT / "made" / "here"), ("/srv/x", Path("/srv/x")), ("~/x", Path.home() / "x")],
)
def test_what_is_made_while_running_is_in_one_folder(unset: pytest.MonkeyPatch, given: str, folder: Path) -> None:
    unset.setenv("XIAOER_VAR", given)
    assert settings.var() == folder
    assert settings.var("log", "rasa.log") == folder / "log" / "rasa.log"
    assert settings.get("POLICY_DATABASE_URL") == f"sqlite:///{folder}/policy.db"
    assert settings.get("XIAOER_CONVERSATIONS") == f"sqlite:///{folder}/conversations.db"


def test_nothing_but_the_settings_reads_the_folder() -> None:
    for room in ("xiaoer", "knowledge", "actions", "bot", "bench", "tools"):
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert path.name == "settings.py" or 'get("XIAOER_VAR")' not in text, path
            assert 'ROOT / "var"' not in text, path


def test_a_relative_database_is_the_same_from_every_folder(unset: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unset.setenv("POLICY_DATABASE_URL", "sqlite:///made/policy.db")
    unset.chdir(tmp_path)
    assert url_of("POLICY_DATABASE_URL", "").database == str(ROOT / "made" / "policy.db")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    before = mode(tmp_path)
    file = private_file(tmp_path / "a" / "b" / "c.db")
    assert [mode(each) for each in (file, file.parent, file.parent.parent)] == [0o600, 0o700, 0o700]
    assert file.read_bytes() == b""
    assert mode(tmp_path) == before


def test_what_is_there_stays_and_a_file_is_closed_to_others(tmp_path: Path) -> None:
    folder, file = tmp_path / "a", tmp_path / "a" / "c.db"
    folder.mkdir(mode=0o755)
    file.write_text("kept")
    file.chmod(0o644)
    private_folder(folder)
    private_file(file)
    assert (mode(folder), mode(file), file.read_text()) == (0o755, 0o600, "kept")


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for make in (private_folder, private_file):
        with pytest.raises(OSError, match="file"):
            make(tmp_path / "file" / "below")
