from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from models.grid import Grid
from training.periods import KEPT_SHARE, expand, exposure_of, landmarks_of

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
SCHEMA = {
    "entity_id": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "committed_on": pl.Date,
    "event": pl.String,
    "event_on": pl.Date,
    "censored_on": pl.Date,
}
WEEKS = Grid((1, 2, 3, 4))


def deal(name: str, *, closes: date | None, won: bool = True, seen_to: date = date(2026, 1, 1)):
    event = "open" if closes is None else "won" if won else "lost"
    return (name, MONDAY, None, event, closes, seen_to)


def known(*rows, cut: date = date(2026, 1, 1)):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return landmarks_of(frame, calendar=Calendar(), cut=cut)


def test_a_deal_closed_on_the_last_day_of_a_week_closes_in_that_week():
    for day, expected in ((12, [1, 0, 0, 0]), (13, [0, 1, 0, 0]), (6, [1, 0, 0, 0])):
        counted = exposure_of(known(deal("a", closes=date(2025, 1, day))), WEEKS)

        assert counted.closed.tolist() == expected


def test_a_closed_deal_is_no_longer_exposed():
    counted = exposure_of(known(deal("a", closes=date(2025, 1, 14)), deal("b", closes=None)), WEEKS)

    assert counted.exposed.tolist() == [2, 2, 1, 1]


def test_what_happens_from_the_cut_on_is_not_known():
    # The cut is Monday of the third week: its two weeks before are watched to their end.
    rows = (deal("a", closes=date(2025, 1, 20)), deal("b", closes=date(2025, 1, 19)))

    counted = exposure_of(known(*rows, cut=date(2025, 1, 20)), WEEKS)

    assert counted.closed.tolist() == [0, 1, 0, 0]
    assert counted.exposed.tolist() == [2, 2, 0, 0]


def test_a_week_that_the_cut_falls_into_is_left_out_with_its_closes():
    rows = (deal("a", closes=date(2025, 1, 14)), deal("b", closes=None))

    counted = exposure_of(known(*rows, cut=date(2025, 1, 16)), WEEKS)

    assert counted.closed.tolist() == [0, 0, 0, 0]
    assert counted.exposed.tolist() == [2, 0, 0, 0]


def test_an_open_deal_is_watched_to_the_end_of_the_day_it_was_last_seen():
    counted = exposure_of(known(deal("a", closes=None, seen_to=date(2025, 1, 19))), WEEKS)

    assert counted.exposed.tolist() == [1, 1, 0, 0]


def test_a_landmark_on_the_day_of_the_cut_is_refused():
    with pytest.raises(ValueError, match="found 1 on or after it"):
        known(deal("a", closes=None), cut=MONDAY.date())


def test_the_hazard_is_drawn_towards_two_per_cent_where_rows_are_few():
    counted = exposure_of(known(deal("a", closes=date(2025, 1, 6))), WEEKS)

    assert counted.hazard() == pytest.approx([1.6 / 31, 0.6 / 30, 0.6 / 30, 0.6 / 30])


def test_steps_watched_by_fewer_than_thirty_landmarks_end_the_grid():
    rows = [deal(f"d{i}", closes=None, seen_to=date(2025, 1, 26)) for i in range(30)]
    rows += [deal("late", closes=None)]

    assert exposure_of(known(*rows), WEEKS).steps_known() == 3


def many(deals: int, landmarks: int) -> pl.DataFrame:
    rows = [
        (
            f"d{i}",
            MONDAY + timedelta(days=14 * k),
            None,
            "won" if i % 3 == 0 else "open",
            date(2025, 6, 2) + timedelta(days=i % 50) if i % 3 == 0 else None,
            date(2026, 1, 1),
        )
        for i in range(deals)
        for k in range(landmarks)
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def test_every_close_is_kept_and_a_third_of_the_rest_at_the_weight_of_all():
    marks = landmarks_of(many(400, 3), calendar=Calendar(), cut=date(2026, 1, 1))
    grid = Grid(tuple(range(1, 27)))

    rows, counted = expand(marks, grid, seed=3), exposure_of(marks, grid)

    assert np.bincount(rows.step[rows.closes], minlength=26).tolist() == counted.closed.tolist()
    quiet = int((counted.exposed - counted.closed).sum())
    assert abs((~rows.closes).sum() / quiet - KEPT_SHARE) < 0.01
    everything = 1 / np.minimum(1 + rows.landmark % 3 + rows.step // 2, 3)
    assert rows.weight[rows.closes] == pytest.approx(everything[rows.closes])
    assert rows.weight[~rows.closes] == pytest.approx(everything[~rows.closes] / KEPT_SHARE)


def test_a_row_weighs_by_how_often_its_deal_had_been_described_by_then():
    frame = many(1, 9)[:9].with_columns(event=pl.lit("won"), event_on=date(2025, 5, 5))
    marks = landmarks_of(frame, calendar=Calendar(), cut=date(2026, 1, 1))

    rows = expand(marks, Grid(tuple(range(1, 27))), seed=0)

    for landmark, step, closes, weight in zip(
        rows.landmark, rows.step, rows.closes, rows.weight, strict=True
    ):
        by_then = 1 + (14 * landmark + 7 * step) // 14  # one landmark every two weeks
        whole = weight if closes else weight * KEPT_SHARE
        assert whole == pytest.approx(1 / min(by_then, 9, 6))


def test_what_is_kept_depends_on_the_seed_and_not_on_the_other_rows_or_their_order():
    frame = many(60, 3)
    grid = Grid(tuple(range(1, 13)))

    def kept(rows: pl.DataFrame, seed: int) -> set[tuple]:
        marks = landmarks_of(rows, calendar=Calendar(), cut=date(2026, 1, 1))
        found = expand(marks, grid, seed=seed)
        who = rows.select("entity_id", "as_of").rows()
        return {(*who[row], step) for row, step in zip(found.landmark, found.step, strict=True)}

    whole = kept(frame, 1)

    assert kept(frame.reverse(), 1) == whole
    assert kept(frame[:90], 1) == {row for row in whole if int(row[0][1:]) < 30}
    assert kept(frame, 2) != whole
