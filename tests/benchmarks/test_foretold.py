from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from benchmarks.foretold import (
    ACCOUNTS_AS_OF,
    DEALS_AS_OF,
    HORIZON,
    TARGETS,
    bucket_outcomes,
    foretold_and_happened,
    slip_outcomes,
)
from benchmarks.portrait.regimes import World, open_world
from bucketlist.oracle import OracleMoments, Question
from features.crm.synthetic.regimes import UNTIL
from features.schema import TIME
from features.snapshot import account_spine, deal_spine


def made(rows: list[tuple[str, str, str | None]]) -> pl.DataFrame:
    labels = pl.DataFrame(rows, ["entity_id", "account_id", "label"], orient="row")
    return labels.with_columns(pl.lit(ACCOUNTS_AS_OF).cast(TIME).alias("as_of"))


def say(_: str) -> None:
    """Progress that nobody reads."""


def foretell_tenths(
    world: World, moments: OracleMoments, question: Question, _: Callable[[str], None]
) -> pl.DataFrame:
    """Says .1 of everything, and nothing of what an entity does not have."""
    assert question.policy.growth_floor
    spines = [account_spine(world.book, moments.accounts).collect()]
    if moments.deals:
        spines.append(deal_spine(world.book, moments.deals).collect())
    columns = list(TARGETS.values())
    parts = []
    for number, spine in enumerate(spines):
        its_own = columns[:4] if number == 0 else columns[4:]
        said = [
            pl.lit(0.1 if name in its_own else None, pl.Float64).alias(name) for name in columns
        ]
        parts.append(spine.select("entity_id", "as_of", *said))
    return pl.concat(parts)


def test_a_label_is_one_outcome_for_each_bucket_and_an_untold_one_is_none() -> None:
    found = bucket_outcomes(made([("a", "", "pain"), ("b", "", None)]))

    assert found.select("entity_id", "account_id", "target", "happened").sort("target").rows() == [
        ("a", "a", "a_list", False),
        ("a", "a", "pain", True),
        ("a", "a", "steady", False),
        ("a", "a", "walk_away", False),
    ]


def test_a_deal_has_an_outcome_for_each_date_that_has_passed() -> None:
    labels = made([("d1", "acme", "won"), ("d2", "acme", None)]).select(
        "entity_id",
        "account_id",
        "as_of",
        pl.col("label").alias("label_period"),
        label_won_by_committed=pl.Series([False, True]),
    )

    found = slip_outcomes(labels).select("entity_id", "target", "happened")

    assert sorted(found.rows()) == [
        ("d1", "lost_by_period_end", False),
        ("d1", "won_by_committed", False),
        ("d1", "won_by_period_end", True),
        ("d2", "won_by_committed", True),
    ]


def test_every_window_has_ended_before_the_worlds_do() -> None:
    assert (ACCOUNTS_AS_OF + HORIZON).date() <= UNTIL
    assert ACCOUNTS_AS_OF.day == 1
    assert DEALS_AS_OF.weekday() == 0
    assert date(2026, 1, 1) < DEALS_AS_OF.date()


@pytest.mark.parametrize("name", ["tiny", "transactional"])
def test_probabilities_meet_the_labels_of_the_exported_tables(name: str) -> None:
    world = open_world(name, accounts=60, seed=101)

    found = foretold_and_happened(world, 10, foretell=foretell_tenths, say=say)

    buckets = found.filter(pl.col("target").is_in(list(TARGETS)[:4]))
    happened = buckets.group_by("account").agg(pl.col("happened").sum(), pl.len())
    assert happened.height > 20
    assert set(happened["happened"]) == {1}
    assert set(happened["len"]) == {4}
    assert set(found["predicted"]) == {0.1}
    assert all(account.startswith("101/A") for account in found["account"])
    has_deals = name == "tiny"
    assert ("won_by_committed" in set(found["target"])) is has_deals
