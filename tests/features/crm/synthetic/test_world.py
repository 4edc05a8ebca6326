"""The synthetic CRM: a book made the same way every time, in parts that do not disturb another."""

import subprocess
import sys
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.book import make_book
from features.crm.synthetic import WorldParams, make_world, world_blocks
from features.crm.synthetic.world import PARTS, SHARED_PARTS, streams_of
from features.schema import RECORDED_AT, TABLES, TIME, conform
from tests.features.crm.small_world import END, MESSY, PARAMS, World

KINDS = pytest.mark.parametrize("kind", ["world", "messy"])
HASHED = """
import hashlib
from features.crm.synthetic import make_world, regime
world = make_world(regime("baseline", accounts=90, years=1.5, seed=2))
told = hashlib.sha256()
for name, frame in world.items():
    told.update(name.encode())
    told.update(frame.write_csv().encode())
import polars
print(polars.thread_pool_size(), told.hexdigest())
"""


@pytest.fixture
def either(kind: str, request: pytest.FixtureRequest) -> World:
    made: World = request.getfixturevalue(kind)
    return made


@KINDS
def test_every_table_conforms_and_has_rows(either: World, kind: str) -> None:
    absent = {"exchange_rates"} if kind == "world" else set()

    assert set(either) == set(TABLES) - absent
    for name, frame in either.items():
        conform(name, frame.lazy())
        assert frame.height > 0, name


@KINDS
def test_the_tables_make_a_book(either: World, kind: str) -> None:
    book = make_book({name: frame.lazy() for name, frame in either.items()}, observed_until=END)

    assert book.has("opportunities.close_date", "invoices.paid_at", "contacts.left_at")
    assert book.has("exchange_rates") == (kind == "messy")


@KINDS
def test_recorded_at_and_required_cells_are_never_null(either: World) -> None:
    for name, frame in either.items():
        needed = [*TABLES[name].required, *([RECORDED_AT] if TABLES[name].moment else [])]
        assert frame.select(pl.col(needed).null_count()).sum_horizontal()[0] == 0, name


@KINDS
def test_ids_are_unique(either: World) -> None:
    for name, frame in either.items():
        key = list(TABLES[name].key)
        assert not key or frame.select(key).is_duplicated().sum() == 0, name


@KINDS
def test_every_parent_exists(either: World) -> None:
    for name, frame in either.items():
        for column, parent in TABLES[name].parents.items():
            orphans = frame.join(either[parent].select(column), on=column, how="anti")
            assert orphans.height == 0, name
    named = (
        ("activities", "opportunity_id", "opportunities", "opportunity_id"),
        ("activities", "contact_id", "contacts", "contact_id"),
        ("activities", "rep_id", "reps", "rep_id"),
        ("accounts", "parent_account_id", "accounts", "account_id"),
        ("reps", "manager_id", "reps", "rep_id"),
    )
    for name, column, parent, key in named:
        told = either[name].filter(pl.col(column).is_not_null())
        assert told.height > 0, (name, column)
        known = either[parent].select(pl.col(key).alias("key"))
        assert told.join(known, left_on=column, right_on="key", how="anti").height == 0, name


@KINDS
def test_nothing_is_stamped_at_or_after_the_end(either: World) -> None:
    for name, frame in either.items():
        for column in TABLES[name].columns:
            if column.may_be_future or not column.dtype.is_temporal():
                continue
            latest = frame[column.name].max()
            bound = END if column.dtype == TIME else END.date()
            assert latest is None or latest < bound, (name, column.name)


@KINDS
def test_nothing_happens_to_an_account_before_it_is_there(either: World) -> None:
    created = either["accounts"].select("account_id", born="created_at")

    for name in ("account_changes", "opportunities", "activities", "contacts", "invoices"):
        moment = pl.col(TABLES[name].moment or "")
        early = either[name].join(created, on="account_id").filter(moment < pl.col("born"))
        assert early.height == 0, name


def test_the_same_parameters_give_the_same_world_bit_for_bit(messy: World) -> None:
    again = make_world(MESSY)

    for name, frame in messy.items():
        assert_frame_equal(frame, again[name], check_exact=True)


def test_another_seed_gives_another_world(messy: World) -> None:
    other = make_world(replace(MESSY, seed=12))

    same = [name for name, frame in messy.items() if frame.equals(other[name])]
    assert same == ["stages"]


def test_one_thread_and_two_make_the_same_world() -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", HASHED],
            env={"POLARS_MAX_THREADS": threads, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout.split()
        for threads in ("1", "2")
    ]

    assert [threads for threads, _ in told] == ["1", "2"]
    assert told[0][1] == told[1][1]


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


def test_every_part_has_a_stream_of_its_own_in_every_block() -> None:
    first, second = streams_of(3), streams_of(3, block=1)

    draws = {(part, 0): float(first[part].random()) for part in PARTS}
    draws |= {(part, 1): float(second[part].random()) for part in PARTS}

    assert len(set(draws.values())) == 2 * len(PARTS) - len(SHARED_PARTS)


@pytest.mark.parametrize("part", sorted(SHARED_PARTS))
def test_a_shared_part_draws_the_same_in_every_block(part: str) -> None:
    first, second = streams_of(3)[part], streams_of(3, block=1)[part]

    assert first.random() == second.random()


@pytest.mark.parametrize(("accounts", "years"), [(1, 0.25), (2, 1), (9, 2)])
def test_small_worlds_conform_too(accounts: int, years: float) -> None:
    made = make_world(WorldParams(accounts=accounts, seed=0, years=years, until=date(2025, 3, 5)))

    for name, frame in made.items():
        conform(name, frame.lazy())
    firsts = made["accounts"].filter(~pl.col("account_id").str.ends_with("-2"))
    assert firsts.height == accounts
    assert made["reps"].height >= 5


def test_a_table_that_the_crm_does_not_keep_is_absent_and_never_named() -> None:
    kept = replace(MESSY, accounts=30, hidden=frozenset({"contacts", "usage"}))

    made = make_world(kept)

    assert not {"contacts", "usage"} & set(made)
    assert made["activities"]["contact_id"].null_count() == made["activities"].height
    assert made["activities"]["opportunity_id"].null_count() < made["activities"].height


def test_the_blocks_of_a_world_are_the_world() -> None:
    params = replace(MESSY, accounts=24, years=1, block=10)

    blocks, whole = list(world_blocks(params)), make_world(params)

    assert len(blocks) == 3
    for name, frame in whole.items():
        parts = [block[name] for block in blocks if name in block]
        assert_frame_equal(pl.concat(parts), frame, check_exact=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accounts": 0}, "at least 1 account, got 0"),
        ({"years": 0.1}, "years between 0.25 and 30, got 0.1"),
        ({"years": 31}, "years between 0.25 and 30, got 31"),
        ({"seed": -1}, "seed of 0 or more, got -1"),
        ({"block": 0}, "blocks of at least 1 account, got 0"),
        ({"fiscal_year_start_month": 13}, "1 to 12, got 13"),
        ({"hidden": frozenset({"wishes"})}, r"tables of the contract, got \['wishes'\]"),
        ({"hidden": frozenset({"accounts"})}, "expected accounts and one of contracts"),
        (
            {"hidden": frozenset({"opportunities", "invoices", "contracts"})},
            "one of contracts, invoices, opportunities to be kept",
        ),
    ],
)
def test_nonsense_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PARAMS, **change)
