"""Harmless changes are not taken for leaks: the past said the same, in another way."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import features.batch
from features.book import Book, make_book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.catalogue import features_of
from features.context import build_context
from features.crm.source import open_source
from features.crm.synthetic import WorldParams, make_world
from features.feature import Entity
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, RECORDED_AT
from features.snapshot import account_spine, deal_spine
from training.leaks import Describe, Probe, differences, moved_features

AT = datetime(2025, 9, 1, tzinfo=UTC)
LATER = AT + timedelta(weeks=8)
ENTITIES: tuple[Entity, ...] = ("account", "deal")
IDS = (ACCOUNT_ID, OPPORTUNITY_ID, "parent_account_id", "merged_into")


def probe(entity: Entity, describe: Describe | None = None) -> Probe:
    names = tuple(feature.name for feature in features_of(entity))
    return Probe(entity, AT, names, describe=describe, sample=1_000)


def changed(book: Book, **tables: pl.LazyFrame) -> Book:
    return Book({**book.tables, **tables}, book.present, book.observed_until)


def reordered(book: Book) -> Book:
    """Every table in another order; changes of one entity stay in theirs, as a source has them."""
    tables = {
        name: frame.sort(frame.collect_schema().names()[0], descending=True, maintain_order=True)
        if name.endswith("_changes")
        else frame.reverse()
        for name, frame in book.tables.items()
    }
    return changed(book, **tables)


def with_a_newcomer(book: Book) -> Book:
    accounts = book["accounts"].collect()
    born_later = accounts.head(1).with_columns(
        pl.lit("newcomer").alias(ACCOUNT_ID), created_at=AT + timedelta(days=1)
    )
    never_seen = accounts.head(1).with_columns(
        pl.lit("unseen").alias(ACCOUNT_ID),
        *(pl.lit(None, accounts[name].dtype).alias(name) for name in ("created_at", RECORDED_AT)),
    )
    return changed(book, accounts=pl.concat([accounts, born_later, never_seen]).lazy())


def with_other_next_steps(book: Book) -> Book:
    return changed(
        book,
        opportunities=book["opportunities"].with_columns(next_step=pl.lit("call them")),
        accounts=book["accounts"].with_columns(name=pl.lit("renamed")),
    )


def with_history_nobody_reads(book: Book) -> Book:
    changes = book["opportunity_changes"]
    more = changes.with_columns(field=pl.lit("colour"), changed_by=pl.lit("someone"))
    return changed(book, opportunity_changes=pl.concat([changes, more]))


def with_a_stage_never_used(book: Book) -> Book:
    stages = book["stages"].collect()
    more = stages.head(1).with_columns(
        stage=pl.lit("never used"), sort_order=pl.lit(99.0), is_closed=pl.lit(value=True)
    )
    return changed(book, stages=pl.concat([stages, more]).lazy())


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize(
    "harmless",
    [
        reordered,
        with_a_newcomer,
        with_other_next_steps,
        with_history_nobody_reads,
        with_a_stage_never_used,
    ],
)
def test_the_same_past_in_other_words_moves_nothing(
    company: Any, entity: Entity, harmless: Callable[[Book], Book]
) -> None:
    other = harmless(company.book)

    assert differences(company.book, other, probe(entity), company.calendar, seed=1) == []


def read(folder: Path, tables: dict[str, pl.DataFrame]) -> Book:
    folder.mkdir()
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    url = f"files:{folder}"
    return open_source(url, calendar=Calendar(), now=now, base_currency="USD").read().book


def test_duplicates_that_the_reader_removes_move_nothing(company: Any, tmp_path: Path) -> None:
    tables = {name: frame.collect() for name, frame in company.book.tables.items()}
    filled = {name: frame for name, frame in tables.items() if frame.height}
    doubled = {name: pl.concat([frame, frame.head(40)]) for name, frame in filled.items()}

    once, twice = read(tmp_path / "once", filled), read(tmp_path / "twice", doubled)

    for entity in ENTITIES:
        assert differences(once, twice, probe(entity), Calendar(), seed=1) == []


def described(
    book: Book, spine: pl.DataFrame, wanted: Probe, calendar: Calendar, *as_ofs: datetime
) -> pl.DataFrame:
    """The catalogue's features of the probe's moment, made in one call with other moments."""
    context = build_context(book, as_ofs, calendar)
    spine_of = account_spine if wanted.entity == "account" else deal_spine
    rows = pl.concat([spine.lazy(), spine_of(book, as_ofs)], how="diagonal").unique()
    make = account_features if wanted.entity == "account" else deal_features
    return make(book, rows, context, calendar).filter(pl.col(AS_OF) == wanted.at)


def with_later_moments(
    book: Book, spine: pl.DataFrame, wanted: Probe, calendar: Calendar
) -> pl.DataFrame:
    return described(book, spine, wanted, calendar, AT, LATER)


def renamed(frame: pl.LazyFrame, *names: str) -> pl.LazyFrame:
    present = [name for name in names if name in frame.collect_schema().names()]
    return frame.with_columns((pl.lit("9-") + pl.col(name)).alias(name) for name in present)


def with_other_ids(
    book: Book, spine: pl.DataFrame, wanted: Probe, calendar: Calendar
) -> pl.DataFrame:
    tables = {name: renamed(frame, *IDS) for name, frame in book.tables.items()}
    other = renamed(spine.lazy(), ENTITY_ID, ACCOUNT_ID).collect()
    found = described(changed(book, **tables), other, wanted, calendar, AT)
    return found.with_columns(pl.col(ENTITY_ID).str.strip_prefix("9-"))


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.parametrize("describe", [with_later_moments, with_other_ids])
def test_another_way_to_the_same_features_is_not_flagged(
    company: Any, entity: Entity, describe: Describe
) -> None:
    plain, other = probe(entity), probe(entity, describe)
    spine = plain.spine(company.book)

    assert moved_features(company.book, other, company.calendar, seed=2) == ()
    told = [one.described(company.book, spine, company.calendar) for one in (plain, other)]
    assert told[0].equals(told[1], null_equal=True)


@pytest.mark.parametrize("entity", ENTITIES)
def test_smaller_batches_are_not_flagged(
    company: Any, entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = probe(entity, with_later_moments)
    spine = whole.spine(company.book)
    before = whole.described(company.book, spine, company.calendar)

    monkeypatch.setattr(features.batch, "_ROWS_AT_ONCE", 7)
    monkeypatch.setattr(features.batch, "_PAIRS_AT_ONCE", 2_000)

    assert moved_features(company.book, whole, company.calendar, seed=3) == ()
    assert before.equals(whole.described(company.book, spine, company.calendar), null_equal=True)


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_longer_history_before_the_warm_up_is_not_flagged(entity: Entity) -> None:
    params = WorldParams(accounts=30, years=5, seed=5)
    tables = {name: frame.lazy() for name, frame in make_world(params).items()}
    until = datetime.combine(params.until, time(), tzinfo=UTC)
    book = make_book(tables, observed_until=until)

    assert moved_features(book, probe(entity), Calendar(), seed=4) == ()
