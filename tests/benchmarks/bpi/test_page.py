from typing import Any

import pytest

from benchmarks.bpi.page import section, verdict


def figure(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def line(auc: float = 0.737, loss: float = 0.524) -> dict[str, Any]:
    return {
        "name": "accepted within 14 days",
        "base_rate": 0.29,
        "printed": {"auc": 0.731, "log_loss": 0.531},
        "ours": {"auc": figure(auc), "log_loss": figure(loss), "bias": figure(0.03)},
        "logistic": {"auc": figure(0.711), "log_loss": figure(0.539), "bias": figure(0.03)},
        "gain": figure(0.015),
        "auc_difference": figure(0.026),
    }


def slice_told(loss: float) -> dict[str, Any]:
    scored = {"log_loss": figure(loss), "auc": figure(0.7), "bias": figure(-0.01)}
    return {
        "n": 1482,
        "prevalence": figure(0.36),
        "served": scored,
        "rival": {**scored, "log_loss": figure(0.655)},
        "gain": figure(-0.003),
    }


def result(*, rows: int = 5745) -> dict[str, Any]:
    slices = {
        "all": {"each deal alike": slice_told(0.531)},
        "by_age": {"4-7 days": slice_told(0.6)},
    }
    quarter = {
        "age": "4-7 days",
        "part": 1,
        "rows": 371,
        "foretold": 0.227,
        "rival": 0.341,
        "won": figure(0.27),
    }
    return {
        "evaluated_on": "2026-01-02",
        "versions": {"lightgbm": "4.7.0"},
        "trial": {
            "train_rows": 4452,
            "rows": rows,
            "accounts": 2435,
            "recipe": "lightgbm, all open, since 10 Oct",
            "lines": [line()],
            "earlier_splits": 5,
            "standings": [{"recipe": "blend", "is_won_soon": 0.5425, "is_decided_soon": 0.6002}],
        },
        "offers": {
            "served": "hazard",
            "rivals": {"stage_age": slices, "logistic": slices},
            "calibration": [quarter],
        },
        "days": {
            "cuts": ["2011-11-28"],
            "recipe": "blend",
            "rows": 8408,
            "wins": 3333,
            "by_p25": figure(0.39),
            "by_p50": figure(0.64),
            "by_p75": figure(0.79),
            "between": figure(None),
        },
    }


@pytest.mark.parametrize(
    ("auc", "loss", "words"),
    [
        (0.7211, 0.5309, "AUC kept, log loss below"),
        (0.7209, 0.5309, "**AUC missed**, log loss below"),
        (0.80, 0.5311, "AUC kept, **log loss above**"),
    ],
)
def test_a_line_is_kept_or_missed_in_words(auc: float, loss: float, words: str) -> None:
    assert verdict(line(auc, loss)) == words


def test_the_section_holds_the_lines_the_ages_and_the_days() -> None:
    text = section(result())

    assert (
        "| accepted within 14 days | 0.290 | 0.731 / 0.531 | 0.711 / 0.539 | 0.737 / 0.524 "
        "| +0.015 (+0.005 to +0.025) | +0.026 (+0.016 to +0.036) | +0.030 (+0.020 to +0.040) "
        "| AUC kept, log loss below |"
    ) in text
    assert "| blend | 0.5425 | 0.6002 |" in text
    assert "| 4-7 days | 1,482 | 0.36 | 0.600 (0.590–0.610) |" in text
    assert "| 4-7 days | 1 | 371 | 0.227 | 0.341 | 0.270 (0.260–0.280) |" in text
    assert "0.640 (0.630–0.650) |" in text


def test_other_counts_than_the_printed_are_called_out() -> None:
    assert "(as printed)" in section(result())
    assert "(**not the printed counts**)" in section(result(rows=5744))


def test_a_share_that_is_not_defined_is_a_dash() -> None:
    assert "| 50 % | – |" in section(result())
