"""Blocks: a large world begins with the small one, and no two of its rows have one name."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.crm.synthetic import make_world
from features.crm.synthetic.blocks import ID_COLUMNS, SHARED_TABLES, sized, told_apart
from features.schema import TABLES, conform
from tests.features.crm.small_world import MESSY, World

PARAMS = replace(MESSY, accounts=130, years=1.5, block=50)


@pytest.fixture(scope="module")
def whole() -> World:
    return make_world(PARAMS)


@given(accounts=st.integers(1, 5_000), block=st.integers(1, 3_000))
def test_the_sizes_of_the_blocks_sum_to_the_world(accounts: int, block: int) -> None:
    sizes = sized(accounts, block)

    assert sum(sizes) == accounts
    assert all(size == block for size in sizes[:-1])
    # Only a world that is smaller than a fifth of a block has a block as small.
    assert len(sizes) == 1 or block / 5 <= sizes[-1] < block * 1.2


def test_the_first_block_is_the_world_of_one_block(whole: World) -> None:
    alone = make_world(replace(PARAMS, accounts=PARAMS.block))

    for name, frame in alone.items():
        assert_frame_equal(whole[name].head(frame.height), frame, check_exact=True)


def test_the_tables_of_all_blocks_conform_and_their_ids_are_unique(whole: World) -> None:
    assert set(whole) == set(TABLES)
    for name, frame in whole.items():
        conform(name, frame.lazy())
        key = list(TABLES[name].key)
        assert not key or frame.select(key).is_duplicated().sum() == 0, name
    # 50, 50 and 30 accounts and the second records of some.
    firsts = whole["accounts"].filter(~pl.col("account_id").str.ends_with("-2"))
    assert firsts.height == PARAMS.accounts
    for table, column in (("reps", "name"), ("reps", "email")):
        assert whole[table][column].n_unique() == whole[table].height, column
    assert firsts["name"].n_unique() == PARAMS.accounts


def test_every_parent_is_there_and_of_the_same_block(whole: World) -> None:
    keys = {
        "opportunity_id": ("opportunities", "opportunity_id"),
        "contact_id": ("contacts", "contact_id"),
        "account_id": ("accounts", "account_id"),
        "parent_account_id": ("accounts", "account_id"),
        "merged_into": ("accounts", "account_id"),
        "owner_rep_id": ("reps", "rep_id"),
        "manager_id": ("reps", "rep_id"),
        "rep_id": ("reps", "rep_id"),
        "changed_by": ("reps", "rep_id"),
    }
    for name, frame in whole.items():
        for column in set(frame.columns) & set(keys):
            parent, key = keys[column]
            known = whole[parent].select(pl.col(key).alias("known"))
            told = frame.filter(pl.col(column).is_not_null())
            assert told.join(known, left_on=column, right_on="known", how="anti").is_empty(), (
                name,
                column,
            )
        ids = [column for column in frame.columns if column in ID_COLUMNS]
        blocks = frame.select(pl.col(ids).str.extract(r"^[A-Z](\d+)-\d{2,}").fill_null("0"))
        nulls = frame.select(pl.col(ids).is_null())
        for column in ids[1:]:
            both = ~nulls[ids[0]] & ~nulls[column]
            assert blocks.filter(both & (blocks[ids[0]] != blocks[column])).is_empty(), (name, ids)


def test_every_id_column_of_the_contract_is_told_apart(whole: World) -> None:
    found = {
        column
        for name, frame in whole.items()
        for column in frame.columns
        if column.endswith("_id") or column in {"merged_into", "changed_by"}
    }

    assert found <= ID_COLUMNS


@pytest.mark.parametrize(
    ("table", "field", "parent", "key"),
    [
        ("account_changes", "owner", "reps", "rep_id"),
        ("opportunity_changes", "owner", "reps", "rep_id"),
        ("account_changes", "merged_into", "accounts", "account_id"),
    ],
)
def test_histories_name_ids_of_the_whole_world(
    whole: World, table: str, field: str, parent: str, key: str
) -> None:
    told = whole[table].filter(pl.col("field") == field)

    values = pl.concat([told["old"], told["new"]]).drop_nulls()

    assert values.len() > 0
    assert set(values) <= set(whole[parent][key])


def test_histories_lead_to_the_owners_of_the_same_block(whole: World) -> None:
    for table, parent, key in (
        ("account_changes", "accounts", "account_id"),
        ("opportunity_changes", "opportunities", "opportunity_id"),
    ):
        moves = whole[table].filter(pl.col("field") == "owner").sort("changed_at")
        last = moves.group_by(key, maintain_order=True).agg(pl.col("new").last())

        owners = whole[parent].join(last, on=key)

        assert owners.height >= whole[parent].filter(~pl.col(key).str.ends_with("-2")).height
        assert owners.filter(pl.col("owner_rep_id") != pl.col("new")).is_empty()


def test_what_is_the_same_for_all_stands_once(whole: World) -> None:
    alone = make_world(replace(PARAMS, accounts=PARAMS.block))

    for name in SHARED_TABLES:
        assert_frame_equal(whole[name], alone[name])


def test_values_that_are_no_ids_keep_their_names(whole: World) -> None:
    tables = {name: frame.head(3) for name, frame in whole.items()}

    apart = told_apart(tables, 7)

    assert told_apart(tables, 0) is tables
    for name, frame in apart.items():
        renamed = {*ID_COLUMNS, "name", "email", "old", "new"}
        kept = [column for column in frame.columns if column not in renamed]
        assert frame.select(kept).equals(tables[name].select(kept)), name
    assert apart["accounts"]["account_id"].to_list() == ["A7-00001", "A7-00002", "A7-00003"]
