"""The synthetic CRM behaves like a market, and does not give its hidden state away."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from features.crm.synthetic.world import PARTS, make_stage, streams_of
from features.schema import RECORDED_AT, conform
from tests.features.crm.small_world import PARAMS, World, by_account, closed, r_squared


def test_some_of_the_work_is_written_down_days_later(world: World) -> None:
    for name, moment in (("activities", "occurred_at"), ("invoices", "issued_at")):
        late = (world[name][RECORDED_AT] - world[name][moment]).dt.total_hours() >= 24
        assert 0.01 < float(late.mean() or 0.0) < 0.3, name


def test_answers_returns_and_pushes_leave_their_rows(world: World) -> None:
    touches = world["activities"]
    moves = world["opportunity_changes"].filter(
        (pl.col("field") == "close_date") & (pl.col("new") > pl.col("old"))
    )

    assert set(touches["answered"].unique()) == {None, True, False}
    assert set(touches["direction"].unique()) == {"outbound", "inbound", "mutual"}
    assert touches["automated"].sum() > 500
    assert moves.group_by("opportunity_id").len().filter(pl.col("len") >= 3).height > 10
    assert world["invoices"].filter(pl.col("amount") < 0).height > 50


@pytest.mark.parametrize("first_month", [1, 2])
def test_wins_pile_up_in_the_last_two_weeks_of_a_fiscal_quarter(first_month: int) -> None:
    made = make_world(replace(PARAMS, fiscal_year_start_month=first_month))
    calendar = Calendar(fiscal_year_start_month=first_month)
    sales = closed(made).filter((pl.col("type") != "renewal") & (pl.col("outcome") == "won"))
    day = pl.col("closed_at").dt.date()

    left = sales.select((calendar.quarter_end(day) - day).dt.total_days().alias("left"))["left"]

    assert float((left < 14).mean() or 0.0) > 1.5 * 14 / 91


def test_the_world_is_plausible(world: World) -> None:
    rate = {
        str(kind): float(share)
        for kind, share in closed(world)
        .group_by("type")
        .agg((pl.col("outcome") == "won").mean())
        .rows()
    }
    cycle = (closed(world)["closed_at"] - closed(world)["created_at"]).dt.total_days().median()

    assert 0.20 < rate["new"] < 0.45
    assert 0.75 < rate["renewal"] < 0.95
    assert rate["new"] < rate["expansion"] < rate["renewal"]
    assert 60 <= float(cycle or 0) <= 120  # type: ignore[arg-type]
    assert 1.0 < world["opportunities"].height / (PARAMS.accounts * PARAMS.years) < 2.0


def test_trouble_persists_but_not_perfectly(world: World) -> None:
    ids = world["accounts"].filter(pl.col("created_at") < datetime(2024, 1, 1, tzinfo=UTC))
    year = pl.col("opened_at").dt.year()

    counts = [
        np.nan_to_num(by_account(world["tickets"].filter(year == one), pl.len(), ids["account_id"]))
        for one in (2024, 2025)
    ]

    assert 0.3 < float(np.corrcoef(counts[0], counts[1])[0, 1]) < 0.97


def test_no_column_is_an_affine_image_of_the_hidden_state(world: World) -> None:
    latent = make_stage(PARAMS).latent
    ids = world["accounts"]["account_id"]
    paid = pl.col("paid_at").dt.date() - pl.col("due_on")
    seen = {
        "late": by_account(world["invoices"], paid.dt.total_days().mean(), ids),
        "discount": by_account(world["opportunities"], pl.col("discount_pct").mean(), ids),
        "csat": by_account(world["tickets"], pl.col("csat").mean(), ids),
        "tickets": by_account(world["tickets"], pl.len().log(), ids),
        "usage": by_account(world["usage"], pl.col("value").log().mean(), ids),
        "replies": by_account(world["activities"], (pl.col("direction") == "inbound").mean(), ids),
        "wins": by_account(world["opportunities"], (pl.col("outcome") == "won").mean(), ids),
        "revenue": world["accounts"]["annual_revenue"].log().to_numpy(),
    }
    hidden = {
        "fit": latent.fit,
        "intent": latent.intent.mean(axis=0),
        "difficulty": latent.difficulty.mean(axis=0),
        "responsiveness": latent.responsiveness.mean(axis=0),
        "discipline": latent.discipline.mean(axis=0),
        "volume": latent.volume[-1],
    }

    found = {}
    for (column, values), (name, state) in ((a, b) for a in seen.items() for b in hidden.items()):
        known = np.isfinite(values)
        found[column, name] = r_squared(values[known], state[known])

    # A lasting trait shows in years of its consequences, or there would be nothing to learn.
    assert found["late", "discipline"] > 0.3
    assert found["replies", "responsiveness"] > 0.1
    assert max(found.values()) < 0.95


def test_a_payment_tells_little_of_the_discipline_behind_it(world: World) -> None:
    stage = make_stage(PARAMS)
    paid = world["invoices"].filter(
        pl.col("paid_at").is_not_null() & pl.col("due_on").is_not_null()
    )
    late = (paid["paid_at"].dt.date() - paid["due_on"]).dt.total_days().to_numpy()
    account = paid["account_id"].str.slice(1).cast(pl.Int64).to_numpy() - 1
    day = paid["issued_at"].dt.date().cast(pl.Int32).cast(pl.Int64).to_numpy()

    explained = r_squared(late, stage.latent.discipline[stage.weeks.week_of(day), account])

    assert 0.2 < explained < 0.6


def test_parts_do_not_disturb_one_another(world: World) -> None:
    busier = replace(PARAMS, service=replace(PARAMS.service, tickets=0.3))
    slower = replace(PARAMS, billing=replace(PARAMS.billing, late_mean=20.0))
    quiet = replace(PARAMS, activity=replace(PARAMS.activity, chase=0.0))

    moved = {
        "tickets": make_world(busier),
        "invoices": make_world(slower),
        "activities": make_world(quiet),
    }

    for table, other in moved.items():
        touched = [name for name, frame in world.items() if not frame.equals(other[name])]
        assert touched == [table]


def test_every_part_has_a_stream_of_its_own() -> None:
    streams = streams_of(3)

    draws = {part: float(stream.random()) for part, stream in streams.items()}

    assert len(set(draws.values())) == len(PARTS)


def test_names_are_unique_and_reps_have_example_addresses(world: World) -> None:
    assert world["accounts"]["name"].n_unique() == PARAMS.accounts
    assert world["reps"]["name"].n_unique() == world["reps"].height
    assert world["reps"]["email"].str.ends_with("@example.com").all()
    assert world["reps"]["manager_id"].null_count() == 2


@pytest.mark.parametrize(("accounts", "years"), [(1, 0.25), (2, 1), (9, 2)])
def test_small_worlds_conform_too(accounts: int, years: float) -> None:
    made = make_world(WorldParams(accounts=accounts, seed=0, years=years, until=date(2025, 3, 5)))

    for name, frame in made.items():
        conform(name, frame.lazy())
    assert made["accounts"].height == accounts
    assert made["reps"].height >= 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accounts": 0}, "at least 1 account, got 0"),
        ({"years": 0.1}, "years between 0.25 and 30, got 0.1"),
        ({"seed": -1}, "seed of 0 or more, got -1"),
        ({"fiscal_year_start_month": 13}, "1 to 12, got 13"),
    ],
)
def test_nonsense_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PARAMS, **change)
