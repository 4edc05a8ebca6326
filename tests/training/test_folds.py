from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from features.calendar import Calendar
from training.folds import (
    NotEnoughDataError,
    Rhythm,
    Span,
    choose_horizon,
    folds_of,
    ladder_table,
    lay_folds,
    moments,
)

START = datetime(2022, 1, 3, tzinfo=UTC)
MONTHLY = Rhythm(0, timedelta(weeks=13), (26, 4))
BIWEEKLY = Rhythm(2, timedelta(weeks=13), (26, 4))
LADDER = (26, 13, 8, 4)


def span(weeks: int) -> Span:
    return Span(START, START + timedelta(weeks=weeks))


def test_accounts_are_described_at_local_midnight_of_the_first_of_each_month() -> None:
    calendar = Calendar("Europe/Berlin")

    found = moments(MONTHLY, calendar, since=START, until=START + timedelta(weeks=52))

    local = [moment.astimezone(ZoneInfo("Europe/Berlin")) for moment in found]
    assert [moment.month for moment in local] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1]
    assert {(moment.day, moment.hour, moment.minute) for moment in local} == {(1, 0, 0)}


def test_the_grid_of_deals_keeps_its_mondays_when_the_log_grows() -> None:
    calendar = Calendar()
    short = moments(BIWEEKLY, calendar, since=START, until=START + timedelta(weeks=30))
    later = START + timedelta(days=40)

    found = moments(BIWEEKLY, calendar, since=later, until=START + timedelta(weeks=60))

    assert {moment.weekday() for moment in short} == {0}
    assert [moment for moment in short if moment >= later] == found[: len(short) - 3]
    assert {b - a for a, b in pairwise(found)} == {timedelta(weeks=2)}


@pytest.mark.parametrize("weeks", LADDER)
@pytest.mark.parametrize("rhythm", [MONTHLY, BIWEEKLY])
def test_no_fold_learns_from_a_window_that_had_not_ended(weeks: int, rhythm: Rhythm) -> None:
    horizon = timedelta(weeks=weeks)

    folds = folds_of(weeks, span(208), rhythm, Calendar(), 26)

    assert folds
    for fold in folds:
        assert all(moment + horizon <= fold.origin for moment in fold.train_as_ofs)
        assert all(moment < fold.origin for moment in fold.landmarks)
        assert min(fold.test_as_ofs) == fold.origin
        assert max(fold.test_as_ofs) + horizon <= span(208).observed_until


def test_every_moment_from_the_first_origin_on_is_tested_once() -> None:
    folds = folds_of(13, span(208), MONTHLY, Calendar(), 26)
    grid = moments(
        MONTHLY, Calendar(), since=folds[0].origin, until=START + timedelta(weeks=208 - 13)
    )

    tested = [moment for fold in folds for moment in fold.test_as_ofs]

    assert tested == grid


def test_origins_are_counted_back_from_the_newest_matured_moment() -> None:
    grid = [START + timedelta(weeks=week) for week in range(60)]
    horizon = timedelta(weeks=8)
    until = START + timedelta(weeks=62)

    folds = lay_folds(grid, horizon, spacing=timedelta(weeks=13), until=until)

    weeks = [(fold.origin - START) // timedelta(weeks=1) for fold in folds]
    assert weeks == [8, 16, 29, 42]
    assert folds[-1].test_as_ofs[-1] == START + timedelta(weeks=54)


def test_the_ladder_takes_the_longest_horizon_that_leaves_six_origins() -> None:
    chosen = {
        weeks: choose_horizon(None, LADDER, span=span(weeks), rhythm=MONTHLY, calendar=Calendar())
        for weeks in (208, 106, 52, 20)
    }

    assert {weeks: found.weeks for weeks, found in chosen.items()} == {
        208: 26, 106: 13, 52: 8, 20: 4,
    }  # fmt: skip
    assert {weeks: found.standing for weeks, found in chosen.items()} == {
        208: "full", 106: "full", 52: "short history", 20: "indicative",
    }  # fmt: skip


def test_a_short_warm_up_is_taken_only_where_the_long_one_leaves_too_few_origins() -> None:
    long = choose_horizon(26, LADDER, span=span(208), rhythm=MONTHLY, calendar=Calendar())
    short = choose_horizon(13, LADDER, span=span(106), rhythm=MONTHLY, calendar=Calendar())

    assert long.chosen.warm_up_weeks == 26
    assert short.chosen.warm_up_weeks == 4


def test_a_horizon_set_by_hand_is_never_changed() -> None:
    found = choose_horizon(13, LADDER, span=span(40), rhythm=MONTHLY, calendar=Calendar())

    assert (found.weeks, found.is_auto, found.standing) == (13, False, "indicative")


def test_too_short_a_history_ends_with_the_table_of_weeks_required_and_found() -> None:
    with pytest.raises(NotEnoughDataError, match=r"(?s)weeks found.*26 wk.*4 wk"):
        choose_horizon(None, LADDER, span=span(6), rhythm=MONTHLY, calendar=Calendar())


@pytest.mark.parametrize("weeks", LADDER)
def test_the_weeks_that_the_table_asks_for_are_enough_and_one_less_is_not(weeks: int) -> None:
    step = choose_horizon(weeks, LADDER, span=span(208), rhythm=MONTHLY, calendar=Calendar()).chosen

    for needed, origins in ((step.weeks_for_full, 6), (step.weeks_for_short, 3)):
        enough = len(folds_of(weeks, span(needed), MONTHLY, Calendar(), 4))
        too_few = len(folds_of(weeks, span(needed - 1), MONTHLY, Calendar(), 4))
        assert (enough, too_few) == (origins, origins - 1)
    assert str(step.weeks_for_full) in ladder_table([step])
