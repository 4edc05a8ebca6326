"""The command `check`: what it writes, what it says and how it ends."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import typer
from typer.testing import CliRunner, Result

from bucketlist.check import check
from bucketlist.session import Session
from features.quarantine import DataRefusedError
from features.schema import SchemaError

LAST_YEAR = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
    days=365
)


def run(home: Path, *arguments: str, is_json: bool = False) -> Result:
    app = typer.Typer()
    app.command("check")(check)

    @app.callback()
    def _shared(context: typer.Context) -> None:
        context.obj = Session(home=home, is_json=is_json)

    return CliRunner().invoke(app, list(arguments))


def crm(folder: Path, *, deals: int = 60, bad: int = 0, outcome: str = "won") -> Path:
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,name\nA1,Acme [red]\nA2,Brown\n")
    lines = ["opportunity_id,account_id,amount,created_at,closed_at,outcome"]
    for n in range(deals):
        end = outcome if n % 2 else "lost"
        opened = LAST_YEAR + timedelta(days=5 * n)
        over = opened + timedelta(days=3)
        amount = "N/A" if n < bad else str(n)
        lines.append(f"O{n},A{n % 2 + 1},{amount},{opened:%Y-%m-%d},{over:%Y-%m-%d},{end}")
    (folder / "opportunities.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_sound_crm_is_accounted_for_and_its_needs_printed(tmp_path: Path) -> None:
    result = run(tmp_path, "check", "--crm", f"files:{crm(tmp_path / 'crm', bad=2)}")

    assert result.exit_code == 0, result.exception
    for words in ("opportunities", "E05", "BL016", "Minimum data", "Features switched off"):
        assert words in result.stdout
    written = pl.read_parquet(tmp_path / "reports" / "check" / "quarantine.parquet")
    assert written["raw"].to_list()[0].startswith("O0,A1,N/A,")


def test_the_result_as_json_is_one_document_on_stdout(tmp_path: Path) -> None:
    place = crm(tmp_path / "crm", bad=2)

    result = run(
        tmp_path, "check", "--crm", f"files:{place}", "--out", str(tmp_path / "o"), is_json=True
    )

    fields = json.loads(result.stdout)
    assert fields["tables"][1] == {
        "table": "opportunities",
        "rows_in": 60,
        "accepted": 58,
        "quarantined": 2,
        "duplicates": 0,
    }
    assert {"findings", "minimum_data", "switched_off", "refusals"} <= set(fields)
    assert fields["refusals"] == []
    assert json.loads((tmp_path / "o" / "check.json").read_text()) == fields
    assert (tmp_path / "o" / "check.json").stat().st_mode & 0o777 == 0o600


def test_too_many_bad_rows_are_refused_after_the_quarantine_is_written(tmp_path: Path) -> None:
    place = crm(tmp_path / "crm", bad=25)

    result = run(tmp_path, "check", "--crm", f"files:{place}")

    assert isinstance(result.exception, DataRefusedError)
    assert "found 25 of 60" in str(result.exception)
    assert "line 2, column amount" in str(result.exception)
    assert pl.read_parquet(tmp_path / "reports/check/quarantine.parquet").height == 25


def test_no_won_deal_at_all_is_refused_with_required_and_found(tmp_path: Path) -> None:
    place = crm(tmp_path / "crm", outcome="lost")

    result = run(tmp_path, "check", "--crm", f"files:{place}")

    assert isinstance(result.exception, DataRefusedError)
    assert str(result.exception) == (
        "model bucket: expected 1 won deals or invoices above 0, found 0; "
        "model slip: expected 1 won deals, to train at all, found 0"
    )


def test_a_history_too_short_for_any_model_is_refused_in_weeks(tmp_path: Path) -> None:
    place = crm(tmp_path / "crm", deals=8)

    result = run(tmp_path, "check", "--crm", f"files:{place}")

    assert isinstance(result.exception, DataRefusedError)
    assert "expected 12 weeks of history, to train at all, found 5" in str(result.exception)


def test_a_table_of_no_rows_is_refused(tmp_path: Path) -> None:
    place = crm(tmp_path / "crm", deals=0)

    result = run(tmp_path, "check", "--crm", f"files:{place}")

    assert isinstance(result.exception, DataRefusedError)
    assert "found opportunities 0 of 0" in str(result.exception)
    assert "table opportunities: expected at least one row" in result.stdout


def test_an_empty_folder_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()

    result = run(tmp_path, "check", "--crm", f"files:{tmp_path / 'crm'}")

    assert isinstance(result.exception, SchemaError)
    assert "found an empty folder" in str(result.exception)
    assert not (tmp_path / "reports").exists()


def test_an_unknown_address_is_a_matter_of_usage(tmp_path: Path) -> None:
    result = run(tmp_path, "check", "--crm", "oracle:x")

    assert result.exit_code == 2
    assert "synthetic:" in result.stderr
