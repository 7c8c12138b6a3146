"""Has the conversations: a database with all accounts on a fixed day, fresh for each, and the assistant in this process."""

from __future__ import annotations

import os
import shutil
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.conversations.judging import Judged, Owned, Reply, Verdict, judge, text_of
from bench.conversations.reading import Conversation, Turn

TODAY = "2026-11-30"


def environment(folder: Path) -> None:
    """Before anything of Rasa is imported: the day, staff at all hours, and a database of our own in the folder."""
    from bench.quality import process

    process.environment(folder)
    os.environ.update(XIAOER_TODAY=TODAY, XIAOER_STAFF_HOURS="0:00-24:00", XIAOER_CONVERSATIONS="memory")


class Desk:
    """The policy database of POLICY_DATABASE_URL, an SQLite file: made once, and made fresh again as often as is asked."""

    def __init__(self) -> None:
        """Fills the file: the demo accounts, and those of accounts.py. Raises DeskError."""
        from actions.policydb import admin, session
        from bench.conversations import accounts
        from xiaoer import clock

        admin.upgrade()
        admin.seed()
        with session.writing() as opened:
            accounts.fill(opened, clock.today())
        self._file = Path(str(session.url().database))
        self._seeded = self._file.with_suffix(".seeded")
        session.dispose()
        shutil.copy(self._file, self._seeded)
        self._titles, self._shops = _owners()

    def fresh(self) -> None:
        """Nothing has been done in it."""
        from actions.policydb import session

        session.dispose()
        for log in ("-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + log).unlink(missing_ok=True)
        shutil.copy(self._seeded, self._file)

    def owned(self, asker: str) -> Owned:
        """What an asker (buyer:demo) has: as a buyer's own orders, as a seller those of the own shops."""
        return Owned(self._titles.get(asker, {}), self._shops)

    def done(self) -> int:
        """How many lines the journal has about what was done for people, tickets left out."""
        from sqlalchemy import func, select

        from actions.policydb import session, tables

        ours = select(func.count()).select_from(tables.Audit).where(~tables.Audit.action.like("ticket%"))
        with session.reading() as opened:
            return int(opened.execute(ours).scalar_one())


def _owners() -> tuple[dict[str, dict[str, list[str]]], dict[str, str]]:
    """(asker -> tail -> titles, shop code -> name)."""
    from sqlalchemy import select

    from actions.policydb import session, tables

    titles: dict[str, dict[str, list[str]]] = defaultdict(dict)
    with session.reading() as opened:
        for order in opened.execute(select(tables.ShopOrder)).scalars():
            for asker in (f"buyer:{order.buyer.external_id}", f"seller:{order.shop.owner.external_id}"):
                found = titles[asker].setdefault(order.number[-4:], [])
                found += [line.title for line in order.lines]
        shops = {shop.code: shop.name for shop in opened.execute(select(tables.Shop)).scalars()}
    return dict(titles), shops


async def have(assistant: Any, desk: Desk, talks: Sequence[Conversation]) -> AsyncIterator[Judged]:
    """Each conversation, had and judged."""
    for talk in talks:
        desk.fresh()
        yield Judged(talk, tuple([verdict async for verdict in _turns(assistant, desk, talk)]))


async def _turns(assistant: Any, desk: Desk, talk: Conversation) -> AsyncIterator[Verdict]:
    from xiaoer.principal import Source, parse_principal

    principal = replace(parse_principal(talk.as_, Source.COMMAND), order=talk.page)
    name, owned = uuid.uuid4().hex, desk.owned(talk.as_)
    record: Mapping[str, Any] = {"buttons": ()}
    done = desk.done()
    for turn in talk.turns:
        payload = payload_of(turn, record)
        said = turn.text if payload is None else payload
        send = assistant.press if payload is not None and payload.startswith("/") else assistant.say
        record = (await send(said, principal, name)).record()
        before, done = done, desk.done()
        reply = Reply(text_of(record), record, wrote=done != before, no_button=turn.pressed and payload is None)
        yield judge(turn, reply, owned)


def payload_of(turn: Turn, record: Mapping[str, Any]) -> str | None:
    """Of the button that is pressed, the one with exactly this title before one that holds it.

    None where nothing is pressed, or there is no such button: then the words are typed, as a person would.
    """
    if not turn.pressed:
        return None
    buttons = sorted(record["buttons"], key=lambda button: button["title"] != turn.text)
    return next((str(button["payload"]) for button in buttons if turn.text in button["title"]), None)
