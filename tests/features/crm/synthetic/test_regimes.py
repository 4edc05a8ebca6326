"""Regimes: every one makes a world, and differs from the baseline as it says."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import polars as pl
import pytest

from features.crm.synthetic import REGIMES, UnknownRegimeError, make_world, regime
from features.schema import TABLES, conform
from tests.features.crm.small_world import END, World, closed, open_deals, sales, share

MONTHS = [
    datetime(year, month, 1, tzinfo=UTC) for year in (2024, 2025) for month in range(2, 13, 2)
]
TURN = END - timedelta(weeks=40)


@cache
def made(name: str, seed: int = 7) -> World:
    """A world of the regime; the tiny one has its own size and span."""
    size = {} if name == "tiny" else {"accounts": 300, "years": 3}
    return make_world(regime(name, seed=seed, **size))  # type: ignore[arg-type]


def won_share(world: World, *, since: datetime, until: datetime) -> float:
    ended = sales(world).filter(pl.col("closed_at").is_between(since, until, closed="left"))
    # Losses by clean-up come in January only; what counts is how the pursued ones end.
    return share(ended["outcome"] == "won")


def touches(world: World) -> int:
    return world["activities"].filter(~pl.col("automated")).height


def days_to_close(world: World) -> float:
    won = sales(world).filter(pl.col("outcome") == "won")
    days = (won["closed_at"] - won["created_at"]).dt.total_days().median()
    return float(days or 0.0)  # type: ignore[arg-type]


def overdue(world: World) -> float:
    """Share of open deals whose committed date has passed already."""
    found = open_deals(world, MONTHS)
    return share(found["committed_on"] < found["as_of"].dt.date())


def jumps(world: World) -> float:
    """Share of moves between open stages that leave one out."""
    order = {"Qualify": 0, "Discover": 1, "Propose": 2, "Negotiate": 3}
    moves = world["opportunity_changes"].filter(
        (pl.col("field") == "stage")
        & pl.col("old").is_in(list(order))
        & pl.col("new").is_in(list(order))
    )
    step = moves["new"].replace_strict(order) - moves["old"].replace_strict(order)
    return share(step > 1)


def straight_wins(world: World) -> float:
    """Share of wins that were shown in an early stage until the end."""
    wins = world["opportunity_changes"].filter(
        (pl.col("field") == "stage") & (pl.col("new") == "Won")
    )
    return share(wins["old"].is_in(["Qualify", "Discover"]))


@pytest.mark.parametrize("name", REGIMES)
def test_every_regime_makes_a_world_that_conforms(name: str) -> None:
    world, params = made(name), regime(name)

    assert set(world) == set(TABLES) - params.hidden
    for table, frame in world.items():
        conform(table, frame.lazy())
        assert frame.height > 0, table
        parents = {
            column: parent for column, parent in TABLES[table].parents.items() if parent in world
        }
        for column, parent in parents.items():
            assert frame.join(world[parent].select(column), on=column, how="anti").is_empty()


@pytest.mark.parametrize("name", REGIMES)
def test_a_regime_says_in_one_sentence_what_it_is(name: str) -> None:
    assert REGIMES[name].description.endswith(".")
    assert REGIMES[name].description.count(". ") == 0


def test_the_baseline_is_what_comes_without_a_word() -> None:
    params = regime("baseline")

    assert (params.accounts, params.years, params.seed) == (500, 4.0, 7)
    assert params.hidden == frozenset()


def test_an_unknown_regime_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownRegimeError, match=r"out of baseline, sparse, .*, got 'golden'"):
        regime("golden")


def test_a_sparse_crm_has_fewer_touches_later_and_lacks_tables() -> None:
    sparse, usual = made("sparse"), made("baseline")
    sent = (pl.col("direction") == "outbound") & ~pl.col("automated")
    late = (pl.col("recorded_at") - pl.col("occurred_at")).dt.total_hours() >= 24

    assert touches(sparse) < 0.7 * touches(usual)
    assert not {"tickets", "usage", "quotes", "covenants", "opportunity_contacts"} & set(sparse)
    shares = [
        share(world["activities"].filter(sent).select(late.alias("late"))["late"])
        for world in (sparse, usual)
    ]
    assert shares[0] > 1.3 * shares[1]
    named = [share(world["activities"]["contact_id"].is_not_null()) for world in (sparse, usual)]
    assert named[0] < 0.5 * named[1]


def test_a_tiny_company_is_tiny() -> None:
    tiny, params = made("tiny"), regime("tiny")

    assert (params.accounts, params.years) == (60, 2.0)
    assert tiny["accounts"]["created_at"].min() > END - timedelta(days=760)
    assert tiny["reps"].height == 5
    assert 60 <= tiny["accounts"].height < 66


def test_long_cycles_are_long_and_their_contracts_too() -> None:
    slow, usual = made("long_cycle"), made("baseline")
    term = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days().median().alias("days")

    assert days_to_close(slow) > 1.5 * days_to_close(usual)
    assert slow["contracts"].select(term)["days"][0] > usual["contracts"].select(term)["days"][0]
    assert slow["opportunities"].height < usual["opportunities"].height


def test_a_wholesaler_has_orders_and_no_opportunities() -> None:
    shop, usual = made("transactional"), made("baseline")

    assert not {"opportunities", "opportunity_changes", "contracts", "quotes"} & set(shop)
    assert shop["activities"]["opportunity_id"].null_count() == shop["activities"].height
    per_account = shop["invoices"].group_by("account_id").len()["len"]
    spread = float(per_account.std() or 0) / float(per_account.mean() or 1)  # type: ignore[arg-type]
    again = usual["invoices"].group_by("account_id").len()["len"]
    assert spread > float(again.std() or 0) / float(again.mean() or 1)  # type: ignore[arg-type]
    assert shop["invoices"].height > 20 * 300


@pytest.mark.parametrize("measure", [overdue, jumps, straight_wins])
def test_where_reps_game_the_pipeline_dates_and_stages_say_less(
    measure: Callable[[World], float],
) -> None:
    assert measure(made("gaming")) > measure(made("baseline"))


def test_jumps_and_straight_wins_are_common_where_reps_game() -> None:
    assert jumps(made("gaming")) > 1.5 * jumps(made("baseline"))
    assert straight_wins(made("gaming")) > 1.5 * straight_wins(made("baseline"))


@pytest.mark.parametrize(("name", "sign"), [("shock", -1), ("boom", 1)])
def test_a_turn_of_the_market_moves_the_wins_after_it_and_nothing_before(
    name: str, sign: int
) -> None:
    turned, usual = made(name), made("baseline")
    before = pl.col("closed_at") < TURN
    longest = {"since": TURN + timedelta(weeks=2), "until": END}

    after = won_share(turned, **longest) - won_share(usual, **longest)
    earlier = [
        closed(world).filter(before).select("opportunity_id", "outcome", "closed_at")
        for world in (turned, usual)
    ]

    assert sign * after > 0.08
    assert earlier[0].height > 300
    assert earlier[0]["closed_at"].equals(earlier[1]["closed_at"])
    opened = [
        world["opportunities"]
        .filter((pl.col("type") != "renewal") & (pl.col("created_at") >= TURN))
        .height
        for world in (turned, usual)
    ]
    assert sign * (opened[0] - opened[1]) > 0
