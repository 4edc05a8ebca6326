"""A small synthetic company and its backtest, made once for the tests of this room."""

from dataclasses import dataclass
from datetime import UTC, datetime, time

import pytest

from features.book import Book, make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from training.backtest import BacktestResult, walk_forward
from training.config import Experiment, Origins

PARAMS = WorldParams(accounts=60, years=3, seed=3)
RECIPE = Experiment(name="small", horizon=13, origins=Origins(max_count=2))


@dataclass(frozen=True, slots=True)
class Company:
    """A book, the calendar it keeps, and what was said on the way."""

    book: Book
    calendar: Calendar


@pytest.fixture(scope="session")
def company() -> Company:
    tables = {name: frame.lazy() for name, frame in make_world(PARAMS).items()}
    until = datetime.combine(PARAMS.until, time(), tzinfo=UTC)
    return Company(
        make_book(tables, observed_until=until), Calendar("UTC", PARAMS.fiscal_year_start_month)
    )


@pytest.fixture(scope="session")
def walked(company: Company) -> tuple[BacktestResult, list[str]]:
    said: list[str] = []
    result = walk_forward(company.book, RECIPE, company.calendar, progress=said.append)
    return result, said
