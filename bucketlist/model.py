"""`promote`, `rollback`, `versions`: which model version is in service."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bucketlist.session import Session

PROMOTED, ROLLED_BACK = "promoted", "rolled_back"
GATE_REFUSED = 4


def promote(
    context: typer.Context,
    version: Annotated[int, typer.Argument(help="Number of the version, as `versions` lists it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Promote against the gate's verdict; recorded.")
    ] = False,
    why: Annotated[str, typer.Option(help="Reason, required with --force.")] = "",
) -> None:
    """Put a version into service: the gate decides, the bundle is proven, the pointer moves.

    Examples:
        bucketlist promote 3

        bucketlist promote 2 --force --why "the first quarter with the new territories"
    """
    session: Session = context.obj
    if force and not why.strip():
        raise typer.BadParameter("expected a reason with --force", param_hint="--why")
    if not force and not passes_gate(session, version):
        raise typer.Exit(GATE_REFUSED)
    promote_version(session, version, why=why)


def rollback(context: typer.Context) -> None:
    """Put the version that served before the champion back into service.

    Examples:
        bucketlist rollback
    """
    session: Session = context.obj
    former = _former(session)
    if former is None:
        typer.echo("error: expected a version that served before, found none", err=True)
        raise typer.Exit(1)
    promote_version(session, former, what=ROLLED_BACK)


def versions(context: typer.Context) -> None:
    """List every version with its aliases and headline figures, the newest first.

    Examples:
        bucketlist versions

        bucketlist versions --json
    """
    from rich.console import Console  # noqa: PLC0415  keeps --help quick
    from rich.table import Table  # noqa: PLC0415

    from models.registry import Registry  # noqa: PLC0415

    session: Session = context.obj
    found = Registry(session.home).versions()
    if session.is_json:
        rows = [
            {
                "version": one.number,
                "created_at": one.created_at,
                "aliases": one.aliases,
                "experiment": one.experiment,
                "bundle_hash": one.bundle_hash,
                **one.headline,
            }
            for one in found
        ]
        session.result({"versions": rows})
        return
    if not found:
        typer.echo("no version yet: bucketlist train --crm URL makes the first")
        return
    table = Table(title="Versions", title_justify="left")
    for head in ("version", "in service", "trained", "experiment", "figures", "bundle"):
        table.add_column(head)
    for one in found:
        figures = ", ".join(f"{name} {value:.3f}" for name, value in one.headline.items())
        table.add_row(
            str(one.number),
            ", ".join(one.aliases) or "–",
            f"{one.created_at:%Y-%m-%d %H:%M}",
            one.experiment,
            figures,
            one.bundle_hash[:12],
        )
    Console(highlight=False).print(table)


def passes_gate(session: Session, version: int) -> bool:
    """Run the gate on the version and say why it decides as it does."""
    from bucketlist.train import judge_version  # noqa: PLC0415

    _, verdict = judge_version(session, version)
    for reason in verdict.reasons:
        session.say(reason)
    words = verdict.decision.replace("_", " ")
    session.say(f"the gate says for version {version}: {words}")
    return verdict.decision == "promote"


def promote_version(session: Session, version: int, *, why: str = "", what: str = PROMOTED) -> None:
    """Export the version's bundle, prove it with its canary, then move pointer and alias.

    Raises:
        RegistryError: no such version.
        BundleError: when its bundle is damaged; the former champion stays.
    """
    from models.registry import Registry  # noqa: PLC0415
    from serving.champion import adopt_bundle  # noqa: PLC0415
    from serving.store import audit, migrations  # noqa: PLC0415
    from serving.store.engine import open_store  # noqa: PLC0415

    registry = Registry(session.home)
    with tempfile.TemporaryDirectory(prefix="bucketlist-") as folder:
        exported = Path(folder) / "bundle"
        registry.export(version, exported)
        champion = adopt_bundle(
            source_dir=exported, home=session.home, version=version, promoted_at=session.now()
        )
    registry.promote(version)
    migrations.upgrade(session.settings)
    store = open_store(session.settings)
    try:
        with store.writing() as connection:
            entry = audit.Entry(
                "machine",
                what,
                session.now(),
                {"version": version, "bundle": champion.bundle, "why": why},
            )
            audit.append(connection, entry)
    finally:
        store.close()
    session.say(f"version {version} is the champion, bundle {champion.bundle[:12]}")
    session.result({"version": version, "bundle": champion.bundle, "why": why})


def _former(session: Session) -> int | None:
    """The champion before the present one: rolling back twice goes on backwards."""
    from serving.store import audit, migrations  # noqa: PLC0415
    from serving.store.engine import open_store  # noqa: PLC0415

    migrations.upgrade(session.settings)
    store = open_store(session.settings)
    try:
        trail = audit.entries(store)
    finally:
        store.close()
    served: list[int] = []
    for entry in trail:
        version = entry.details.get("version")
        if entry.what == PROMOTED and isinstance(version, int):
            served.append(version)
        elif entry.what == ROLLED_BACK and served:
            served.pop()
    return served[-2] if len(served) > 1 else None
