"""Other futures of the small company, each made once for all the leaks."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import pytest

import training.leaks
from features.book import Book
from training.disturbance import DISTURBANCES, disturbed


@pytest.fixture(scope="session")
def remembered(company: Any) -> Callable[..., Book]:
    @lru_cache
    def made(at: datetime, seed: int, kinds: tuple[str, ...]) -> Book:
        return disturbed(company.book, at, company.calendar, seed=seed, kinds=kinds)

    return lambda _book, at, _calendar, *, seed, kinds=tuple(DISTURBANCES): made(at, seed, kinds)


@pytest.fixture
def _quick(remembered: Callable[..., Book], monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate takes the futures that are there already."""
    monkeypatch.setattr(training.leaks, "disturbed", remembered)
