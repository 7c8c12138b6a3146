"""What the tables have in common: the registry, instants, and the columns that come again and again."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Integer, MetaData, String
from sqlalchemy.orm import DeclarativeMeta, registry
from sqlalchemy.types import TypeDecorator

mapper_registry = registry(
    metadata=MetaData(
        # Named constraints, so that a later migration can drop one on SQLite and PostgreSQL alike.
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
)
metadata = mapper_registry.metadata


class UtcDateTime(TypeDecorator):  # type: ignore[type-arg]
    """An aware datetime, kept in UTC. A naive one is refused: whose noon would it be?"""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected an aware datetime, got the naive {value!r}; give it a time zone")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


# SQLite numbers rows by itself only in a column that is exactly INTEGER PRIMARY KEY.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(metaclass=DeclarativeMeta):
    __abstract__ = True
    registry = mapper_registry
    metadata = metadata
    __init__ = mapper_registry.constructor


def row_id() -> Any:
    return Column(RowId, primary_key=True)


def reference(target: str, *, on_delete: str | None = None, **kwargs: Any) -> Any:
    return Column(RowId, ForeignKey(target, ondelete=on_delete), nullable=kwargs.pop("nullable", False), **kwargs)


def fen(name: str, *, nullable: bool = False, default: bool = False) -> tuple[Any, CheckConstraint]:
    """default: 0 where nothing is said."""
    column = Column(name, BigInteger, nullable=nullable, server_default="0" if default else None)
    return column, CheckConstraint(f"{name} >= 0", name=f"{name}_not_negative")


def one_of(
    name: str, states: type[Enum] | tuple[str, ...], *, nullable: bool = False, default: Enum | None = None
) -> tuple[Any, CheckConstraint]:
    known = [str(state.value) for state in states] if isinstance(states, type) else list(states)
    quoted = ", ".join(f"'{state}'" for state in known)
    column = Column(name, String(32), nullable=nullable, server_default=default.value if default else None)
    return column, CheckConstraint(f"{name} IN ({quoted})", name=f"{name}_known")


def not_before(later: str, earlier: str) -> CheckConstraint:
    return CheckConstraint(f"{later} IS NULL OR {later} >= {earlier}", name=f"{later}_after_{earlier}")
