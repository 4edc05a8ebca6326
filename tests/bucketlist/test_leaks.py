"""The command `leaks`: what it says, what it writes and how it ends."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import features.snapshot
import features.timelines
import training.leak_hunt
import training.shuffled
from bucketlist.leaks import leaks
from bucketlist.session import Session
from features.history import happened
from training.folds import NotEnoughDataError
from training.shuffled import Guess

CRM = "synthetic:accounts=40,seed=3,years=3"


def run(home: Path, *arguments: str, is_json: bool = False) -> Result:
    app = typer.Typer()
    app.command("leaks")(leaks)

    @app.callback()
    def _shared(context: typer.Context) -> None:
        context.obj = Session(home=home, is_json=is_json)

    return CliRunner().invoke(app, ["leaks", *arguments])


def test_a_clean_book_passes_and_says_what_was_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.shuffled, "SHUFFLES", 5)
    metrics = tmp_path / "metrics.json"
    auc = {"overall": {"auc": {"value": 0.95}}}
    metrics.write_text(json.dumps({"slip": {"served": "hazard", "models": {"hazard": auc}}}))
    asked = ("--entity", "deal", "--as-of", "2025-09-01", "--metrics", str(metrics))

    result = run(tmp_path, "--crm", CRM, *asked)

    assert result.exit_code == 0, result.exception
    assert "deal 2025-09-01:" in result.stdout
    assert "fitted twice" in result.stdout
    assert "p_won_by_committed tells shuffled labels with AUC 0." in result.stdout
    assert "mean of 5 shuffles" in result.stdout
    assert "slip: the served model has AUC 0.950" in result.stdout
    assert "Passed: nothing moved" in result.stdout


def test_a_leak_ends_with_4_and_names_feature_disturbance_and_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for door in (features.snapshot, features.timelines):
        monkeypatch.setattr(
            door, "known_from", lambda table, calendar=None: happened(table, calendar)
        )
    asked = ("--entity", "account", "--as-of", "2025-09-01", "--no-refit", "--no-shuffles")

    result = run(tmp_path, "--crm", CRM, *asked, is_json=True)

    assert result.exit_code == 4
    fields = json.loads(result.stdout)
    assert fields["verdict"] == "failed"
    assert {one["disturbance"] for one in fields["leaking"]} >= {"rows recorded late"}
    first = next(one for one in fields["leaking"] if one["feature"] != "rows")
    assert {"entity_id", "as_of", "before", "after", "moved"} <= set(first)
    assert fields["not_run"] == {
        "account: refit": "not asked for",
        "account: shuffled labels": "not asked for",
    }
    assert f"account.{first['feature']} moved under" in result.stderr


def test_a_moment_before_anything_was_known_is_too_little(tmp_path: Path) -> None:
    asked = ("--entity", "account", "--as-of", "1990-01-01", "--no-refit", "--no-shuffles")

    result = run(tmp_path, "--crm", CRM, *asked)

    assert isinstance(result.exception, NotEnoughDataError)
    assert "account at 1990-01-01: no account was known then" in str(result.exception)


def test_a_forecast_that_tells_shuffled_labels_ends_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Guess("blend.p_pain", auc=0.71, standard_error=0.01, shuffles=20, rows=300)
    monkeypatch.setattr(training.leak_hunt, "guesses", lambda *_, **__: [found])
    asked = ("--entity", "account", "--as-of", "2025-09-01", "--no-refit")

    result = run(tmp_path, "--crm", CRM, *asked, is_json=True)

    assert result.exit_code == 4
    told = json.loads(result.stdout)["shuffled_labels"]["account"]
    assert told == [{**asdict(found), "is_finding": True}]
    assert "account: blend.p_pain tells shuffled labels with AUC 0.710 ± 0.010" in result.stderr


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--crm", CRM, "--as-of", "soon"), "YYYY-MM-DD"),
        (("--crm", CRM, "--metrics", "none.json"), "--metrics"),
        (("--crm", "oracle:x"), "synthetic:"),
    ],
)
def test_a_wrong_option_is_a_matter_of_usage(tmp_path: Path, asked: tuple[str], said: str) -> None:
    result = run(tmp_path, *asked)

    assert result.exit_code == 2
    assert said in result.stderr
