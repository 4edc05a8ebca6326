from datetime import date

import polars as pl
import pytest

from benchmarks.bpi.days import named_days
from benchmarks.bpi.recipes import Recipe
from benchmarks.bpi.rows import FIRST_KNOWN
from tests.benchmarks.bpi.fakes import CALENDAR, applications
from training.matrix import Examples

CUTS = (date(2011, 12, 5), date(2012, 1, 2))
RECIPE = Recipe("lightgbm", "all open", FIRST_KNOWN)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return applications()


def test_days_are_named_for_applications_with_an_offer_from_the_first_cut_on(
    examples: Examples,
) -> None:
    asked = examples.rows.filter(pl.col("has_offer") & (pl.col("on") >= CUTS[0]))

    told = named_days(examples, RECIPE, CALENDAR, cuts=CUTS)

    assert told["rows"] == asked.height
    assert told["wins"] <= asked.filter(pl.col("event") == "won").height  # type: ignore[operator]
    assert told["cuts"] == ["2011-12-05", "2012-01-02"]


def test_days_of_steady_hazards_hold_what_they_promise(examples: Examples) -> None:
    told = named_days(examples, RECIPE, CALENDAR, cuts=CUTS)

    assert told["by_p50"]["value"] == pytest.approx(0.5, abs=0.12)  # type: ignore[index]
    assert told["between"]["value"] == pytest.approx(0.5, abs=0.12)  # type: ignore[index]


def test_each_curve_is_fitted_on_what_was_known_at_its_cut(examples: Examples) -> None:
    short = examples.where(pl.col("on") < CUTS[1])

    alone = named_days(short, RECIPE, CALENDAR, cuts=CUTS[:1])
    late = named_days(examples, RECIPE, CALENDAR, cuts=CUTS[1:])
    both = named_days(examples, RECIPE, CALENDAR, cuts=CUTS)

    assert alone["wins"] + late["wins"] == both["wins"]  # type: ignore[operator]
