"""The command `synth`: what it makes, what it writes, what it says and how it ends."""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from bucketlist import oracle_plan
from bucketlist.cli import app, main
from bucketlist.oracle import COLUMNS, OracleMoments, Question
from bucketlist.session import Session
from bucketlist.synth import MESS_NAMES, REGIME_NAMES, Format
from features.crm.synthetic import MESS, REGIMES, WorldParams, regime, without
from features.schema import AS_OF, TIME

UNTIL = "2025-09-29"
SMALL = ("--accounts", "12", "--years", "1", "--until", UNTIL)
QUICK = ("--oracle", "--draws", "2", "--per-origin", "1")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[WorldParams]:
    """The parameters of the worlds that were to be written; none is made."""
    seen: list[WorldParams] = []

    def write(params: WorldParams, *given: object, **named: object) -> dict[str, int]:
        seen.append(params)
        return {"accounts": params.accounts}

    monkeypatch.setattr(sys.modules["bucketlist.synth"], "write_world", write)
    return seen


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(
        app, ["--home", str(home), "--json", *words], env={"COLUMNS": "200", "NO_COLOR": "1"}
    )


def synth(home: Path, *words: str) -> Result:
    return run(home, "synth", "--out", str(home / "crm"), *words)


def test_the_names_that_help_prints_are_all_there_are() -> None:
    assert tuple(REGIMES) == REGIME_NAMES
    assert tuple(MESS) == MESS_NAMES


def test_help_names_every_regime_and_every_kind_of_mess(tmp_path: Path) -> None:
    said = run(tmp_path, "synth", "--help")

    assert said.exit_code == 0
    for name in (*REGIMES, *MESS, "--oracle", "--per-origin"):
        assert name in said.stdout


@pytest.mark.parametrize("file_format", list(Format))
def test_a_synthetic_crm_is_written_whole_and_checks_out(
    tmp_path: Path, file_format: Format
) -> None:
    place = tmp_path / "made" / "crm"

    written = run(tmp_path, "synth", "--out", str(place), *SMALL, "--format", str(file_format))
    checked = run(tmp_path, "check", "--crm", f"files:{place}")

    told = json.loads(written.stdout)
    tables = {one["table"]: one["accepted"] for one in json.loads(checked.stdout)["tables"]}
    assert told == {"out": str(place), "format": str(file_format), "rows": tables}
    assert {path.name for path in place.iterdir()} == {f"{name}.{file_format}" for name in tables}
    assert [one.name for one in place.parent.iterdir()] == ["crm"]
    assert "12 accounts of regime baseline from seed 7, 1 years until 2025-09-29" in written.stderr


def test_size_and_history_are_the_regimes_own_unless_given(
    tmp_path: Path, made: list[WorldParams]
) -> None:
    synth(tmp_path, "--until", UNTIL)
    synth(tmp_path, "--regime", "tiny", "--until", UNTIL)
    synth(tmp_path, "--regime", "tiny", "--accounts", "9", "--years", "3", "--seed", "4")

    assert [(one.accounts, one.years, one.seed) for one in made] == [
        (500, 4.0, 7), (60, 2.0, 7), (9, 3.0, 4),
    ]  # fmt: skip


@pytest.mark.parametrize("name", REGIME_NAMES)
def test_each_regime_is_made_as_the_regime_of_that_name(
    tmp_path: Path, made: list[WorldParams], name: str
) -> None:
    synth(tmp_path, "--regime", name, "--until", UNTIL)

    assert made == [regime(name, until=date(2025, 9, 29))]


def test_the_data_end_today_unless_a_day_is_given(
    tmp_path: Path, made: list[WorldParams], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "now", lambda _: datetime(2026, 2, 3, 9, tzinfo=UTC))

    synth(tmp_path)
    synth(tmp_path, "--until", UNTIL)

    assert [one.until for one in made] == [date(2026, 2, 3), date(2025, 9, 29)]


def test_mess_is_left_out_by_name_or_altogether(tmp_path: Path, made: list[WorldParams]) -> None:
    for words in ((), ("--without", "duplicates, zombies"), ("--without", "all")):
        synth(tmp_path, "--until", UNTIL, *words)

    messy = regime("baseline", until=date(2025, 9, 29))
    assert made == [messy, without(messy, ["duplicates", "zombies"]), without(messy, MESS)]
    assert len(set(map(repr, made))) == 3


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--regime", "calm"), ("--regime", *REGIME_NAMES, "'calm'")),
        (("--without", "zombies,noise"), ("--without", *MESS_NAMES, "'noise'")),
        (("--years", "40"), ("--years", "between 0.25 and 30", "40")),
        (("--until", "soon"), ("--until", "YYYY-MM-DD", "'soon'")),
        (("--format", "xlsx"), ("--format", "parquet", "csv")),
        (("--accounts", "0"), ("--accounts",)),
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage_and_writes_nothing(
    tmp_path: Path, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    said = synth(tmp_path, *words)

    assert said.exit_code == 2
    for word in named:
        assert word in " ".join(said.stderr.replace("│", " ").split())
    assert not (tmp_path / "crm").exists()


def test_a_folder_that_holds_something_ends_with_1_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep")

    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), "synth", "--out", str(tmp_path), *SMALL])

    assert ended.value.code == 1
    assert "expected an empty folder, found mine.txt" in capsys.readouterr().err


@pytest.mark.parametrize("file_format", list(Format))
def test_the_oracle_stands_beside_the_tables_and_no_reader_minds(
    tmp_path: Path, file_format: Format
) -> None:
    written = synth(tmp_path, *SMALL, *QUICK, "--format", str(file_format))
    checked = run(tmp_path, "check", "--crm", f"files:{tmp_path / 'crm'}")

    told = json.loads(written.stdout)
    frame = pl.read_parquet(tmp_path / "crm" / "oracle.parquet")
    text = dict.fromkeys(("entity", "entity_id"), pl.String)
    chances = dict.fromkeys(COLUMNS[3:-1], pl.Float64)
    assert frame.schema == pl.Schema({**text, AS_OF: TIME, **chances, "draws": pl.Int64})
    assert told["oracle_rows"] == frame.height > 0
    assert set(frame["entity"]) == {"account", "deal"}
    assert frame["draws"].max() == 2
    assert {one["table"] for one in json.loads(checked.stdout)["tables"]} == set(told["rows"])
    assert not list((tmp_path / "crm").glob(".*"))


def test_without_the_option_there_is_no_oracle(tmp_path: Path) -> None:
    told = json.loads(synth(tmp_path, *SMALL).stdout)

    assert "oracle_rows" not in told
    assert not (tmp_path / "crm" / "oracle.parquet").exists()


def test_an_oracle_that_breaks_leaves_the_tables_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(
        params: WorldParams, moments: OracleMoments, question: Question, **_: object
    ) -> pl.DataFrame:
        raise OSError("no space left")

    monkeypatch.setattr(oracle_plan, "oracle_frame", stopped)
    place = tmp_path / "crm"
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), "synth", "--out", str(place), *SMALL, *QUICK])

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert f"the tables in {place} are whole; only oracle.parquet is missing" in said
    assert "error: no space left" in said
    assert pl.read_parquet(place / "accounts.parquet").height >= 12
    assert not list(place.glob("*oracle*"))


def test_an_oracle_that_cannot_be_written_leaves_no_half_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = pl.DataFrame.write_parquet

    def full_disk(frame: pl.DataFrame, path: Path) -> None:
        if "oracle" in path.name:
            path.write_bytes(b"half")
            raise OSError("no space left")
        true(frame, path)

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full_disk)
    ended = synth(tmp_path, *SMALL, *QUICK)

    assert isinstance(ended.exception, OSError)
    assert not [path for path in (tmp_path / "crm").iterdir() if "oracle" in path.name]


def test_a_history_too_short_for_a_backtest_is_refused_with_3_and_the_weeks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "crm"
    short = ("--accounts", "12", "--years", "0.25", "--until", "2025-11-21")
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), "synth", "--out", str(place), *short, *QUICK])

    said = capsys.readouterr().err
    assert ended.value.code == 3
    assert "weeks found" in said
    assert "only oracle.parquet is missing" in said
    assert (place / "accounts.parquet").exists()
