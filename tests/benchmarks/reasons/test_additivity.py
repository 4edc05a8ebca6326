from dataclasses import replace

import numpy as np
import pytest

from benchmarks.reasons.additivity import gaps, rows_used
from benchmarks.reasons.trial import Trial
from models.head import Head


class Leaking(Head):
    """A head whose contributions forget a thousandth of the first feature."""

    def member_contributions(self, rows):
        parts = super().member_contributions(rows)
        parts[:, :, 0] += 0.001
        return parts


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(60, 7)


def test_the_parts_of_every_head_add_up_to_its_log_odds(trial):
    found = gaps(trial, trial.bucket("lightgbm"), trial.slip(), rows=300)

    assert rows_used(trial, 300) == (300, 300)
    assert list(found) == [
        "bucket walk", "bucket pain", "bucket a_list", "slip close", "slip win", "slip reasons",
    ]  # fmt: skip
    assert max(found.values()) < 1e-6


def test_a_head_whose_parts_do_not_add_up_is_found(trial):
    bucket, slip = trial.bucket("lightgbm"), trial.slip()
    fields = {name: getattr(bucket.pain, name) for name in Head.__dataclass_fields__}

    found = gaps(trial, replace(bucket, pain=Leaking(**fields)), slip, rows=50)

    assert found["bucket pain"] == pytest.approx(0.001)
    assert np.isclose(found["bucket walk"], 0.0, atol=1e-9)
