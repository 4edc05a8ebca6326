from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features import columns
from features.columns import Columns, write_columns
from features.schema import DAY, DIRECTIONS, TIME

MANY = 300
"""More different texts than are kept as words."""

SCHEMA: dict[str, pl.DataType] = {
    "time": TIME,
    "day": DAY,
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "direction": pl.Enum(DIRECTIONS),
    "word": pl.String(),
    "text": pl.String(),
    "other": pl.String(),
    "key": pl.UInt64(),
    "nothing": pl.String(),
}


def rows(height: int = MANY) -> pl.DataFrame:
    places = range(height)
    cells = {
        "time": [
            None if n % 5 == 0 else datetime(1969, 12, 31, 23, 59, n % 60, n, UTC) for n in places
        ],
        "day": [None if n % 7 == 0 else date(1970, 1, 1 + n % 28) for n in places],
        "number": [None if n % 3 == 0 else n / 7 for n in places],
        "flag": [(None, True, False)[n % 3] for n in places],
        "direction": [(None, *DIRECTIONS)[n % 4] for n in places],
        "word": [("", "zwei", None, "é")[n % 4] for n in places],
        "text": [
            None if n % 11 == 0 else "" if n % 13 == 0 else f"é{n}" * (n % 3) + str(n)
            for n in places
        ],
        "other": [f"{n * 7}" for n in places],
        "key": [2**64 - 1 - n for n in places],
        "nothing": [None] * height,
    }
    return pl.DataFrame(cells, schema=SCHEMA)


STARTS = np.array([0, 3, 3, 60, 200, 201, 300])
"""First rows of six groups, one of them without a row, and the end."""
ALL = np.arange(6)


def written(frame: pl.DataFrame, tmp_path: Path, **arrays: np.ndarray) -> Columns:
    file = tmp_path / "table.cells"
    return Columns(file, write_columns(frame, np.minimum(STARTS, len(frame)), file, arrays))


def test_all_rows_read_as_they_were_written(tmp_path: Path) -> None:
    table = written(rows(), tmp_path)

    assert_frame_equal(table.rows(ALL, schema=SCHEMA), rows())


def test_text_of_many_pieces_reads_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_ROWS_AT_ONCE", 7)
    table = written(rows(), tmp_path)

    assert_frame_equal(table.rows(ALL, schema=SCHEMA), rows())


@pytest.mark.parametrize("groups", [[0], [5, 0], [1, 3], [1], [4, 2, 1]])
def test_groups_are_read_one_after_the_other(groups: list[int], tmp_path: Path) -> None:
    table = written(rows(), tmp_path)

    found = table.rows(np.array(groups), schema=SCHEMA)

    expected = pl.concat([rows()[STARTS[group] : STARTS[group + 1]] for group in groups])
    assert_frame_equal(found, expected)
    assert table.counts(np.array(groups)).sum() == len(expected)


def test_no_group_is_no_row(tmp_path: Path) -> None:
    none = np.array([], np.int64)

    assert_frame_equal(written(rows(), tmp_path).rows(none, schema=SCHEMA), rows(0))


def test_a_table_without_rows_reads_as_one(tmp_path: Path) -> None:
    table = written(rows(0), tmp_path)

    assert_frame_equal(table.rows(ALL, schema=SCHEMA), rows(0))


def test_a_column_that_was_not_written_is_null(tmp_path: Path) -> None:
    table = written(rows().select("number"), tmp_path)

    found = table.rows(ALL[:1], schema={"number": pl.Float64(), "due": DAY})

    assert found["due"].to_list() == [None] * 3
    assert found.schema["due"] == DAY


def test_only_the_bytes_of_what_is_asked_for_are_counted(tmp_path: Path) -> None:
    table = written(rows(), tmp_path, keys=np.arange(1000))

    table.rows(ALL[:1], schema={"key": pl.UInt64()})
    assert table.bytes_read == 3 * 8

    table.rows(ALL, schema=SCHEMA)
    assert table.bytes_read - 3 * 8 == table.bytes_all


def test_the_rows_of_a_group_are_one_stretch_of_the_file(tmp_path: Path) -> None:
    table = written(rows(), tmp_path)
    first, after = table.array("bases")[[3, 4]]
    content = bytearray(table.file.read_bytes())
    content[:first] = bytes(int(first))
    content[after : table.bytes_all] = bytes(int(table.bytes_all - after))
    (tmp_path / "other.cells").write_bytes(content)

    alone = Columns(tmp_path / "other.cells", table.told)

    assert_frame_equal(alone.rows(np.array([3]), schema=SCHEMA), rows()[60:200])


def test_arrays_read_as_they_were_written(tmp_path: Path) -> None:
    table = written(rows(), tmp_path, keys=np.arange(5), none=np.empty(0, np.int64))

    assert table.array("keys").tolist() == [0, 1, 2, 3, 4]
    assert table.array("none").tolist() == []
