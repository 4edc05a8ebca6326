"""Findings that sum up what the row rules set aside."""

from collections.abc import Iterator

import polars as pl

from features.checks.finding import Finding
from features.quarantine import Code, ReadReport, describe


def unknown_stages(report: ReadReport) -> Iterator[Finding]:
    """BL006: stages of deals that the table of stages does not have, perhaps renamed ones."""
    is_stage = pl.col("column") == "stage"
    yield from _summed(report, Code.NOT_IN_LIST, ("BL006", "unknown or renamed stage"), is_stage)


def future_stamps(report: ReadReport) -> Iterator[Finding]:
    """BL011: stamps after the run's clock."""
    yield from _summed(report, Code.FUTURE_STAMP, ("BL011", "future stamps"), pl.lit(value=True))


def values_not_in_list(report: ReadReport) -> Iterator[Finding]:
    """BL014: values that a closed list of the contract does not have."""
    is_other = pl.col("column") != "stage"
    yield from _summed(report, Code.NOT_IN_LIST, ("BL014", "value not in its list"), is_other)


def orphans(report: ReadReport) -> Iterator[Finding]:
    """BL015: rows whose account or deal is not there."""
    yield from _summed(report, Code.ORPHAN, ("BL015", "orphans"), pl.lit(value=True))


def _summed(
    report: ReadReport, code: Code, named: tuple[str, str], chosen: pl.Expr
) -> Iterator[Finding]:
    rows = report.quarantined.filter((pl.col("code") == str(code)) & chosen)
    for part in rows.sort("table", "column", "line").partition_by("table", "column"):
        table, column = part["table"][0], part["column"][0]
        values = part["found"].drop_nulls().unique(maintain_order=True).head(3).to_list()
        among = f", values {', '.join(map(repr, values))}" if values else ""
        text = f"{part.height} rows set aside{among}; first: {describe(part)}"
        yield Finding(*named, table, column or "", part.height, text)
