"""Labels of the reference figures: what each account or invoice came to, from the contract tables.

An outcome lies in the half-open window `[as_of, as_of + HORIZON)`; an invoice's own outcome is
asked at the moment of its issue.
"""

from datetime import timedelta

import polars as pl

from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID

HORIZON = timedelta(days=90)
LABEL = "label"
KNOWN_AT = "known_at"
OWN_AMOUNT = "own_amount_log"

SOLD = pl.col("amount").clip(lower_bound=0.0)
"""Revenue without credit notes."""
NET = pl.col("amount")
"""Revenue less credit notes."""
DAYS_LATE = (pl.col("paid_at").dt.date() - pl.col("due_on")).dt.total_days()
"""Days from the due day to the day of payment, below zero when early; null while unpaid.

The sets with due days keep UTC days.
"""

_KEYS = (ENTITY_ID, AS_OF)


def buys_again(spine: pl.LazyFrame, invoices: pl.LazyFrame) -> pl.LazyFrame:
    """Whether the account is sent an invoice above zero in the window.

    Args:
        spine: entity_id, as_of; one row each.
        invoices: the contract table.

    Returns:
        The spine with `label`, never null.
    """
    bought = _in_window(spine, invoices).filter(pl.col("amount") > 0).select(*_KEYS).unique()
    return spine.join(
        bought.with_columns(pl.lit(value=True).alias(LABEL)), on=_KEYS, how="left"
    ).with_columns(pl.col(LABEL).fill_null(value=False))


def top_of_revenue(
    spine: pl.LazyFrame, invoices: pl.LazyFrame, *, share: float, revenue: pl.Expr
) -> pl.LazyFrame:
    """Whether the account is among the best of its as_of by revenue in the window.

    Args:
        spine: entity_id, as_of; one row each.
        invoices: the contract table.
        share: how many of the accounts of an as_of are the best; ties at the border are in.
        revenue: `SOLD` or `NET`.

    Returns:
        The spine with `label`, never null; an account without revenue is never among the best.
    """
    found = _in_window(spine, invoices).group_by(*_KEYS).agg(revenue.sum().alias("revenue"))
    place = pl.col("revenue").rank("min", descending=True).over(AS_OF)
    is_best = (place <= share * pl.len().over(AS_OF)) & (pl.col("revenue") > 0)
    return (
        spine.join(found, on=_KEYS, how="left")
        .with_columns(pl.col("revenue").fill_null(0.0))  # no invoice in the window: no revenue
        .with_columns(is_best.alias(LABEL))
        .drop("revenue")
    )


def pays_late(spine: pl.LazyFrame, invoices: pl.LazyFrame, *, least_days: int = 10) -> pl.LazyFrame:
    """Whether an invoice issued to the account in the window is paid so many days late or more.

    Returns:
        The rows of the spine with an invoice in the window, with `label`. An invoice that is not
        paid yet is left out.
    """
    is_late = DAYS_LATE.ge(least_days).any().alias(LABEL)
    paid = _in_window(spine, invoices).filter(pl.col("paid_at").is_not_null())
    return paid.group_by(*_KEYS).agg(is_late)


def late_invoices(invoices: pl.LazyFrame) -> pl.LazyFrame:
    """Whether each paid invoice is paid after its due day, asked when it is issued.

    Returns:
        entity_id (the account), as_of (the issue), own_amount_log, label, and known_at: the end of
        the due day. Of those still open before it, only the prompt would be known.
    """
    after_due = pl.col("due_on").dt.offset_by("1d").cast(pl.Datetime("us"))
    return invoices.filter(pl.col("paid_at").is_not_null()).select(
        pl.col(ACCOUNT_ID).alias(ENTITY_ID),
        pl.col("issued_at").alias(AS_OF),
        pl.col("amount").clip(lower_bound=0.0).log1p().cast(pl.Float32).alias(OWN_AMOUNT),
        (DAYS_LATE > 0).alias(LABEL),
        after_due.dt.replace_time_zone("UTC").alias(KNOWN_AT),
    )


def _in_window(spine: pl.LazyFrame, invoices: pl.LazyFrame) -> pl.LazyFrame:
    """One row per spine row and invoice issued in its window."""
    issued = pl.col("issued_at")
    is_inside = (issued >= pl.col(AS_OF)) & (issued < pl.col(AS_OF) + HORIZON)
    return spine.join(invoices.rename({ACCOUNT_ID: ENTITY_ID}), on=ENTITY_ID, how="inner").filter(
        is_inside
    )
