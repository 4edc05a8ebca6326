"""`score`: describe, predict and explain the whole book, and publish one snapshot."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import day_of
from bucketlist.session import Session

if TYPE_CHECKING:
    from features.book import Book
    from serving.store.scores import SnapshotRef


def score(
    context: typer.Context,
    crm: Annotated[str, typer.Option(help="Where the CRM is, e.g. files:DIR or synthetic:.")],
    as_of: Annotated[
        str | None,
        typer.Option(help="Day whose 00:00 ends what is known, YYYY-MM-DD; all there is if left."),
    ] = None,
) -> None:
    """Score every account and open deal with the champion, and publish one snapshot.

    Examples:
        bucketlist score --crm files:export

        bucketlist score --crm files:export --as-of 2026-11-21 --json
    """
    session: Session = context.obj
    day = None if as_of is None else day_of(as_of, option="--as-of")
    reading = session.read(crm)
    reading.report.refuse_if_over_limit()
    ref = publish_scores(session, reading.book, as_of=day)
    session.result(
        {
            "snapshot_id": ref.snapshot_id,
            "as_of": ref.as_of,
            "scored_at": ref.scored_at,
            "model_version": ref.model_version,
            "bundle_hash": ref.bundle_hash,
        }
    )


def publish_scores(session: Session, book: "Book", *, as_of: date | None = None) -> "SnapshotRef":
    """Score with the champion of the home and publish.

    Args:
        session: home, settings and clock.
        book: the CRM.
        as_of: 00:00 of that day in the organisation's zone; None is the end of the data.

    Raises:
        NoChampionError: when no version was promoted yet.
        ValueError: for a day after the end of the data: what happens until then is not known.
        LeaseHeldError: when another run scores in this home.
    """
    from serving.champion import load_champion, read_champion  # noqa: PLC0415  keeps --help quick
    from serving.score import score_book  # noqa: PLC0415
    from serving.store.engine import open_store  # noqa: PLC0415
    from serving.store.migrations import upgrade  # noqa: PLC0415

    settings = session.settings
    moment = book.observed_until if as_of is None else settings.calendar.midnight(as_of)
    if moment > book.observed_until:
        raise ValueError(
            f"expected an as-of not after the end of the data, {book.observed_until.isoformat()}, "
            f"got {moment.isoformat()}"
        )
    bundle = load_champion(session.home)
    session.say(f"model version {read_champion(session.home).version} is verified")
    upgrade(settings)
    store = open_store(settings)
    try:
        return score_book(
            book,
            bundle,
            as_of=moment,
            settings=settings,
            store=store,
            clock=session.now,
            progress=session.say,
        )
    finally:
        store.close()
