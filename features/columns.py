"""Columns: the rows of a table in one file, of which those of some groups can be read alone.

The rows of a group stand together, one column after the other, so that a group is one stretch of
the file. The file is mapped into memory, and what is not asked for is not touched. Text of few
different words is kept as codes, other text as bytes with the length of each cell.
"""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import DAY, TIME

Json: TypeAlias = dict[str, Any]
Array: TypeAlias = npt.NDArray[Any]
Ints: TypeAlias = npt.NDArray[np.int64]

_MOST_WORDS = 250
_ROWS_AT_ONCE = 1 << 20
_ALIGNED = 8
_SIZE = np.dtype(np.uint32)
_STARTS, _BASES = "starts", "bases"


def write_columns(
    rows: pl.DataFrame, starts: Ints, file: Path, arrays: Mapping[str, Array]
) -> Json:
    """Write a table.

    Args:
        rows: cells of the contract's dtypes, or UInt64, in the order of their groups.
        starts: first row of each group, and the end.
        file: new.
        arrays: others that are read whole.

    Returns:
        What `Columns` has to know of the file, as JSON.
    """
    encoded = [_encode(column) for column in rows.get_columns()]
    told: Json = {
        "columns": {cells.name: cells.form for cells in encoded if cells.form is not None},
        "parts": [[part, values.dtype.str] for cells in encoded for part, values in cells.parts],
        "texts": [cells.name for cells in encoded if cells.text is not None],
        "blocks": {},
    }
    with file.open("wb") as content:
        bases = _write_groups(content, encoded, starts)
        for name, values in {**arrays, _STARTS: starts, _BASES: bases}.items():
            _put(content, told["blocks"], name, values)
    return told


@dataclass(eq=False)
class Columns:
    """A table in a file, mapped into memory.

    Attributes:
        file: as `write_columns` left it.
        told: as `write_columns` told it.
        bytes_read: of the cells that were asked for so far.
    """

    file: Path
    told: Json
    bytes_read: int = 0
    _map: mmap.mmap | None = field(default=None, repr=False)

    @property
    def bytes_all(self) -> int:
        """Of all the cells."""
        return int(self.array(_BASES)[-1])

    def array(self, name: str) -> Array:
        """One of the arrays, not read yet."""
        kind, offset, count = self.told["blocks"][name]
        return np.frombuffer(self._mapped(), kind, count, offset)

    def counts(self, groups: Ints) -> Ints:
        """How many rows each of these groups has."""
        starts = self.array(_STARTS)
        return np.asarray(starts[groups + 1] - starts[groups])

    def rows(self, groups: Ints, *, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """The rows of some groups, one after the other.

        Args:
            groups: their numbers.
            schema: the columns asked for; those that the file lacks are null.
        """
        counts = self.counts(groups)
        there = groups[counts > 0]
        asked = _Asked(self.array(_BASES)[there], counts[counts > 0])
        found = [
            self._decode(name, dtype, asked).alias(name)
            if name in self.told["columns"] and len(there)
            else pl.Series(name, [None], dtype).new_from_index(0, int(counts.sum()))
            for name, dtype in schema.items()
        ]
        return pl.DataFrame(found)

    def _decode(self, name: str, dtype: pl.DataType, asked: "_Asked") -> pl.Series:
        form = self.told["columns"][name]
        numbers = self._cells(f"{name}/values", asked)
        if name in self.told["texts"]:
            values = self._text(name, numbers.astype(np.int64), asked)
        else:
            values = _typed(numbers, dtype, form.get("words"))
        if not form["has_nulls"]:
            return values
        is_there = pl.Series(self._cells(f"{name}/valid", asked).astype(np.bool_))
        return pl.select(pl.when(is_there).then(values)).to_series()

    def _cells(self, part: str, asked: "_Asked") -> Array:
        """One number of each row of the groups."""
        names = [name for name, _ in self.told["parts"]]
        place = names.index(part)
        widths = [np.dtype(kind).itemsize for _, kind in self.told["parts"]]
        kind = np.dtype(self.told["parts"][place][1])
        offsets = asked.bases + self._head + asked.counts * sum(widths[:place])
        pairs = zip(offsets.tolist(), asked.counts.tolist(), strict=True)
        content = self._mapped()
        found = np.concatenate([np.frombuffer(content, kind, n, offset) for offset, n in pairs])
        self.bytes_read += found.nbytes
        return found

    def _text(self, name: str, lengths: Ints, asked: "_Asked") -> pl.Series:
        """The cells of text of the groups, from the length of each."""
        widths = sum(np.dtype(kind).itemsize for _, kind in self.told["parts"])
        place, content = self.told["texts"].index(name), self._mapped()
        texts = len(self.told["texts"])
        sizes = np.array(
            [np.frombuffer(content, _SIZE, texts, base) for base in asked.bases.tolist()], np.int64
        )
        begins = asked.bases + self._head + asked.counts * widths + sizes[:, :place].sum(axis=1)
        ends = begins + sizes[:, place]
        self.bytes_read += int(sizes[:, place].sum()) + len(sizes) * _SIZE.itemsize
        after = np.cumsum(asked.counts)
        edges = [*np.flatnonzero(np.diff(after // _ROWS_AT_ONCE, prepend=-1)), len(after)]
        found = []
        for first, last in pairwise(edges):
            stretches = zip(begins[first:last].tolist(), ends[first:last].tolist(), strict=True)
            text = b"".join([content[begin:end] for begin, end in stretches])
            rows = slice(int(after[first] - asked.counts[first]), int(after[last - 1]))
            found.append(_cut(text, lengths[rows]))
        return pl.concat(found)

    @property
    def _head(self) -> int:
        return len(self.told["texts"]) * _SIZE.itemsize

    def _mapped(self) -> mmap.mmap:
        if self._map is None:
            with self.file.open("rb") as content:
                self._map = mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Groups with at least one row: where each begins in the file, and its rows."""

    bases: Ints
    counts: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """One column: numbers of each row, and its text; no form where it is null throughout."""

    name: str
    form: Json | None
    parts: Sequence[tuple[str, Array]] = ()
    text: bytes | None = None


def _encode(column: pl.Series) -> _Encoded:
    name, has_nulls = column.name, column.null_count() > 0
    if column.null_count() == len(column):
        return _Encoded(name, None)
    form: Json = {"has_nulls": has_nulls}
    valid = [(f"{name}/valid", column.is_not_null().to_numpy().astype(np.uint8))]
    rest = valid if has_nulls else []
    if column.dtype != pl.String:
        numbers = column.to_physical().fill_null(0)
        numbers = numbers.cast(pl.UInt8) if column.dtype == pl.Boolean else numbers
        return _Encoded(name, form, [(f"{name}/values", numbers.to_numpy()), *rest])
    words = column.drop_nulls().unique().sort()
    if len(words) <= _MOST_WORDS:
        codes = column.cast(pl.Enum(words)).to_physical().cast(pl.UInt8).fill_null(0)
        form["words"] = words.to_list()
        return _Encoded(name, form, [(f"{name}/values", codes.to_numpy()), *rest])
    lengths = column.str.len_bytes().fill_null(0).cast(pl.UInt32).to_numpy()
    pieces = column.fill_null("").to_frame().iter_slices(_ROWS_AT_ONCE)
    text = b"".join(piece.to_series().str.join("").item().encode() for piece in pieces)
    return _Encoded(name, form, [(f"{name}/values", lengths), *rest], text)


def _write_groups(content: BinaryIO, encoded: Sequence[_Encoded], starts: Ints) -> Ints:
    """Write the groups one after the other; where each begins, and the end."""
    counts = np.diff(starts)
    numbers = [values for cells in encoded for _, values in cells.parts]
    ends = [
        np.append(0, np.cumsum(dict(cells.parts)[f"{cells.name}/values"], dtype=np.int64))[starts]
        for cells in encoded
        if cells.text is not None
    ]
    texts = [memoryview(cells.text) for cells in encoded if cells.text is not None]
    sizes = np.array([np.diff(end) for end in ends], _SIZE).reshape(len(ends), len(counts)).T
    width = sum(values.itemsize for values in numbers)
    lengths = (sizes.sum(axis=1, dtype=np.int64) + sizes.shape[1] * _SIZE.itemsize) * (counts > 0)
    bases = np.append(0, np.cumsum(lengths + counts * width)).astype(np.int64)
    heads = np.ascontiguousarray(sizes)
    cells_of = [(np.ascontiguousarray(v).data.cast("B"), v.itemsize) for v in numbers]
    for group, (begin, end) in _filled(starts):
        content.write(heads[group].data)
        content.writelines(values[begin * size : end * size] for values, size in cells_of)
        stretches = zip(texts, ends, strict=True)
        content.writelines(text[own[group] : own[group + 1]] for text, own in stretches)
    return bases


def _filled(starts: Ints) -> Iterator[tuple[int, tuple[int, int]]]:
    """The groups with a row, and their stretches."""
    for group, (begin, end) in enumerate(pairwise(starts.tolist())):
        if begin < end:
            yield group, (begin, end)


def _put(content: BinaryIO, blocks: Json, name: str, values: Array) -> None:
    """Append an array, and say where it is."""
    content.write(bytes(-content.tell() % _ALIGNED))
    blocks[name] = [values.dtype.str, content.tell(), len(values)]
    content.write(np.ascontiguousarray(values).data)


def _cut(text: bytes, lengths: Ints) -> pl.Series:
    """The cells of a text that follow on one another."""
    frame = pl.DataFrame({"first": np.cumsum(lengths) - lengths, "length": lengths})
    cells = pl.lit(text).bin.slice(pl.col("first"), pl.col("length"))
    return frame.select(cells.cast(pl.String)).to_series()


def _typed(numbers: Array, dtype: pl.DataType, words: Sequence[str] | None) -> pl.Series:
    """Numbers as the contract has them."""
    if words is not None:
        return pl.Series(words, dtype=pl.String).gather(numbers)
    values = pl.Series(numbers)
    if isinstance(dtype, pl.Enum):
        return pl.Series(dtype.categories, dtype=dtype).gather(values)
    if dtype == TIME:
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return values.cast(pl.Int32).cast(DAY) if dtype == DAY else values.cast(dtype)
