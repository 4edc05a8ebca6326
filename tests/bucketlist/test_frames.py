"""The frames that `features --nightly` writes are those that a single run writes."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from bucketlist.cli import main

CRM = "synthetic:accounts=20,seed=7,years=2,until=2026-11-21"
LAST = date(2026, 11, 21)


def ran(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


def features(crm: str, day: date, out: Path, *words: str) -> int:
    asked = ("--entity", "account", "--as-of", day.isoformat(), "--out", str(out))
    return ran("features", "--crm", crm, *asked, *words)


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a small CRM as files."""
    folder = tmp_path_factory.mktemp("crm") / "crm"
    words = ("--accounts", "20", "--seed", "7", "--years", "2", "--until", LAST.isoformat())
    assert ran("synth", "--out", str(folder), *words) == 0
    return folder


def test_a_night_is_told_from_the_nights_described_ahead(
    crm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights, first, second = tmp_path / "nights", tmp_path / "1.parquet", tmp_path / "2.parquet"
    alone = tmp_path / "alone.parquet"

    codes = (
        features(f"files:{crm}", LAST, first, "--nightly", str(nights)),
        features(f"files:{crm}", LAST + timedelta(days=1), second, "--nightly", str(nights)),
        features(f"files:{crm}", LAST + timedelta(days=1), alone),
    )

    assert codes == (0, 0, 0)
    said = capsys.readouterr().err
    assert "accounts described for nights ahead: nothing is described yet" in said
    assert "0 accounts changed, 0 of 20 described again" in said
    assert pl.read_parquet(second).equals(pl.read_parquet(alone))
    assert not pl.read_parquet(second).equals(pl.read_parquet(first))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as-of", LAST.isoformat()), "got 2 × --as-of"),
        (("--engine", "dask"), "got --engine dask"),
    ],
)
def test_what_a_night_is_not_is_a_wrong_use(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.parquet"

    code = features(CRM, LAST, out, "--nightly", str(tmp_path / "nights"), *words)

    assert code == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not out.exists()


def test_a_night_before_the_end_of_what_was_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nights = tmp_path / "nights"

    code = features(
        CRM, LAST - timedelta(days=60), tmp_path / "a.parquet", "--nightly", str(nights)
    )

    assert code == 2
    assert "expected a day that begins at or after" in " ".join(capsys.readouterr().err.split())
    assert not nights.exists()
