"""The direct multiclass challenger."""

import numpy as np
import polars as pl
import pytest

from models.policy import BUCKETS
from tests.models.conftest import feature
from training.forecasts import FitPlan
from training.heads import FitError
from training.matrix import Examples
from training.multiclass import forecast_multiclass

ROWS = 800


def examples(labels: list[str | None], signal: list[float]) -> Examples:
    X = pl.DataFrame({"signal": signal}, schema={"signal": pl.Float32})
    rows = pl.DataFrame(
        {"label": labels, "label_mature": [True] * len(labels)},
        schema_overrides={"label": pl.String},
    )
    return Examples("account", X, rows, (feature("signal"),), {})


def made() -> tuple[list[str | None], list[float]]:
    draws = np.random.default_rng(1)
    codes = draws.integers(0, 4, ROWS)
    labels: list[str | None] = [BUCKETS[code] for code in codes]
    return labels, (codes + draws.normal(0, 0.3, ROWS)).tolist()


def test_it_learns_which_bucket_and_sums_to_one() -> None:
    labels, signal = made()

    found = forecast_multiclass(
        examples(labels, signal),
        pl.DataFrame({"signal": [0.0, 1.0, 2.0, 3.0]}, schema={"signal": pl.Float32}),
        plan=FitPlan(1, 1),
    )

    assert found.columns == [f"p_{bucket}" for bucket in BUCKETS]
    assert found.sum_horizontal().to_list() == pytest.approx([1.0] * 4)
    assert [row.index(max(row)) for row in found.rows()] == [0, 1, 2, 3]


def test_rows_without_a_label_teach_nothing() -> None:
    labels, signal = made()
    more = examples([*labels, *([None] * 50)], [*signal, *([9.0] * 50)])
    asked = pl.DataFrame({"signal": [1.0]}, schema={"signal": pl.Float32})

    both = [
        forecast_multiclass(train, asked, plan=FitPlan(1, 1))
        for train in (examples(labels, signal), more)
    ]

    assert both[0].equals(both[1])


def test_a_bucket_without_a_row_is_refused_by_name() -> None:
    labels, signal = made()
    kept = [place for place, label in enumerate(labels) if label != "pain"]

    with pytest.raises(FitError, match="'pain': 0"):
        forecast_multiclass(
            examples([labels[place] for place in kept], [signal[place] for place in kept]),
            pl.DataFrame({"signal": [0.0]}, schema={"signal": pl.Float32}),
            plan=FitPlan(1, 1),
        )
