import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.portrait import page
from benchmarks.portrait.page import section, worlds_page, write_worlds
from tests.benchmarks.portrait.drawn import portrait, without_deals


def check(regime: str = "calm", *, is_inside: bool = True) -> dict[str, Any]:
    worst = {"predicted": 0.3, "happened": 0.45, "band_low": 0.2, "band_high": 0.4}
    target = {"rows": 800, "predicted": 0.31, "happened": 0.33, "level": 0.95}
    return {
        "regime": regime,
        "seeds": [101, 102],
        "accounts": 400,
        "draws": 400,
        "targets": {
            "a_list": {**target, "is_inside": is_inside, "worst": worst},
            "won_by_committed": None,
        },
        "slip_auc": {"value": 0.85, "low": 0.82, "high": 0.88},
    }


def test_a_section_has_its_picture_and_its_measured_figures() -> None:
    text = section(portrait().to_mapping())

    assert "## calm\n\nA company in which little happens." in text
    assert "(worlds/calm.png)" in text
    assert "60 accounts, 2 years, seed 7." in text
    assert "| deals a year, renewals too | 150 |" in text
    assert "| activities a year | 2,500 |" in text
    assert "| won, of closed deals | new deals 25 % |" in text
    assert "| 50 %, 40 %, 40 %, 33 %, 0 % |" in text
    assert "| deals pushed 3 times or more | 12 % |" in text
    assert "| wins in the last two weeks of a quarter | 45 % (15 % if even) |" in text
    assert "| open deals that miss their committed date | 70 % |" in text
    assert "| days late of paid invoices: median, 95 % | 6, 25 |" in text
    assert "| labels | A-list 30 %, pain 20 %, walk-away 40 %, steady 10 % |" in text
    assert "| in play, but bucket not known | 25 % |" in text
    assert "Rows by table: accounts 60, activities 5,000, opportunities 300." in text


def test_a_figure_that_a_world_cannot_have_is_a_reason() -> None:
    text = section(without_deals().to_mapping())

    assert text.count("| no deals in this regime |") == 5


def test_regimes_without_a_portrait_or_a_check_are_named() -> None:
    drawn = [portrait().to_mapping()]

    text = worlds_page(drawn, [check()], ["calm", "wild"])

    assert "No portrait is there of `wild`." in text
    assert "Not checked: `wild`." in text
    whole = worlds_page(drawn, [check()], ["calm"])
    assert "Not drawn" not in whole
    assert "Not checked" not in whole


def test_the_oracle_is_said_to_keep_or_leave_its_band() -> None:
    text = worlds_page([], [check(), check("wild", is_inside=False)], ["calm", "wild"])

    assert "| calm | a list | 800 | 0.310 | 0.330 | kept |" in text
    assert "| **left** | 0.30 said, 0.45 realised (0.20 to 0.40) |" in text
    assert (
        "**1 of 2 bands are left, in 2 regimes; with a right oracle 0.10 would be by chance.**"
        in text
    )
    assert "AUC of slip 0.850 (0.820 to 0.880)" in text


def test_a_check_without_deals_says_so() -> None:
    text = worlds_page([], [{**check(), "slip_auc": None}], ["calm"])

    assert "- calm: 400 accounts, seeds 101, 102, 400 draws; no deals in this regime." in text


def test_the_page_is_made_from_the_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "names", lambda: ("calm", "wild"))
    folder = tmp_path / "results" / "portraits"
    folder.mkdir(parents=True)
    (folder / "calm.json").write_text(json.dumps(portrait().to_mapping()))
    (folder / "forgotten.json").write_text("{}")

    write_worlds(tmp_path / "results", tmp_path / "docs" / "worlds.md")

    text = (tmp_path / "docs" / "worlds.md").read_text()
    assert "## calm" in text
    assert "No portrait is there of `wild`." in text
    assert "Not checked: `calm`, `wild`." in text
