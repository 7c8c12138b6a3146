"""What an asker writes does not steer anybody's screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from xiaoer.plain import plain


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\x1b[2Jb", "a[2Jb"),
        ("\x1b]0;title\x07x", "]0;titlex"),
        ("一行\n两行\t三", "一行\n两行\t三"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("a\x00b\ud800c", "abc"),
        ("运费险👨‍👩‍👧怎么赔", "运费险👨‍👩‍👧怎么赔"),
    ],
)
def test_plain(text: str, kept: str) -> None:
    assert plain(text) == kept


def test_a_ticket_on_the_terminal_is_plain(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from actions.policydb import session
    from actions.policydb.facts import Author
    from actions.policydb.writes import tickets
    from actions.policydb.writes.tickets import Line, Opening
    from bot.command import cli
    from xiaoer import clock
    from xiaoer.principal import VISITOR

    with session.writing() as opened:
        hostile = Line(Author.ASKER, "\x1b]0;x\x07\x1b[2J\x9b2J\u202e还在吗", clock.now())
        state = {"note": ["\x9b2J"]}
        ticket, _ = tickets.open_ticket(
            opened, Opening("c", VISITOR, clock.now(), topic="\x1b[2J", state=state, lines=(hostile,))
        )
    for command in (["list"], ["list", "--json"], ["show", ticket.number], ["show", ticket.number, "--json"]):
        assert cli.main(["tickets", *command]) == 0
    shown = capsys.readouterr().out
    assert "还在吗" in shown
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(shown)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["page", "json"])
def test_the_journal_on_the_terminal_is_plain(
    database: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    from actions.policydb import session, tables
    from bot.command import cli
    from xiaoer import clock

    with session.writing() as opened:
        opened.add(
            tables.Audit(
                at=clock.now(),
                principal="visitor",
                action="ticket_open",
                subject="T-X",
                outcome="done",
                receipt="T-X",
                conversation="c\x1b[2J\x9b2J\u202e",
                before="{}",
                after="{}",
            )
        )
    assert cli.main(["audit", *options]) == 0
    shown = capsys.readouterr().out
    assert "T-X" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
