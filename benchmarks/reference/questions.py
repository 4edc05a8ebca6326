"""Questions: the reference labels of two public sets, with their splits and printed figures.

Each has the split that the reference figures were made on, and earlier splits inside its training
past, on which our recipe is chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import pairwise

import polars as pl

from benchmarks.datasets import online_retail, receivables
from benchmarks.reference.labels import (
    HORIZON,
    KNOWN_AT,
    NET,
    OWN_AMOUNT,
    SOLD,
    buys_again,
    late_invoices,
    pays_late,
    top_of_revenue,
)
from benchmarks.reference.rivals import orders_so_far, payments_so_far
from features.book import Book
from features.calendar import Calendar
from features.feature import Concept, Feature
from features.schema import AS_OF
from features.snapshot import account_spine

Table = Callable[[pl.LazyFrame, pl.LazyFrame], pl.LazyFrame]
"""Rows and invoices → the reference's columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows to learn from and rows to be judged by, as conditions on as_of and known_at."""

    train: pl.Expr
    test: pl.Expr


@dataclass(frozen=True, slots=True)
class Printed:
    """The best reference figures as they were handed down; log loss None where it was not."""

    auc: float
    log_loss: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One reference label.

    Attributes:
        dataset: name of the set.
        name: what is asked, in words.
        rows: book → entity_id, as_of, label and, where answers come later, known_at.
        split: the reference's own.
        earlier: splits inside the training rows of `split`.
        rival: the reference's table.
        rule: the column of that table which alone is the reference's rule.
        printed: the reference's figures.
        overlap: rows per independent case.
        concept: features of this heading alone are a table of ours as well.
        own: columns of the rows that are no catalogue features, and known at as_of.
    """

    dataset: str
    name: str
    rows: Callable[[Book], pl.DataFrame]
    split: Split
    earlier: tuple[Split, ...]
    rival: Table
    rule: str
    printed: Printed
    overlap: float = 1.0
    concept: Concept | None = None
    own: tuple[Feature, ...] = ()


OWN = Feature(
    name=OWN_AMOUNT,
    meaning="The invoice's own amount, log1p.",
    unit="log",
    concept="payment",
    needs=("invoices.amount",),
    null_means="never",
    sentence="",
)


def of_retail() -> tuple[Question, ...]:
    """Online Retail: learnt at 2011-06-01, judged at 2011-09-01."""
    calendar = Calendar(online_retail.TIME_ZONE)
    march, june, september = (calendar.midnight(date(2011, month, 1)) for month in (3, 6, 9))
    asked = (
        ("buys again in 90 days", buys_again, "recency", Printed(0.746, 0.591)),
        (
            "top decile of revenue in the next 90 days",
            partial(top_of_revenue, share=0.1, revenue=SOLD),
            "revenue",
            Printed(0.902, 0.203),
        ),
        (
            "top fifth of net revenue in the next 90 days",
            partial(top_of_revenue, share=0.2, revenue=NET),
            "revenue",
            Printed(0.837, None),
        ),
    )
    return tuple(
        Question(
            dataset="online_retail",
            name=name,
            rows=partial(_of_accounts, moments=(march, june, september), label=label),
            split=Split(_at(june), _at(september)),
            earlier=(Split(_at(march), _at(june)),),
            rival=orders_so_far,
            rule=rule,
            printed=printed,
        )
        for name, label, rule, printed in asked
    )


def of_receivables() -> tuple[Question, ...]:
    """Accounts receivable: by account at every month's start, and by invoice at its issue."""
    calendar = Calendar(receivables.TIME_ZONE)
    months = [date(2012 + number // 12, number % 12 + 1, 1) for number in range(1, 21)]
    moments = tuple(calendar.midnight(month) for month in months)
    last = calendar.midnight(date(2013, 3, 1))
    first = calendar.midnight(date(2013, 6, 1))
    earliest = calendar.midnight(date(2012, 7, 1))  # three moments to learn from, and their window
    cuts = [calendar.midnight(day) for day in _QUARTERS]
    return (
        Question(
            dataset="receivables",
            name="an invoice of the next 90 days is paid 10 or more days late",
            rows=partial(_of_accounts, moments=moments, label=pays_late),
            split=Split(pl.col(AS_OF) <= last, pl.col(AS_OF) >= first),
            earlier=tuple(
                Split(pl.col(AS_OF) + HORIZON <= moment, _at(moment))
                for moment in moments
                if earliest <= moment <= last
            ),
            rival=payments_so_far,
            rule="ten_late_rate",
            printed=Printed(0.899, 0.340),
            overlap=3.0,
            concept="payment",
        ),
        Question(
            dataset="receivables",
            name="the invoice is paid late, asked at its issue",
            rows=_of_invoices,
            split=Split(pl.col(KNOWN_AT) < first, pl.col(AS_OF) >= first),
            earlier=tuple(
                Split(
                    pl.col(KNOWN_AT) < cut,
                    pl.col(AS_OF).is_between(cut, after, closed="left")
                    & (pl.col(KNOWN_AT) < first),
                )
                for cut, after in pairwise(cuts)
            ),
            rival=payments_so_far,
            rule="late_rate",
            printed=Printed(0.879, 0.392),
            concept="payment",
            own=(OWN,),
        ),
    )


_QUARTERS = (
    date(2012, 6, 1),
    date(2012, 9, 1),
    date(2012, 12, 1),
    date(2013, 3, 1),
    date(2013, 6, 1),
)


def _at(moment: datetime) -> pl.Expr:
    return pl.col(AS_OF) == moment


def _of_accounts(
    book: Book, *, moments: tuple[datetime, ...], label: Callable[..., pl.LazyFrame]
) -> pl.DataFrame:
    return label(account_spine(book, moments), book["invoices"]).collect()


def _of_invoices(book: Book) -> pl.DataFrame:
    return late_invoices(book["invoices"]).collect()
