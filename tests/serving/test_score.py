from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from pydantic import SecretStr

from features.account.engagement import FEATURES as ENGAGEMENT
from features.book import Book, make_book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import ACCOUNT, DEAL
from features.context import Context, build_context
from features.crm.synthetic import WorldParams, make_world
from features.snapshot import account_spine, deal_spine
from models.bundle import Bundle, BundleError, read_bundle, write_bundle
from models.card import DataUsed, ModelCard
from models.contract import ContractError, contract_of
from models.golden import GoldenDeals, golden_rows
from models.policy import LabelPolicy, Policy
from serving.champion import (
    NoChampionError,
    adopt_bundle,
    bundle_folder,
    load_champion,
    read_champion,
)
from serving.lease import LeaseHeldError, hold
from serving.live import LiveSnapshot
from serving.manifest import manifest_from
from serving.parts import SCHEMAS
from serving.score import LEASE_FILE, score_book
from serving.settings import Settings
from serving.snapshots import Snapshot, folder_of, open_snapshot
from serving.store import scores
from serving.store.engine import Store, open_store
from serving.store.migrations import upgrade
from training.fit import fit_bucket, fit_slip
from training.labels import bucket_labels, slip_labels

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 2, 10, 11, tzinfo=UTC)
WEEKS = 13
PAST = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 9)]
CALENDAR = Calendar()


@pytest.fixture(scope="module")
def book() -> Book:
    tables = make_world(WorldParams(accounts=60, years=3))
    return make_book({name: frame.lazy() for name, frame in tables.items()}, observed_until=UNTIL)


@pytest.fixture(scope="module")
def exported(book: Book, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real bundle: a logistic bucket model and the hazard table of the deals."""
    context = build_context(book, PAST, CALENDAR)
    accounts = account_spine(book, PAST).collect().lazy()
    X = account_features(book, accounts, context, CALENDAR)
    labels = bucket_labels(
        book, accounts, horizon=timedelta(weeks=WEEKS), policy=LabelPolicy(), calendar=CALENDAR
    )
    bucket = fit_bucket(
        X,
        labels.sort("entity_id", "as_of"),
        features=ACCOUNT,
        kind="logistic",
        seed=1,
        threads=1,
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
        accounts=X,
        slip=slip,
        deals=GoldenDeals(X_deals, landmarks),
    )
    used = DataUsed(UNTIL, "none", {}, X.height, 60, X_deals.height, 60)
    card = ModelCard(7, NOW, "test", used, "", "", WEEKS, bucket.kind, slip.kind)
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    contract = contract_of(ACCOUNT, DEAL)
    write_bundle(
        folder,
        bucket=bucket,
        slip=slip,
        card=card,
        contract=contract,
        golden=golden,
        policy=Policy(),
    )
    return folder


@pytest.fixture(scope="module")
def bundle(exported: Path) -> Bundle:
    return read_bundle(exported)


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


@pytest.fixture
def desk(settings: Settings, store: Store, book: Book, bundle: Bundle) -> Desk:
    return Desk(settings, store, book, bundle)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="module")
def snapshot(home: Path, book: Book, bundle: Bundle) -> Snapshot:
    """One publication that the tests only read."""
    settings = Settings(home=home)
    upgrade(settings)
    store = open_store(settings)
    opened = Desk(settings, store, book, bundle).opened()
    store.close()
    return opened


def part_hashes(home: Path, ref: scores.SnapshotRef) -> dict[str, str]:
    folder = folder_of(home, ref.snapshot_id)
    files = sorted(folder.rglob("*.parquet"))
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_same_book_bundle_and_moment_give_the_same_bytes(
    desk: Desk, snapshot: Snapshot, home: Path
) -> None:
    first = snapshot.ref
    salt = Settings(home=home).pursuit_salt
    settings = desk.settings.model_copy(update={"salt": SecretStr(salt)})
    later = replace(desk, settings=settings).score(at=NOW + timedelta(hours=1))

    assert part_hashes(home, first) == part_hashes(settings.home, later)
    assert first.snapshot_id[-4:] == later.snapshot_id[-4:]
    assert first.snapshot_id[:15] == "20261121-021011"
    assert set(part_hashes(home, first)) >= set(SCHEMAS)


def test_every_account_is_there_and_every_scored_one_in_exactly_one_bucket(
    snapshot: Snapshot,
) -> None:
    accounts = snapshot.accounts
    scored = accounts.filter(pl.col("status") == "scored")
    others = accounts.filter(pl.col("status") != "scored")
    chances = scored.select("p_a_list", "p_pain", "p_walk_away", "p_steady")

    assert accounts.height == 60
    assert scored.height > 30
    assert scored["bucket"].is_in(["a_list", "pain", "walk_away", "steady"]).all()
    assert (chances.sum_horizontal() - 1.0).abs().max() < 1e-9
    assert set(others["status"]) == {"not_in_pursuit"}
    for name in ("bucket", "confidence", "p_a_list", "rank_in_book", "trend", "expires_on"):
        assert others[name].null_count() == others.height


def test_a_walk_away_ends_with_the_fiscal_quarter_and_nothing_else_ends(
    snapshot: Snapshot,
) -> None:
    walk_away = pl.col("bucket") == "walk_away"

    ends = snapshot.accounts.filter(walk_away)["expires_on"]
    others = snapshot.accounts.filter(walk_away.not_() | pl.col("bucket").is_null())

    assert ends.len() > 0
    assert set(ends) == {date(2026, 12, 31)}
    assert others["expires_on"].null_count() == others.height
    assert not others["kept_in_pursuit"].any()


def test_ranks_count_from_one_in_every_book_by_the_chance_of_the_a_list(
    snapshot: Snapshot,
) -> None:
    ranked = snapshot.accounts.filter(pl.col("rank_in_book").is_not_null())

    for _, mine in ranked.group_by("owner_rep_id"):
        in_order = mine.sort("rank_in_book")
        assert in_order["rank_in_book"].to_list() == list(range(1, mine.height + 1))
        assert in_order["p_a_list"].is_sorted(descending=True)
        assert set(mine["book_size"]) == {mine.height}


def test_reasons_are_told_beside_the_peers_and_never_about_the_rep(snapshot: Snapshot) -> None:
    told = snapshot.accounts.select(pl.col("reasons").explode().struct.unnest())
    per_account = snapshot.accounts["reasons"].list.len()

    assert per_account.max() <= 5
    assert told["text"].drop_nulls().len() > 60
    assert told["peer_value"].drop_nulls().len() > 30
    assert "rep_context" not in set(told["concept"].drop_nulls())
    assert set(told["as_of"].drop_nulls()) == {UNTIL.date()}


def test_a_curve_never_falls_and_won_lost_and_open_fill_the_whole(snapshot: Snapshot) -> None:
    curves = snapshot.curves.with_columns(
        (1.0 - pl.col("p_won") - pl.col("p_lost")).alias("p_open")
    )

    for _, points in curves.group_by("opportunity_id"):
        assert (points["p_won"].diff().drop_nulls() >= -1e-12).all()
        assert (points["p_lost"].diff().drop_nulls() >= -1e-12).all()
    assert curves["p_open"].min() >= -1e-9
    assert curves["opportunity_id"].n_unique() == snapshot.deals.height


def test_slip_is_what_the_curve_leaves_at_the_committed_date(snapshot: Snapshot) -> None:
    committed = snapshot.deals.filter(pl.col("p_won_by_committed").is_not_null())
    period = committed.filter(pl.col("p_won_by_period_end").is_not_null())
    whole = period.select("p_won_by_period_end", "p_lost", "p_slip").sum_horizontal()
    past = committed.filter(pl.col("committed_on") < UNTIL.date())

    assert period.height > 3
    assert past.height > 0
    assert (committed["slip_risk"] - (1 - committed["p_won_by_committed"])).abs().max() < 1e-12
    assert (whole - 1.0).abs().max() < 1e-9
    assert (past["slip_risk"] == 1.0).all()


def test_an_account_shows_its_worst_open_deal(snapshot: Snapshot) -> None:
    with_deals = snapshot.accounts.filter(pl.col("open_deals") > 0)

    assert with_deals.height > 0
    for account_id in with_deals["account_id"]:
        row, deals = snapshot.account(account_id), snapshot.deals_of(account_id)
        worst = max((deal.slip_risk for deal in deals if deal.slip_risk is not None), default=None)
        assert row is not None
        assert (row.open_deals, row.slip_risk_max) == (len(deals), worst)
        if worst is not None:
            on = {deal.committed_on for deal in deals if deal.slip_risk == worst}
            assert row.slip_on in on


def test_the_last_of_twelve_weeks_is_today(snapshot: Snapshot) -> None:
    row = next(row for row in snapshot.book_of(None) if row.status == "scored")
    points = snapshot.history(row.account_id)

    today = {
        "a_list": row.p_a_list,
        "pain": row.p_pain,
        "walk_away": row.p_walk_away,
        "steady": row.p_steady,
    }
    assert len(points) == 12
    assert points[-1].on == UNTIL.date()
    assert points[-1].p == today[row.bucket]
    assert {(b.on - a.on).days for a, b in pairwise(points)} == {7}


def test_the_context_is_stored_with_the_snapshot(
    snapshot: Snapshot, home: Path, book: Book
) -> None:
    folder = folder_of(home, snapshot.snapshot_id)

    stored = Context.read(folder / "context")

    assert stored.base.equals(build_context(book, [UNTIL], CALENDAR).base)
    assert (folder / "context" / "peers_account.parquet").is_file()


def test_the_manifest_says_what_the_answers_rest_on(
    snapshot: Snapshot, home: Path, bundle: Bundle
) -> None:
    text = (folder_of(home, snapshot.snapshot_id) / "manifest.json").read_bytes()

    manifest = manifest_from(text)

    rows = {part.name: part.rows for part in manifest.parts}
    assert (manifest.bundle_hash, manifest.model_version) == (bundle.hash, 7)
    assert manifest.contract_hash == bundle.contract.contract_hash()
    assert rows["accounts.parquet"] == 60
    assert rows["deals.parquet"] == snapshot.deals.height


def test_without_a_bucket_model_accounts_say_what_is_short(desk: Desk, bundle: Bundle) -> None:
    card = replace(bundle.card, not_applicable={"bucket": "needs 26 weeks, found 9"})

    opened = replace(desk, bundle=replace(bundle, bucket=None, card=card)).opened()

    assert set(opened.accounts["status"]) == {"not_enough_evidence"}
    assert set(opened.accounts["missing"]) == {"needs 26 weeks, found 9"}
    assert opened.past.is_empty()
    assert set(opened.deals["status"]) == {"scored"}


def test_without_a_slip_model_deals_keep_their_dates_and_have_no_curve(
    desk: Desk, bundle: Bundle
) -> None:
    opened = replace(desk, bundle=replace(bundle, slip=None)).opened()

    assert set(opened.deals["status"]) == {"not_enough_evidence"}
    assert opened.deals["slip_risk"].null_count() == opened.deals.height
    assert opened.deals["period_end"].null_count() == 0
    assert opened.curves.is_empty()
    assert opened.accounts["slip_risk_max"].null_count() == 60


def test_a_book_without_deals_invoices_and_reps_is_scored_all_the_same(
    desk: Desk, book: Book
) -> None:
    bare = make_book({"accounts": book["accounts"]}, observed_until=UNTIL)

    opened = replace(desk, book=bare).opened()

    assert set(opened.accounts["status"]) == {"not_in_pursuit"}
    assert opened.accounts["value"].null_count() == opened.accounts.height
    assert opened.deals.is_empty()
    assert opened.reps == ()


def test_a_model_of_other_features_is_refused_before_anything_is_written(
    desk: Desk, bundle: Bundle
) -> None:
    first = replace(bundle.contract.account[0], unit="furlongs")
    contract = replace(bundle.contract, account=(first, *bundle.contract.account[1:]))

    with pytest.raises(ContractError, match="furlongs"):
        replace(desk, bundle=replace(bundle, contract=contract)).score()

    assert scores.current(desk.store) is None
    assert not (desk.settings.home / "snapshots").exists()


def test_a_model_that_was_trained_without_some_features_is_welcome(
    desk: Desk, bundle: Bundle
) -> None:
    left_out = {feature.name for feature in ENGAGEMENT}
    columns = tuple(one for one in bundle.contract.account if one.name not in left_out)

    lean = replace(bundle, contract=replace(bundle.contract, account=columns))

    assert replace(desk, bundle=lean).opened().accounts.height == 60


def test_two_runs_at_once_are_one_too_many(desk: Desk) -> None:
    with hold(desk.settings.home / LEASE_FILE), pytest.raises(LeaseHeldError):
        desk.score()


def test_a_promoted_bundle_is_served_after_it_was_proven(
    desk: Desk, settings: Settings, store: Store, exported: Path, bundle: Bundle
) -> None:
    told = adopt_bundle(
        source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
    )
    ref = desk.score()
    live = LiveSnapshot(settings.home, store, load=read_bundle)

    live.refresh()

    assert read_champion(settings.home) == told
    assert load_champion(settings.home, load=read_bundle).hash == bundle.hash
    assert live.served is not None
    assert (live.served.snapshot.ref, live.served.bundle.hash) == (ref, bundle.hash)


def test_a_damaged_bundle_is_not_adopted_and_the_former_stays(
    settings: Settings, exported: Path, bundle: Bundle, tmp_path: Path
) -> None:
    adopt_bundle(
        source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
    )
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in exported.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    (broken / "bucket.json").write_bytes((broken / "bucket.json").read_bytes()[:-1])

    with pytest.raises(BundleError):
        adopt_bundle(
            source_dir=broken, home=settings.home, version=8, promoted_at=NOW, load=read_bundle
        )

    places = [place.name for place in (settings.home / "bundles").iterdir()]
    assert read_champion(settings.home).version == 7
    assert places == [bundle.hash[:16]]


def test_adopting_again_mends_what_was_damaged_on_disk(
    settings: Settings, exported: Path, bundle: Bundle
) -> None:
    def adopt() -> None:
        adopt_bundle(
            source_dir=exported, home=settings.home, version=7, promoted_at=NOW, load=read_bundle
        )

    adopt()
    card = bundle_folder(settings.home, bundle.hash) / "card.json"
    card.write_bytes(b"{}")

    adopt()

    assert load_champion(settings.home, load=read_bundle).hash == bundle.hash


def test_before_the_first_promotion_there_is_no_champion(tmp_path: Path) -> None:
    with pytest.raises(NoChampionError, match="train, then promote"):
        load_champion(tmp_path)


def test_a_bundle_without_a_number_has_that_of_its_promotion(
    desk: Desk, settings: Settings, bundle: Bundle, exported: Path
) -> None:
    unnumbered = replace(bundle, card=replace(bundle.card, version=None))
    adopt_bundle(
        source_dir=exported, home=settings.home, version=12, promoted_at=NOW, load=read_bundle
    )

    ref = replace(desk, bundle=unnumbered).score()

    assert ref.model_version == 12
    with pytest.raises(ValueError, match="found aaaa"):
        replace(desk, bundle=replace(unnumbered, hash="a" * 64)).score()
