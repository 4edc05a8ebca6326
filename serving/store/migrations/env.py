"""What alembic runs: the connection is handed over by `upgrade`, never opened here."""

from alembic import context

from serving.store.tables import METADATA


def migrate() -> None:
    """Run the wanted revisions inside the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA)
    context.run_migrations()


if hasattr(context, "config"):  # only while alembic runs this file, not when it is imported
    migrate()
