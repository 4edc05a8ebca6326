"""Online Retail: order lines of a wholesaler as accounts and invoices.

Lines of one customer in one minute are one invoice with their net amount; cancellations have
negative quantities, so that a net negative invoice is a credit note. Times are local times of the
shop. Lines without a customer belong to no account and are left out, counted.

Source: D. Chen, Online Retail, UCI Machine Learning Repository, 2015.
"""

from pathlib import Path

import polars as pl

from benchmarks.datasets.conversion import Conversion, read_raw, write_tables

TIME_ZONE = "Europe/London"

_COLUMNS = ("CustomerID", "InvoiceDate", "Quantity", "UnitPrice", "Country")


def convert(source: Path, target: Path) -> Conversion:
    """Turn `online_retail.parquet` in the folder `source` into contract tables in `target`.

    Raises:
        RawDataError: when the file or a column is missing.
    """
    raw = read_raw(source / "online_retail.parquet", _COLUMNS)
    lines = raw.filter(pl.col("CustomerID").is_not_null()).select(
        pl.col("CustomerID").cast(pl.Int64).cast(pl.String).alias("account_id"),
        pl.col("InvoiceDate").cast(pl.Datetime("us")).dt.truncate("1m").alias("minute"),
        (pl.col("Quantity") * pl.col("UnitPrice")).alias("amount"),
        pl.col("Country").alias("country"),
    )
    tables = {"accounts": _accounts(lines), "invoices": _invoices(lines)}
    dropped = {"line without a customer": raw.height - lines.height}
    return write_tables(
        target, tables, dataset="online_retail", rows_in=raw.height, dropped=dropped
    )


def _accounts(lines: pl.DataFrame) -> pl.DataFrame:
    # the few customers with two countries keep the one of their newest line
    return (
        lines.sort("account_id", "minute", "country")
        .group_by("account_id", maintain_order=True)
        .agg(pl.col("country").last())
    )


def _invoices(lines: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.group_by("account_id", "minute")
        .agg(pl.col("amount").sum().round(2))
        .sort("account_id", "minute")
        .select(
            pl.format("{}-{}", "account_id", pl.col("minute").dt.strftime("%Y%m%d%H%M")).alias(
                "invoice_id"
            ),
            "account_id",
            pl.col("minute")
            .dt.replace_time_zone(TIME_ZONE)
            .dt.convert_time_zone("UTC")
            .alias("issued_at"),
            "amount",
        )
    )
