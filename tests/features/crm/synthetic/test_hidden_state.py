"""No exported column gives a latent away: not in a row, and not over all the years."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest

from features.crm.synthetic import WorldParams, without
from features.schema import TABLES
from tests.features.crm.synthetic.hidden import (
    HABITS,
    Lived,
    at_rows,
    lived,
    of_reps,
    over_the_years,
    rows_by,
)
from tests.features.crm.synthetic.telling import Column, columns_of, largest, means_by, tells

TABLE_MESS = ("duplicates", "currencies", "missing_contacts", "missing_facts")
ROW_BOUND = 0.65
"""The largest is what a payment's delay tells of payment discipline, .57."""
YEARS_BOUND = 0.95
"""A lasting trait shows in years of its consequences, or there would be nothing to learn."""
NAMES_REPS = ("rep_id", "changed_by", ".owner.")
"""Who names a rep tells all of the rep's habits."""
Found = Mapping[tuple[str, str, str], float]


@pytest.fixture(scope="module")
def clean() -> Lived:
    return lived(without(WorldParams(accounts=500, seed=7, years=4), TABLE_MESS))


@pytest.fixture(scope="module")
def many_reps() -> Lived:
    params = without(WorldParams(accounts=400, seed=7, years=3), TABLE_MESS)
    return lived(replace(params, reps=replace(params.reps, accounts_per_rep=4)))


@pytest.fixture(scope="module")
def years(clean: Lived) -> Found:
    return told_by_years(clean, is_rep=False)


def told_by_rows(world: Lived, name: str) -> Found:
    """What single rows of a table tell, at its moment and, for what ends, at its end."""
    found: dict[tuple[str, str, str], float] = {}
    ends = ["closed_at"] if "closed_at" in TABLES[name].schema else []
    for moment in (TABLES[name].moment or "", *ends):
        latents = at_rows(world, name, moment)
        for column in columns_of(name, world.tables[name]):
            is_name = any(part in column.name for part in NAMES_REPS)
            asked = {
                latent: values
                for latent, values in latents.items()
                if not (is_name and latent in HABITS)
            }
            told = tells(replace(column, name=f"{column.name} at {moment}"), asked)
            found |= told
    return found


def told_by_years(world: Lived, *, is_rep: bool) -> Found:
    """What the means of all columns over the rows of an account, or a rep, tell."""
    inside = world.pipeline.world
    count = inside.reps.team.count if is_rep else inside.accounts.count
    latents = of_reps(world) if is_rep else over_the_years(world)
    found: dict[tuple[str, str, str], float] = {}
    for name, frame in world.tables.items():
        moment = TABLES[name].moment
        whose = rows_by(world, name, moment, is_rep=is_rep) if moment else None
        if whose is None:
            continue
        rows = np.bincount(whose[whose >= 0].astype(np.int64), minlength=count)
        found |= tells(Column(f"rows of {name}", rows.astype(np.float64)), latents)
        for column in columns_of(name, frame):
            if is_rep and any(part in column.name for part in NAMES_REPS):
                continue
            for mean in means_by(column, whose, count):
                found |= tells(mean, latents)
    return found


def with_column(world: Lived, name: str, column: str, values: np.ndarray) -> Lived:
    """The world with a column of a table replaced."""
    frame = world.tables[name].with_columns(pl.Series(column, values, nan_to_null=True))
    return replace(world, tables={**world.tables, name: frame})


def dated_tables() -> list[str]:
    told = [name for name, table in TABLES.items() if table.moment]
    return [name for name in told if name not in {"exchange_rates", "targets"}]


@pytest.mark.parametrize("name", dated_tables())
def test_no_row_tells_much_of_a_latent(clean: Lived, name: str) -> None:
    found = told_by_rows(clean, name)

    assert len(found) > 50
    assert max(found.values()) < ROW_BOUND, largest(found, 5)


def test_the_means_of_all_years_do_not_tell_a_latent_wholly(years: Found) -> None:
    assert len(years) > 2_000
    assert max(years.values()) < YEARS_BOUND, largest(years, 5)


def test_the_means_of_a_rep_do_not_tell_the_habits_wholly(many_reps: Lived) -> None:
    found = told_by_years(many_reps, is_rep=True)

    assert len(found) > 1_000
    # A style is a way of filling in forecasts: who reads all of a rep's has seen it.
    found = {key: value for key, value in found.items() if key[1] != "runs ahead"}
    assert max(found.values()) < YEARS_BOUND, largest(found, 5)


@pytest.mark.parametrize(
    ("column", "latent"),
    [("mean invoices.paid_at - moment", "discipline"), ("mean tickets.csat", "difficulty")],
)
def test_what_is_to_be_learnt_can_be_learnt(years: Found, column: str, latent: str) -> None:
    assert years[column, latent, "forward"] > 0.3


@pytest.mark.parametrize("bend", [np.exp, np.square, partial(np.round, decimals=1), np.negative])
@pytest.mark.parametrize(("name", "column"), [("invoices", "amount"), ("tickets", "csat")])
def test_a_column_that_gives_a_latent_away_is_found(
    clean: Lived, name: str, column: str, bend: object
) -> None:
    assert callable(bend)
    moment = TABLES[name].moment or ""
    leak = bend(at_rows(clean, name, moment)["intent"])

    found = told_by_rows(with_column(clean, name, column, leak), name)

    leaks = {key: value for key, value in found.items() if f"{name}.{column}" in key[0]}
    assert max(leaks.values()) > ROW_BOUND


def test_words_that_give_a_latent_away_are_found(clean: Lived) -> None:
    hard = at_rows(clean, "tickets", "opened_at")["difficulty"]
    words = np.array(["low", "normal", "high", "urgent"])[np.digitize(hard, [-0.7, 0.0, 0.7])]

    found = told_by_rows(with_column(clean, "tickets", "priority", words), "tickets")

    assert max(found.values()) > ROW_BOUND


def test_a_lasting_leak_is_found_over_the_years(clean: Lived) -> None:
    fit = at_rows(clean, "usage", "period_on")["fit"]

    found = told_by_years(with_column(clean, "usage", "value", np.exp(fit)), is_rep=False)

    assert max(found.values()) > YEARS_BOUND


def test_a_habit_that_gives_itself_away_is_found_by_rep(many_reps: Lived) -> None:
    skill = at_rows(many_reps, "opportunities", "created_at")["skill"]

    found = told_by_years(
        with_column(many_reps, "opportunities", "discount_pct", skill), is_rep=True
    )

    assert max(found.values()) > YEARS_BOUND
