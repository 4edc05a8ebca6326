from datetime import datetime

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features import batch
from features.batch import Way
from features.book import Book, make_book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import ACCOUNT, DEAL
from features.context import build_context
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.world import make_world
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import account_spine, deal_spine
from tests.factories import Row, account, activity, book, day, deal, invoice, referral, ticket

DAYS = Calendar()
MOMENTS = [day(-60), day(0)]
SPREAD = [day(-365), day(-180), day(0), day(180), day(300)]


def small_book() -> Book:
    return book(
        accounts=[account("birch"), account()],
        opportunities=[deal(), deal("deal-0", account_id="birch")],
        activities=[activity(at=day(-3), direction="inbound")],
        invoices=[invoice(at=day(-40), due_on=None)],
    )


@pytest.fixture(scope="module")
def demo() -> Book:
    params = WorldParams(accounts=150, seed=3)
    tables = {name: frame.lazy() for name, frame in make_world(params).items()}
    return make_book(tables, observed_until=DAYS.midnight(params.until))


def accounts_of(of: Book, *moments: datetime) -> pl.DataFrame:
    context = build_context(of, moments, DAYS)
    return account_features(of, account_spine(of, moments), context, DAYS)


def deals_of(of: Book, *moments: datetime) -> pl.DataFrame:
    context = build_context(of, moments, DAYS)
    return deal_features(of, deal_spine(of, moments), context, DAYS)


def test_columns_are_the_keys_and_the_catalogue_in_order() -> None:
    accounts, deals = accounts_of(small_book(), *MOMENTS), deals_of(small_book(), *MOMENTS)

    assert accounts.columns == [ENTITY_ID, AS_OF, *(f.name for f in ACCOUNT)]
    assert deals.columns == [ENTITY_ID, ACCOUNT_ID, AS_OF, *(f.name for f in DEAL)]
    assert set(accounts.dtypes[2:]) == set(deals.dtypes[3:]) == {pl.Float32}


def test_rows_are_sorted_by_entity_and_moment() -> None:
    keys = accounts_of(small_book(), *MOMENTS).select(ENTITY_ID, AS_OF).rows()

    assert keys == [(name, moment) for name in ("acme", "birch") for moment in MOMENTS]


def test_a_feature_without_its_source_is_null_and_a_count_without_rows_zero() -> None:
    frame = accounts_of(small_book(), day(0)).filter(pl.col(ENTITY_ID) == "birch")

    assert frame["tickets_90d"].item() is None
    assert frame["overdue_now"].item() is None
    assert frame["replies_30d"].item() == 0.0
    assert frame["net_invoiced_90d"].item() == 0.0


def test_a_deal_carries_features_of_its_account() -> None:
    frame = deals_of(small_book(), day(0))

    silence = dict(frame.select(ACCOUNT_ID, "account_silence_days").rows())
    assert silence == {"acme": 3.0, "birch": None}


def test_a_moment_without_a_context_is_refused() -> None:
    of = small_book()
    context = build_context(of, [day(0)], DAYS)

    with pytest.raises(ValueError, match="expected a context for every as_of"):
        account_features(of, account_spine(of, MOMENTS), context, DAYS)


def test_an_empty_spine_gives_an_empty_frame() -> None:
    assert accounts_of(small_book(), day(-9_999)).height == 0
    assert deals_of(small_book(), day(-9_999)).columns[3:] == [f.name for f in DEAL]


@pytest.mark.parametrize("way", ["plain", "fast"])
def test_the_result_does_not_depend_on_the_way_or_the_batches(
    way: Way, demo: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, deals = accounts_of(demo, *SPREAD), deals_of(demo, *SPREAD)
    context = build_context(demo, SPREAD, DAYS)
    monkeypatch.setattr(batch, "_ROWS_AT_ONCE", 100)
    monkeypatch.setattr(batch, "_PAIRS_AT_ONCE", 20_000)

    again = account_features(demo, account_spine(demo, SPREAD), context, DAYS, way=way)
    deals_again = deal_features(demo, deal_spine(demo, SPREAD), context, DAYS, way=way)

    assert_frame_equal(again, whole, check_exact=True)
    assert_frame_equal(deals_again, deals, check_exact=True)


FLAT_IN_THE_DEMO = {"stage_moves_back", "is_last_move_back", "stages_skipped"}
"""Its deals go through the stages one by one and never back."""


def test_no_feature_is_constant_or_not_a_number_in_the_demo(demo: Book) -> None:

    for frame in (accounts_of(demo, *SPREAD), deals_of(demo, *SPREAD)):
        numbers = frame.select(pl.selectors.float())
        flat = [c for c in numbers.columns if numbers[c].drop_nulls().n_unique() < 2]
        assert set(flat) <= FLAT_IN_THE_DEMO
        assert numbers.select(pl.all().is_finite().all()).row(0) == (True,) * numbers.width


@pytest.mark.parametrize(
    ("table", "event", "head", "sign"),
    [
        ("activities", activity(at=day(-2), direction="inbound", contact_id="c9"), "walk", -1),
        ("activities", activity(at=day(-50), answered=True, contact_id="c9"), "walk", -1),
        ("activities", activity(at=day(-2), kind="meeting", direction="mutual"), "walk", -1),
        ("tickets", ticket(at=day(-2), escalated_at=day(-1)), "pain", 1),
        ("invoices", invoice(-50.0, at=day(-2)), "pain", 1),
        ("referrals", referral(at=day(-2)), "a_list", 1),
    ],
)
def test_an_event_moves_every_constrained_feature_the_same_way(
    table: str, event: Row, head: str, sign: int
) -> None:
    rows = {
        "activities": [activity(at=day(-20), answered=True, contact_id="c1")],
        "tickets": [ticket(at=day(-40), escalated_at=day(-39))],
        "invoices": [invoice(at=day(-60), paid_at=day(-9))],
        "referrals": [referral(at=day(-90))],
    }
    more = {**rows, table: [*rows[table], event]}

    before = accounts_of(book(accounts=[account()], **rows), day(0)).row(0, named=True)
    after = accounts_of(book(accounts=[account()], **more), day(0)).row(0, named=True)

    moved = {
        feature.name: (after[feature.name] - before[feature.name]) * feature.direction[head]
        for feature in ACCOUNT
        if head in feature.direction and before[feature.name] is not None
    }
    assert any(moved.values())
    assert all(change * sign >= 0 for change in moved.values()), moved


def test_one_account_alone_is_described_as_in_the_whole_book(demo: Book) -> None:
    context = build_context(demo, [day(0)], DAYS)
    whole = account_features(demo, account_spine(demo, [day(0)]), context, DAYS)
    chosen = whole[ENTITY_ID][7]
    alone = account_spine(demo, [day(0)]).filter(pl.col(ENTITY_ID) == chosen)

    frame = account_features(demo, alone, context, DAYS)

    assert_frame_equal(frame, whole.filter(pl.col(ENTITY_ID) == chosen), check_exact=True)
