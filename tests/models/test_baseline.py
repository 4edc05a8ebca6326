from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from models.baseline import (
    NONE,
    age_edges,
    band,
    fit_rates,
    fit_transition,
    known_rates,
)

WON = ("won",)
FOUR = ("p_a_list", "p_pain", "p_walk_away", "p_steady")


def at(days: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)


def outcomes(*rows: tuple[str | None, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "owner": [row[0] for row in rows],
            "known_at": [at(row[1]) for row in rows],
            "won": [row[2] for row in rows],
        },
        schema_overrides={"owner": pl.String},
    )


def asked(*rows: tuple[str | None, int]) -> pl.DataFrame:
    return pl.DataFrame(
        {"owner": [row[0] for row in rows], "as_of": [at(row[1]) for row in rows]},
        schema_overrides={"owner": pl.String},
    )


def test_the_constant_is_the_share_with_one_more_row_per_answer() -> None:
    rows = pl.DataFrame({name: [float(name == "p_pain")] * 6 for name in FOUR})

    found = fit_rates(rows, classes=FOUR).predict(rows)

    assert found.row(0) == pytest.approx((0.1, 0.7, 0.1, 0.1))
    assert found.height == 6


def test_a_finer_rate_is_shrunk_to_the_coarser_one() -> None:
    rows = pl.DataFrame({"stage": ["x"] * 8 + ["y"] * 8, "won": [1.0] * 8 + [0.0] * 8})

    found = fit_rates(rows, classes=WON, levels=(("stage",),), weight=8.0).predict(
        pl.DataFrame({"stage": ["y", "x"]})
    )

    # base (8 + 1) / (16 + 2) = .5; x: (8 + 8 x .5) / 16 = .75
    assert found["won"].to_list() == pytest.approx([0.25, 0.75])


def test_an_unseen_key_takes_the_coarser_rate_and_null_is_a_key() -> None:
    rows = pl.DataFrame(
        {"stage": ["x", "x", None], "age": [0, 1, 0], "won": [1.0, 1.0, 0.0]},
        schema_overrides={"stage": pl.String},
    )
    table = fit_rates(rows, classes=WON, levels=(("stage",), ("stage", "age")), weight=1.0)
    new = pl.DataFrame(
        {"stage": ["x", "z", None], "age": [7, 0, 0]}, schema_overrides={"stage": pl.String}
    )

    found = table.predict(new)["won"].to_list()

    base = 3 / 5
    stage_x = (2 + base) / 3
    nothing = (0 + base) / 2
    assert found == pytest.approx([stage_x, base, nothing / 2])


def test_persistence_counts_from_the_label_before_with_one_in_every_cell() -> None:
    rows = pl.DataFrame(
        {
            "previous": ["pain", "pain", NONE],
            "p_a_list": [0.0, 0.0, 1.0],
            "p_pain": [1.0, 1.0, 0.0],
            "p_walk_away": [0.0, 0.0, 0.0],
            "p_steady": [0.0, 0.0, 0.0],
        }
    )
    table = fit_transition(rows, classes=FOUR, before="previous")

    found = table.predict(pl.DataFrame({"previous": [NONE, "steady", "pain"]}))

    assert found.row(0) == pytest.approx((0.4, 0.2, 0.2, 0.2))
    assert found.row(1) == pytest.approx((0.25, 0.25, 0.25, 0.25))
    assert found.row(2) == pytest.approx((1 / 6, 3 / 6, 1 / 6, 1 / 6))


def test_a_past_rate_uses_only_outcomes_certain_before_as_of() -> None:
    past = outcomes(("a", 1, 1.0), ("a", 5, 0.0), ("b", 3, 0.0))

    found = known_rates(asked(("a", 5), ("a", 6)), past, by="owner", classes=WON, weight=2.0)

    # day 5: book 1 of 2, own 1 of 1 · day 6: book 1 of 3, own 1 of 2
    assert found["won"].to_list() == pytest.approx([(1 + 2 * 0.5) / 3, (1 + 2 * 0.4) / 4])


def test_outcomes_of_the_same_moment_all_count() -> None:
    past = outcomes(("a", 1, 1.0), ("a", 1, 1.0), ("a", 1, 0.0), ("b", 1, 1.0))

    found = known_rates(asked(("a", 2)), past, by="owner", classes=WON, weight=6.0)

    assert found["won"].item() == pytest.approx((2 + 6 * (4 / 6)) / 9)


def test_nobody_and_a_newcomer_get_the_books_rate() -> None:
    past = outcomes(("a", 1, 1.0), (None, 1, 1.0))

    found = known_rates(
        asked((None, 2), ("new", 2), ("a", 0)), past, by="owner", classes=WON, weight=20.0
    )

    assert found["won"].to_list() == pytest.approx([0.75, 0.75, 0.5])


def test_rates_come_back_in_the_order_asked() -> None:
    past = outcomes(("a", 1, 1.0), ("b", 1, 0.0))
    rows = asked(("b", 9), ("a", 3), ("b", 2), ("a", 9))

    found = known_rates(rows, past, by="owner", classes=WON, weight=1.0)["won"].to_list()

    assert found == pytest.approx([0.25, 0.75, 0.25, 0.75])


def test_bands_are_counted_by_the_edges_below() -> None:
    values = pl.DataFrame({"x": [-1.0, 0.5, 3.0, 99.0, None]})

    found = values.select(band(pl.col("x"), (0.0, 2.0))).to_series().to_list()

    assert found == [0, 1, 2, 2, None]


def test_age_bands_are_quartiles_of_what_was_seen() -> None:
    assert age_edges(pl.Series([1.0, 2.0, 3.0, 4.0, None])) == (2.0, 3.0)
    assert age_edges(pl.Series([5.0] * 9)) == (5.0,)
    assert age_edges(pl.Series([], dtype=pl.Float64)) == ()
