import pytest

from features.account.usage import usage as of_usage
from tests.factories import Row, account, book, day, on, usage
from tests.features.views import account_row


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(of_usage, book(accounts=[account()], usage=rows))


@pytest.mark.parametrize(
    ("name", "newest", "oldest", "before", "too_old"),
    [
        ("usage_change_14d", -1, -14, -15, -71),
        ("usage_change_90d", -1, -90, -91, -181),
        ("usage_change_year", -1, -90, -366, -456),
    ],
)
def test_a_change_compares_two_windows_that_share_no_period(
    name: str, newest: int, oldest: int, before: int, too_old: int
) -> None:
    said = said_of(
        usage(20.0, period_on=on(newest)),
        usage(40.0, period_on=on(oldest)),
        usage(10.0, period_on=on(before)),
        usage(30.0, period_on=on(too_old + 1)),
        usage(9_000.0, period_on=on(too_old)),
    )

    assert said[name] == pytest.approx(30 / 20 - 1)


def test_changes_are_bounded_and_averaged_over_the_metrics_that_have_one() -> None:
    said = said_of(
        usage(9_000.0, period_on=on(-5)),
        usage(1.0, period_on=on(-40)),
        usage(5.0, period_on=on(-5), metric="calls"),
        usage(10.0, period_on=on(-40), metric="calls"),
        usage(7.0, period_on=on(-5), metric="new"),
        usage(7.0, period_on=on(-5), metric="began"),
        usage(0.0, period_on=on(-40), metric="began"),
    )

    assert said["usage_change_14d"] == pytest.approx((5.0 - 0.5) / 2)


def test_the_swing_is_the_mean_deviation_over_the_mean() -> None:
    said = said_of(
        usage(10.0, period_on=on(-1)),
        usage(30.0, period_on=on(-180)),
        usage(9_000.0, period_on=on(-181)),
    )

    assert said["usage_swing_180d"] == pytest.approx(10 / 20)


def test_the_level_is_held_against_the_best_of_the_year() -> None:
    said = said_of(
        usage(10.0, period_on=on(-1)),
        usage(20.0, period_on=on(-30)),
        usage(60.0, period_on=on(-365)),
        usage(9_000.0, period_on=on(-366)),
    )

    assert said["usage_to_peak"] == pytest.approx(15 / 60)


def test_nothing_is_rounded_but_the_values() -> None:
    said = said_of(
        usage(1.0, period_on=on(-1)),
        usage(0.0, period_on=on(-2)),
        usage(0.0, period_on=on(-3)),
        usage(7.0, period_on=on(-40)),
        usage(7.0, period_on=on(-120)),
        usage(7.0, period_on=on(-400)),
    )

    assert said["usage_change_14d"] == pytest.approx(-20 / 21, abs=1e-7)
    assert said["usage_change_90d"] == pytest.approx(8 / 28 - 1, abs=1e-7)
    assert said["usage_change_year"] == pytest.approx(2 / 7 - 1, abs=1e-7)
    assert said["usage_swing_180d"] == pytest.approx(16 / 15, abs=1e-7)
    assert said["usage_to_peak"] == pytest.approx(1 / 21, abs=1e-7)


def test_equal_levels_are_no_change_to_the_last_bit() -> None:
    tenths = [usage(0.1, period_on=on(-days)) for days in (1, 2, 3, 40, 400)]

    said = said_of(*tenths)

    assert (said["usage_change_14d"], said["usage_change_year"]) == (0.0, 0.0)
    assert said["usage_swing_180d"] == 0.0


def test_an_older_mean_of_zero_or_less_gives_no_change() -> None:
    for older in (0.0, -3.0):
        said = said_of(usage(4.0, period_on=on(-1)), usage(older, period_on=on(-40)))

        assert said["usage_change_14d"] is None


def test_silence_runs_from_the_end_of_the_newest_day_with_any_use() -> None:
    said = said_of(
        usage(5.0, period_on=on(-11)),
        usage(7.0, period_on=on(-8), metric="calls"),
        usage(0.0, period_on=on(-2)),
        usage(5.0, period_on=on(-1), recorded_at=day(0)),
        usage(5.0, period_on=on(0)),
    )

    assert said["usage_silence_days"] == pytest.approx(7.0, abs=1e-6)


def test_a_metric_is_dropped_when_it_rests_for_a_quarter() -> None:
    said = said_of(
        usage(5.0, period_on=on(-91), metric="dropped"),
        usage(0.0, period_on=on(-3), metric="dropped"),
        usage(5.0, period_on=on(-91), metric="kept"),
        usage(5.0, period_on=on(-90), metric="kept"),
        usage(5.0, period_on=on(-91), metric="kept too"),
        usage(5.0, period_on=on(-1), metric="kept too"),
        usage(5.0, period_on=on(-181), metric="long ago"),
        usage(0.0, period_on=on(-100), metric="never"),
    )

    assert said["metrics_dropped"] == 1.0


def test_without_a_measurement_nothing_is_known_but_that_nothing_was_dropped() -> None:
    said = said_of(usage(5.0, period_on=on(-3), account_id="birch"))

    assert said.pop("metrics_dropped") == 0.0
    assert set(said.values()) == {None}
