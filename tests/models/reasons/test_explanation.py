from datetime import date

import numpy as np
import polars as pl
import pytest

from features.feature import Feature
from models.reasons import Explanation, top_reasons

TODAY = date(2026, 1, 5)
REPLIES = Feature(
    name="replies",
    meaning="Replies.",
    unit="count",
    concept="engagement",
    needs=(),
    null_means="not recorded",
    sentence="{value} replies",
)


def test_reasons_of_unequal_members_are_averaged_by_their_shares():
    explanation = Explanation(
        names=("replies",),
        parts=np.array([[[0.3]], [[0.01]]]),
        shares=np.array([0.2, 0.8]),
        base=np.zeros(1),
        raises=("up",),
        lowers=("down",),
    )

    assert explanation.averaged() == pytest.approx(np.array([[0.068]]))
    X = pl.DataFrame({"replies": [1.0]})
    assert top_reasons(explanation, X, features=(REPLIES,), as_of=[TODAY]) == [()]


def test_rows_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match="for 1 rows, got 2"):
        Explanation(("a",), np.zeros((1, 1, 1)), np.ones(1), np.zeros(2), ("u",), ("l",))
