"""A desk for scoring: a made-up book, a small real bundle, and a home to publish in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from features.book import Book, make_book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import ACCOUNT, DEAL
from features.context import build_context
from features.crm.synthetic import WorldParams, make_world
from features.snapshot import account_spine, deal_spine
from models.analogs import make_analogs
from models.bundle import Bundle, write_bundle
from models.card import DataUsed, ModelCard
from models.contract import contract_of
from models.golden import GoldenDeals, golden_rows
from models.policy import LabelPolicy, Policy
from models.policy.relabel import FACTS
from serving.score import score_book
from serving.settings import Settings
from serving.snapshots import Snapshot, open_snapshot
from serving.store import scores
from serving.store.engine import Store
from training.components import fit_components
from training.fit import fit_bucket, fit_slip
from training.forecasts import FitPlan
from training.labels import bucket_labels, possible_friction, slip_labels
from training.matrix import Examples

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 2, 10, 11, tzinfo=UTC)
WEEKS = 13
PAST = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 9)]
CALENDAR = Calendar()
LABELS = LabelPolicy(growth_floor=1_000.0)


def made_up_book() -> Book:
    """Sixty accounts over three years, deals and all."""
    tables = make_world(WorldParams(accounts=60, years=3))
    return make_book({name: frame.lazy() for name, frame in tables.items()}, observed_until=UNTIL)


def export(book: Book, folder: Path) -> Path:
    """A small real bundle: a logistic bucket model, components and the hazard table of deals."""
    context = build_context(book, PAST, CALENDAR)
    accounts = account_spine(book, PAST).collect().lazy()
    X = account_features(book, accounts, context, CALENDAR)
    labels = bucket_labels(
        book, accounts, horizon=timedelta(weeks=WEEKS), policy=LABELS, calendar=CALENDAR
    )
    labels = labels.sort("entity_id", "as_of")
    bucket = fit_bucket(
        X,
        labels,
        features=ACCOUNT,
        kind="logistic",
        seed=1,
        threads=1,
    )
    described = X.select(feature.name for feature in ACCOUNT)
    told = Examples("account", described, labels, ACCOUNT, {})
    components = fit_components(told, plan=FitPlan(1, 1))
    is_told = labels["label"].is_not_null()
    # seen in training, unlike the past periods of a real model: enough to look alike
    analogs = make_analogs(
        bucket.predict(X).hstack(components.predict(X)).filter(is_told),
        labels.filter(is_told).select(list(FACTS)),
        possible_items=possible_friction(book),
    )
    deals = deal_spine(book, PAST).collect().lazy()
    X_deals = deal_features(book, deals, context, CALENDAR)
    landmarks = slip_labels(book, deals, calendar=CALENDAR).sort("entity_id", "as_of")
    slip = fit_slip(
        X_deals,
        landmarks,
        features=DEAL,
        calendar=CALENDAR,
        seed=1,
        threads=1,
        cut=UNTIL.date(),
        kind="constant",
    )
    golden = golden_rows(
        CALENDAR,
        bucket=bucket,
        components=components,
        accounts=X,
        slip=slip,
        deals=GoldenDeals(X_deals, landmarks),
    )
    used = DataUsed(UNTIL, "none", {}, X.height, 60, X_deals.height, 60)
    card = ModelCard(7, NOW, "test", used, "", "", WEEKS, bucket.kind, slip.kind)
    contract = contract_of(ACCOUNT, DEAL)
    write_bundle(
        folder,
        bucket=bucket,
        slip=slip,
        card=card,
        contract=contract,
        golden=golden,
        policy=Policy(label=LABELS),
        components=components,
        analogs=analogs,
    )
    return folder


@dataclass(frozen=True)
class Desk:
    """A home with its store, a book and a bundle: all that a run needs."""

    settings: Settings
    store: Store
    book: Book
    bundle: Bundle

    def score(self, *, at: datetime = NOW) -> scores.SnapshotRef:
        return score_book(
            self.book,
            self.bundle,
            as_of=UNTIL,
            settings=self.settings,
            store=self.store,
            clock=lambda: at,
            progress=lambda _: None,
        )

    def opened(self) -> Snapshot:
        return open_snapshot(self.settings.home, self.score())
