"""What `xiaoer db` and a start do: bring the schema up to date, fill the demo accounts, say how things stand.

Plain data back.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from actions.policydb import tables
from actions.policydb.demo.data import ACCOUNTS
from actions.policydb.demo.seed import anchored_on, fill
from actions.policydb.session import address, make_folder, reading, url, writing
from knowledge import live
from xiaoer import clock
from xiaoer.errors import DeskError

MIGRATIONS = Path(__file__).parent / "migrations"
SECONDS = 600.0  # a migration or a seed may take longer than an answer may


def upgrade() -> dict[str, Any]:
    """Bring the schema to the newest version and its list of products to that of topics.yml; safe to repeat.

    Returns `{"database", "revision_before", "revision", "products"}`. Raises DeskError, SettingError, KnowledgeError.
    """
    make_folder()
    products = _product_ids()
    with writing(timeout=SECONDS) as session:
        before = _revision(session)
        config = alembic_config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
        known = set(session.execute(select(tables.Product.id)).scalars())
        session.add_all(tables.Product(id=product) for product in products if product not in known)
        revision = _revision(session)
    return {
        "database": address(),
        "revision_before": before,
        "revision": revision,
        "products": len(known | set(products)),
    }


def prepare() -> dict[str, Any]:
    """What a start needs: the newest schema, and the demo accounts where there are none. What they did stays.

    Returns `{"anchor" (the date that the demo data counts back from), "missing" (demo accounts of this version that are
    not there)}`. Raises as `upgrade` and `seed` do.
    """
    upgrade()
    if not status()["demo_accounts"]:
        seed()
    known = status()["demo_accounts"]
    with reading() as session:
        anchor = anchored_on(session)
    expected = [f"{role}:{name}" for role, name in ACCOUNTS]
    return {"anchor": anchor, "missing": [account for account in expected if account not in known]}


def is_missing() -> bool:
    """Whether the database is a file that has not been made yet. Raises SettingError."""
    where = url()
    return where.get_backend_name() == "sqlite" and bool(where.database) and not Path(str(where.database)).exists()


def seed() -> dict[str, Any]:
    """Fill the demo accounts anew, anchored on today; touches no other account; safe to repeat.

    What they did by conversation goes: `dropped` counts it. The journal of the desk (`xiaoer audit`) keeps its lines.
    Returns `{"database", "anchor" (date), "accounts", "orders", "dropped" ({"requests", "tickets"})}`. Raises DeskError
    (a demo id belongs to a real account; not migrated), SettingError.
    """
    _newest_schema_needed()
    anchor = clock.today()
    with writing(timeout=SECONDS) as session:
        counts = fill(session, anchor)
    return {"database": address(), "anchor": anchor.isoformat(), **counts}


def status() -> dict[str, Any]:
    """How the database stands: `{"database", "revision", "head", "up_to_date", "rows", "demo_accounts"}`.

    `rows` is `{table: count}`, empty while the schema is missing or old. Raises DeskError when the database cannot be
    reached.
    """
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with reading() as session:
        revision = _revision(session)
        current = revision == head
        rows = {}
        demo_accounts: list[str] = []
        if current:
            for table in tables.metadata.sorted_tables:
                rows[table.name] = session.execute(select(func.count()).select_from(table)).scalar_one()
            found = session.execute(select(tables.Account).where(tables.Account.is_demo).order_by(tables.Account.id))
            demo_accounts = [f"{account.role}:{account.external_id}" for account in found.scalars()]
    return {
        "database": address(),
        "revision": revision,
        "head": head,
        "up_to_date": current,
        "rows": rows,
        "demo_accounts": demo_accounts,
    }


def alembic_config() -> Config:
    """Where the migrations are. To run them, give it an open connection as the attribute `connection`."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _revision(session: Any) -> str | None:
    return MigrationContext.configure(session.connection()).get_current_revision()


def _newest_schema_needed() -> None:
    found = status()
    if not found["up_to_date"]:
        raise DeskError(
            f"the policy database is at version {found['revision']}, this program needs {found['head']}. "
            "Run `xiaoer db upgrade`."
        )


def _product_ids() -> list[str]:
    """The product ids of topics.yml; no article and no product.yml has to be readable for them."""
    catalogue = live().catalogue
    return sorted({*catalogue.products, *catalogue.broken})
