"""Accounts receivable: invoices with due and settlement days, of a fictional company.

`Disputed` is left out: it is not known when an invoice is issued. Days without an hour are known
at their end.

Source: IBM Watson Analytics sample data, Accounts Receivable.
"""

from pathlib import Path

import polars as pl

from benchmarks.datasets.conversion import Conversion, read_raw, write_tables
from features.calendar import Calendar

TIME_ZONE = "UTC"
FILE = "WA_Fn-UseC_-Accounts-Receivable.csv"

_COLUMNS = (
    "countryCode",
    "customerID",
    "invoiceNumber",
    "InvoiceDate",
    "DueDate",
    "InvoiceAmount",
    "SettledDate",
)


def convert(source: Path, target: Path) -> Conversion:
    """Turn the invoice list in the folder `source` into contract tables in `target`.

    Raises:
        RawDataError: when the file or a column is missing.
    """
    raw = read_raw(source / FILE, _COLUMNS)
    calendar = Calendar(TIME_ZONE)
    invoices = raw.select(
        pl.col("invoiceNumber").alias("invoice_id"),
        pl.col("customerID").alias("account_id"),
        calendar.end_of(_day("InvoiceDate")).alias("issued_at"),
        pl.col("InvoiceAmount").cast(pl.Float64).alias("amount"),
        _day("DueDate").alias("due_on"),
        calendar.end_of(_day("SettledDate")).alias("paid_at"),
    ).sort("invoice_id")
    accounts = (
        raw.group_by("customerID")
        .agg(pl.col("countryCode").min())
        .sort("customerID")
        .rename({"customerID": "account_id", "countryCode": "country"})
    )
    tables = {"accounts": accounts, "invoices": invoices}
    return write_tables(target, tables, dataset="receivables", rows_in=raw.height, dropped={})


def _day(name: str) -> pl.Expr:
    """A day written as month/day/year."""
    return pl.col(name).str.to_date("%m/%d/%Y")
