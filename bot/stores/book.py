"""Where conversations are kept, as XIAOER_CONVERSATIONS says: this process's memory, or a database.

This module must not import Rasa: the command asks here before it starts anything.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine.url import URL
from sqlalchemy.exc import SQLAlchemyError

from bot.stores.errors import StoreError
from xiaoer import settings
from xiaoer.files import private_file
from xiaoer.sql import limited_engine, url_of

SETTING = "XIAOER_CONVERSATIONS"
MEMORY = "memory"


def place() -> URL | None:
    """The database that conversations are kept in; None: they are in memory. Raises SettingError."""
    if settings.get(SETTING) == MEMORY:
        return None
    return url_of(SETTING, "memory, or an SQLAlchemy URL (sqlite:///… or postgresql://…)")


def writable_place() -> URL | None:
    """The same, after trying that it can be written; an SQLite file is made, readable by its owner alone.

    Raises SettingError, and StoreError with what a person can do about it.
    """
    where = place()
    if where is None:
        return None
    try:
        make_file(where)
        engine = limited_engine(where, settings.seconds("XIAOER_QUERY_TIMEOUT"))
        with engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").begin() as connection:
            connection.exec_driver_sql("SELECT 1")
        engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        problem = next(iter(str(cause).strip().splitlines()), type(cause).__name__)
        raise StoreError(
            f"对话存不进 {where.render_as_string()}（{problem}）。请检查它的权限和磁盘，"
            f"或用 {SETTING} 换个地方（{SETTING}={MEMORY} 只放内存，重启就忘）。"
        ) from None
    return where


def make_file(where: URL) -> None:
    """Makes the file of an SQLite database, readable by its owner alone. Raises OSError."""
    if where.get_backend_name() == "sqlite":
        private_file(Path(str(where.database)))
