from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.calendar import Calendar
from features.context import Context
from models.zombie import with_zombies, zombie_days

NOW = datetime(2026, 1, 5, tzinfo=UTC)
QUARTER_END = date(2026, 3, 31)
LEFT = 86
"""Days from NOW to the end of the quarter."""
Told = tuple[int, float | None]
"""Won deals, and the ninth decile of their ages at winning."""

chances = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(
    lambda pair: (pair[0], pair[1] * (1 - pair[0]))
)


def context(of_all: Told, **of_type: Told) -> Context:
    """What is known of won deals at NOW; nothing but their ages."""

    def frame(rows: Mapping[str | None, Told]) -> pl.DataFrame:
        return pl.DataFrame(
            [(NOW, kind, won, decile) for kind, (won, decile) in rows.items()],
            schema={
                "as_of": pl.Datetime("us", "UTC"),
                "type": pl.Enum(["new", "expansion", "renewal"]),
                "won": pl.Int64,
                "won_cycle_days_p90": pl.Float64,
            },
            orient="row",
        )

    empty = pl.DataFrame()
    return Context(frame({None: of_all}).drop("type"), empty, empty, frame(of_type), empty)


def state(*deals: tuple[str | None, float], at: datetime = NOW) -> pl.DataFrame:
    """Deals by type and age in days."""
    return pl.DataFrame(
        [(at, kind, age) for kind, age in deals],
        schema={"as_of": pl.Datetime("us", "UTC"), "type": pl.String, "age_days": pl.Float64},
        orient="row",
    )


def read(
    won: float | None, lost: float | None, *, end: date = QUARTER_END, flags: tuple[str, ...] = ()
) -> pl.DataFrame:
    slip = None if won is None or lost is None else 1.0 - won - lost
    return pl.DataFrame(
        [(end, won, lost, slip, list(flags))],
        schema={
            "period_end": pl.Date,
            "p_won_by_period_end": pl.Float64,
            "p_lost": pl.Float64,
            "p_slip": pl.Float64,
            "flags": pl.List(pl.String),
        },
        orient="row",
    )


def judged(told: pl.DataFrame, age: float, limit: float | None, **named: Calendar) -> dict:
    days = pl.Series([limit], dtype=pl.Float64)
    calendar = named.get("calendar", Calendar())
    (row,) = with_zombies(told, state(("new", age)), days=days, calendar=calendar).to_dicts()
    return row


def test_the_limit_is_twice_the_ninth_decile_of_the_deals_of_the_type() -> None:
    known = context((90, 200.0), new=(30, 50.0), renewal=(60, 120.0))

    found = zombie_days(state(("renewal", 1.0), ("new", 1.0)), known)

    assert found.to_list() == [240.0, 100.0]


@pytest.mark.parametrize(
    ("of_all", "of_type", "limit"),
    [
        ((60, 80.0), (29, 50.0), 160.0),
        ((30, 80.0), (0, None), 160.0),
        ((60, 80.0), (40, 0.0), 160.0),
        ((60, 80.0), (40, -3.0), 160.0),
        ((29, 80.0), (29, 50.0), None),
        ((60, -1.0), (29, 50.0), None),
    ],
)
def test_where_too_few_were_won_or_their_ages_make_no_sense_all_deals_are_the_peers(
    of_all: Told, of_type: Told, limit: float | None
) -> None:
    found = zombie_days(state(("new", 1.0)), context(of_all, new=of_type))

    assert found.to_list() == [limit]


def test_a_deal_of_no_type_is_measured_by_all_and_a_moment_not_known_by_none() -> None:
    known = context((60, 80.0), new=(40, 50.0))
    later = NOW + timedelta(days=7)

    assert zombie_days(state((None, 1.0)), known).to_list() == [160.0]
    assert zombie_days(state(("new", 1.0), at=later), known).to_list() == [None]


def test_what_a_zombie_leaves_open_is_lost() -> None:
    row = judged(read(0.2, 0.3, flags=("no_commitment",)), 500.0, 100.0)

    assert row["p_won_by_period_end"] == 0.2
    assert row["p_lost"] == pytest.approx(0.8)
    assert row["p_slip"] == 0.0
    assert row["flags"] == ["no_commitment", "zombie"]


@pytest.mark.parametrize(("age", "is_zombie"), [(13.9, False), (14.1, True)])
def test_what_counts_is_the_age_at_the_periods_end(age: float, *, is_zombie: bool) -> None:
    row = judged(read(0.2, 0.3), age, LEFT + 14.0)

    assert ("zombie" in row["flags"]) is is_zombie
    assert row["p_slip"] == (0.0 if is_zombie else 0.5)


def test_the_period_ends_where_the_organisation_is() -> None:
    # ten hours further west the quarter ends ten hours later
    limit = LEFT + 14.0 + 5 / 24

    assert judged(read(0.2, 0.3), 14.0, limit)["flags"] == []
    west = judged(read(0.2, 0.3), 14.0, limit, calendar=Calendar("Pacific/Honolulu"))
    assert west["flags"] == ["zombie"]


@pytest.mark.parametrize(("age", "is_zombie"), [(99.0, False), (101.0, True)])
def test_of_a_period_that_is_over_the_age_at_as_of_counts(age: float, *, is_zombie: bool) -> None:
    row = judged(read(0.0, 0.0, end=date(2025, 9, 30)), age, 100.0)

    assert ("zombie" in row["flags"]) is is_zombie
    assert (row["p_lost"], row["p_slip"]) == ((1.0, 0.0) if is_zombie else (0.0, 1.0))


def test_beyond_the_curve_a_zombie_is_named_and_nothing_is_said_of_its_end() -> None:
    row = judged(read(None, None), 500.0, 100.0)

    assert (row["p_lost"], row["p_slip"], row["flags"]) == (None, None, ["zombie"])


def test_without_a_limit_nothing_changes() -> None:
    told = read(0.2, 0.3, flags=("slow_buyer",))

    assert judged(told, 9_000.0, None) == told.to_dicts()[0]


@given(st.lists(st.tuples(chances, st.floats(0, 400)), min_size=1, max_size=6))
def test_won_lost_and_slipped_share_out_one_and_only_zombies_change(
    deals: list[tuple[tuple[float, float], float]],
) -> None:
    told = pl.concat([read(won, lost) for (won, lost), _ in deals])
    ages = state(*(("new", age) for _, age in deals))
    days = pl.Series([200.0] * len(deals))

    found = with_zombies(told, ages, days=days, calendar=Calendar())

    whole = found.select("p_won_by_period_end", "p_lost", "p_slip").sum_horizontal()
    assert ((whole - 1.0).abs() < 1e-9).all()
    assert found["p_won_by_period_end"].equals(told["p_won_by_period_end"])
    old = [age + LEFT > 200.0 for _, age in deals]
    assert [flags == ["zombie"] for flags in found["flags"].to_list()] == old
    young = ~pl.Series(old)
    assert found.filter(young).equals(told.filter(young))
