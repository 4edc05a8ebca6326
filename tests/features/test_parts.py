"""Parts of a book give the bits of the whole, and a part needs nothing but its folder."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from features.book import Book, make_book
from features.calendar import Calendar
from features.context import build_context
from features.crm.synthetic import WorldParams, make_world
from features.feature import Entity
from features.parts import (
    Call,
    Question,
    describe_in_parts,
    described,
    described_part,
    in_this_process,
    read_parts,
    write_parts,
)
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import Commitment, account_spine, deal_spine
from tests.factories import ORIGIN, account, account_change, book, closed, day, deal, rep
from tests.features.reference.awkward_books import draw
from tests.features.test_reference import FULL

ROOT = Path(__file__).resolve().parents[2]
ENTITIES: tuple[Entity, ...] = ("account", "deal")
SMALL = WorldParams(accounts=40, years=2)
APART = 2
"""Parts among which acme and birch are not in the same one."""
AS_OFS = (datetime.fromisoformat("2026-06-01T00Z"), datetime.fromisoformat("2026-09-01T00Z"))


def asked(
    entity: Entity,
    book: Book,
    as_ofs: Sequence[datetime] = (day(0),),
    calendar: Calendar | None = None,
    commitment: Commitment | None = None,
) -> Question:
    zone = calendar or Calendar()
    spine = account_spine(book, as_ofs) if entity == "account" else deal_spine(book, as_ofs)
    return Question(entity, spine, build_context(book, as_ofs, zone), zone, commitment)


def parted(book: Book, question: Question, folder: Path, parts: int) -> list[str]:
    """The columns in which the parts together differ from the whole; asserts the form."""
    whole = described(book, question)
    found = describe_in_parts(book, question, folder=folder, parts=parts).collect()
    assert found.schema == whole.schema
    assert found.height == whole.height
    return [
        name
        for name in whole.columns
        if not whole[name].equals(found[name], check_dtypes=True, null_equal=True)
    ]


@pytest.fixture(scope="module")
def small() -> Book:
    tables = {name: frame.lazy() for name, frame in make_world(SMALL).items()}
    return make_book(tables, observed_until=datetime.fromisoformat("2026-11-21T00Z"))


@pytest.fixture
def two() -> Book:
    """Two accounts, each with a deal."""
    return book(
        accounts=[account("acme"), account("birch")],
        opportunities=[deal("of-acme"), deal("of-birch", account_id="birch")],
        reps=[rep()],
    )


@pytest.mark.parametrize(
    ("entity", "parts"), [("account", 1), ("account", 3), ("account", 7), ("deal", 1), ("deal", 3)]
)
def test_parts_of_a_synthetic_world_give_the_bits_of_the_whole(
    small: Book, entity: Entity, parts: int, tmp_path: Path
) -> None:
    assert parted(small, asked(entity, small, AS_OFS), tmp_path, parts) == []


@pytest.mark.parametrize(
    ("entity", "seed", "parts"),
    [("account", 0, 3), ("deal", 2, 1), ("deal", 0, 7), ("deal", 1, 3)],
)
def test_parts_of_an_awkward_book_give_the_bits_of_the_whole(
    entity: Entity, seed: int, parts: int, tmp_path: Path
) -> None:
    case = draw(FULL[seed])
    calendar = Calendar(case.world.zone.name, case.world.zone.first_month)
    question = asked(entity, case.book, case.as_ofs, calendar)

    assert parted(case.book, question, tmp_path, parts) == []


def test_commitments_travel_with_the_parts(small: Book, tmp_path: Path) -> None:
    promised = Commitment("Propose", 60)
    question = asked("deal", small, AS_OFS, commitment=promised)
    plain = asked("deal", small, AS_OFS)

    differ = parted(small, question, tmp_path, 3)

    assert differ == []
    assert not described(small, question).equals(described(small, plain))
    assert read_parts(tmp_path)[1] == promised


def test_a_history_in_another_part_still_covers_the_field(tmp_path: Path) -> None:
    moved = account_change("segment", "small", "large", at=day(-500), account_id="birch")
    won = [closed(f"of-{name}", "won", at=day(-300), account_id=name) for name in ("acme", "birch")]
    whole = book(
        accounts=[account("acme", segment="large"), account("birch", segment="large")],
        account_changes=[moved],
        opportunities=won,
    )
    question = asked("account", whole, (day(0), day(-30)))

    differ = parted(whole, question, tmp_path, APART)

    rates = described(whole, question).filter(pl.col(ENTITY_ID) == "acme")["segment_win_rate"]
    assert rates.null_count() == 0
    assert differ == []


@pytest.mark.parametrize("entity", ENTITIES)
def test_parts_without_a_row_add_none(two: Book, entity: Entity, tmp_path: Path) -> None:
    differ = parted(two, asked(entity, two), tmp_path, APART + 1)

    files = sorted((tmp_path / "features").glob("*.parquet"))
    heights = [pl.read_parquet(file).height for file in files]
    assert differ == []
    assert sorted(heights) == [0] * (APART - 1) + [1, 1]


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_book_of_nothing_is_described_by_no_row(entity: Entity, tmp_path: Path) -> None:
    nothing = make_book({}, observed_until=ORIGIN)

    assert parted(nothing, asked(entity, nothing), tmp_path, 3) == []


def test_a_repeated_row_of_the_spine_counts_once(two: Book, tmp_path: Path) -> None:
    once = asked("account", two)
    twice = Question("account", pl.concat([once.spine] * 2), once.context, once.calendar)

    found = describe_in_parts(two, twice, folder=tmp_path, parts=2).collect()

    assert found.select(ENTITY_ID, AS_OF).rows() == [("acme", day(0)), ("birch", day(0))]


def test_a_part_is_described_by_a_process_that_has_the_folder_only(
    two: Book, tmp_path: Path
) -> None:
    question = asked("deal", two)
    write_parts(two, question, folder=tmp_path / "here", parts=1)
    shutil.move(tmp_path / "here", tmp_path / "there")
    out = tmp_path / "found.parquet"
    code = (
        "from features.calendar import Calendar; from features.parts import described_part; "
        f"print(described_part({str(tmp_path / 'there')!r}, 0, 'deal', Calendar(), {str(out)!r}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "2"
    assert pl.read_parquet(out).equals(described(two, question))


def test_a_part_tried_again_replaces_what_the_first_try_left(two: Book, tmp_path: Path) -> None:
    write_parts(two, asked("account", two), folder=tmp_path, parts=1)
    out = tmp_path / "found.parquet"
    out.write_bytes(b"half a file")

    rows = described_part(str(tmp_path), 0, "account", Calendar(), str(out))

    assert rows == pl.read_parquet(out).height == 2
    assert not list(tmp_path.glob(".found*"))


def test_a_folder_that_is_not_finished_is_not_described(two: Book, tmp_path: Path) -> None:
    write_parts(two, asked("account", two), folder=tmp_path, parts=1)
    (tmp_path / "book.json").unlink()

    with pytest.raises(FileNotFoundError, match=r"book\.json"):
        described_part(str(tmp_path), 0, "account", Calendar(), str(tmp_path / "found.parquet"))


def test_parts_of_another_form_are_refused(two: Book, tmp_path: Path) -> None:
    write_parts(two, asked("account", two), folder=tmp_path, parts=1)
    told = json.loads((tmp_path / "book.json").read_text())
    (tmp_path / "book.json").write_text(json.dumps({**told, "schema": 2}))

    with pytest.raises(ValueError, match=r"expected parts of form 1 .* got 2"):
        read_parts(tmp_path)


def test_a_part_that_is_not_there_is_refused(two: Book, tmp_path: Path) -> None:
    write_parts(two, asked("account", two), folder=tmp_path, parts=2)

    with pytest.raises(ValueError, match="expected a part from 0 to 1, got 2"):
        described_part(str(tmp_path), 2, "account", Calendar(), str(tmp_path / "found.parquet"))


def test_a_folder_in_use_is_refused(two: Book, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(ValueError, match="expected a new or empty folder"):
        describe_in_parts(two, asked("account", two), folder=tmp_path, parts=1)


def test_an_account_that_the_book_lacks_is_named(two: Book, tmp_path: Path) -> None:
    known = asked("account", two)
    stranger = known.spine.with_columns(pl.lit("cedar").alias(ENTITY_ID))
    question = Question("account", stranger, known.context, known.calendar)

    with pytest.raises(ValueError, match="found none for 1 of them, the first 'cedar'"):
        describe_in_parts(two, question, folder=tmp_path, parts=3)


def test_rows_that_a_runner_loses_are_missed(two: Book, tmp_path: Path) -> None:
    def forgetful(calls: Sequence[Call]) -> list[int]:
        return in_this_process(calls)[:-1]

    with pytest.raises(RuntimeError, match="expected 2 rows from 1 parts, got 0"):
        describe_in_parts(two, asked("account", two), folder=tmp_path, parts=1, runner=forgetful)


def test_a_commitment_is_for_deals(two: Book) -> None:
    with pytest.raises(ValueError, match="commitment for deals only"):
        asked("account", two, commitment=Commitment("qualify", 30))


def test_the_frame_is_in_the_order_of_the_whole_one(small: Book, tmp_path: Path) -> None:
    question = asked("deal", small, AS_OFS)

    found = describe_in_parts(small, question, folder=tmp_path, parts=3)

    keys = found.select(ENTITY_ID, AS_OF).collect().rows()
    assert isinstance(found, pl.LazyFrame)
    assert keys == sorted(keys)
    assert len({*found.collect()[ACCOUNT_ID]}) > 3
