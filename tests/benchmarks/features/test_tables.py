from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from benchmarks.features import decode, decode_all
from benchmarks.features import population as shape
from benchmarks.features.peers import Run
from benchmarks.features.population import Population, parts
from benchmarks.features.tables import main, tables_of, write_tables
from features.schema import TABLES

EVENTS = {
    "activities": "occurred_at",
    "opportunity_changes": "changed_at",
    "invoices": "issued_at",
    "tickets": "opened_at",
}
MANY = Population(accounts=300, seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "ROWS_AT_ONCE", 7_000)  # several chunks
        write_tables(MANY, path)
    return path


@pytest.mark.parametrize("table", ["accounts", "opportunities", *EVENTS])
def test_a_file_has_the_contracts_columns(folder: Path, table: str) -> None:
    schema = pl.read_parquet_schema(folder / f"{table}.parquet")

    wanted = TABLES[table].schema
    assert list(schema) == list(wanted)
    for name, dtype in wanted.items():
        assert schema[name] == (pl.String if isinstance(dtype, pl.Enum) else dtype), name


def test_each_account_has_the_promised_rows_on_average(folder: Path) -> None:
    rows = {table: pl.read_parquet(folder / f"{table}.parquet").height for table in EVENTS}

    assert rows == {
        "activities": 30_000,
        "opportunity_changes": 7_500,
        "invoices": 6_000,
        "tickets": 1_500,
    }


@pytest.mark.parametrize(("table", "moment"), EVENTS.items())
def test_rows_come_in_the_order_of_recording_and_a_twentieth_late(
    folder: Path, table: str, moment: str
) -> None:
    rows = pl.read_parquet(folder / f"{table}.parquet")

    late = (rows["recorded_at"] > rows[moment]).mean()
    assert rows["recorded_at"].is_sorted()
    assert (rows["recorded_at"] >= rows[moment]).all()
    assert late == pytest.approx(0.05, abs=0.02)


def test_the_busiest_tenth_of_the_accounts_has_a_heavy_share(folder: Path) -> None:
    rows = pl.read_parquet(folder / "activities.parquet").group_by("account_id").len()

    counts = rows["len"].sort(descending=True)
    assert counts.head(30).sum() > 0.3 * counts.sum()


def test_ids_are_unique_and_refer_to_what_is_there(folder: Path) -> None:
    accounts = pl.read_parquet(folder / "accounts.parquet")["account_id"]
    deals = pl.read_parquet(folder / "opportunities.parquet")
    activities = pl.read_parquet(folder / "activities.parquet")
    changes = pl.read_parquet(folder / "opportunity_changes.parquet")

    assert activities["activity_id"].is_unique().all()
    assert activities["account_id"].is_in(accounts.implode()).all()
    assert changes["opportunity_id"].is_in(deals["opportunity_id"].implode()).all()
    told = activities.drop_nulls("opportunity_id").join(deals, on="opportunity_id")
    assert (told["account_id"] == told["account_id_right"]).all()


def test_no_stamp_lies_after_the_export(folder: Path) -> None:
    tickets = pl.read_parquet(folder / "tickets.parquet")
    invoices = pl.read_parquet(folder / "invoices.parquet")

    stamps = [tickets["closed_at"], tickets["escalated_at"], invoices["paid_at"]]
    assert all(stamp.max() < MANY.until for stamp in stamps)
    assert all(stamp.null_count() for stamp in stamps)
    assert tickets.filter(pl.col("csat").is_not_null())["closed_at"].null_count() == 0


def test_the_same_seed_writes_the_same_tables(tmp_path: Path) -> None:
    small = [Population(accounts=20, seed=seed) for seed in (1, 1, 2)]
    for number, population in enumerate(small):
        write_tables(population, tmp_path / str(number))

    first, again, other = (
        pl.read_parquet(tmp_path / str(number) / "activities.parquet") for number in range(3)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_tables_are_written_once_and_again_where_they_are_not_complete(tmp_path: Path) -> None:
    few = Population(accounts=3, seed=2)

    folder = tables_of(few, tmp_path)
    (folder / "tickets.parquet").unlink()
    tables_of(few, tmp_path)
    is_kept = not (folder / "tickets.parquet").exists()
    (folder / "complete").unlink()
    tables_of(few, tmp_path)

    assert folder == tmp_path / "3-2"
    assert is_kept
    assert (folder / "tickets.parquet").is_file()


@pytest.mark.parametrize(("limit", "columns"), [(decode.run, 11), (decode_all.run, 12)])
def test_a_limit_reads_every_row_of_the_columns_it_needs(
    folder: Path, limit: Run, columns: int
) -> None:
    read = limit(folder, [])

    assert read.filter(table="activities").rows() == [("activities", 30_000, columns)]


def test_the_command_writes_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--accounts", "5", "--out", str(tmp_path)])

    assert "500 activities" in capsys.readouterr().out
    assert (tmp_path / "tickets.parquet").is_file()


def test_as_ofs_are_firsts_of_months_up_to_the_end() -> None:
    population = Population(accounts=1, until=datetime(2026, 2, 1, tzinfo=UTC))

    found = population.as_ofs(3)

    assert found == tuple(
        datetime(year, month, 1, tzinfo=UTC) for year, month in ((2025, 8), (2025, 11), (2026, 2))
    )


def test_chunks_are_bounded_and_lose_no_row() -> None:
    assert sum(parts(1_000_001)) == 1_000_001
    assert max(parts(1_000_001)) <= shape.ROWS_AT_ONCE
    assert parts(0) == [0]


def test_a_population_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0 accounts and 4"):
        Population(accounts=0)
