import numpy as np
import polars as pl
import pytest

from models.document import DocumentError, from_json, to_json
from models.logistic import LogisticHead


def head(**changed: object) -> LogisticHead:
    numbers = {
        "names": ("a", "b"),
        "medians": (2.0, 0.0),
        "lows": (0.0, -1.0),
        "highs": (4.0, 1.0),
        "means": (1.0, 0.0),
        "scales": (2.0, 1.0),
        "coefficients": (3.0, -1.0),
        "flags": (0.5, 0.0),
        "rates": (0.2, 0.0),
        "intercept": -0.25,
    }
    return LogisticHead(**(numbers | changed))  # type: ignore[arg-type]


def frame(*rows: tuple[float | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"a": pl.Float32, "b": pl.Float32}, orient="row")


def test_log_odds_are_those_worked_out_by_hand():
    # a = 3: (3 - 1) / 2 * 3 = 3, known: -0.2 * 0.5 = -0.1; b = 0.5: -0.5; intercept -0.25
    assert head().log_odds(frame((3.0, 0.5))) == pytest.approx([2.15])


def test_a_null_takes_the_median_and_the_coefficient_of_not_known():
    # median 2: (2 - 1) / 2 * 3 = 1.5, not known: 0.8 * 0.5 = 0.4; intercept -0.25
    assert head().log_odds(frame((None, 0.0))) == pytest.approx([1.65])


def test_values_beyond_the_training_rows_count_as_the_outermost():
    odds = head().log_odds(frame((4.0, 0.0), (4e9, 0.0), (0.0, 0.0), (-7.0, 0.0)))

    assert odds[0] == odds[1]
    assert odds[2] == odds[3]


def test_contributions_add_up_to_the_log_odds():
    X = frame((3.0, 0.5), (None, None), (-2.0, 9.0))

    parts = head().contributions(X)

    assert np.abs(parts.sum(axis=1) - head().log_odds(X)).max() < 1e-12
    assert (parts[:, -1] == -0.25).all()


def test_a_head_read_back_from_json_is_the_same():
    assert (
        from_json(LogisticHead, to_json(head(intercept=0.1 + 0.2)), name="x").intercept == 0.1 + 0.2
    )


@pytest.mark.parametrize(
    "text",
    [
        to_json(head()).replace('"intercept"', '"intercepts"'),
        to_json(head()).replace("-0.25", '"-0.25"'),
        to_json(head()).replace("-0.25", "NaN"),
        to_json(head())[:-9],
        "[]",
    ],
)
def test_json_of_another_shape_is_refused(text: str):
    with pytest.raises(DocumentError, match=r"logistic\.json: expected LogisticHead"):
        from_json(LogisticHead, text, name="logistic.json")


def test_a_number_too_few_is_refused():
    with pytest.raises(ValueError, match=r"found \{'means': 1\}"):
        head(means=(1.0,))


def test_a_scale_of_zero_is_refused():
    with pytest.raises(ValueError, match="scales above 0"):
        head(scales=(0.0, 1.0))
