from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from benchmarks.reference.labels import HORIZON
from benchmarks.reference.questions import Question, of_receivables, of_retail


def moments() -> pl.DataFrame:
    """Every midnight of the two sets' years; an answer is known after thirty days."""
    days = pl.datetime_range(
        datetime(2010, 12, 1, tzinfo=UTC), datetime(2013, 12, 1, tzinfo=UTC), "1h", eager=True
    )
    return pl.DataFrame({"as_of": days}).with_columns(known_at=pl.col("as_of") + timedelta(days=30))


@pytest.mark.parametrize("question", [*of_retail(), *of_receivables()], ids=lambda q: q.name)
def test_earlier_splits_lie_inside_the_training_past(question: Question) -> None:
    rows = moments()
    first_judged = rows.filter(question.split.test)["as_of"].min()

    assert question.earlier
    for split in question.earlier:
        judged, learnt = rows.filter(split.test), rows.filter(split.train)
        assert judged.join(rows.filter(~question.split.train), on="as_of", how="semi").is_empty()
        assert judged["as_of"].max() < first_judged  # type: ignore[operator]
        assert learnt["as_of"].max() < judged["as_of"].min()  # type: ignore[operator]


@pytest.mark.parametrize("question", [*of_retail(), of_receivables()[0]], ids=lambda q: q.name)
def test_windows_that_are_learnt_from_end_before_the_judged_begin(question: Question) -> None:
    rows = moments()

    for split in (question.split, *question.earlier):
        newest: Any = rows.filter(split.train)["as_of"].max()
        assert newest + HORIZON <= rows.filter(split.test)["as_of"].min()


def test_invoices_are_learnt_from_once_their_due_day_is_over() -> None:
    split = of_receivables()[1].split
    cut = datetime(2013, 6, 1, tzinfo=UTC)

    rows = moments()

    assert rows.filter(split.train)["known_at"].max() == cut - timedelta(hours=1)
    assert rows.filter(split.test)["as_of"].min() == cut
