"""What an asker writes does not steer anybody's screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.channel.text import clean
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
    assert plain(text) == clean(text) == kept


def test_a_ticket_on_the_terminal_is_plain(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from actions.policydb import session, tickets
    from actions.policydb.facts import Author
    from actions.policydb.tickets import Line, Opening
    from bot import cli
    from xiaoer import clock
    from xiaoer.principal import VISITOR

    with session.writing() as opened:
        hostile = Line(Author.ASKER, "\x1b]0;x\x07\x1b[2J还在吗", clock.now())
        ticket, _ = tickets.open_ticket(opened, Opening("c", VISITOR, clock.now(), lines=(hostile,)))
    for command in (["list"], ["show", ticket.number]):
        assert cli.main(["tickets", *command]) == 0
    assert "\x1b" not in capsys.readouterr().out
