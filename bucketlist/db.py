"""`db`: the score store's tables."""

import typer

from bucketlist.session import Session


def upgrade(context: typer.Context) -> None:
    """Bring the store's tables to this version, once, under a lock; safe to repeat.

    Examples:
        bucketlist db upgrade
    """
    from serving.store import migrations  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    revision = migrations.upgrade(session.settings)
    session.say(f"the store is at revision {revision}")
    session.result({"revision": revision})
