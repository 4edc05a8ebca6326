import numpy as np
import polars as pl
import pytest

from benchmarks.reasons.retrain import Stays, jaccard, summed


def stays(*rows: tuple[str, float, bool, bool]) -> Stays:
    accounts, overlap, tied, moved = zip(*rows, strict=True)
    return Stays("refit", pl.Series(accounts), np.array(overlap), np.array(tied), np.array(moved))


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (["a", "b", "c"], ["c", "b", "a"], 1.0),
        (["a", "b", "c"], ["a", "b", "d"], 0.5),
        (["a"], ["a", "b"], 0.5),
        (["a"], ["b"], 0.0),
    ],
)
def test_what_is_shared_is_counted_whatever_the_order(before, after, share):
    assert jaccard(before, after) == share


def test_worlds_are_pooled_and_their_accounts_kept_apart():
    one = stays(("acme", 1.0, False, False), ("acme", 0.5, True, False))
    two = stays(("acme", 0.0, True, True))

    found = summed([one, two], [7, 8])

    value, low, high = found["jaccard"]
    assert (found["rows"], value, found["same"]) == (3, 0.5, 0.333)
    assert low < value < high
    assert found["near_ties"] == {"share": 0.667, "jaccard": 0.25}
    assert found["others"] == {"share": 0.333, "jaccard": 1.0}
    assert found["bucket_moved"] == {"share": 0.333, "jaccard": 0.0}
    assert found["bucket_kept"] == {"share": 0.667, "jaccard": 0.75}


def test_a_part_without_rows_has_no_mean():
    found = summed([stays(("acme", 1.0, False, False), ("blue", 0.5, False, False))], [7])

    assert found["near_ties"] == {"share": 0.0, "jaccard": None}
