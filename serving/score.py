"""Score: describe, predict and explain the whole book as of a moment, and publish it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from features.book import Book
from features.catalogue import features_of
from features.context import build_context
from features.feature import Entity, Feature
from features.history import known_from
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, OWNER_REP_ID, TABLES, TIME
from features.snapshot import deal_state
from models.bundle import Bundle
from models.curve import ends_of
from models.reasons import Shown, shown_in
from serving.account_answers import AccountAnswers, account_answers
from serving.champion import read_champion
from serving.deal_answers import DealAnswers, deal_answers
from serving.lease import hold
from serving.likeness import NEIGHBOURS_FILE
from serving.parts import ACCOUNTS, DEALS, REPS, empty_part
from serving.publish import Draft, clean, publish
from serving.roll_up import deals_by_account, ranks
from serving.rows import CLOSED
from serving.scene import Scene
from serving.settings import Settings
from serving.snapshots import SnapshotError, open_snapshot
from serving.store import scores
from serving.store.engine import Store
from serving.store.scores import SnapshotRef

LEASE_FILE = "score.lease"
CLOSED_KEPT = timedelta(days=365)
"""For so long after its close a deal is answered with `closed`; after that it is unknown."""


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
    closed = _closed_deals(scene)
    progress(f"{closed.height:,} deals closed in the last {CLOSED_KEPT.days} days: no forecast")

    def write_context(folder: Path) -> None:
        scene.context.write(folder)
        accounts.peers.write(folder / "peers_account.parquet")
        deals.peers.write(folder / "peers_deal.parquet")
        if accounts.neighbours is not None:
            accounts.neighbours.write_parquet(folder / NEIGHBOURS_FILE)

    parts = {
        "accounts.parquet": _accounts_part(scene, accounts, deals),
        "deals.parquet": pl.concat([deals.deals, closed]),
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


def _closed_deals(scene: Scene) -> pl.DataFrame:
    """The deals closed lately, as rows of part deals.parquet: dates, and no number of a model.

    A CRM asks for the deal that it shows, open or not; that a deal is over is an answer too.
    """
    at = pl.lit(scene.as_of, TIME)
    is_over = pl.col("closed_at").is_between(at - CLOSED_KEPT, at, closed="left")
    deals = scene.book["opportunities"].filter((known_from(TABLES["opportunities"]) < at) & is_over)
    spine = deals.select(pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), ACCOUNT_ID, at.alias(AS_OF))
    told = deals.select(
        pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
        "name",
        pl.col("currency").fill_null(scene.currency),
        pl.col(OWNER_REP_ID).alias("owner_today"),
    )
    accounts = scene.book["accounts"].select(ACCOUNT_ID, pl.col("name").alias("account_name"))
    facts = (
        deal_state(scene.book, spine, scene.calendar)
        .drop("period_end")
        .join(told, on=ENTITY_ID, how="left")
        .join(accounts, on=ACCOUNT_ID, how="left")
        .with_columns(
            pl.coalesce(OWNER_REP_ID, "owner_today").alias(OWNER_REP_ID),
            pl.col("type").cast(pl.String),
        )
        .rename({ENTITY_ID: OPPORTUNITY_ID})
        .sort(OPPORTUNITY_ID)
        .collect()
    )
    ends = ends_of(facts, scene.calendar).select("month_end", "period_end")
    rows = facts.hstack(ends).with_columns(pl.lit(CLOSED).alias("status"))
    return rows.select(
        pl.col(name) if name in rows.columns else _nothing(name, dtype)
        for name, dtype in DEALS.items()
    )


def _nothing(name: str, dtype: pl.DataType) -> pl.Expr:
    """An empty list where the column has lists, else null."""
    return pl.lit([] if isinstance(dtype, pl.List) else None, dtype).alias(name)


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
