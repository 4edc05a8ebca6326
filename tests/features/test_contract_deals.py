from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.batch import Way
from features.book import Book, make_book
from features.build import deal_features
from features.calendar import Calendar
from features.context import build_context
from features.crm.synthetic import WorldParams, make_world
from features.schema import ENTITY_ID
from features.snapshot import PREFIX, contract_deals, deal_spine, deal_state
from tests.factories import Row, account, account_change, book, contract, day, deal, on
from tests.features.futures import twins

DAYS = Calendar()
TICK = timedelta(microseconds=1)
UNTIL = day(365)
YEARLY = ("contract:c1", "deal-1")
SPREAD = tuple(day(offset) for offset in (-200, -130, -60, 0))


def running(*, ends: int = 30, **cells: object) -> Row:
    """A contract of a year of `acme` that ends on 31 January, open as a deal from day -60 on."""
    told: Row = {"contract_id": "c1", "annual_value": 120.0, **cells}  # type: ignore[dict-item]
    return contract(starts_on=on(ends - 365), ends_on=on(ends), **told)


def renewal(at: float, **cells: object) -> Row:
    """A renewal opportunity of `acme`, open until told otherwise."""
    return deal("deal-1", at=day(at), type="renewal", close_date=on(30), **cells)  # type: ignore[arg-type]


def crm(*contracts: Row, deals: tuple[Row, ...] = (), until: datetime = UNTIL) -> Book:
    # another contract was renewed once: the CRM does record renewals
    old = contract(
        contract_id="old",
        account_id="birch",
        starts_on=on(-900),
        ends_on=on(-700),
        renewed_at=day(-710),
    )
    return book(
        accounts=[account(), account("birch")],
        contracts=[old, *contracts],
        opportunities=list(deals),
        observed_until=until,
    )


def open_at(of: Book, at: datetime) -> list[str]:
    return sorted(deal_spine(of, [at], DAYS).collect()[ENTITY_ID])


def state_of(of: Book, at: datetime, calendar: Calendar = DAYS) -> dict[str, object]:
    state = deal_state(of, deal_spine(of, [at], calendar), calendar).collect()
    return state.row(0, named=True)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (day(-60), False),
        (day(-60) + TICK, True),
        (day(30), True),
        (day(91) - TICK, True),
        (day(91), False),
    ],
)
def test_a_contract_is_a_deal_from_90_days_before_its_last_day_to_60_after(
    *, at: datetime, is_open: bool
) -> None:
    assert open_at(crm(running()), at) == (["contract:c1"] if is_open else [])


@pytest.mark.parametrize("stamp", ["renewed_at", "cancelled_at"])
def test_a_renewal_and_a_cancellation_end_the_deal_once_they_are_known(stamp: str) -> None:
    of = crm(running(**{stamp: day(5)}))

    assert open_at(of, day(5)) == ["contract:c1"]
    assert open_at(of, day(5) + TICK) == []


def test_a_contract_that_the_crm_learnt_of_late_is_a_deal_from_then_on() -> None:
    of = crm(running(recorded_at=day(-20)))

    assert open_at(of, day(-20)) == []
    assert open_at(of, day(-20) + TICK) == ["contract:c1"]


def test_a_renewal_opportunity_takes_over_in_the_moment_it_is_known() -> None:
    of = crm(running(), deals=(renewal(-10, recorded_at=day(-8)),))

    assert open_at(of, day(-8)) == ["contract:c1"]
    assert open_at(of, day(-8) + TICK) == ["deal-1"]
    assert open_at(of, day(40)) == ["deal-1"]


@pytest.mark.parametrize(
    "other",
    [
        renewal(30 - 181),
        renewal(91),
        renewal(-10, account_id="birch"),
        {**renewal(-10), "type": "expansion"},
        {**renewal(-10), "type": None},
    ],
    ids=["too early", "lapsed", "another account", "an expansion", "of no type"],
)
def test_an_opportunity_that_is_not_for_this_end_takes_nothing_over(other: Row) -> None:
    assert "contract:c1" in open_at(crm(running(), deals=(other,)), day(0))


@pytest.mark.parametrize("at", [30 - 180, 30, 90])
def test_a_renewal_from_180_days_before_the_end_to_the_lapse_takes_over(at: int) -> None:
    told = contract_deals(crm(running(), deals=(renewal(at),)), DAYS).collect()

    assert told.filter(pl.col(ENTITY_ID) == "contract:c1")["closed_at"].item() == day(at)
    assert told.filter(pl.col(ENTITY_ID) == "contract:c1")["outcome"].item() is None


def test_a_renewal_opened_before_a_short_contract_began_is_of_the_one_before() -> None:
    short = contract(contract_id="c1", starts_on=on(-60), ends_on=on(30))

    assert open_at(crm(short, deals=(renewal(-70),)), day(0)) == list(YEARLY)
    assert open_at(crm(short, deals=(renewal(-59.5),)), day(0)) == ["deal-1"]


def test_contracts_that_end_together_share_the_renewal_opportunity() -> None:
    of = crm(running(), running(contract_id="c2", ends=33), deals=(renewal(-10),))

    assert open_at(of, day(-20)) == ["contract:c1", "contract:c2"]
    assert open_at(of, day(0)) == ["deal-1"]


def test_a_crm_that_never_records_renewals_has_no_contract_deals() -> None:
    of = book(accounts=[account()], contracts=[running()], opportunities=[deal()])

    assert open_at(of, day(0)) == ["deal-1"]


def test_without_a_calendar_only_opportunities_are_deals() -> None:
    spine = deal_spine(crm(running(), deals=(deal(),)), [day(0)])

    assert spine.collect()[ENTITY_ID].to_list() == ["deal-1"]


def test_an_opportunity_of_the_same_id_is_the_only_deal_of_it() -> None:
    of = crm(running(), deals=(deal("contract:c1"),))

    assert open_at(of, day(0)) == ["contract:c1"]
    assert state_of(of, day(0))["type"] == "new"


def test_the_state_of_a_contract_deal_is_that_of_a_renewal_due_on_its_last_day() -> None:
    of = crm(running(), until=day(1))

    before, now = state_of(of, day(0)), state_of(of, day(1))

    assert (before["type"], before["stage"]) == ("renewal", None)
    assert (before["account_id"], before["committed_on"]) == ("acme", date(2026, 1, 31))
    assert (before["period_end"], before["age_days"]) == (date(2026, 3, 31), 60.0)
    assert (before["amount"], now["amount"]) == (None, 120.0)


def test_the_owner_of_a_contract_deal_is_the_accounts_at_the_time() -> None:
    earlier = account_change("owner", "x", "y", at=day(-300), account_id="birch")
    moved = account_change("owner", "ann", "bob", at=day(-5))
    of = book(
        accounts=[account(owner_rep_id="bob"), account("birch")],
        account_changes=[earlier, moved],
        contracts=[running(renewed_at=day(20))],
    )

    assert state_of(of, day(-5))["owner_rep_id"] == "ann"
    assert state_of(of, day(-5) + TICK)["owner_rep_id"] == "bob"


def test_days_are_those_of_the_organisation() -> None:
    york = Calendar("America/New_York")

    found = [
        deal_spine(crm(running()), [day(-60) + timedelta(hours=hours)], york).collect().height
        for hours in (4, 4.001)  # summer time ends on that day
    ]

    assert found == [0, 1]


@settings(max_examples=60, deadline=None)
@given(
    opened=st.integers(-140, 80),
    late=st.integers(0, 20),
    renewed=st.none() | st.integers(-50, 100),
    at=st.integers(-70, 120),
)
def test_one_renewal_is_never_two_deals_nor_won_twice(
    opened: int, late: int, renewed: int | None, at: int
) -> None:
    stamp = None if renewed is None else day(renewed)
    ends: Row = {} if stamp is None else {"closed_at": stamp, "outcome": "won"}
    sale = renewal(opened, recorded_at=day(opened + late), **ends)
    of = crm(running(renewed_at=stamp), deals=(sale,))

    found = open_at(of, day(at))
    outcome = contract_deals(of, DAYS).filter(pl.col(ENTITY_ID) == "contract:c1").collect()

    was_known_before = stamp is None or opened + late < (renewed or 0)
    assert found.count("contract:c1") + found.count("deal-1") <= 1
    if outcome["outcome"].item() == "won":
        assert not was_known_before


@pytest.fixture(scope="module")
def company() -> Book:
    """A synthetic company as it stands four weeks after day 0."""
    tables = make_world(WorldParams(accounts=60, years=3, until=date(2026, 1, 29)))
    return make_book({name: rows.lazy() for name, rows in tables.items()}, observed_until=day(28))


@pytest.mark.parametrize("way", ["plain", "fast"])
def test_deals_of_the_crm_are_described_alike_with_contract_deals_beside_them(
    way: Way, company: Book
) -> None:
    context = build_context(company, SPREAD, DAYS)
    of_crm, with_contracts = deal_spine(company, SPREAD), deal_spine(company, SPREAD, DAYS)

    alone = deal_features(company, of_crm, context, DAYS, way=way)
    together = deal_features(company, with_contracts, context, DAYS, way=way)

    is_contract = pl.col(ENTITY_ID).str.starts_with(PREFIX)
    assert together.filter(is_contract).height > 10
    assert_frame_equal(together.filter(~is_contract), alone, check_exact=True)


def test_both_ways_describe_contract_deals_alike_and_never_by_todays_amount(company: Book) -> None:
    moments = (*SPREAD, day(28))
    context = build_context(company, moments, DAYS)
    spine = deal_spine(company, moments, DAYS)
    is_contract = pl.col(ENTITY_ID).str.starts_with(PREFIX)

    plain, fast = (
        deal_features(company, spine, context, DAYS, way=way).filter(is_contract)
        for way in ("plain", "fast")
    )
    today = deal_state(company, spine, DAYS).filter(is_contract, pl.col("as_of") == day(28))

    assert_frame_equal(plain, fast, check_exact=True)
    assert today.collect()["amount"].null_count() == 0
    assert plain["log_amount"].null_count() == plain.height
    assert (plain["is_renewal"] == 1.0).all()
    assert plain["deal_type"].n_unique() == 1
    assert plain["deal_type"].null_count() == 0
    assert plain["days_to_commitment"].is_between(-60, 90).all()


@pytest.mark.parametrize("first", range(0, 40, 5))
def test_the_future_never_changes_a_contract_deal(first: int) -> None:
    told = []
    for of in twins(range(first, first + 5), day(0)):
        spine = deal_spine(of, [day(0)], DAYS)
        context = build_context(of, [day(0)], DAYS)
        told.append(
            (
                deal_state(of, spine, DAYS).sort(ENTITY_ID).collect(),
                deal_features(of, spine, context, DAYS),
            )
        )

    (state, described), (state_then, described_then) = told

    assert_frame_equal(state, state_then, check_exact=True)
    assert_frame_equal(described, described_then, check_exact=True)


def test_the_other_futures_have_contract_deals() -> None:
    here, _ = twins(range(40), day(0))

    found = deal_spine(here, [day(0)], DAYS).collect()[ENTITY_ID]

    assert found.str.starts_with(PREFIX).sum() > 20
