"""tasks that write: shops' conditions, receipts, an append-only journal, tickets"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SITES = ("tmall", "taobao")
_CATEGORIES = ("clothing", "furniture", "fresh", "flowers", "food", "digital", "virtual", "other")
_REASONS = ("size", "changed_mind", "quality", "not_as_described", "wrong_item", "damaged", "other")
_AUTHORS = ("asker", "bot", "staff", "system")

_APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
        # INSERT OR REPLACE deletes without asking the trigger above.
        "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit is append-only'; END $$",
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
        "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
    ),
}


def _add(table: str, column: str, kind: str, check: str = "") -> None:
    """A column with its named CHECK: Alembic's own way to add one rebuilds the table on SQLite, which empties what
    hangs on it."""
    named = (
        f" CONSTRAINT ck_{table}_{column}_{check.partition(' ')[0]} CHECK ({check.partition(' ')[2]})" if check else ""
    )
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}{named}")


def _known(column: str, values: tuple[str, ...]) -> str:
    return f"known {column} IN ({', '.join(repr(value) for value in values)})"


def _backend() -> str:
    return str(op.get_bind().dialect.name)


def upgrade() -> None:
    _add("shop", "site", "VARCHAR(32) DEFAULT 'taobao' NOT NULL", _known("site", _SITES))
    _add("shop", "category", "VARCHAR(32) DEFAULT 'other' NOT NULL", _known("category", _CATEGORIES))
    for column in ("deposit_fen", "deposit_due_fen"):
        _add("shop", column, "BIGINT DEFAULT 0 NOT NULL", f"not_negative {column} >= 0")
    moment = "TIMESTAMP WITH TIME ZONE" if _backend() == "postgresql" else "DATETIME"
    _add("shop", "opened_at", moment)
    _add("claim", "reason", "VARCHAR(32)", _known("reason", _REASONS))

    # Nothing hangs on a request, so SQLite may rebuild its table; a receipt is made up for what was there before.
    _add("request", "receipt", "VARCHAR(32) DEFAULT '' NOT NULL")
    op.execute("UPDATE request SET receipt = 'OLD-' || id")
    with op.batch_alter_table("request") as request:
        request.alter_column("receipt", existing_type=sa.String(32), existing_nullable=False, server_default=None)
        request.add_column(sa.Column("claim_id", ROW_ID, nullable=True))
        request.add_column(sa.Column("detail", sa.Text(), server_default="{}", nullable=False))
        request.create_foreign_key(op.f("fk_request_claim_id"), "claim", ["claim_id"], ["id"], ondelete="CASCADE")
    op.create_index("ix_request_claim_id", "request", ["claim_id"])
    op.create_index("uq_request_receipt", "request", ["receipt"], unique=True)

    _journal()
    _tickets()


def _journal() -> None:
    """The audit table anew: without its foreign key, whose ON DELETE SET NULL would be a change."""
    op.execute("CREATE TABLE audit_before AS SELECT * FROM audit")
    op.drop_table("audit")
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal", sa.String(80), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("receipt", sa.String(32), nullable=False),
        sa.Column("conversation", sa.String(128), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.execute(
        "INSERT INTO audit (id, at, principal, action, subject, outcome, receipt, conversation, before, after, detail) "
        "SELECT b.id, b.at, COALESCE(a.role || ':' || a.external_id, ''), b.action, b.subject, b.outcome, '', '', '', '', "
        "b.detail FROM audit_before b LEFT JOIN account a ON a.id = b.account_id"
    )
    if _backend() == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('audit', 'id'), COALESCE((SELECT MAX(id) FROM audit), 0) + 1)")
    op.drop_table("audit_before")
    for column in ("at", "principal", "receipt"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    for statement in _APPEND_ONLY[_backend()]:
        op.execute(statement)


def _tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("conversation", sa.String(128), nullable=False),
        sa.Column("account_id", ROW_ID, nullable=True),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        *(_text(name, length) for name, length in _TICKET_TEXTS.items()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint("role IN ('buyer', 'seller', 'visitor')", name=op.f("ck_ticket_role_known")),
        sa.CheckConstraint(
            "closed_at IS NULL OR closed_at >= opened_at", name=op.f("ck_ticket_closed_at_after_opened_at")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_ticket_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_number")),
    )
    op.create_index("ix_ticket_account_id", "ticket", ["account_id"])
    op.create_index("ix_ticket_closed_at_opened_at", "ticket", ["closed_at", "opened_at"])
    _partial("uq_ticket_open", "ticket", "conversation", "closed_at IS NULL", unique=True)
    op.create_table(
        "ticket_message",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("ticket_id", ROW_ID, nullable=False),
        sa.Column("author", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"author IN ({', '.join(repr(author) for author in _AUTHORS)})", name=op.f("ck_ticket_message_author_known")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_message_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_message")),
    )
    op.create_index("ix_ticket_message_ticket_id", "ticket_message", ["ticket_id"])
    undelivered = "delivered_at IS NULL AND author IN ('staff', 'system')"
    _partial("ix_ticket_message_undelivered", "ticket_message", "id", undelivered)


_TICKET_TEXTS = {"topic": 64, "product": 40, "order_number": 32, "reason": 200, "last_error": 16}


def _text(name: str, length: int) -> Any:
    return sa.Column(name, sa.String(length), nullable=False)


def _partial(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, [column], unique=unique, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    raise NotImplementedError("receipts and journal would be lost; restore the backup that was made before upgrading")
