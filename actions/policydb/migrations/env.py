"""Alembic's environment. Run by `actions.policydb.admin`, which hands over an open connection."""

from alembic import context

from actions.policydb.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a table in place
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
