"""Naive Bayes: frequencies multiplied, as by hand."""

import polars as pl
import pytest

from models.bayes import SMOOTHING, fit_bayes


def deals(*rows: tuple[str | None, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"source": [row[0] for row in rows], "won": [row[1] for row in rows]},
        schema={"source": pl.String, "won": pl.Float64},
    )


def test_one_field_gives_the_frequencies_by_hand() -> None:
    fitted = fit_bayes(
        deals(("fair", 1.0), ("fair", 1.0), ("call", 0.0), ("fair", 0.0)),
        classes=["won"],
        fields=["source"],
    )

    found = fitted.predict(deals(("fair", 0.0)))["won"].item()

    base = 3 / 6  # two won of four, one more for each answer
    won = base * (2 + SMOOTHING) / (2 + 2 * SMOOTHING)
    lost = (1 - base) * (1 + SMOOTHING) / (2 + 2 * SMOOTHING)
    assert found == pytest.approx(won / (won + lost), abs=1e-12)


def test_a_value_that_training_has_not_seen_says_nothing() -> None:
    fitted = fit_bayes(deals(("fair", 1.0), ("call", 0.0)), classes=["won"], fields=["source"])

    assert fitted.predict(deals(("web", 0.0)))["won"].item() == pytest.approx(0.5)


def test_null_is_a_value_of_its_own() -> None:
    rows = deals((None, 1.0), (None, 1.0), (None, 1.0), ("call", 0.0), ("call", 0.0))

    found = fit_bayes(rows, classes=["won"], fields=["source"]).predict(
        deals((None, 0.0), ("call", 0.0))
    )["won"]

    assert found[0] > 0.9
    assert found[1] < 0.1


def test_four_classes_sum_to_one_and_fields_are_multiplied() -> None:
    classes = ["p_a", "p_b", "p_c", "p_d"]
    rows = pl.DataFrame(
        {
            "segment": ["s", "s", "l", "l"] * 3,
            "owner": ["x", "y", "x", "y"] * 3,
            **{
                name: [1.0 if place % 4 == number else 0.0 for place in range(12)]
                for number, name in enumerate(classes)
            },
        }
    )

    found = fit_bayes(rows, classes=classes, fields=["segment", "owner"]).predict(rows[:4])

    assert found.sum_horizontal().to_list() == pytest.approx([1.0] * 4)
    assert [row.index(max(row)) for row in found.rows()] == [0, 1, 2, 3]
