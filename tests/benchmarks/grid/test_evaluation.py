from pathlib import Path

import pytest

from benchmarks.grid import skill
from benchmarks.grid.cells import Cell
from benchmarks.grid.evaluation import evaluate_cell
from tests.benchmarks.grid.fakes import Company

CELL = Cell("baseline", 120, 1)


@pytest.fixture(autouse=True)
def _few_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill, "PAIRED_REPEATS", 20)


def said_of(company: Company, folder: Path, cell: Cell = CELL) -> dict[str, object]:
    return dict(evaluate_cell(cell, folder, company.steps, progress=lambda text: None))


def test_the_oracle_is_asked_at_the_first_moment_of_each_origin_only(tmp_path: Path) -> None:
    company = Company()

    said_of(company, tmp_path)

    assert [step for step in company.asked if step.startswith("oracle")] == [
        "oracle bucket 2026-01-01 floor 12.5",
        "oracle bucket 2026-04-01 floor 12.5",
        "oracle slip 2026-01-01 floor 12.5",
        "oracle slip 2026-04-01 floor 12.5",
    ]


def test_the_big_world_is_asked_about_the_judged_rows_of_the_served_kind(tmp_path: Path) -> None:
    company = Company()

    said_of(company, tmp_path)

    big = "synthetic:regime=baseline,accounts=1200,seed=1,until=2026-11-21,block=120"
    assert [step for step in company.asked if step.startswith("attainable")] == [
        f"attainable bucket lightgbm 60 {big}",
        f"attainable slip hazard 48 {big}",
    ]


def test_both_shares_stand_in_the_result(tmp_path: Path) -> None:
    found = said_of(Company(), tmp_path)

    shares = {
        (part, best): told["share"]["value"]
        for part, one in found["parts"].items()
        for best, told in one["skill"].items()
    }
    assert found["status"] == "evaluated"
    assert all(0 < share < 1 for share in shares.values())
    assert shares["bucket", "oracle"] < shares["bucket", "attainable"]


def test_a_large_world_has_no_big_one_and_says_so(tmp_path: Path) -> None:
    company = Company()

    found = said_of(company, tmp_path, Cell("baseline", 1201, 1))

    assert not any(step.startswith("attainable") for step in company.asked)
    assert found["parts"]["slip"]["skill"]["attainable"] == {"why": "not run above 1200 accounts"}


def test_a_world_too_small_for_a_fit_is_a_result_with_its_reason(tmp_path: Path) -> None:
    found = said_of(Company(is_too_small=True), tmp_path)

    assert found["status"] == "not evaluated"
    assert found["why"].startswith("the history is too short")


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    found = said_of(Company(has_deals=False), tmp_path)

    assert list(found["parts"]) == ["bucket"]
    assert found["missing"] == {"slip": "slip: expected opportunities, the source has none"}


def test_slices_stay_out_of_the_result(tmp_path: Path) -> None:
    found = said_of(Company(), tmp_path)

    assert found["parts"]["slip"]["models"] == {"hazard": {"n": 3}}
