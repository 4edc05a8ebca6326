from collections.abc import Callable

import pytest

from benchmarks.features.core61 import CORE, MEASURES, NAMES, QUOTIENTS, SOURCES, columns_of
from benchmarks.features.definition import Condition, Measure
from features.schema import TABLES


def test_there_are_61_features_each_with_a_name_of_its_own() -> None:
    assert len(CORE) == 61
    assert len(set(NAMES)) == 61


def test_most_of_them_are_additive() -> None:
    additive = [measure for measure in MEASURES if measure.kind in {"count", "sum", "open"}]

    assert len(additive) > 61 * 0.7


def test_quotients_name_measures() -> None:
    measures = {measure.name for measure in MEASURES}

    assert {name for entry in QUOTIENTS for name in (entry.part, entry.whole)} <= measures


@pytest.mark.parametrize("table", SOURCES)
def test_the_columns_read_are_columns_of_the_contract(table: str) -> None:
    assert set(columns_of(table)) <= set(TABLES[table].schema)


def test_a_derived_column_is_read_as_what_it_is_made_of() -> None:
    read = columns_of("invoices")

    assert "due_on" in read
    assert "paid_at" in read
    assert "due_at" not in read
    assert "late_days" not in read


def test_a_compared_column_is_read_too() -> None:
    assert "old" in columns_of("opportunity_changes")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Condition("kind", "is"), "kind is: expected a str, got None"),
        (lambda: Condition("kind", "in", "call"), "expected a tuple, got 'call'"),
        (lambda: Condition("automated", "true", 1.0), "expected no value, got 1.0"),
        (lambda: Measure("n", "w", "t", "count", "at"), "expected days for a window only"),
        (lambda: Measure("n", "w", "t", "last", "at", days=30), "expected days for a window only"),
        (lambda: Measure("n", "w", "t", "count", "at", days=0), "expected days for a window only"),
        (lambda: Measure("n", "w", "t", "sum", "at", days=3), "a sum got the column None"),
        (lambda: Measure("n", "w", "t", "open", "at"), "an end for what is open only, got None"),
    ],
)
def test_nonsense_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
