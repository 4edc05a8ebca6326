"""Parts: the feature frame of a book in parts on disk, each described by whichever process is free.

A folder holds all that a part needs, so that a process which sees the folder needs nothing else:

    shared/          the tables that belong to no account
    context/         the context of the whole book
    0000/, 0001/, …  the tables of one part, and its rows of the spine
    features/        what was found, a file for each part
    merged/          what was found, in order
    book.json        what every part has to know of the whole book, written last
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import polars as pl

from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import Context
from features.feature import Entity
from features.merge import ROW_GROUP, merged
from features.scatter import PART, Scattered, part_of, scatter
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, TABLES
from features.snapshot import Commitment

FORMAT = 1
MANIFEST = "book.json"
SPINE = "spine.parquet"

Call: TypeAlias = tuple[str, int, Entity, Calendar, str]
"""The arguments of `described_part`."""


class Runner(Protocol):
    """Runs `described_part` once for each call, wherever it likes and in any order."""

    def __call__(self, calls: Sequence[Call]) -> Sequence[int]:
        """The rows of each call, in the order of the calls."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is to be described.

    Attributes:
        entity: account or deal.
        spine: as `account_features` or `deal_features` takes it.
        context: of the whole book, for at least the as_ofs of the spine.
        calendar: the organisation's.
        commitment: of deals, where the CRM has no close dates.
    """

    entity: Entity
    spine: pl.LazyFrame
    context: Context
    calendar: Calendar
    commitment: Commitment | None = None

    def __post_init__(self) -> None:
        if self.entity == "account" and self.commitment is not None:
            raise ValueError(f"expected a commitment for deals only, got {self.commitment}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the spine."""
        return (ENTITY_ID, AS_OF) if self.entity == "account" else (ENTITY_ID, ACCOUNT_ID, AS_OF)


def described(book: Book, question: Question) -> pl.DataFrame:
    """The feature frame of a question, from a book that is whole or a part."""
    asked = question
    if asked.entity == "account":
        return account_features(book, asked.spine, asked.context, asked.calendar)
    return deal_features(book, asked.spine, asked.context, asked.calendar, asked.commitment)


def in_this_process(calls: Sequence[Call]) -> list[int]:
    """The runner without others: one part after the other, so that memory holds one."""
    return [described_part(*call) for call in calls]


def describe_in_parts(
    book: Book, question: Question, *, folder: Path, parts: int, runner: Runner = in_this_process
) -> pl.LazyFrame:
    """Describe a spine part by part; the same bits as from the whole book.

    Args:
        book: tables that can be streamed.
        question: what is described.
        folder: new or empty; it has to stay for as long as the frame is read.
        parts: how many.
        runner: where the parts are described.

    Returns:
        As `account_features` or `deal_features`, in the same order.

    Raises:
        ValueError: for fewer than one part, a folder with something in it, accounts of the spine
            that the book lacks, or a context that lacks an as_of.
        RuntimeError: when the parts together have more or fewer rows than the spine.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"expected a new or empty folder, found files in {folder}")
    rows = write_parts(book, question, folder=folder, parts=parts)
    found = folder / "features"
    found.mkdir()
    files = [found / f"{number:04d}.parquet" for number in range(parts)]
    calls: list[Call] = [
        (str(folder), number, question.entity, question.calendar, str(file))
        for number, file in enumerate(files)
    ]
    described = sum(runner(calls))
    if described != rows:
        raise RuntimeError(f"expected {rows} rows from {parts} parts, got {described}")
    return merged(files, (ENTITY_ID, AS_OF), folder=folder / "merged")


def write_parts(book: Book, question: Question, *, folder: Path, parts: int) -> int:
    """Cut a book and a spine into parts that need nothing but their folder.

    Returns:
        The rows of the spine, each once.
    """
    spine = question.spine.select(question.keys).unique().collect()
    account = ENTITY_ID if question.entity == "account" else ACCOUNT_ID
    _check_accounts(book, spine[account])
    scattered = scatter(book, folder, parts)
    _write_spine(spine, account, scattered.folders)
    _write_shared(book, folder / "shared")
    question.context.write(folder / "context")
    _write_manifest(scattered.whole, question.commitment, folder=folder, parts=parts)
    return spine.height


def described_part(folder: str, number: int, entity: Entity, calendar: Calendar, out: str) -> int:
    """Describe the rows of one part and write them; a file of an earlier try is replaced.

    Args:
        folder: as `write_parts` left it.
        number: of the part, from 0.
        entity: account or deal, as the spine was cut.
        calendar: the organisation's.
        out: Parquet file to write; its folder has to be there.

    Returns:
        The rows written.

    Raises:
        FileNotFoundError: for a folder that this process does not see, or that is not finished.
        ValueError: for a part that is not there.
    """
    root = Path(folder)
    scattered, commitment = read_parts(root)
    if not 0 <= number < len(scattered.folders):
        raise ValueError(f"expected a part from 0 to {len(scattered.folders) - 1}, got {number}")
    part = scattered.part(number)
    spine = pl.scan_parquet(scattered.folders[number] / SPINE)
    context = Context.read(root / "context")
    question = Question(entity, spine, context, calendar, commitment)
    frame = described(part, question)
    target = Path(out)
    unfinished = target.with_name(f".{target.name}.unfinished")
    frame.write_parquet(unfinished, row_group_size=ROW_GROUP)
    unfinished.replace(target)
    return frame.height


def read_parts(folder: Path) -> tuple[Scattered, Commitment | None]:
    """The parts and the commitment that `write_parts` put into a folder.

    Raises:
        FileNotFoundError: for a folder without the manifest, which is written last.
        ValueError: for a manifest of another form.
    """
    told: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if told["schema"] != FORMAT:
        raise ValueError(f"expected parts of form {FORMAT} in {folder}, got {told['schema']}")
    tables = {name: pl.scan_parquet(folder / "shared" / f"{name}.parquet") for name in TABLES}
    whole = Book(
        MappingProxyType(tables),
        MappingProxyType({table: frozenset(names) for table, names in told["present"].items()}),
        datetime.fromisoformat(told["observed_until"]),
        MappingProxyType(
            {
                (table, name): None if start is None else datetime.fromisoformat(start)
                for table, name, start in told["value_starts"]
            }
        ),
    )
    promised = told["commitment"]
    commitment = None if promised is None else Commitment(**promised)
    return Scattered(_folders(folder, told["parts"]), whole), commitment


def _folders(folder: Path, parts: int) -> list[Path]:
    return [folder / f"{number:04d}" for number in range(parts)]


def _check_accounts(book: Book, accounts: pl.Series) -> None:
    """The rows of an account that the book does not list would belong to no part."""
    asked = pl.LazyFrame({ACCOUNT_ID: accounts.unique()})
    missing = asked.join(book["accounts"], on=ACCOUNT_ID, how="anti").collect(engine="streaming")
    if missing.height > 0:
        raise ValueError(
            f"expected the accounts of the spine in table accounts, found none for "
            f"{missing.height} of them, the first {missing[ACCOUNT_ID].min()!r}"
        )


def _write_spine(spine: pl.DataFrame, account: str, folders: Sequence[Path]) -> None:
    """Every part gets its rows, the one without rows an empty file."""
    rows = spine.with_columns(part_of(pl.col(account), len(folders)).alias(PART))
    cut = rows.partition_by(PART, as_dict=True, include_key=False)
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True, exist_ok=True)
        cut.get((number,), spine.clear()).write_parquet(folder / SPINE)


def _write_shared(book: Book, folder: Path) -> None:
    """The tables of no account; of the others the form, for parts that have no row of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in book.tables.items():
        is_cut = {ACCOUNT_ID, OPPORTUNITY_ID} & set(rows.collect_schema().names())
        kept = rows.clear() if is_cut else rows
        kept.sink_parquet(folder / f"{table}.parquet")


def _write_manifest(
    whole: Book, commitment: Commitment | None, *, folder: Path, parts: int
) -> None:
    told = {
        "schema": FORMAT,
        "parts": parts,
        "observed_until": whole.observed_until.isoformat(),
        "present": {table: sorted(names) for table, names in whole.present.items()},
        "value_starts": [
            (table, name, None if start is None else start.isoformat())
            for (table, name), start in (whole.value_starts or {}).items()
        ],
        "commitment": None if commitment is None else asdict(commitment),
    }
    unfinished = folder / f".{MANIFEST}.unfinished"
    unfinished.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(folder / MANIFEST)
