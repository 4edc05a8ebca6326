from dataclasses import replace
from pathlib import Path
from string import Formatter

import polars as pl
import pytest

from features.catalogue import (
    ACCOUNT,
    ACCOUNT_CONTEXT,
    DEAL,
    contract_hash,
    features_of,
    page,
    switched_off,
)
from features.feature import Feature
from features.schema import HISTORY, NOW, TABLES
from tests.factories import account, book, day, invoice

EVERY = [*ACCOUNT, *DEAL]
NAMES = [f"{entity}-{f.name}" for entity, of in (("account", ACCOUNT), ("deal", DEAL)) for f in of]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "features.md"


@pytest.mark.parametrize("entity", ["account", "deal"])
def test_names_are_unique_within_an_entity(entity: str) -> None:
    names = [feature.name for feature in features_of(entity)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("feature", EVERY, ids=NAMES)
def test_a_feature_needs_columns_of_the_contract(feature: Feature) -> None:
    for need in feature.needs:
        table, _, column = need.partition(".")
        assert table in TABLES
        assert not column or column in TABLES[table].schema


@pytest.mark.parametrize("feature", EVERY, ids=NAMES)
def test_no_feature_needs_a_column_that_is_not_safe_as_of(feature: Feature) -> None:
    histories = {"accounts": "account_changes", "opportunities": "opportunity_changes"}
    for need in feature.needs:
        table, _, column = need.partition(".")
        if column:
            rule = TABLES[table].column(column).known_at
            assert rule != NOW
            assert rule != HISTORY or histories[table] in feature.needs


NEVER_TOLD = {"log_amount"}


@pytest.mark.parametrize("feature", EVERY, ids=NAMES)
def test_a_sentence_can_be_filled_and_read(feature: Feature) -> None:
    told = (feature.sentence, feature.sentence_at_zero, feature.sentence_below_zero)
    fields = {name for text in told for _, name, _, _ in Formatter().parse(text) if name}
    value = format(0.5, feature.number_format)

    assert bool(feature.sentence) != (feature.name in NEVER_TOLD)
    assert "value" in fields or feature.unit == "flag" or feature.name in NEVER_TOLD
    assert fields <= {"value", "peer"}
    assert all("{" not in text.format(value=value, peer=value) for text in told)
    assert feature.meaning.endswith(".")


def test_a_deal_carries_part_of_its_account() -> None:
    names = {feature.name for feature in DEAL}

    assert {f"account_{name}" for name in ACCOUNT_CONTEXT} <= names


def test_missing_tables_switch_features_off_by_name() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(-3), due_on=None)])

    off = switched_off("account", of)

    assert off["overdue_now"] == ("invoices.due_on", "invoices.paid_at")
    assert off["tickets_90d"] == ("tickets",)
    assert "net_invoiced_90d" not in off


def test_the_contract_changes_with_names_order_units_directions_and_vocabularies() -> None:
    first, second = ACCOUNT[:2]
    contracts = [
        (first, second),
        (second, first),
        (first,),
        (replace(first, unit="weeks"), second),
        (replace(first, direction={"win": 1}), second),
        (replace(first, unit="category", vocabulary=("new", "old"), direction={}), second),
        (replace(first, unit="category", vocabulary=("old", "new"), direction={}), second),
    ]

    assert len({contract_hash(contract) for contract in contracts}) == len(contracts)
    assert contract_hash((replace(first, meaning="Other words."), second)) == contract_hash(
        (first, second)
    )


def test_the_page_of_features_is_current() -> None:
    assert PAGE.read_text() == page(), "run: python -m features.catalogue > docs/features.md"


def test_the_page_gives_the_words_of_a_category_in_the_order_of_their_codes() -> None:
    (line,) = [line for line in page().splitlines() if line.startswith("| `deal_type` |")]

    assert "| category: new, expansion, renewal, other |" in line


def test_every_feature_is_on_the_page_once() -> None:
    cells = pl.Series(page().splitlines()).str.extract(r"^\| `(\w+)` \|", 1).drop_nulls()

    assert cells.to_list() == [feature.name for feature in EVERY]
