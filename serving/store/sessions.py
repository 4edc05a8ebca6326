"""Sign-in links and sessions: one use, fifteen minutes; eight hours, ended with their key."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from serving.store import audit
from serving.store.engine import Store
from serving.store.keys import KeyRecord, digest, record_of
from serving.store.tables import API_KEYS, SESSIONS, SIGN_IN_LINKS

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=8)
TOKEN_BYTES = 32


def make_link(store: Store, key_id: str, *, now: datetime) -> str:
    """A token that signs in once, as the holder of the key, within fifteen minutes."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with store.writing() as connection:
        connection.execute(
            insert(SIGN_IN_LINKS).values(
                sha256=digest(token), key_id=key_id, created_at=now, expires_at=now + LINK_LIFE
            )
        )
    return token


def redeem_link(store: Store, token: str, *, now: datetime) -> str | None:
    """Trade an unused link for a session token; None when used, expired, unknown or revoked."""
    with store.writing() as connection:
        # one statement decides, so that of two clicks at once only one signs in
        used = connection.execute(
            update(SIGN_IN_LINKS)
            .where(
                SIGN_IN_LINKS.c.sha256 == digest(token),
                SIGN_IN_LINKS.c.used_at.is_(None),
                SIGN_IN_LINKS.c.expires_at > now,
            )
            .values(used_at=now)
            .returning(SIGN_IN_LINKS.c.key_id)
        ).first()
        if used is None:
            return None
        return _start(connection, used.key_id, now)


def start_session(store: Store, key_id: str, *, now: datetime) -> str | None:
    """A session token for the holder of a live key; None when the key is not live."""
    with store.writing() as connection:
        return _start(connection, key_id, now)


def find_session(store: Store, token: str, *, now: datetime) -> KeyRecord | None:
    """The live key behind a session that is neither ended nor expired, or None."""
    query = (
        select(API_KEYS)
        .join(SESSIONS, SESSIONS.c.key_id == API_KEYS.c.key_id)
        .where(
            SESSIONS.c.sha256 == digest(token),
            SESSIONS.c.ended_at.is_(None),
            SESSIONS.c.expires_at > now,
        )
    )
    with store.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    record = record_of(row)
    return record if record.is_live(now) else None


def end_session(store: Store, token: str, *, now: datetime) -> None:
    """Sign out; nothing happens for a session that has ended or never was."""
    with store.writing() as connection:
        connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.sha256 == digest(token), SESSIONS.c.ended_at.is_(None))
            .values(ended_at=now)
        )


def _start(connection: Connection, key_id: str, now: datetime) -> str | None:
    row = connection.execute(select(API_KEYS).where(API_KEYS.c.key_id == key_id)).first()
    if row is None or not record_of(row).is_live(now):
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    connection.execute(
        insert(SESSIONS).values(
            sha256=digest(token), key_id=key_id, created_at=now, expires_at=now + SESSION_LIFE
        )
    )
    audit.append(connection, audit.Entry(key_id, "signed_in", now, {}))
    return token
