from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from features.calendar import Calendar
from serving.peers import ENOUGH, peers_of
from serving.scene import RowsError, check_rows
from serving.trend import history, trend, weekly


def points(*values: float) -> pl.DataFrame:
    days = [date(2026, 1, 1) + timedelta(weeks=week) for week in range(len(values))]
    return pl.DataFrame({"account_id": ["acme"] * len(values), "on": days, "p": list(values)})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.2] * 4 + [0.3] * 4 + [0.3] * 4, "rising"),
        ([0.3] * 4 + [0.3] * 4 + [0.2] * 4, "falling"),
        ([0.30] * 4 + [0.9] * 4 + [0.34] * 4, "level"),
        ([0.2] * 4 + [0.3] * 3, None),
        ([0.2] * 4 + [0.3] * 4, "rising"),
    ],
)
def test_the_first_and_the_last_four_weeks_make_the_word(values, word) -> None:
    assert trend(points(*values))["trend"].to_list() == [word]


def test_a_midnight_stays_a_midnight_when_the_clocks_change() -> None:
    calendar = Calendar("Europe/Zurich")
    as_of = calendar.midnight(date(2026, 11, 21))

    moments = weekly(as_of, calendar)

    local = [moment.astimezone(ZoneInfo("Europe/Zurich")) for moment in moments]
    assert len(moments) == 12
    assert moments[-1] == as_of
    assert {(moment.hour, moment.weekday()) for moment in local} == {(0, 5)}
    assert all(moment.tzinfo == UTC for moment in moments)


def test_the_history_is_of_the_bucket_shown_today() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    scored = pl.DataFrame(
        {
            "entity_id": ["a", "b"],
            "as_of": [moment, moment],
            "p_a_list": [0.1, 0.5],
            "p_pain": [0.2, 0.1],
            "p_walk_away": [0.3, 0.1],
            "p_steady": [0.4, 0.3],
        }
    )
    shown = pl.DataFrame({"account_id": ["a", "b"], "bucket": ["walk_away", None]})

    found = history(scored, shown, Calendar())

    assert found.rows() == [("a", date(2026, 1, 1), 0.3)]


def test_a_small_segment_is_read_beside_the_whole_book() -> None:
    segments = pl.Series(["big"] * ENOUGH + ["small"] * (ENOUGH - 1) + [None])
    values = [10.0] * ENOUGH + [1.0] * (ENOUGH - 1) + [1.0]
    features = pl.DataFrame(
        {"x": values, "y": [None] * (2 * ENOUGH)}, schema_overrides={"y": pl.Float32}
    )

    peers = peers_of(features, segments, names=["x", "y"])
    beside = peers.beside(pl.Series(["small", "big", None, "unheard of"]))

    book_median = 5.5
    assert beside["x"].to_list() == [book_median, 10.0, book_median, book_median]
    assert beside["y"].null_count() == 4


def test_features_of_one_account_are_never_taken_for_those_of_another() -> None:
    features = pl.DataFrame({"entity_id": ["a", "b"]})

    check_rows(features, pl.Series(["a", "b"]))
    with pytest.raises(RowsError, match="row 0: expected features of b, found a"):
        check_rows(features, pl.Series(["b", "a"]))
    with pytest.raises(RowsError, match="3 rows, found 2"):
        check_rows(features, pl.Series(["a", "b", "c"]))
