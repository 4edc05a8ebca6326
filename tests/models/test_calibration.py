"""A map of probabilities."""

import numpy as np
import pytest

from models.calibration import Calibration
from models.document import from_json, to_json

P = np.array([[0.7, 0.1, 0.1, 0.1], [0.0, 0.5, 0.5, 0.0]])


def test_a_higher_temperature_is_more_careful() -> None:
    found = Calibration(2.0, (0.0, 0.0, 0.0, 0.0)).apply(P)

    assert found[0, 0] < 0.7
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_a_bias_moves_one_class() -> None:
    found = Calibration(1.0, (float(np.log(2.0)), 0.0, 0.0, 0.0)).apply(P)

    assert found[0, 0] == pytest.approx(1.4 / 1.7)


def test_a_probability_of_zero_stays_finite() -> None:
    assert np.isfinite(Calibration(0.5, (1.0, 0.0, 0.0, 0.0)).apply(P)).all()


def test_a_map_reads_back_as_it_was() -> None:
    told = Calibration(1.1, (0.1, -0.1, 0.05, -0.05))

    assert from_json(Calibration, to_json(told), name="bucket.json") == told


def test_a_temperature_of_nought_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature above 0"):
        Calibration(0.0, (0.0,))
