from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import training.run
from models.booster import Booster, fit_boosters
from models.bundle import load_bundle
from models.registry import Registry
from training.backtest import BacktestResult
from training.compare import evidence_in, gate
from training.loss_reason import sentence_of
from training.release import digest_of, make_release
from training.run import train

WHEN = datetime(2026, 11, 22, tzinfo=UTC)

# MLflow's own mappers use what newer SQLAlchemy deprecates
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch, walked: tuple[BacktestResult, list[str]]) -> None:
    """The walk-forward of the room's company, done already."""
    monkeypatch.setattr(training.run, "walk_forward", lambda *_, **__: walked[0])


@pytest.mark.usefixtures("walk")
def test_a_training_records_a_challenger_that_loads_and_can_be_judged(
    company: Any, walked: tuple[BacktestResult, list[str]], tmp_path: Path
) -> None:
    said: list[str] = []

    trained = train(
        company.book, walked[0].experiment, company.calendar,
        home=tmp_path, trained_at=WHEN, progress=said.append,
    )  # fmt: skip

    registry = Registry(tmp_path)
    registry.export(trained.version, tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    assert registry.challenger() == trained.version == 1
    assert trained.report_path.read_text().startswith("<!doctype html>")
    assert bundle.bucket is not None
    assert bundle.slip is not None
    assert bundle.card.trained_at == WHEN
    assert bundle.card.horizon_weeks == 13
    assert set(bundle.card.contests) == {"bucket", "slip"}
    assert bundle.card.contests["bucket"].sentence
    lost = company.book["opportunities"].filter(pl.col("outcome") == "lost").collect()
    assert bundle.loss_reason is not None
    assert bundle.loss_reason.lost == lost.height
    assert bundle.loss_reason.coded == lost["loss_reason"].count()
    assert sentence_of(bundle.loss_reason) in bundle.card.notes
    assert gate(evidence_in(trained.report_path.parent)).reasons
    assert {file.name for file in (tmp_path / "reports").iterdir()} == {"0001"}


@pytest.mark.usefixtures("walk")
def test_a_training_that_fails_leaves_nothing_behind(
    company: Any,
    walked: tuple[BacktestResult, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(training.run, "write_release", fail)

    with pytest.raises(RuntimeError, match="disk full"):
        train(
            company.book, walked[0].experiment, company.calendar,
            home=tmp_path, trained_at=WHEN, progress=lambda _: None,
        )  # fmt: skip

    assert list((tmp_path / "reports").iterdir()) == []


def test_the_final_fit_learns_from_everything_that_is_certain(
    company: Any, walked: tuple[BacktestResult, list[str]]
) -> None:
    result = walked[0]

    release = make_release(company.book, result, company.calendar, trained_at=WHEN)

    assert release.accounts is not None
    assert release.deals is not None
    newest = result.contests["bucket"].plan.matured[-1]
    assert release.accounts.rows["as_of"].max() == newest
    assert release.accounts.rows["label_mature"].all()
    assert release.deals.rows["as_of"].max() == result.contests["slip"].plan.grid[-1]
    assert release.card.bucket_kind == result.contests["bucket"].judgement.served
    assert release.policy.label.growth_floor is not None


def test_the_boosters_of_the_final_fit_are_those_that_the_grower_returned(
    company: Any, walked: tuple[BacktestResult, list[str]]
) -> None:
    grown: list[tuple[Booster, ...]] = []

    def grow(*rows: Any, **asked: Any) -> tuple[Booster, ...]:
        grown.append(fit_boosters(*rows, **asked)[:1])
        return grown[-1]

    release = make_release(company.book, walked[0], company.calendar, trained_at=WHEN, grow=grow)

    assert release.bucket is not None
    assert release.slip is not None
    heads = (
        release.bucket.walk, release.bucket.pain, release.bucket.a_list,
        release.slip.close, release.slip.win,
    )  # fmt: skip
    assert [head.boosters for head in heads if head.boosters] == grown
    assert len(grown) >= 2


def test_the_same_tables_have_the_same_digest(company: Any) -> None:
    assert digest_of(company.book) == digest_of(company.book)
    assert len(digest_of(company.book)) == 64
