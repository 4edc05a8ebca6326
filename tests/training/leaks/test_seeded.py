"""Every kind of leak, seeded twice or more, is caught by the gate, and by what is said to."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.training.leaks.kinds import LEAKS
from tests.training.leaks.seeded import NAME, plugged
from training.leaks import EVERYTHING, Probe, movements

AT = datetime(2025, 9, 1, tzinfo=UTC)
KINDS = {
    "window off by a day",
    "window off by weeks",
    "≤ for <",
    "recorded_at ignored",
    "current-state cell",
    "as-of join on the wrong side",
    "fitted on all time",
    "peer norm over the future",
    "owner rate with open outcomes",
    "deduplication by newest row",
    "merge applied backwards",
    "exchange rate of the export day",
    "archive union",
    "time-zone shift",
    "cell edited later",
    "label row in a feature",
    "calendar from the final close date",
}


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("name", LEAKS)
def test_a_seeded_leak_is_caught(company: Any, name: str) -> None:
    leak = LEAKS[name]
    probe = Probe(
        leak.entity, AT, (NAME,), describe=plugged(leak.leak), spine_of=leak.spine_of, sample=1_000
    )

    found = movements(company.book, probe, company.calendar, seed=1)

    assert {one.disturbance for one in found} >= {*leak.caught_by, EVERYTHING}, found


def test_every_kind_is_seeded_at_least_twice() -> None:
    counts = Counter(leak.kind for leak in LEAKS.values())

    assert set(counts) == KINDS
    assert min(counts.values()) >= 2
