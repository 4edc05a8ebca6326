"""Migrations: bring the store's tables to this version, once, under a lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from serving.lease import hold
from serving.settings import Settings
from serving.store.engine import Store, open_store

LOCK_FILE = "store.lock"
LOCK_WAIT_SECONDS = 60.0
POSTGRES_LOCK = 0x626C_6B74  # any fixed number: servers on several machines share one database


def upgrade(settings: Settings) -> str:
    """Migrate the store of this home to the newest revision; eight processes may start at once.

    Returns:
        The revision that the store has now.

    Raises:
        LeaseHeldError: when another process migrates for longer than a minute.
        StoreDownError: when the database cannot be reached.
    """
    with hold(settings.home / LOCK_FILE, wait_seconds=LOCK_WAIT_SECONDS):
        store = open_store(settings)
        try:
            return _upgrade(store)
        finally:
            store.close()


def revision(store: Store) -> str | None:
    """The revision that the store has; None before the first migration."""
    with store.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision that this version of the program wants."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("expected at least one migration, found none")
    return head


def _upgrade(store: Store) -> str:
    wanted = newest()
    with store.writing() as connection, _one_machine_at_a_time(connection):
        if MigrationContext.configure(connection).get_current_revision() != wanted:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, wanted)
    return wanted


@contextmanager
def _one_machine_at_a_time(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRES_LOCK})
    yield


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
