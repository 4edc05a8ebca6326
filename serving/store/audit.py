"""Audit: who did what and when, in a chain where each entry seals the one before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, insert, select, text

from serving.store.engine import Store
from serving.store.tables import AUDIT

FIRST = "0" * 64
POSTGRES_LOCK = 0x626C_6175  # any fixed number; entries are numbered under this advisory lock


class AuditBrokenError(RuntimeError):
    """The chain does not hold: an entry was changed, removed or put in between."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that someone did.

    Attributes:
        who: key id, or `machine` for a command on the machine itself.
        what: a verb in the past, e.g. key_added, snapshot_published.
        at: moment in UTC.
        details: small JSON values; never a secret.
    """

    who: str
    what: str
    at: datetime
    details: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


def append(connection: Connection, entry: Entry) -> None:
    """Add one entry to the chain, inside the caller's writing transaction."""
    if connection.dialect.name == "postgresql":
        # two writers that read the same last entry would fork the chain
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": POSTGRES_LOCK})
    last = connection.execute(
        select(AUDIT.c.number, AUDIT.c.sha256).order_by(AUDIT.c.number.desc()).limit(1)
    ).first()
    number, former = (last.number + 1, last.sha256) if last else (1, FIRST)
    details = json.dumps(dict(entry.details), sort_keys=True)
    connection.execute(
        insert(AUDIT).values(
            number=number,
            who=entry.who,
            what=entry.what,
            at=entry.at,
            details=details,
            former_sha256=former,
            sha256=_seal(number, entry, details, former=former),
        )
    )


def entries(store: Store) -> tuple[Entry, ...]:
    """The whole trail, oldest first.

    Raises:
        AuditBrokenError: at the first entry whose seal or number is not as expected.
    """
    with store.reading() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.number)).all()
    former = FIRST
    trail = []
    for number, row in enumerate(rows, start=1):
        entry = Entry(row.who, row.what, row.at, json.loads(row.details))
        expected = _seal(number, entry, row.details, former=former)
        if (row.number, row.former_sha256, row.sha256) != (number, former, expected):
            raise AuditBrokenError(
                f"audit entry {number}: expected seal {expected[:12]}, "
                f"found number {row.number} with seal {row.sha256[:12]}"
            )
        former = row.sha256
        trail.append(entry)
    return tuple(trail)


def _seal(number: int, entry: Entry, details: str, *, former: str) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    sealed = json.dumps([number, entry.who, entry.what, at, details, former])
    return sha256(sealed.encode("utf-8")).hexdigest()
