"""Files in order become one frame in order."""

from pathlib import Path

import polars as pl
import pytest

from features.merge import merged

KEY = ("entity", "moment")


def written(folder: Path, *parts: list[tuple[str, int]]) -> list[Path]:
    files = [folder / f"part-{number}.parquet" for number in range(len(parts))]
    for file, rows in zip(files, parts, strict=True):
        schema = {"entity": pl.String, "moment": pl.Int64}
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(file)
    return files


@pytest.mark.parametrize("stretch", [1, 2, 3, 100])
def test_rows_of_all_files_come_once_and_in_order(tmp_path: Path, stretch: int) -> None:
    files = written(tmp_path, [("b", 1), ("b", 2), ("d", 1)], [("a", 1), ("c", 1), ("c", 2)])

    found = merged(files, KEY, folder=tmp_path / "merged", stretch=stretch).collect()

    assert found.rows() == [("a", 1), ("b", 1), ("b", 2), ("c", 1), ("c", 2), ("d", 1)]


def test_a_value_longer_than_a_stretch_stays_whole_and_in_order(tmp_path: Path) -> None:
    files = written(tmp_path, [("b", 3), ("b", 1), ("b", 2)], [("a", 1)])

    found = merged(files, KEY, folder=tmp_path / "merged", stretch=2).collect()

    assert found.rows() == [("a", 1), ("b", 1), ("b", 2), ("b", 3)]


def test_letters_beyond_ascii_are_ordered_as_polars_orders_them(tmp_path: Path) -> None:
    names = ["Zoé", "zoe", "Ärzte", "é", "Z", "", "漢"]
    files = written(tmp_path, *[[(name, 1)] for name in names])

    found = merged(files, KEY, folder=tmp_path / "merged", stretch=2).collect()

    assert found["entity"].to_list() == sorted(names)


def test_files_without_rows_give_a_frame_without_rows(tmp_path: Path) -> None:
    files = written(tmp_path, [], [])

    found = merged(files, KEY, folder=tmp_path / "merged").collect()

    assert found.rows() == []
    assert found.columns == list(KEY)


def test_no_stretch_holds_many_more_rows_than_asked_for(tmp_path: Path) -> None:
    files = written(tmp_path, [(f"{n:03d}", 1) for n in range(0, 100, 2)], [("001", 1)])

    merged(files, KEY, folder=tmp_path / "merged", stretch=10)

    heights = [pl.read_parquet(file).height for file in (tmp_path / "merged").iterdir()]
    assert sum(heights) == 51
    assert max(heights) <= 10
