"""The direct multiclass: challenger of the nested heads, and half of an ensemble."""

import numpy as np
import polars as pl
import pytest

from models.joint import UNTOLD
from models.policy import BUCKETS
from tests.models.conftest import feature
from training.forecasts import FitPlan
from training.heads import FitError
from training.matrix import Examples
from training.multiclass import fit_joint, told_jointly

ROWS = 800


def examples(
    labels: list[str | None], signal: list[float], weights: list[float] | None = None
) -> Examples:
    X = pl.DataFrame({"signal": signal}, schema={"signal": pl.Float32})
    rows = pl.DataFrame(
        {
            "label": labels,
            "label_mature": [True] * len(labels),
            "weight_walk": weights or [1.0] * len(labels),
        },
        schema_overrides={"label": pl.String},
    )
    return Examples("account", X, rows, (feature("signal"),), {})


def made() -> tuple[list[str | None], list[float]]:
    draws = np.random.default_rng(1)
    codes = draws.integers(0, 4, ROWS)
    labels: list[str | None] = [BUCKETS[code] for code in codes]
    return labels, (codes + draws.normal(0, 0.3, ROWS)).tolist()


def asked(*signal: float) -> pl.DataFrame:
    return pl.DataFrame({"signal": signal}, schema={"signal": pl.Float32})


def test_it_learns_which_bucket_and_sums_to_one() -> None:
    found = told_jointly(
        fit_joint(examples(*made()), plan=FitPlan(1, 1)), asked(0.0, 1.0, 2.0, 3.0)
    )

    assert found.columns == [f"p_{bucket}" for bucket in BUCKETS]
    assert found.sum_horizontal().to_list() == pytest.approx([1.0] * 4)
    assert [row.index(max(row)) for row in found.rows()] == [0, 1, 2, 3]


def test_rows_that_are_masked_teach_nothing() -> None:
    labels, signal = made()
    more = examples([*labels, *([None] * 50)], [*signal, *([9.0] * 50)], [1.0] * ROWS + [0.0] * 50)

    both = [fit_joint(train, plan=FitPlan(1, 1)) for train in (examples(labels, signal), more)]

    assert both[0].classes == BUCKETS
    assert told_jointly(both[0], asked(1.0)).equals(told_jointly(both[1], asked(1.0)))


def test_rows_in_play_whose_bucket_cannot_be_told_are_no_walk_aways() -> None:
    labels, signal = made()
    # As many again, all where walk-aways are; of those there one in two is a walk-away now.
    there = [float(value) for value in np.random.default_rng(2).normal(2.0, 0.3, 200)]
    more = examples([*labels, *([None] * 200)], [*signal, *there])

    few, many = (fit_joint(train, plan=FitPlan(1, 1)) for train in (examples(labels, signal), more))

    assert many.classes == (*BUCKETS, UNTOLD)
    before, after = (told_jointly(one, asked(2.0))["p_walk_away"].item() for one in (few, many))
    assert before > 0.8
    assert 0.35 < after < 0.65


def test_a_bucket_without_a_row_is_refused_by_name() -> None:
    labels, signal = made()
    kept = [place for place, label in enumerate(labels) if label != "pain"]

    with pytest.raises(FitError, match="'pain': 0"):
        fit_joint(
            examples([labels[place] for place in kept], [signal[place] for place in kept]),
            plan=FitPlan(1, 1),
        )
