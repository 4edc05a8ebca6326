from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

import features.snapshot
from features.catalogue import features_of
from features.feature import Entity
from features.history import happened, recorded
from training.leaks import (
    Probe,
    feature_warnings,
    model_warnings,
    moved_features,
    probe_moments,
    single_auc,
)
from training.matrix import Examples

AT = datetime(2025, 9, 1, tzinfo=UTC)


def probe(entity: Entity) -> Probe:
    return Probe(entity, AT, tuple(feature.name for feature in features_of(entity)))


@pytest.mark.parametrize("entity", ["account", "deal"])
def test_no_feature_moves_when_the_future_does(company: Any, entity: Entity) -> None:
    assert moved_features(company.book, probe(entity), company.calendar, seed=1) == ()


def test_a_filter_that_forgets_when_a_row_was_recorded_is_caught(
    company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        features.snapshot, "known_from", lambda table, calendar=None: happened(table, calendar)
    )

    assert moved_features(company.book, probe("account"), company.calendar, seed=1)


def test_a_filter_that_forgets_when_a_row_happened_is_caught(
    company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        features.snapshot, "known_from", lambda table, calendar=None: recorded(table)
    )

    assert moved_features(company.book, probe("account"), company.calendar, seed=1)


def test_a_cell_that_is_read_before_its_stamp_is_caught(
    company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features.snapshot, "unstamped", lambda spec, calendar: [])

    assert "days_late_365d" in moved_features(
        company.book, probe("account"), company.calendar, seed=1
    )


def test_a_feature_that_tells_the_outcome_alone_is_warned_of() -> None:
    truth = np.arange(100) % 2 == 0
    X = pl.DataFrame({"told": truth.astype(np.float32), "noise": np.zeros(100, np.float32)})
    examples = Examples("account", X, pl.DataFrame({"row": range(100)}), (), {})

    found = feature_warnings(examples, {"pain": truth})

    assert len(found) == 1
    assert "told alone tells pain with AUC 1.00" in found[0]


def test_an_auc_above_nine_tenths_is_warned_of() -> None:
    assert len(model_warnings("slip", {"hazard": 0.93, "constant": 0.5, "x": None})) == 1


def test_the_auc_of_one_column_leaves_unknown_values_out() -> None:
    values = pl.Series([None] * 50 + [1.0] * 30 + [2.0] * 30)
    truth = np.array([True] * 50 + [False] * 30 + [True] * 30)

    assert single_auc(values, truth) == 1.0
    assert single_auc(values[:60], truth[:60]) is None


def test_the_middle_and_the_newest_moment_are_probed_once() -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]

    assert probe_moments(days) == (days[1], days[2])
    assert probe_moments(days[:1]) == (days[0],)
    assert probe_moments([]) == ()
