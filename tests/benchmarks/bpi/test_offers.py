import numpy as np
import polars as pl
import pytest

from benchmarks.bpi.offers import calibration


def rows(count: int = 80) -> pl.DataFrame:
    """Half of them four days old and half twenty; the higher `p`, the surer the win."""
    place = np.arange(count)
    p = (place // 2 + 0.5) / (count / 2)
    return pl.DataFrame(
        {
            "account_id": [f"a{number}" for number in place],
            "age_days": np.where(place % 2, 20.0, 4.0),
            "p": p,
            "p_rival": np.full(count, 0.4),
            "won": (p > 0.5).astype(np.float64),
        }
    )


def test_each_band_of_age_is_cut_into_quarters_by_the_forecast() -> None:
    found = calibration(rows())

    places = [(one["age"], one["part"], one["rows"]) for one in found]
    assert places == [
        *(("4-7 days", part, 10) for part in (1, 2, 3, 4)),
        *(("15 days and more", part, 10) for part in (1, 2, 3, 4)),
    ]


def test_a_quarter_tells_what_was_foretold_and_what_came() -> None:
    first, *_, last = calibration(rows())

    assert first["foretold"] == pytest.approx(0.125)
    assert last["foretold"] == pytest.approx(0.875)
    assert (first["rival"], first["won"]["value"]) == (pytest.approx(0.4), 0.0)  # type: ignore[index]
    assert last["won"]["value"] == 1.0  # type: ignore[index]


def test_the_order_of_the_rows_does_not_matter_where_forecasts_differ() -> None:
    assert calibration(rows().reverse()) == calibration(rows())
