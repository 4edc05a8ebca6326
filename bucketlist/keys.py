"""`keys`: give access to a person or a CRM, see who has it, and take it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.session import Session

if TYPE_CHECKING:
    from serving.store.engine import Store
    from serving.store.keys import KeyRecord

MACHINE = "machine"
"""Who did it, in the audit trail, for a command on the machine itself."""


def add(
    context: typer.Context,
    role: Annotated[str, typer.Option(help="rep, manager, crm, data_scientist or admin.")],
    rep_id: Annotated[
        str | None, typer.Option(help="Whose rows; for the roles rep and manager.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, help="The key ends after so many days; never if left out.")
    ] = None,
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    Examples:
        bucketlist keys add --role admin

        bucketlist keys add --role rep --rep-id rep-007 --days 90 --json
    """
    from serving.store import keys  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    now = session.now()
    expires_at = None if days is None else now + timedelta(days=days)
    try:
        request = keys.request_of(role, rep_id=rep_id, expires_at=expires_at)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with opened_store(session) as store:
        made = keys.add_key(store, request, now=now, who=MACHINE)
    session.result(
        {
            "key_id": made.record.key_id,
            "key": made.secret,
            "role": made.record.role,
            "rep_id": made.record.rep_id,
            "expires_at": made.record.expires_at,
        }
    )
    if not session.is_json:
        typer.echo(made.secret)
        typer.echo(f"{made.record.key_id}: shown this once, keep it safe", err=True)


def list_keys(context: typer.Context) -> None:
    """List every key, without the keys themselves.

    Examples:
        bucketlist keys list
    """
    from serving.store import keys  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    now = session.now()
    with opened_store(session) as store:
        found = keys.list_keys(store)
    states = [
        (record, "revoked" if record.revoked_at else "live" if record.is_live(now) else "expired")
        for record in found
    ]
    session.result({"keys": [_fields(record, state) for record, state in states]})
    if not session.is_json:
        for record, state in states:
            rep = record.rep_id or "-"
            typer.echo(f"{record.key_id}  {record.prefix}…  {record.role}  {rep}  {state}")


def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")],
) -> None:
    """End a key at once, and with it every session that it opened.

    Examples:
        bucketlist keys revoke key-0a1b2c3d4e5f
    """
    from serving.store import keys  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    with opened_store(session) as store:
        is_done = keys.revoke_key(store, key_id, now=session.now(), who=MACHINE)
    if not is_done:
        raise LookupError(f"expected the id of a live key, found none with id {key_id}")
    session.say(f"{key_id} is revoked")
    session.result({"key_id": key_id, "revoked": True})


@contextmanager
def opened_store(session: Session) -> "Iterator[Store]":
    """The store of the session's home, migrated; closed at the end of the block."""
    from serving.store.engine import open_store  # noqa: PLC0415  keeps --help quick
    from serving.store.migrations import upgrade  # noqa: PLC0415

    upgrade(session.settings)
    store = open_store(session.settings)
    try:
        yield store
    finally:
        store.close()


def _fields(record: "KeyRecord", state: str) -> dict[str, object]:
    return {
        "key_id": record.key_id,
        "prefix": record.prefix,
        "role": record.role,
        "rep_id": record.rep_id,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "state": state,
    }
