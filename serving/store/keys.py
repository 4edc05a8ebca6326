"""API keys: shown once, stored as a hash, revoked at once."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Row, insert, or_, select, update

from serving.access import ROLES, ROLES_WITH_A_REP, Role
from serving.store import audit
from serving.store.engine import Store
from serving.store.tables import API_KEYS

MARK = "blk_"
SECRET_BYTES = 32
PREFIX_LENGTH = len(MARK) + 8
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as the store knows it: never the key itself."""

    key_id: str
    prefix: str
    role: Role
    rep_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Neither revoked nor expired at that moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment at which it can be read; `repr` keeps it out of logs."""

    record: KeyRecord
    secret: str

    def __repr__(self) -> str:
        return f"NewKey(record={self.record!r}, secret='{MARK}…')"


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """Who is to get a key.

    Attributes:
        role: decides which routes the key opens.
        rep_id: whose rows; required for rep and manager, refused for the others.
        expires_at: None is never.
    """

    role: Role
    rep_id: str | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"expected a role of {', '.join(ROLES)}, got {self.role!r}")
        wants_rep = self.role in ROLES_WITH_A_REP
        if wants_rep != bool(self.rep_id):
            wanted = "a rep_id" if wants_rep else "no rep_id"
            raise ValueError(f"expected {wanted} for role {self.role}, got {self.rep_id!r}")


def request_of(role: str, *, rep_id: str | None, expires_at: datetime | None) -> KeyRequest:
    """A request from words that a person typed; ValueError for a role that there is not."""
    for known in ROLES:
        if role == known:
            return KeyRequest(known, rep_id, expires_at)
    raise ValueError(f"expected a role of {', '.join(ROLES)}, got {role!r}")


def add_key(store: Store, request: KeyRequest, *, now: datetime, who: str) -> NewKey:
    """Make a key of 256 random bits; only its prefix and SHA-256 are stored."""
    secret = MARK + secrets.token_urlsafe(SECRET_BYTES)
    record = KeyRecord(
        key_id=f"key-{secrets.token_hex(6)}",
        prefix=secret[:PREFIX_LENGTH],
        role=request.role,
        rep_id=request.rep_id,
        created_at=now,
        expires_at=request.expires_at,
        revoked_at=None,
    )
    with store.writing() as connection:
        connection.execute(
            insert(API_KEYS).values(
                key_id=record.key_id,
                prefix=record.prefix,
                sha256=digest(secret),
                role=record.role,
                rep_id=record.rep_id,
                created_at=record.created_at,
                expires_at=record.expires_at,
            )
        )
        details = {"key_id": record.key_id, "role": record.role, "rep_id": record.rep_id}
        audit.append(connection, audit.Entry(who, "key_added", now, details))
    return NewKey(record, secret)


def find_key(store: Store, secret: str, *, now: datetime) -> KeyRecord | None:
    """The live key behind a bearer secret, or None; the hashes are compared in constant time."""
    if not secret.startswith(MARK) or not secret.isascii() or len(secret) > LONGEST_KEY:
        return None
    wanted = digest(secret)
    with store.reading() as connection:
        rows = connection.execute(
            select(API_KEYS).where(API_KEYS.c.prefix == secret[:PREFIX_LENGTH])
        ).all()
    for row in rows:
        if hmac.compare_digest(str(row.sha256), wanted):
            record = record_of(row)
            return record if record.is_live(now) else None
    return None


def list_keys(store: Store) -> tuple[KeyRecord, ...]:
    """Every key ever made, oldest first."""
    with store.reading() as connection:
        rows = connection.execute(
            select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.key_id)
        ).all()
    return tuple(record_of(row) for row in rows)


def has_live_key(store: Store, role: Role, *, now: datetime) -> bool:
    """Whether anyone can sign in with that role."""
    live = or_(API_KEYS.c.expires_at.is_(None), API_KEYS.c.expires_at > now)
    query = select(API_KEYS.c.key_id).where(
        API_KEYS.c.role == role, API_KEYS.c.revoked_at.is_(None), live
    )
    with store.reading() as connection:
        return connection.execute(query.limit(1)).first() is not None


def revoke_key(store: Store, key_id: str, *, now: datetime, who: str) -> bool:
    """End a key, and with it its sessions; False when there is no such live key."""
    with store.writing() as connection:
        done = connection.execute(
            update(API_KEYS)
            .where(API_KEYS.c.key_id == key_id, API_KEYS.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        if done.rowcount == 0:
            return False
        audit.append(connection, audit.Entry(who, "key_revoked", now, {"key_id": key_id}))
    return True


def digest(secret: str) -> str:
    """SHA-256 in hex; enough without a slow hash, as the secret has 256 random bits."""
    return sha256(secret.encode("utf-8")).hexdigest()


def record_of(row: Row[tuple[object, ...]]) -> KeyRecord:
    """The record in a row of `api_keys`; the hash stays behind."""
    return KeyRecord(
        key_id=row.key_id,
        prefix=row.prefix,
        role=row.role,
        rep_id=row.rep_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
