"""World files: a world on disk, whole or not at all, whatever its size."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bucketlist.world_files import Format, write_world
from features.crm import synthetic
from features.crm.synthetic import WorldParams, make_world, world_blocks

ONE = WorldParams(accounts=10, years=1, seed=3)
SEVERAL = replace(ONE, accounts=21, block=7)


def read(folder: Path, file_format: Format) -> dict[str, pl.DataFrame]:
    if file_format is Format.PARQUET:
        return {path.stem: pl.read_parquet(path) for path in sorted(folder.iterdir())}
    return {path.stem: pl.read_csv(path, infer_schema=False) for path in sorted(folder.iterdir())}


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(frame.columns, nulls_last=True)


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame as its CSV says it; an empty text is nothing there."""
    return pl.read_csv(
        frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ").encode(), infer_schema=False
    )


@pytest.mark.parametrize("params", [ONE, SEVERAL], ids=["one block", "several"])
def test_the_files_hold_the_rows_of_the_world(tmp_path: Path, params: WorldParams) -> None:
    rows = write_world(params, tmp_path / "crm")

    written, made = read(tmp_path / "crm", Format.PARQUET), make_world(params)
    assert set(written) == set(made) == set(rows)
    for name, frame in made.items():
        assert rows[name] == frame.height
        assert_frame_equal(in_order(written[name]), in_order(frame))


def test_a_csv_of_several_blocks_has_one_header_and_reads_back(tmp_path: Path) -> None:
    rows = write_world(SEVERAL, tmp_path / "crm", file_format=Format.CSV)

    written, made = read(tmp_path / "crm", Format.CSV), make_world(SEVERAL)
    text = (tmp_path / "crm" / "invoices.csv").read_text()
    assert text.count("invoice_id") == 1
    assert set(written) == set(made) == set(rows)
    for name, frame in made.items():
        assert_frame_equal(in_order(written[name]), in_order(as_text(frame)))


def test_parts_are_put_together_and_gone_and_a_file_is_named_by_its_table(tmp_path: Path) -> None:
    write_world(SEVERAL, tmp_path / "crm")

    names = {path.name for path in (tmp_path / "crm").iterdir()}
    assert names == {f"{name}.parquet" for name in make_world(SEVERAL)}
    assert [path.name for path in tmp_path.iterdir()] == ["crm"]


def test_no_more_than_one_block_is_held_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk = []

    def watched(params: WorldParams) -> Iterator[Mapping[str, pl.DataFrame]]:
        for block in world_blocks(params):
            on_disk.append(len(list(tmp_path.rglob("accounts/*.parquet"))))
            yield block

    monkeypatch.setattr(synthetic, "world_blocks", watched)
    write_world(SEVERAL, tmp_path / "crm")

    assert on_disk == [0, 1, 2]


def test_progress_counts_accounts_block_by_block_and_is_silent_for_one(tmp_path: Path) -> None:
    several: list[str] = []
    one: list[str] = []

    write_world(SEVERAL, tmp_path / "several", progress=several.append)
    write_world(replace(ONE, accounts=8, block=7), tmp_path / "one", progress=one.append)

    assert several == [f"{made} of 21 accounts made" for made in (7, 14, 21)]
    assert one == []


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()

    rows = write_world(ONE, tmp_path / "crm")

    assert len(list((tmp_path / "crm").iterdir())) == len(rows)


def test_a_folder_that_holds_something_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(FileExistsError, match="expected an empty folder, found mine"):
        write_world(ONE, tmp_path)
    with pytest.raises(FileExistsError, match="expected an empty folder, found a file"):
        write_world(ONE, tmp_path / "mine.txt")

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_a_block_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaking(params: WorldParams) -> Iterator[Mapping[str, pl.DataFrame]]:
        yield next(world_blocks(params))
        raise MemoryError("the second block")

    monkeypatch.setattr(synthetic, "world_blocks", breaking)
    with pytest.raises(MemoryError, match="the second block"):
        write_world(SEVERAL, tmp_path / "crm")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file_format", list(Format))
def test_a_disk_that_is_full_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: Format
) -> None:
    true = pl.LazyFrame.sink_parquet

    def full_disk(frame: pl.LazyFrame, path: Path | str, **given: Any) -> Any:
        if "crm-" in str(path) and ".parts" in str(path):
            return true(frame, path, **given)
        Path(path).write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full_disk)
    monkeypatch.setattr(pl.LazyFrame, "sink_csv", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_world(SEVERAL, tmp_path / "crm", file_format=file_format)

    assert list(tmp_path.iterdir()) == []


def test_a_part_that_cannot_be_written_leaves_an_empty_folder_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(frame: pl.DataFrame, path: Path) -> None:
        if "accounts" not in path.parts:
            raise OSError("no space left")
        path.write_bytes(b"half")

    (tmp_path / "crm").mkdir()
    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_world(ONE, tmp_path / "crm")

    assert [path.name for path in tmp_path.rglob("*")] == ["crm"]
