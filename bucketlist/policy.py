"""`policy diff`: who would be shown in another bucket under another policy, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.session import Session

if TYPE_CHECKING:
    from models.policy import Policy
    from serving.movers import Movers, Published

SERVED = "served"
"""Word for the policy of the model in service."""


def diff(
    context: typer.Context,
    first: Annotated[str, typer.Argument(help="Policy file (TOML), or: served", metavar="A")],
    second: Annotated[str, typer.Argument(help="Policy file (TOML), or: served", metavar="B")],
    *,
    rep: Annotated[str | None, typer.Option(help="Only accounts of this rep.")] = None,
    show: Annotated[int, typer.Option(min=0, help="Accounts to name.")] = 20,
) -> None:
    """Print who would move between buckets from policy A to policy B, and why.

    Nothing is trained and nothing is changed: the published snapshot is read, and each account's
    most similar past periods are labelled anew. What changes the measuring itself (windows, touches
    that count, …) cannot be told that way and is refused by name.

    Examples:
        bucketlist policy diff served stricter.toml

        bucketlist policy diff served stricter.toml --rep R7 --show 50 --json
    """
    session: Session = context.obj
    published = read_published(session, rep=rep)
    policies = (_policy(first, published), _policy(second, published))
    from serving.movers import movers  # noqa: PLC0415  keeps --help quick

    found = movers(published, *policies)
    session.result(
        {
            "constants": [{"name": name, "a": old, "b": new} for name, old, new in found.constants],
            "accounts": published.accounts.height,
            "moved": found.moved.height,
            "counts": found.counts.to_dicts(),
            "accounts_moved": found.moved.to_dicts(),
        }
    )
    if not session.is_json:
        for line in lines(found, accounts=published.accounts.height, show=show):
            typer.echo(line)


def lines(found: "Movers", *, accounts: int, show: int) -> list[str]:
    """What is printed: the constants, how many move where, and the surest of them with why."""
    if not found.constants:
        return [f"the two policies are the same: none of {accounts:,} accounts moves"]
    told = [f"{name}: {_value(old)} → {_value(new)}" for name, old, new in found.constants]
    told.append(f"{found.moved.height:,} of {accounts:,} accounts move")
    for before, after, count in found.counts.rows():
        if before != after:
            told.append(f"  {before} → {after}: {count:,}")
    told += [_mover(row) for row in found.moved.head(show).to_dicts()]
    rest = found.moved.height - show
    if show and rest > 0:
        told.append(f"  … and {rest:,} more: --show {found.moved.height}, or --json for all")
    return told


def read_published(session: Session, *, rep: str | None = None) -> "Published":
    """The scored accounts of the published snapshot, with their similar periods.

    Raises:
        LookupError: when nothing is published, the model behind it has no analogs, or no account
            of the rep was scored.
    """
    import polars as pl  # noqa: PLC0415  keeps --help quick

    from models.bundle import load_bundle  # noqa: PLC0415
    from serving.champion import bundle_folder  # noqa: PLC0415
    from serving.likeness import read_neighbours  # noqa: PLC0415
    from serving.movers import Published  # noqa: PLC0415
    from serving.snapshots import folder_of, open_snapshot  # noqa: PLC0415
    from serving.store import scores  # noqa: PLC0415
    from serving.store.engine import open_store  # noqa: PLC0415
    from serving.store.migrations import upgrade  # noqa: PLC0415

    upgrade(session.settings)
    store = open_store(session.settings)
    try:
        ref = scores.current(store)
    finally:
        store.close()
    if ref is None:
        raise LookupError("expected a published snapshot, found none: run `bucketlist score` first")
    snapshot = open_snapshot(session.home, ref)
    bundle = load_bundle(bundle_folder(session.home, ref.bundle_hash), expected=ref.bundle_hash)
    if bundle.analogs is None:
        raise LookupError(
            f"expected a model with past periods to compare, version {ref.model_version} has none: "
            "train and score again"
        )
    places = read_neighbours(folder_of(session.home, ref.snapshot_id))
    kept = snapshot.accounts.filter(pl.col("status") == "scored")
    kept = kept if rep is None else kept.filter(pl.col("owner_rep_id") == rep)
    if kept.is_empty():
        raise LookupError(f"expected scored accounts{f' of rep {rep}' if rep else ''}, found none")
    joined = kept.join(places, left_on="account_id", right_on="entity_id", maintain_order="left")
    return Published(joined, joined["neighbours"].to_numpy(), bundle.analogs, bundle.policy)


def _policy(word: str, published: "Published") -> "Policy":
    from models.policy import load_policy  # noqa: PLC0415  keeps --help quick

    if word == SERVED:
        return published.served
    path = Path(word)
    if not path.is_file():
        raise typer.BadParameter(f"expected a policy file or the word {SERVED}, got {word!r}")
    return load_policy(path)


def _value(value: object) -> str:
    return "none" if value is None else str(value)


def _mover(row: "dict[str, object]") -> str:
    name, after = row["name"] or row["account_id"], row["after"]
    why = (
        f"of {row['similar']} periods like it {row['relabelled']} are now {after}"
        if row["relabelled"]
        else "no label of periods like it becomes that; what is displayed moves"
    )
    return (
        f"  {row['account_id']} {name}: {row['before']} → {after}, P({after}) "
        f"{row['p_before']:.2f} → {row['p_after']:.2f}; {why}"
    )
