"""How far the oracle sees: where a world can be asked, and what lies beyond its history."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from bucketlist import oracle
from bucketlist.oracle import OracleMoments, oracle_frame
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, regime
from features.snapshot import deal_spine, deal_state
from tests.bucketlist.fresh_worlds import KEYS, asked, book_of, labels_of, silent

SMALL = regime("baseline", accounts=40, seed=5, years=2)
MARCH = datetime(2026, 3, 30, tzinfo=UTC)


def told(params: WorldParams, moments: OracleMoments) -> pl.DataFrame:
    return oracle_frame(params, moments, asked(6), progress=silent)


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        (datetime(2026, 5, 6, 12, tzinfo=UTC), "2026-05-04 and 2026-05-11"),
        (datetime(2026, 4, 30, tzinfo=UTC), "2026-04-27 and 2026-05-01"),
    ],
)
def test_a_moment_at_which_the_world_moves_is_refused_with_the_nearest_that_will_do(
    moment: datetime, near: str
) -> None:
    with pytest.raises(ValueError, match=near):
        told(SMALL, OracleMoments(deals=(moment,)))


def test_a_label_window_that_the_history_cuts_off_is_refused() -> None:
    june = datetime(2026, 6, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match=r"end by 2026-11-21, got 2026-06-01 and 182 days"):
        told(SMALL, OracleMoments(accounts=(june,)))


def test_a_date_beyond_the_end_of_the_history_has_no_probability() -> None:
    november = datetime(2026, 11, 2, tzinfo=UTC)
    dates = committed(SMALL, november)

    found = told(SMALL, OracleMoments(deals=(november,))).join(dates, on=list(KEYS))

    for column, day in (
        ("p_won_by_committed", "committed_on"),
        ("p_won_by_period_end", "period_end"),
        ("p_lost", "period_end"),
    ):
        is_beyond = found[day] >= SMALL.until
        assert is_beyond.any()
        assert found.select(pl.col(column).is_null().alias(day))[day].equals(is_beyond)
    assert found["p_won_by_committed"].is_not_null().any()


def test_a_date_beyond_the_reach_of_the_run_has_no_probability(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oracle, "DEAL_WEEKS_AT_MOST", 2)

    found = told(SMALL, OracleMoments(deals=(MARCH,))).join(committed(SMALL, MARCH), on=list(KEYS))

    is_beyond = found["committed_on"] >= MARCH.date() + timedelta(weeks=2)
    assert is_beyond.any()
    assert found["p_won_by_committed"].is_null().equals(is_beyond)


def committed(params: WorldParams, as_of: datetime) -> pl.DataFrame:
    book = book_of(params)
    state = deal_state(book, deal_spine(book, (as_of,)), Calendar()).collect()
    return state.select(*KEYS, "committed_on", "period_end")


def test_expected_bookings_are_those_of_accounts_and_near_what_comes() -> None:
    april, march = datetime(2026, 4, 6, tzinfo=UTC), MARCH
    frame = told(SMALL, OracleMoments(accounts=(april,), deals=(march,)))
    came = labels_of(book_of(SMALL), (april,)).select(*KEYS, "label", "bookings")
    accounts = frame.filter(pl.col("entity") == "account")
    both = accounts.join(came, on=KEYS).drop_nulls("label")
    expected, booked = both["expected_bookings"], both["bookings"].cast(pl.Float64)

    assert accounts["expected_bookings"].null_count() == 0
    assert frame.filter(pl.col("entity") == "deal")["expected_bookings"].is_null().all()
    assert 0.6 < float(expected.sum()) / float(booked.sum()) < 1.6
    assert both.select(pl.corr("expected_bookings", "bookings", method="spearman")).item() > 0.5
