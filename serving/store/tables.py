"""Tables of the score store, as SQLAlchemy Core sees them; migrations make them."""

from datetime import UTC, datetime

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC with microseconds: aware in Python on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment; SQLite stores what it is given without its zone."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a moment with a time zone, got {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite dropped."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


SNAPSHOTS = Table(
    "snapshots",
    METADATA,
    Column("snapshot_id", String(64), primary_key=True),
    Column("as_of", Moment, nullable=False),
    Column("scored_at", Moment, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("bundle_hash", String(64), nullable=False),
    Column("contract_hash", String(64), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Index("ix_snapshots_published_at", "published_at"),
)

CURRENT_SNAPSHOT = Table(
    "current_snapshot",
    METADATA,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("snapshot_id", String(64), ForeignKey("snapshots.snapshot_id"), nullable=True),
    CheckConstraint("only_row = 1", name="only_row"),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("key_id", String(32), primary_key=True),
    Column("prefix", String(16), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("rep_id", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Index("ix_api_keys_prefix", "prefix"),
)

SIGN_IN_LINKS = Table(
    "sign_in_links",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("key_id", String(32), ForeignKey("api_keys.key_id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("key_id", String(32), ForeignKey("api_keys.key_id"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("who", Text, nullable=False),
    Column("what", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("details", Text, nullable=False),
    Column("former_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
)
