"""Records: the text of a CSV file cut into rows that still know their line and raw text."""

from dataclasses import dataclass

import polars as pl

from features.quarantine import Code
from features.schema import SchemaError

LINE = "#line"
RAW = "#raw"

_QUOTED = r'"(?:[^"]|"")*"[ \t\r]*'
_BARE = r'[^",\n][^,\n]*|'
_CELL = f"(?:{_QUOTED}|{_BARE})"
_WHOLE = rf"^{_CELL}(?:,{_CELL})*$"
_OPENS = rf'^(?:{_CELL},)*"(?:[^"]|"")*$'
_STAYS = r'^(?:[^"]|"")*$'
_REOPENS = rf'^(?:[^"]|"")*"[ \t\r]*,(?:{_CELL},)*"(?:[^"]|"")*$'
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BROKEN_SCHEMA = {
    LINE: pl.Int64,
    RAW: pl.String,
    "code": pl.String,
    "expected": pl.String,
    "found": pl.String,
}


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """The rows of one CSV file.

    Attributes:
        header: column names in the file's order.
        cells: `#line` (of the file, from 1), `#raw`, then one text column per name; an empty
            cell is null.
        broken: `#line`, `#raw`, `code`, `expected`, `found` of rows that cannot be cut into cells.
    """

    header: tuple[str, ...]
    cells: pl.DataFrame
    broken: pl.DataFrame


def cut(data: bytes, file: str) -> Records:
    """Cut the bytes of a comma-separated file into records; blank lines are not rows.

    A quoted cell may hold line ends. Where quotes do not balance, each physical line is looked at
    by itself, so that one stray quote costs one row.

    Raises:
        SchemaError: when there is no header to cut by.
    """
    lines = _lines(data, file)
    records = _joined(lines)
    if records.height == 0:
        raise SchemaError(f"file {file}: expected a header row, found an empty file")
    header = _header(records.head(1), file)
    rows = records.slice(1)
    broken = _broken(rows, len(header))
    good = rows.join(broken.select(LINE), on=LINE, how="anti", maintain_order="left")
    return Records(header, _cells(good, header), broken)


def _lines(data: bytes, file: str) -> pl.DataFrame:
    """Physical lines: `#line`, `#raw`, `is_bad` (not UTF-8, or holding a NUL)."""
    if data.startswith(_UTF16):
        raise SchemaError(f"file {file}: expected UTF-8, found a UTF-16 byte order mark")
    data = data.removeprefix(b"\xef\xbb\xbf")
    text = data.decode("utf-8", errors="replace")
    lines = pl.DataFrame({RAW: text.split("\n")}, schema={RAW: pl.String})
    lines = lines.with_row_index(LINE, offset=1).with_columns(pl.col(LINE).cast(pl.Int64))
    is_bad = pl.Series("is_bad", [False]).new_from_index(0, lines.height)
    if "\ufffd" in text or "\x00" in text:
        # Only now is the slower look at every line's bytes worth its time.
        is_bad = pl.Series("is_bad", [_is_bad(line) for line in data.split(b"\n")])
    return lines.with_columns(is_bad)


def _is_bad(line: bytes) -> bool:
    try:
        return "\x00" in line.decode("utf-8")
    except UnicodeDecodeError:
        return True


def _joined(lines: pl.DataFrame) -> pl.DataFrame:
    """Records: `#line` of the first line, `#raw` whole, `is_bad`, `is_whole`, `has_quote`."""
    has_quote = pl.col(RAW).str.contains('"', literal=True)
    marked = lines.with_columns(has_quote.alias("has_quote"))
    if not marked["has_quote"].any():
        records = marked.with_columns(pl.lit(value=True).alias("is_whole"))
    else:
        records = _rejoined(marked)
    is_row = pl.col(RAW).str.strip_chars() != ""
    return records.with_columns(pl.col(RAW).str.strip_suffix("\r")).filter(is_row)


def _rejoined(lines: pl.DataFrame) -> pl.DataFrame:
    starts = ~_is_inside(lines).shift(1, fill_value=False)
    numbered = lines.with_columns(starts.cum_sum().alias("record"))
    grouped = (
        numbered.group_by("record", maintain_order=True)
        .agg(
            pl.col(LINE).first(),
            pl.col(RAW).str.join("\n"),
            pl.col("is_bad").any(),
            pl.col("has_quote").any(),
            pl.len().alias("lines"),
        )
        .with_columns(_is_whole())
    )
    is_split = (pl.col("lines") > 1) & ~pl.col("is_whole")
    apart = numbered.join(grouped.filter(is_split).select("record"), on="record", how="semi")
    columns = [LINE, RAW, "is_bad", "has_quote", "is_whole"]
    return pl.concat(
        [
            grouped.filter(~is_split).select(columns),
            apart.with_columns(_is_whole()).select(columns),
        ]
    ).sort(LINE)


def _is_whole() -> pl.Expr:
    return (~pl.col("has_quote") | pl.col(RAW).str.contains(_WHOLE)).alias("is_whole")


def _is_inside(lines: pl.DataFrame) -> pl.Series:
    """Whether the file is inside a quoted cell after each line.

    Each line maps "inside before" to "inside after": to a constant, to itself or to its opposite.
    The state is the last constant, flipped once for every opposite since.
    """
    raw = pl.col(RAW)
    has_quote = pl.col("has_quote")
    opens = has_quote & raw.str.contains(_OPENS)
    stays = ~has_quote | raw.str.contains(_STAYS) | raw.str.contains(_REOPENS)
    maps = lines.select(opens.alias("opens"), stays.alias("stays"))
    is_constant = pl.col("opens") == pl.col("stays")
    flips = (pl.col("opens") & ~pl.col("stays")).cum_sum() % 2 == 1
    base = pl.when(is_constant).then(pl.col("opens") ^ flips).forward_fill().fill_null(value=False)
    return maps.select((base ^ flips).alias("inside"))["inside"]


def _header(first: pl.DataFrame, file: str) -> tuple[str, ...]:
    if first["is_bad"][0]:
        raise SchemaError(f"file {file} line {first[LINE][0]}: expected UTF-8 in the header row")
    if not first["is_whole"][0]:
        raise SchemaError(
            f"file {file}: expected balanced quotes in the header, found {first[RAW][0]!r}"
        )
    count = first.select(_count()).item()
    cells = _cells(first, tuple(str(place) for place in range(count)))
    names = tuple((cells[str(place)][0] or "").strip() for place in range(count))
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SchemaError(
            f"file {file}: expected each column once in the header, found {repeated} again"
        )
    return names


def _count() -> pl.Expr:
    bare = (
        pl.when(pl.col("has_quote")).then(pl.col(RAW).str.replace_all(_QUOTED, "")).otherwise(RAW)
    )
    return bare.str.count_matches(",", literal=True) + 1


def _broken(rows: pl.DataFrame, width: int) -> pl.DataFrame:
    found = (
        pl.when(pl.col("is_bad"))
        .then(pl.lit("bytes that are not"))
        .when(~pl.col("is_whole"))
        .then(pl.lit("quotes that do not balance"))
        .otherwise(pl.format("{} cells", pl.col("count")))
    )
    is_bad = pl.col("is_bad")
    return (
        rows.with_columns(_count().alias("count"))
        .filter(is_bad | ~pl.col("is_whole") | (pl.col("count") != width))
        .with_columns(
            pl.when(is_bad)
            .then(pl.lit(str(Code.BAD_ENCODING)))
            .otherwise(pl.lit(str(Code.RAGGED_ROW)))
            .alias("code"),
            pl.when(is_bad)
            .then(pl.lit("UTF-8 text"))
            .otherwise(pl.lit(f"{width} cells"))
            .alias("expected"),
            found.alias("found"),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in _BROKEN_SCHEMA.items())
    )


def _cells(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Cells as text: `#line`, `#raw`, then the names; the rows must have that many cells."""
    split = pl.col(RAW).str.split_exact(",", len(names) - 1).struct.rename_fields(list(names))
    bare = rows.filter(~pl.col("has_quote")).select(LINE, RAW, split.alias("_cells"))
    pattern = "^" + ",".join([f"({_CELL})"] * len(names)) + "$"
    groups = pl.col(RAW).str.extract_groups(pattern).struct.rename_fields(list(names))
    quoted = rows.filter(pl.col("has_quote")).select(LINE, RAW, groups.alias("_cells"))
    opened = quoted.unnest("_cells").with_columns(_unquoted(pl.col(name)) for name in names)
    whole = pl.concat([bare.unnest("_cells"), opened.select(LINE, RAW, *names)])
    return whole.sort(LINE).with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in names
    )


def _unquoted(cell: pl.Expr) -> pl.Expr:
    trimmed = cell.str.strip_chars_end(" \t\r")
    inner = trimmed.str.slice(1, trimmed.str.len_chars() - 2).str.replace_all(
        '""', '"', literal=True
    )
    return pl.when(cell.str.starts_with('"')).then(inner).otherwise(cell).name.keep()
