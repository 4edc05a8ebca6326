"""Engine: one way to open the score store, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from serving.settings import Settings

BUSY_TIMEOUT_MS = 5_000
POOL_WAIT_SECONDS = 5.0
CONNECT_SECONDS = 5


class StoreDownError(ConnectionError):
    """The score store cannot be reached, or refuses to be written to."""


@dataclass(frozen=True, slots=True)
class Store:
    """The open score store; every noun of `serving.store` takes it first."""

    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreDownError: when the database cannot be reached.
        """
        with _named_errors(self.engine), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing; SQLite takes its lock at once.

        Raises:
            StoreDownError: when the database cannot be reached, is locked or is read-only.
        """
        with _named_errors(self.engine), self.engine.connect() as connection:
            writer = connection.execution_options(bucketlist_writes=True)
            with writer.begin():
                yield writer

    def ping(self) -> None:
        """Ask the database for one row; StoreDownError when it has no answer."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give back every pooled connection."""
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """Open the store of this home; `migrations.upgrade` has to have run once before."""
    return Store(open_engine(settings.store_url))


def open_engine(url: str) -> Engine:
    """The engine behind a store: WAL and a busy timeout on SQLite, a checked pool elsewhere."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(
            address,
            pool_pre_ping=True,
            pool_timeout=POOL_WAIT_SECONDS,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
    engine = create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    if not isinstance(connection, SqliteConnection):
        raise TypeError(f"expected a connection of sqlite3, got {type(connection).__name__}")
    connection.isolation_level = None  # the driver's own BEGIN would be deferred, also for writes
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("bucketlist_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _named_errors(engine: Engine) -> Iterator[None]:
    place = engine.url.render_as_string(hide_password=True)
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        raise StoreDownError(f"expected the store at {place} to answer, got: {reason}") from error
