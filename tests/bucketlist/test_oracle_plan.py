"""The oracle plan: the oracle is asked what a backtest of the same tables is asked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bucketlist import oracle_plan as plan_module
from bucketlist.oracle import COLUMNS, OracleMoments, Question
from bucketlist.oracle_plan import Asking, oracle_plan, write_oracle
from bucketlist.session import Session
from bucketlist.world_files import write_world
from features.book import Book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, regime
from features.schema import AS_OF
from models.policy import load_policy
from training.backtest import walk_forward
from training.bucket_contest import with_floor
from training.config import Experiment, load_experiment
from training.folds import NotEnoughDataError
from training.span import plan_of

CALENDAR = Calendar()
WORLD = regime("baseline", accounts=30, seed=3, years=1.5, until=date(2025, 9, 29))
ALL = Asking(draws=2)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """What a backtest reads of the written world."""
    return book_in(tmp_path_factory.mktemp("home"), WORLD)


def book_in(home: Path, world: WorldParams) -> Book:
    write_world(world, home / "crm")
    return Session(home=home).read(f"files:{home / 'crm'}").book


def recipe(**changes: object) -> Experiment:
    return replace(load_experiment(None), **changes)  # type: ignore[arg-type]


def folds_in(book: Book) -> Mapping[str, list[tuple[datetime, ...]]]:
    plans = {part: plan_of(part, book, recipe(), CALENDAR) for part in ("bucket", "slip")}  # type: ignore[arg-type]
    return {part: [fold.test_as_ofs for fold in plan.folds] for part, plan in plans.items()}


def test_the_moments_are_the_test_moments_of_every_fold(book: Book) -> None:
    moments, question = oracle_plan(book, recipe(), CALENDAR, ALL)

    folds = folds_in(book)
    assert moments.accounts == tuple(one for fold in folds["bucket"] for one in fold)
    assert moments.deals == tuple(one for fold in folds["slip"] for one in fold)
    assert len(moments.deals) > len(folds["slip"]) > 1
    assert question.draws == 2


def test_per_origin_takes_the_first_moments_of_each_origin(book: Book) -> None:
    folds = folds_in(book)
    for count in (1, 2):
        moments, _ = oracle_plan(book, recipe(), CALENDAR, Asking(2, per_origin=count))

        assert moments.accounts == tuple(one for fold in folds["bucket"] for one in fold[:count])
        assert moments.deals == tuple(one for fold in folds["slip"] for one in fold[:count])


def test_outcomes_are_judged_as_in_the_backtest(book: Book) -> None:
    _, question = oracle_plan(book, recipe(), CALENDAR, ALL)

    plan = plan_of("bucket", book, recipe(), CALENDAR)
    floor = with_floor(load_policy(None), book, plan, CALENDAR).label.growth_floor
    assert question.horizon == plan.horizon.length
    assert floor is not None
    assert question.policy.growth_floor == floor > 1.0
    assert replace(question.policy, growth_floor=None) == load_policy(None).label
    assert question.calendar == CALENDAR


def test_the_scores_of_a_backtest_are_of_the_moments_that_the_oracle_is_asked(
    book: Book,
) -> None:
    short = recipe(origins=replace(recipe().origins, max_count=2))

    moments, _ = oracle_plan(book, short, CALENDAR, ALL)
    told = walk_forward(book, short, CALENDAR, progress=lambda _: None)

    for part, asked in (("bucket", moments.accounts), ("slip", moments.deals)):
        scores = told.contests[part].scores  # type: ignore[index]
        assert scores[AS_OF].unique().sort().to_list() == sorted(asked)


def test_the_oracle_of_written_tables_is_asked_what_their_reader_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = replace(WORLD, accounts=12, years=1)
    book = book_in(tmp_path, replace(world, until=WORLD.until - timedelta(weeks=8)))
    asked: list[OracleMoments] = []

    def answer(
        params: WorldParams, moments: OracleMoments, question: Question, **_: object
    ) -> pl.DataFrame:
        asked.append(moments)
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.String))

    monkeypatch.setattr(plan_module, "oracle_frame", answer)
    rows = write_oracle(Session(home=tmp_path), world, ALL, tmp_path / "crm" / "oracle.parquet")

    whole, _ = oracle_plan(book, recipe(), CALENDAR, ALL)
    longer = replace(book, observed_until=CALENDAR.midnight(WORLD.until))
    assert asked == [whole]
    assert rows == 0
    # The tables end earlier than the world: the end of the world alone would ask something else.
    assert oracle_plan(longer, recipe(), CALENDAR, ALL)[0] != whole


def test_a_crm_without_opportunities_has_no_moments_for_deals(tmp_path: Path) -> None:
    book = book_in(tmp_path, regime("transactional", accounts=20, seed=3, years=1.5))

    moments, _ = oracle_plan(book, recipe(), CALENDAR, ALL)

    assert moments.deals == ()
    assert len(moments.accounts) > 1


def test_a_history_too_short_for_one_origin_is_refused(tmp_path: Path) -> None:
    book = book_in(tmp_path, regime("baseline", accounts=10, seed=3, years=0.25))

    with pytest.raises(NotEnoughDataError, match="too short for one fit and one test"):
        oracle_plan(book, recipe(), CALENDAR, ALL)
