"""`serve`: the API and the pages, and for the demo a way in for every role."""

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from serving.access import Role
    from serving.settings import Settings
    from serving.snapshots import Snapshot
    from serving.store.engine import Store
    from serving.store.keys import NewKey

DEMO = "demo"
"""Who made the keys of a demo, in the audit trail."""

DEMO_KEY_LIFE = timedelta(hours=24)
GRACE_SECONDS = 10
HEADERS_AT_MOST = 64 * 1024


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
) -> None:
    """Serve what was published last, and follow newer publications.

    Examples:
        bucketlist serve

        bucketlist serve --host 0.0.0.0 --port 8080 --workers 2

    Asked for by another name than that of this machine or of --host, it refuses; list the names
    in BUCKETLIST_ALLOWED_HOSTS, e.g. '["crm.example"]', or as allowed_hosts in bucketlist.toml.
    """
    import uvicorn  # noqa: PLC0415  keeps --help quick

    from serving.store.migrations import upgrade  # noqa: PLC0415

    session: Session = context.obj
    settings = _listening(session.settings, host=host, port=port)
    upgrade(settings)
    if workers == 1:
        _run(session, settings)
        return
    if port == 0:
        raise typer.BadParameter("expected a --port from 1 with several --workers, got 0")
    # worker processes read their settings anew: from the environment
    os.environ["BUCKETLIST_HOME"] = str(settings.home.resolve())
    os.environ["BUCKETLIST_HOST"], os.environ["BUCKETLIST_PORT"] = host, str(port)
    session.say(f"serving on http://{_shown(host)}:{port} with {workers} workers")
    uvicorn.run(
        "serving.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve_links(session: Session, *, host: str, port: int) -> None:
    """Serve on this machine only, and print one sign-in link per role and two keys.

    Args:
        session: of a home in which something was published.
        host: a loopback address; links for any other are refused.
        port: 0 takes a free one, and so does a port that is taken.
    """
    from serving.store.engine import open_store  # noqa: PLC0415  keeps --help quick
    from serving.store.migrations import upgrade  # noqa: PLC0415

    settings = _listening(session.settings, host=host, port=port)
    if not settings.is_loopback:
        raise typer.BadParameter(
            f"expected --host 127.0.0.1, as sign-in links are for this machine only, got {host}"
        )
    upgrade(settings)
    listener = _listener(session, host=host, port=port)
    address = f"http://{_shown(host)}:{listener.getsockname()[1]}"
    store = open_store(settings)
    try:
        lines = _invitation(settings, store, now=session.now(), address=address)
    finally:
        store.close()
    for line in lines:
        typer.echo(line, err=session.is_json)
    _run(session, settings, listener)


def _listening(settings: "Settings", *, host: str, port: int) -> "Settings":
    return settings.model_copy(update={"host": host, "port": port})


def _run(session: Session, settings: "Settings", listener: socket.socket | None = None) -> None:
    import uvicorn  # noqa: PLC0415  keeps --help quick

    from serving.app import create_app  # noqa: PLC0415

    taken = listener or _listener(session, host=settings.host, port=settings.port)
    session.say(f"serving on http://{_shown(settings.host)}:{taken.getsockname()[1]}")
    config = uvicorn.Config(
        create_app(settings),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=HEADERS_AT_MOST,
    )
    uvicorn.Server(config).run(sockets=[taken])


def _listener(session: Session, *, host: str, port: int) -> socket.socket:
    """A socket that is bound already, so that nobody takes the port in between."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.bind((host, 0))
        free = listener.getsockname()[1]
        session.say(f"port {port} cannot be had on {host}: taking {free} instead")
    listener.set_inheritable(True)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _invitation(
    settings: "Settings", store: "Store", *, now: "datetime", address: str
) -> tuple[str, ...]:
    """The lines to print: address, links and keys; each link works once, for fifteen minutes."""
    from serving.store.sessions import make_link  # noqa: PLC0415  keeps --help quick

    keys = _demo_keys(settings, store, now=now)
    links = [
        f"  {_who(key):<28} {address}/sign-in/{make_link(store, key.record.key_id, now=now)}"
        for key in keys
    ]
    secrets = [f"  {_who(key):<28} {key.secret}" for key in keys if key.record.role in _WITH_SECRET]
    return (
        "",
        f"Bucketlist is at {address}",
        "",
        "Sign-in links (each works once, within 15 minutes):",
        *links,
        "",
        "API keys for this demo (shown once, for 24 hours):",
        *secrets,
        "",
        "Stop with Ctrl+C.",
    )


_WITH_SECRET = ("rep", "crm")


def _who(key: "NewKey") -> str:
    rep_id = key.record.rep_id
    return key.record.role if rep_id is None else f"{key.record.role} {rep_id}"


def _demo_keys(settings: "Settings", store: "Store", *, now: "datetime") -> tuple["NewKey", ...]:
    """A new key per role; those of earlier demos in this home are revoked first."""
    from serving.snapshots import open_snapshot  # noqa: PLC0415  keeps --help quick
    from serving.store import scores  # noqa: PLC0415
    from serving.store.keys import KeyRequest, add_key  # noqa: PLC0415

    ref = scores.current(store)
    if ref is None:
        raise LookupError("expected a published snapshot, found none: run `bucketlist score`")
    rep_id, manager_id = busiest_rep(open_snapshot(settings.home, ref))
    roles: list[tuple[Role, str | None]] = []
    if rep_id is not None:
        roles.append(("rep", rep_id))
    if manager_id is not None:
        roles.append(("manager", manager_id))
    roles += [("crm", None), ("data_scientist", None), ("admin", None)]
    _revoke_former(store, now=now)
    expires_at = now + DEMO_KEY_LIFE
    return tuple(
        add_key(store, KeyRequest(role, who, expires_at), now=now, who=DEMO) for role, who in roles
    )


def busiest_rep(snapshot: "Snapshot") -> tuple[str | None, str | None]:
    """The rep with the most accounts, ties by id, and that rep's manager."""
    books = snapshot.accounts.drop_nulls("owner_rep_id").group_by("owner_rep_id").len()
    ordered = books.sort(["len", "owner_rep_id"], descending=[True, False])
    if ordered.is_empty():
        return None, None
    rep_id = str(ordered["owner_rep_id"][0])
    rep = snapshot.rep(rep_id)
    return rep_id, rep.manager_id if rep is not None else None


def _revoke_former(store: "Store", *, now: "datetime") -> None:
    from serving.store import audit  # noqa: PLC0415  keeps --help quick
    from serving.store.keys import list_keys, revoke_key  # noqa: PLC0415

    demo = {
        entry.details.get("key_id")
        for entry in audit.entries(store)
        if entry.who == DEMO and entry.what == "key_added"
    }
    for record in list_keys(store):
        if record.key_id in demo and record.is_live(now):
            revoke_key(store, record.key_id, now=now, who=DEMO)
