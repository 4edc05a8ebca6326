from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from benchmarks.datasets import bpi2012, online_retail, receivables
from benchmarks.datasets.conversion import RawDataError
from features.calendar import Calendar
from features.crm.source import open_source
from features.schema import TABLES
from features.snapshot import Commitment, deal_spine, deal_state
from training.config import load_experiment
from training.labels import slip_labels

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SETS = (online_retail, receivables, bpi2012)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"{name}.parquet")


def retail_lines(folder: Path, *lines: tuple[float | None, str, int, float]) -> None:
    columns = list(zip(*lines, strict=True))
    pl.DataFrame(
        {
            "Description": ["thing"] * len(lines),
            "CustomerID": pl.Series(columns[0], dtype=pl.Float64),
            "InvoiceDate": [datetime.fromisoformat(text) for text in columns[1]],
            "Quantity": pl.Series(columns[2], dtype=pl.Int32),
            "UnitPrice": columns[3],
            "Country": ["Norway"] * len(lines),
        }
    ).with_columns(pl.col("InvoiceDate").dt.cast_time_unit("ns")).write_parquet(
        folder / "online_retail.parquet"
    )


def test_order_lines_of_a_customer_and_minute_become_one_invoice(tmp_path: Path) -> None:
    retail_lines(
        tmp_path,
        (17850.0, "2011-06-01 08:26:00", 6, 2.5),
        (17850.0, "2011-06-01 08:26:00", -2, 2.5),
        (17850.0, "2011-06-01 08:27:00", -4, 1.1),
        (13047.0, "2011-06-01 08:26:00", 1, 3.0),
        (None, "2011-06-01 08:26:00", 9, 9.0),
    )

    done = online_retail.convert(tmp_path, tmp_path / "out")

    invoices = table(tmp_path / "out", "invoices")
    assert invoices.rows() == [
        ("13047-201106010826", "13047", datetime(2011, 6, 1, 7, 26, tzinfo=UTC), 3.0),
        ("17850-201106010826", "17850", datetime(2011, 6, 1, 7, 26, tzinfo=UTC), 10.0),
        ("17850-201106010827", "17850", datetime(2011, 6, 1, 7, 27, tzinfo=UTC), -4.4),
    ]
    assert table(tmp_path / "out", "accounts").rows() == [("13047", "Norway"), ("17850", "Norway")]
    assert done.rows_in == 5
    assert done.dropped == {"line without a customer": 1}


HEADER = (
    "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,"
    "Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate"
)


def test_receivables_keep_due_and_settlement_days_and_not_the_dispute(tmp_path: Path) -> None:
    lines = [
        HEADER,
        "391,0379-NEVHP,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0",
        "406,8976-AMJEO,3/3/2012,7900770,1/26/2013,12/25/2013,61.74,Yes,1/3/2014,Paper,36,6",
    ]
    (tmp_path / receivables.FILE).write_text("\n".join(lines) + "\n")

    receivables.convert(tmp_path, tmp_path / "out")

    invoices = table(tmp_path / "out", "invoices")
    assert invoices.columns == [
        "invoice_id",
        "account_id",
        "issued_at",
        "amount",
        "due_on",
        "paid_at",
    ]
    assert invoices["due_on"].to_list() == [date(2013, 2, 1), date(2013, 12, 25)]
    assert invoices["paid_at"].dt.date().to_list() == [date(2013, 1, 15), date(2014, 1, 3)]
    assert invoices["issued_at"].dt.hour().to_list() == [23, 23]
    assert table(tmp_path / "out", "accounts")["country"].to_list() == ["391", "406"]


def bank_events(folder: Path, *more: tuple[str, str, str, str, str | None]) -> None:
    """Case 1 is approved, 2 declined, 3 cancelled, 4 open."""
    log = [
        ("1", "A_SUBMITTED", "COMPLETE", "01T10:00", "112"),
        ("1", "W_Completeren aanvraag", "SCHEDULE", "01T10:01", "112"),
        ("1", "W_Completeren aanvraag", "START", "02T10:00", None),
        ("1", "A_ACCEPTED", "COMPLETE", "02T10:05", "200"),
        ("1", "O_SENT", "COMPLETE", "02T10:05", "200"),
        ("1", "W_Completeren aanvraag", "COMPLETE", "02T10:30", "200"),
        ("1", "W_Completeren aanvraag", "COMPLETE", "02T11:30", "200"),
        ("1", "W_Valideren aanvraag", "COMPLETE", "03T10:30", "201"),
        ("1", "A_APPROVED", "COMPLETE", "09T12:00", "201"),
        ("1", "O_ACCEPTED", "COMPLETE", "09T12:00", "201"),
        ("2", "A_SUBMITTED", "COMPLETE", "01T11:00", "112"),
        ("2", "A_DECLINED", "COMPLETE", "01T11:01", "112"),
        ("3", "A_SUBMITTED", "COMPLETE", "01T12:00", "112"),
        ("3", "O_CANCELLED", "COMPLETE", "04T12:00", "112"),
        ("3", "A_CANCELLED", "COMPLETE", "05T12:00", "112"),
        ("4", "A_SUBMITTED", "COMPLETE", "01T13:00", "112"),
        *more,
    ]
    pl.DataFrame(
        {
            "case:REG_DATE": [f"2011-10-{row[3]}:00.000+02:00" for row in log],
            "case:concept:name": [row[0] for row in log],
            "case:AMOUNT_REQ": ["20000"] * len(log),
            "org:resource": [row[4] for row in log],
            "lifecycle:transition": [row[2] for row in log],
            "concept:name": [row[1] for row in log],
            "time:timestamp": [f"2011-10-{row[3]}:00.000+02:00" for row in log],
        }
    ).write_parquet(folder / "events.parquet")


def test_cases_become_deals_that_end_with_the_decision_of_the_bank(tmp_path: Path) -> None:
    bank_events(tmp_path)

    bpi2012.convert(tmp_path, tmp_path / "out")

    deals = table(tmp_path / "out", "opportunities")
    assert deals["outcome"].to_list() == ["won", "lost", "lost", "open"]
    assert deals["closed_at"].to_list() == [
        datetime(2011, 10, 9, 10, tzinfo=UTC),
        datetime(2011, 10, 1, 9, 1, tzinfo=UTC),
        datetime(2011, 10, 5, 10, tzinfo=UTC),
        None,
    ]
    assert deals["created_at"].to_list()[0] == datetime(2011, 10, 1, 8, tzinfo=UTC)
    assert deals["stage"].to_list() == ["O_ACCEPTED", "A_DECLINED", "A_CANCELLED", "A_SUBMITTED"]
    assert deals["owner_rep_id"].to_list() == ["201", "112", "112", "112"]
    assert deals["amount"].to_list() == [20_000.0] * 4


def test_stage_and_owner_moves_become_the_history_of_the_deal(tmp_path: Path) -> None:
    bank_events(tmp_path)

    bpi2012.convert(tmp_path, tmp_path / "out")

    changes = table(tmp_path / "out", "opportunity_changes").filter(pl.col("opportunity_id") == "1")
    moves = changes.filter(pl.col("field") == "stage").select("old", "new").rows()
    owners = changes.filter(pl.col("field") == "owner").select("old", "new").rows()
    assert moves == [
        (None, "A_SUBMITTED"),
        ("A_SUBMITTED", "A_ACCEPTED"),
        ("A_ACCEPTED", "O_SENT"),
        ("O_SENT", "A_APPROVED"),
        ("A_APPROVED", "O_ACCEPTED"),
    ]
    assert owners == [(None, "112"), ("112", "200"), ("200", "201")]


def test_work_becomes_activities_with_the_minutes_since_its_start(tmp_path: Path) -> None:
    bank_events(tmp_path)

    done = bpi2012.convert(tmp_path, tmp_path / "out")

    work = table(tmp_path / "out", "activities").select(
        "kind", "direction", "rep_id", "duration_minutes"
    )
    assert work.rows() == [
        ("call", "outbound", "200", 30.0),
        ("call", "outbound", "200", None),
        ("task", None, "201", None),
    ]
    assert done.dropped == {
        "work scheduled, not done": 1,
        "start of work, folded into its end": 1,
    }


def test_offers_become_quotes_and_an_offer_sent_back_the_customers_answer(
    tmp_path: Path,
) -> None:
    sent_back = ("1", "O_SENT_BACK", "COMPLETE", "08T09:00", "112")
    second = ("1", "O_SENT", "COMPLETE", "06T09:00", "112")
    bank_events(tmp_path, second, sent_back)

    bpi2012.convert(tmp_path, tmp_path / "out")

    quotes = table(tmp_path / "out", "quotes").select("opportunity_id", "quoted_at")
    activities = table(tmp_path / "out", "activities")
    answers = activities.filter(pl.col("direction") == "inbound")
    assert quotes.rows() == [
        ("1", datetime(2011, 10, 2, 8, 5, tzinfo=UTC)),
        ("1", datetime(2011, 10, 6, 7, tzinfo=UTC)),
    ]
    assert answers.select("opportunity_id", "account_id", "occurred_at", "kind").rows() == [
        ("1", "1", datetime(2011, 10, 8, 7, tzinfo=UTC), "proposal")
    ]
    assert activities["activity_id"].n_unique() == activities.height


def test_the_amount_asked_for_is_known_from_the_start(tmp_path: Path) -> None:
    bank_events(tmp_path)
    bpi2012.convert(tmp_path, tmp_path / "out")
    calendar = Calendar(bpi2012.TIME_ZONE)
    book = open_source(f"files:{tmp_path / 'out'}", calendar=calendar, now=NOW).read().book

    state = deal_state(
        book,
        deal_spine(book, [calendar.midnight(date(2011, 10, 4))]),
        calendar,
        Commitment("O_SENT", 21),
    )

    assert state.collect()["amount"].to_list() == [20_000.0] * 3


def test_a_converted_set_is_accepted_whole_and_its_deals_are_committed_by_their_offer(
    tmp_path: Path,
) -> None:
    bank_events(tmp_path)
    bpi2012.convert(tmp_path, tmp_path / "out")
    calendar = Calendar(bpi2012.TIME_ZONE)

    reading = open_source(f"files:{tmp_path / 'out'}", calendar=calendar, now=NOW).read()

    assert all(count.rows_in == count.accepted for count in reading.report.counts)
    spine = deal_spine(reading.book, [calendar.midnight(date(2011, 10, 4))])
    labels = slip_labels(
        reading.book, spine, calendar=calendar, commitment=Commitment("O_SENT", 21)
    )
    assert labels.select("entity_id", "committed_on", "event").rows() == [
        ("1", date(2011, 10, 23), "won"),
        ("3", None, "lost"),
        ("4", None, "open"),
    ]


@pytest.mark.parametrize("dataset", SETS, ids=lambda dataset: dataset.__name__)
def test_a_set_that_is_not_there_is_named(tmp_path: Path, dataset: object) -> None:
    with pytest.raises(RawDataError, match="expected the file"):
        dataset.convert(tmp_path, tmp_path / "out")  # type: ignore[attr-defined]


def test_a_raw_file_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / receivables.FILE).write_text("customerID,InvoiceDate\na,1/1/2013\n")

    with pytest.raises(RawDataError, match=r"missing \['countryCode', 'invoiceNumber'"):
        receivables.convert(tmp_path, tmp_path / "out")


def test_converted_tables_have_the_dtypes_of_the_contract(tmp_path: Path) -> None:
    bank_events(tmp_path)
    bpi2012.convert(tmp_path, tmp_path / "out")

    for file in (tmp_path / "out").iterdir():
        for name, dtype in pl.read_parquet_schema(file).items():
            assert dtype == TABLES[file.stem].schema[name], (file.stem, name)


@pytest.mark.parametrize(
    ("name", "heads", "horizon"),
    [
        ("online_retail", ("bucket",), 13),
        ("receivables", ("bucket",), 13),
        ("bpi2012", ("slip",), None),
    ],
)
def test_every_set_has_its_experiment(
    name: str, heads: tuple[str, ...], horizon: int | None
) -> None:
    root = Path(__file__).resolve().parents[2]

    experiment = load_experiment(root / "training" / "experiments" / f"{name}.toml")

    assert (experiment.heads, experiment.horizon) == (heads, horizon)
    assert (experiment.commitment == Commitment("O_SENT", 21)) is (name == "bpi2012")
