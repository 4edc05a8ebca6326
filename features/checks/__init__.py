"""Checks: numbered findings about whole tables, and what each model needs against what is there."""

from collections.abc import Callable, Iterator

from features.book import Book
from features.calendar import Calendar
from features.checks.accounts import likely_duplicates, mass_owner_change, merged_accounts
from features.checks.deals import bulk_closed, null_only_while_open
from features.checks.expectation import Expectation, expected_precision
from features.checks.finding import Finding
from features.checks.history import Requirement, minimum_data, short_history, too_little_data
from features.checks.rows import future_stamps, orphans, unknown_stages, values_not_in_list
from features.checks.tables import currency_without_rates, null_burst, weekend_only
from features.quarantine import ReadReport

__all__ = [
    "Expectation",
    "Finding",
    "Requirement",
    "expected_precision",
    "minimum_data",
    "run",
]

BookCheck = Callable[[Book, Calendar], Iterator[Finding]]
ReportCheck = Callable[[ReadReport], Iterator[Finding]]

BOOK_CHECKS: tuple[BookCheck, ...] = (
    short_history,
    null_burst,
    bulk_closed,
    null_only_while_open,
    likely_duplicates,
    merged_accounts,
    currency_without_rates,
    mass_owner_change,
    weekend_only,
    too_little_data,
)
REPORT_CHECKS: tuple[ReportCheck, ...] = (
    unknown_stages,
    future_stamps,
    values_not_in_list,
    orphans,
)


def run(book: Book, report: ReadReport, calendar: Calendar) -> tuple[Finding, ...]:
    """Every finding, by number, table and column.

    Args:
        book: the accepted rows.
        report: what became of the others.
        calendar: the organisation's days and weekends.
    """
    found = [finding for check in BOOK_CHECKS for finding in check(book, calendar)]
    found += [finding for check in REPORT_CHECKS for finding in check(report)]
    return tuple(sorted(found, key=lambda one: (one.code, one.table, one.column, one.text)))
