from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from benchmarks.bpi.plain import logistic, plain
from benchmarks.bpi.recipes import Recipe, curve_of, recipes, soon
from benchmarks.bpi.rows import FIRST_KNOWN, QUESTIONS, REFERENCE, Split, on_days
from benchmarks.bpi.trial import judged, standings_of, tried
from models.grid import Grid
from tests.benchmarks.bpi.fakes import CALENDAR, applications
from training.matrix import Examples

RECIPE = Recipe("lightgbm", "all open", FIRST_KNOWN)
SPLIT = Split(date(2011, 12, 5), (date(2011, 12, 5),))


@pytest.fixture(scope="module")
def examples() -> Examples:
    return applications()


def test_the_recipe_that_forgets_what_matters_comes_second(examples: Examples) -> None:
    blind = replace(RECIPE, without=("touches_30d",))

    found = standings_of(examples, (blind, RECIPE), CALENDAR, earlier=(SPLIT,))

    assert [standing.recipe for standing in found] == [RECIPE, blind]
    assert found[0].mean == pytest.approx(np.mean(list(found[0].earlier.values())))


def test_the_choice_does_not_change_with_what_became_of_the_judged_rows(
    examples: Examples,
) -> None:
    is_judged = pl.col("on") >= REFERENCE.cut
    other = replace(
        examples,
        rows=examples.rows.with_columns(
            pl.when(is_judged).then(~pl.col("is_won_soon")).otherwise("is_won_soon"),
            pl.when(is_judged).then(pl.lit("lost")).otherwise("event").alias("event"),
        ),
    )

    before, after = (
        standings_of(one, (RECIPE,), CALENDAR, earlier=(SPLIT,)) for one in (examples, other)
    )

    assert before == after


def test_a_curve_knows_nothing_from_the_day_of_the_cut_on(examples: Examples) -> None:
    cut = SPLIT.cut
    later = (pl.col("event_on") >= cut).fill_null(value=False)
    other = replace(
        examples,
        rows=examples.rows.with_columns(
            pl.when(later).then(pl.lit("open")).otherwise("event").alias("event"),
            pl.when(later).then(None).otherwise("event_on").alias("event_on"),
        ).with_columns(is_won_soon=pl.lit(value=False)),
    )
    asked = examples.where(on_days(SPLIT.judged))

    told = [
        soon(curve_of(one, RECIPE, cut, CALENDAR), asked, CALENDAR) for one in (examples, other)
    ]

    assert np.array_equal(told[0]["is_won_soon"], told[1]["is_won_soon"])


def test_only_the_rows_that_the_recipe_names_are_learnt_from(examples: Examples) -> None:
    cut = SPLIT.cut
    offers_only = examples.where(pl.col("has_offer"))
    since = examples.where(pl.col("on") >= date(2011, 11, 7))

    offered = curve_of(examples, replace(RECIPE, deals="with an offer"), cut, CALENDAR)
    late = curve_of(examples, replace(RECIPE, since=date(2011, 11, 7)), cut, CALENDAR)

    assert offered.baseline == curve_of(offers_only, RECIPE, cut, CALENDAR).baseline
    assert late.baseline == curve_of(since, RECIPE, cut, CALENDAR).baseline
    assert offered.baseline != late.baseline


def test_two_weeks_of_the_curve_answer_both_questions(examples: Examples) -> None:
    model = curve_of(examples, replace(RECIPE, grid=Grid((1, 2))), SPLIT.cut, CALENDAR)
    asked = examples.where(on_days(SPLIT.judged))
    curves = model.curve(asked.X.select(model.names), asked.rows, CALENDAR)

    told = soon(model, asked, CALENDAR)

    assert model.grid == Grid((1, 2))
    assert told["is_won_soon"] == pytest.approx(curves.won[:, 2])
    assert told["is_decided_soon"] == pytest.approx(1.0 - curves.open[:, 2])


def test_the_plain_logistic_learns_from_mondays_whose_answers_were_certain(
    examples: Examples,
) -> None:
    cut = SPLIT.cut
    uncertain = pl.col("on") > date(2011, 11, 21)
    other = replace(
        examples,
        rows=examples.rows.with_columns(
            pl.when(uncertain).then(~pl.col("is_won_soon")).otherwise("is_won_soon")
        ),
    )

    told = [logistic(one, "is_won_soon", cut=cut, judged=SPLIT.judged) for one in (examples, other)]

    assert np.array_equal(told[0], told[1])
    assert plain(examples).null_count().sum_horizontal().item() == 0


def test_a_line_holds_both_models_on_the_same_rows(examples: Examples) -> None:
    rows = examples.where(on_days(REFERENCE.judged)).rows
    happened = rows["is_won_soon"].to_numpy().astype(np.float64)
    sharp, flat = 0.1 + 0.8 * happened, np.full(rows.height, happened.mean())

    line = judged(QUESTIONS[0], rows, ours=sharp, theirs=flat)

    assert line["ours"]["auc"]["value"] == 1.0  # type: ignore[index]
    assert line["auc_difference"]["value"] == pytest.approx(0.5)  # type: ignore[index]
    assert line["gain"]["low"] > 0.2  # type: ignore[index]
    assert line["gain"]["rows"] == rows.height  # type: ignore[index]


def test_the_trial_tells_of_the_first_standing_and_counts_the_rows(examples: Examples) -> None:
    standings = standings_of(examples, (RECIPE,), CALENDAR, earlier=(SPLIT,))

    told = tried(examples, standings, CALENDAR)

    assert told["recipe"] == "lightgbm, all open, since 10 Oct"
    assert told["rows"] == examples.where(on_days(REFERENCE.judged)).rows.height
    assert [line["label"] for line in told["lines"]] == [  # type: ignore[attr-defined]
        "is_won_soon",
        "is_decided_soon",
    ]
    assert told["lines"][0]["gain"]["value"] > -0.02  # type: ignore[index]


def test_every_kind_of_curve_is_among_the_recipes_and_none_twice() -> None:
    found = recipes()

    assert {"lightgbm"} <= {recipe.kind for recipe in found}
    assert "constant" not in {recipe.kind for recipe in found}
    assert len(set(found)) == len(found)
    assert len({str(recipe) for recipe in found}) == len(found)
