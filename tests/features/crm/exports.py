"""Small exports in folders, and what a reading of them says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from features.calendar import Calendar
from features.crm.reading import Reading
from features.crm.source import open_source
from features.schema import TABLES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = Calendar("Europe/Berlin")
ACCOUNTS = "account_id,name\nA1,Acme\nA2,Brown\n"
DEALS = (
    "opportunity_id,account_id,amount,created_at,closed_at,outcome\n"
    "O1,A1,100,2026-01-05,2026-02-01,won\n"
    "O2,A2,200,2026-01-06,,\n"
)
INVOICES = "invoice_id,account_id,issued_at,amount\nI1,A1,2026-03-01,10\n"


def folder(path: Path, tables: Mapping[str, str | bytes]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        (path / name).write_bytes(content)
    return path


def read(path: Path, tables: Mapping[str, str | bytes], **calendar: str) -> Reading:
    place = folder(path, tables)
    zone = Calendar(**calendar)
    return open_source(f"files:{place}", calendar=zone, now=NOW, base_currency="USD").read()


def deals(path: Path, *rows: str, header: str | None = None) -> Reading:
    head = header or "opportunity_id,account_id,amount,created_at,closed_at,outcome"
    text = "\n".join([head, *rows]) + "\n"
    return read(path, {"accounts.csv": ACCOUNTS, "opportunities.csv": text})


def faults(reading: Reading, table: str = "opportunities") -> list[tuple[str, int, str | None]]:
    frame = reading.report.quarantined.filter(pl.col("table") == table).sort("line")
    return [(row["code"], row["line"], row["column"]) for row in frame.to_dicts()]


def ids(reading: Reading, table: str = "opportunities") -> list[str]:
    frame = reading.book[table].collect()
    return sorted(frame[TABLES[table].key[0]].to_list())
