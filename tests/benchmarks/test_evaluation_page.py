from typing import Any

import pytest

from benchmarks.evaluation_page import FOLLOWED, gains_section, page, section, verdict


def figure(value: float, spread: float = 0.01) -> dict[str, float]:
    return {"value": value, "low": value - spread, "high": value + spread}


def standing(log_loss: float, **slices: Any) -> dict[str, Any]:
    overall = {
        "n": 1_500,
        "accounts": 100,
        "log_loss": figure(log_loss),
        "auc": figure(0.7),
        "brier": figure(0.2),
        "ece": figure(0.02),
    }
    return {"overall": overall, **slices}


def gain(value: float, spread: float) -> dict[str, float]:
    return {**figure(value, spread), "share": 0.05}


def found(served: str, losses: dict[str, float], *, spread: float = 0.01) -> dict[str, Any]:
    return {
        "models": {name: standing(loss) for name, loss in losses.items()},
        "winner": min(losses, key=lambda name: losses[name]),
        "served": served,
        "gains": {
            name: gain(loss - losses[served], spread)
            for name, loss in losses.items()
            if name != served
        },
        "not_applicable": {"naive_bayes": "not part of this version"},
    }


def result(part: str = "slip", **changes: Any) -> dict[str, Any]:
    metrics = {
        part: found("hazard", {"hazard": 0.5, "stage_age": 0.6, "constant": 0.7}),
        "horizon": {"weeks": 13, "standing": "full"},
        "leak_gate": {"verdict": "passed", "warnings": []},
        "data_used": {
            "tables": {"accounts": 100},
            "first_event": "2012-01-03T23:59:59+00:00",
            "observed_until": "2014-01-10T00:00:00+00:00",
            part: {
                "rows": 2_000,
                "features": ["a"],
                "origins": ["2013-01-01", "2013-04-01"],
                "outcome_shares": {"won": 0.4},
            },
        },
    }
    made = {
        "set": "bpi2012",
        "evaluated_on": "2026-01-02",
        "versions": {"polars": "2.1.0"},
        "rows_in": 262_200,
        "dropped": {"work scheduled, not done": 3},
        "metrics": metrics,
    }
    return {**made, **changes}


WINS = "wins: its log loss lies below that of the best"
LOSES = "loses: its log loss lies above that of the best"
SURE = "by 0.050 (90 % interval 0.040 to 0.060)"


@pytest.mark.parametrize(
    ("served", "losses", "spread", "sentence"),
    [
        (
            "hazard",
            {"hazard": 0.5, "stage_age": 0.55, "constant": 0.6},
            0.01,
            f"The hazard model {WINS} baseline, stage_age, {SURE}, 5.0% less.",
        ),
        (
            "hazard",
            {"hazard": 0.5, "stage_age": 0.45, "constant": 0.6},
            0.01,
            f"The hazard model {LOSES} baseline, stage_age, {SURE}.",
        ),
        (
            "lightgbm",
            {"lightgbm": 0.5, "constant": 0.49},
            0.05,
            (
                "Nobody wins for certain: the log loss of lightgbm lies above that of the best "
                "baseline, constant, by 0.010, and the 90 % interval of its gain, -0.060 to "
                "+0.040, contains zero."
            ),
        ),
        (
            "logistic",
            {"logistic": 0.5, "lightgbm": 0.6, "blend": 0.55, "constant": 0.7},
            0.01,
            f"The logistic baseline {WINS} model, blend, {SURE}, 5.0% less.",
        ),
    ],
)
def test_one_sentence_says_who_wins_and_what_loses(
    served: str, losses: dict[str, float], spread: float, sentence: str
) -> None:
    assert verdict(found(served, losses, spread=spread)) == sentence


def test_the_table_holds_every_model_from_the_best_to_the_worst() -> None:
    rows = [line for line in page([result()], []).splitlines() if line.startswith("| ")]

    assert [row.split("|")[1].strip() for row in rows[1:]] == [
        "hazard",
        "stage_age *",
        "constant *",
    ]
    assert rows[1].endswith("| served |")
    assert "0.500 (0.490–0.510)" in rows[1]
    assert "+0.100 (+0.090 to +0.110)" in rows[2]


def test_date_versions_rows_and_what_was_left_out_stand_below() -> None:
    text = page([result()], [])

    assert "1,500 predictions about 100 accounts. Not applicable: naive_bayes: not part" in text
    assert "262,200 raw rows → 100 accounts; left out: 3 × work scheduled, not done" in text
    assert "2012-01-03 to 2014-01-10" in text
    assert "Run on 2026-01-02 with polars 2.1.0." in text


def test_a_set_without_a_result_is_named() -> None:
    text = page([result()], ["receivables"])

    assert "No data were there for `receivables`." in text
    assert "Not evaluated" not in page([result()], [])


def test_deals_are_also_judged_by_their_age_and_buckets_one_by_one() -> None:
    ages = {"to 30 days": standing(0.6)["overall"], "31 to 90": standing(0.4)["overall"]}
    deals = result()
    for name in ("hazard", "stage_age"):
        deals["metrics"]["slip"]["models"][name]["by_age"] = ages
    accounts = result("bucket")
    accounts["metrics"]["bucket"]["models"]["hazard"]["by_class"] = {
        "a_list": standing(0.6)["overall"]
    }

    assert "| 31 to 90 | 1,500 | 0.400 (0.390–0.410) |" in page([deals], [])
    assert "by bucket, each against the rest: a_list 0.700 (0.690–0.710)." in page([accounts], [])


def test_the_gain_of_the_catalogue_stands_in_a_row_per_part_and_model() -> None:
    row = {"model": "served (blend)", "first": figure(0.6), "whole": figure(0.58)}
    of_part = {
        "features": {"first": 20, "whole": 31},
        "models": [{**row, "gain": gain(0.02, 0.03)}],
    }
    gains = {
        "catalogues": {
            "first": {"account": 51, "deal": 46},
            "whole": {"account": 174, "deal": 125},
        },
        "sets": {
            "receivables": {
                "parts": {"bucket": of_part},
                "missing": {"slip": "no deals"},
                "evaluated_on": "2026-11-22",
                "versions": {"lightgbm": "4.7.0"},
            }
        },
    }

    told = gains_section(gains)

    assert "held 51 account and 46 deal features; today's holds 174 account and 125 deal" in told
    assert (
        "| receivables, bucket | served (blend) | 20 → 31 | 0.600 (0.590–0.610) "
        "| 0.580 (0.570–0.590) | +0.020 (-0.010 to +0.050) |"
    ) in told
    assert "receivables, slip: no deals" in told


def test_what_following_the_list_would_have_meant_is_told_where_it_is_known() -> None:
    unknown = {"value": None, "low": None, "high": None}
    told = result("bucket")
    told["metrics"]["bucket"] |= {
        "decisions": dict.fromkeys(FOLLOWED, unknown) | {"bookings_forgone": figure(0.04)},
        "calibration": {"is_kept": False, "gain": gain(-0.002, 0.001)},
    }

    text = section(told)

    assert "bookings that firm walk-aways had brought 0.040 (0.030–0.050)." in text
    assert "hours that firm" not in text
    assert "calibration learnt on earlier forecasts is not kept: gain in log loss -0.002" in text
