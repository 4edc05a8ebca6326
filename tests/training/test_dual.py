from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from features.crm.synthetic import regime
from features.feature import Feature
from tests.bucketlist.fresh_worlds import book_of
from training.dual import both_told, editable_share, fit_untyped, rep_deltas
from training.forecasts import FitPlan
from training.matrix import Asked, Examples, deal_examples

CALENDAR = Calendar()
CUT = date(2026, 3, 2)
PAST = tuple(datetime(2025, month, 3, tzinfo=UTC) for month in range(2, 12))
THEN = (datetime(2026, 3, 2, tzinfo=UTC),)


@pytest.fixture(scope="module")
def examples() -> Examples:
    book = book_of(regime("baseline", accounts=60, seed=5, years=3))
    return deal_examples(book, Asked((*PAST, *THEN)), CALENDAR)


def told(**columns: object) -> pl.DataFrame:
    count = 40
    return pl.DataFrame(
        {
            "account_id": [f"a{number}" for number in range(count)],
            "owner_rep_id": ["ann", "bob"] * (count // 2),
            **columns,
        }
    )


def test_the_untyped_curve_answers_to_nothing_that_a_rep_types(examples: Examples) -> None:
    train, asked = examples.at(PAST), examples.at(THEN)
    model = fit_untyped(train, cut=CUT, calendar=CALENDAR, plan=FitPlan(1, 1))
    typed = [feature.name for feature in examples.features if feature.is_rep_editable]
    noise = np.random.default_rng(1).normal(size=(asked.X.height, len(typed))) * 100.0
    other = Examples(
        "deal",
        asked.X.with_columns(pl.Series(name, noise[:, k]) for k, name in enumerate(typed)),
        asked.rows.with_columns(committed_on=pl.lit(date(2027, 1, 1))),
        asked.features,
        {},
    )

    found = both_told(model, model, asked, CALENDAR)
    changed = both_told(model, model, other, CALENDAR)

    assert len(typed) > 20
    assert not set(typed) & set(model.names)
    assert found["p_untyped"].equals(changed["p_untyped"])
    assert found["p_untyped"].n_unique() > asked.rows.height // 2


def test_what_came_is_a_win_within_the_quarter_and_null_before_it_has_passed(
    examples: Examples,
) -> None:
    model = fit_untyped(examples.at(PAST), cut=CUT, calendar=CALENDAR, plan=FitPlan(1, 1))
    asked = examples.at(THEN)
    days = (pl.col("event_on") - pl.lit(CUT)).dt.total_days()
    won = asked.rows.select(((pl.col("event") == "won") & (days < 91)).fill_null(value=False))
    young = Examples(
        "deal",
        asked.X,
        asked.rows.with_columns(censored_on=pl.lit(date(2026, 5, 31))),
        asked.features,
        {},
    )

    came = both_told(model, model, asked, CALENDAR)["won_in_quarter"]

    assert came.to_list() == won.to_series().cast(pl.Float64).to_list()
    assert 0 < came.sum() < len(came)
    assert both_told(model, model, young, CALENDAR)["won_in_quarter"].null_count() == len(came)


def test_without_a_feature_that_is_free_of_typing_nothing_is_fitted(examples: Examples) -> None:
    typed: tuple[Feature, ...] = tuple(f for f in examples.features if f.is_rep_editable)
    only = Examples("deal", examples.X, examples.rows, typed, {})

    with pytest.raises(ValueError, match="features that a rep cannot type, found none"):
        fit_untyped(only, cut=CUT, calendar=CALENDAR, plan=FitPlan(1, 1))


def test_a_rep_who_plays_deals_down_and_one_who_plays_them_up_are_told_apart() -> None:
    typed = [0.2, 0.6] * 20  # ann says little, bob much, of deals that are alike
    found = rep_deltas(
        told(p_typed=typed, p_untyped=[0.4] * 40, won_in_quarter=[1.0, 1.0, 0.0, 0.0] * 10), seed=1
    )

    assert found["owner_rep_id"].to_list() == ["ann", "bob"]
    assert found["sandbagging"].to_list() == pytest.approx([0.2, -0.2])
    assert found["happy_ears"].to_list() == pytest.approx([-0.3, 0.1])
    assert (found["happy_ears_low"] < found["happy_ears"]).all()


def test_reps_with_few_rows_are_left_out() -> None:
    rows = told(p_typed=[0.2] * 40, p_untyped=[0.4] * 40, won_in_quarter=[1.0] * 39 + [None])

    assert rep_deltas(rows, seed=1)["owner_rep_id"].to_list() == ["ann"]


@pytest.mark.parametrize(
    ("untyped", "share"), [([0.9, 0.1] * 20, 0.0), ([0.5] * 40, 1.0), ([0.7, 0.3] * 20, 0.428)]
)
def test_the_share_of_typing_runs_from_none_of_the_skill_to_all(
    untyped: list[float], share: float
) -> None:
    rows = told(p_typed=[0.9, 0.1] * 20, p_untyped=untyped, won_in_quarter=[1.0, 0.0] * 20)

    assert editable_share(rows, 0.5) == pytest.approx(share, abs=1e-3)


def test_where_typing_has_no_skill_there_is_no_share() -> None:
    rows = told(p_typed=[0.1, 0.9] * 20, p_untyped=[0.5] * 40, won_in_quarter=[1.0, 0.0] * 20)

    assert editable_share(rows, 0.5) is None
