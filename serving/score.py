"""Score: describe, predict and explain the whole book as of a moment, and publish it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from features.book import Book
from features.catalogue import features_of
from features.context import build_context
from features.feature import Entity, Feature
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID
from models.bundle import Bundle
from models.reasons import Shown, shown_in
from serving.account_answers import AccountAnswers, account_answers
from serving.champion import read_champion
from serving.deal_answers import DealAnswers, deal_answers
from serving.lease import hold
from serving.likeness import NEIGHBOURS_FILE
from serving.parts import ACCOUNTS, REPS, empty_part
from serving.publish import Draft, clean, publish
from serving.roll_up import deals_by_account, ranks
from serving.scene import Scene
from serving.settings import Settings
from serving.snapshots import SnapshotError, open_snapshot
from serving.store import scores
from serving.store.engine import Store
from serving.store.scores import SnapshotRef

LEASE_FILE = "score.lease"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The parts of one snapshot, and how its context is written."""

    parts: Mapping[str, pl.DataFrame]
    write_context: Callable[[Path], None]


def score_book(  # noqa: PLR0913  the composition root hands over everything at once
    book: Book,
    bundle: Bundle,
    *,
    as_of: datetime,
    settings: Settings,
    store: Store,
    clock: Callable[[], datetime],
    progress: Callable[[str], None],
) -> SnapshotRef:
    """Score every account and every open deal known at `as_of` and publish one snapshot.

    The same book, bundle and as_of give the same bytes in every part, after the same snapshot:
    reasons keep to what it told within their hysteresis. One run at a time; what an
    interrupted run left behind is removed first.

    Args:
        book: the CRM.
        bundle: the model, verified.
        as_of: moment of knowledge, UTC.
        settings: home, calendar, currency and salt.
        store: open and migrated.
        clock: what time it is, UTC.
        progress: takes one line at a time.

    Raises:
        ContractError: when the model was fitted on other features than are computed here.
        LeaseHeldError: when another run scores in this home.
        PublishConflictError: when another machine published in between.
    """
    _check_contract(bundle)
    version = _version(bundle, settings.home)
    with hold(settings.home / LEASE_FILE):
        scored_at = clock()
        removed = clean(settings.home, store)
        if removed:
            progress(f"removed {len(removed)} folders of interrupted runs")
        former = scores.current(store)
        scene = _scene(book, bundle, as_of=as_of, settings=settings, former=former)
        answers = _answers(scene, progress)
        draft = Draft(
            frames=answers.parts,
            write_context=answers.write_context,
            as_of=as_of,
            scored_at=scored_at,
            observed_until=book.observed_until,
            model_version=version,
            bundle_hash=bundle.hash,
            contract_hash=bundle.contract.contract_hash(),
            currency=settings.currency,
        )
        ref = publish(
            settings.home,
            store,
            draft=draft,
            former=None if former is None else former.snapshot_id,
            now=clock(),
        )
    progress(f"published snapshot {ref.snapshot_id}")
    return ref


def _check_contract(bundle: Bundle) -> None:
    """Refuse a model whose features are not computed here as they were when it was fitted.

    Features that its training left out (no history, switched off) are not in its contract.
    """
    bundle.contract.check(_known(bundle, "account"), _known(bundle, "deal"))


def _known(bundle: Bundle, entity: Entity) -> list[Feature]:
    names = set(bundle.contract.names(entity))
    return [feature for feature in features_of(entity) if feature.name in names]


def _scene(
    book: Book,
    bundle: Bundle,
    *,
    as_of: datetime,
    settings: Settings,
    former: SnapshotRef | None,
) -> Scene:
    calendar = settings.calendar
    return Scene(
        book=book,
        bundle=bundle,
        context=build_context(book, [as_of], calendar),
        as_of=as_of,
        calendar=calendar,
        currency=settings.currency,
        salt=settings.pursuit_salt,
        locale=settings.locale,
        shown=_shown(settings.home, former),
    )


def _shown(home: Path, former: SnapshotRef | None) -> dict[Entity, dict[str, Shown]]:
    """What the snapshot in service tells; nothing where there is none or it is damaged."""
    if former is None:
        return {}
    try:
        snapshot = open_snapshot(home, former)
    except SnapshotError:
        return {}
    return {
        "account": shown_in(snapshot.accounts, ACCOUNT_ID),
        "deal": shown_in(snapshot.deals, OPPORTUNITY_ID),
    }


def _answers(scene: Scene, progress: Callable[[str], None]) -> Answers:
    progress(f"scoring the book as of {scene.as_of:%Y-%m-%d %H:%M} UTC")
    deals = deal_answers(scene)
    progress(f"{deals.deals.height:,} open deals: curves and reasons are there")
    accounts = account_answers(scene)
    progress(f"{accounts.answers.height:,} accounts: {_counted(accounts.answers)}")

    def write_context(folder: Path) -> None:
        scene.context.write(folder)
        accounts.peers.write(folder / "peers_account.parquet")
        deals.peers.write(folder / "peers_deal.parquet")
        if accounts.neighbours is not None:
            accounts.neighbours.write_parquet(folder / NEIGHBOURS_FILE)

    parts = {
        "accounts.parquet": _accounts_part(scene, accounts, deals),
        "deals.parquet": deals.deals,
        "curves.parquet": deals.curves,
        "history.parquet": accounts.past,
        "reps.parquet": _reps_part(scene.book),
    }
    return Answers(parts, write_context)


def _accounts_part(scene: Scene, accounts: AccountAnswers, deals: DealAnswers) -> pl.DataFrame:
    """Join deals and ranks to the accounts, in the order of the part's columns."""
    answers = accounts.answers
    for beside in (deals_by_account(deals.deals), ranks(answers)):
        answers = answers.join(beside, on=ACCOUNT_ID, how="left", maintain_order="left")
    return answers.with_columns(
        pl.lit(scene.currency).alias("currency"),
        pl.col("open_deals").fill_null(0),
    ).select(list(ACCOUNTS))


def _reps_part(book: Book) -> pl.DataFrame:
    if not book.has("reps"):
        return empty_part("reps.parquet")
    # a CRM that does not say who has left is taken to list those who are there
    is_active = pl.col("is_active").fill_null(value=True)
    return book["reps"].with_columns(is_active).select(list(REPS)).sort("rep_id").collect()


def _counted(answers: pl.DataFrame) -> str:
    shown = pl.coalesce("bucket", "status").alias("shown")
    counts = answers.group_by(shown).len().sort("len", "shown", descending=[True, False])
    return ", ".join(f"{count:,} {name}" for name, count in counts.rows()) or "none"


def _version(bundle: Bundle, home: Path) -> int:
    """The registry's number for the bundle, from its card or from the promotion."""
    if bundle.card.version is not None:
        return bundle.card.version
    champion = read_champion(home)
    if champion.bundle != bundle.hash:
        raise ValueError(
            f"expected a bundle with a version, found {bundle.hash[:16]} without one "
            f"while the champion is {champion.bundle[:16]}"
        )
    return champion.version
