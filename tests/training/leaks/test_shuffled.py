"""Forecasts that read what they are judged by tell shuffled labels; the others do not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

import training.shuffled
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from tests.factories import day
from tests.training.leaks.test_refit import Bench, bench
from tests.training.learnable import entry
from training.folds import Fold
from training.matrix import Examples
from training.refit import Forecast
from training.shuffled import Guess, Trial, auc_with_pulls, guesses, shuffled, trial_of

HORIZON = timedelta(days=90)
MONTHS = [day(30 * month) for month in range(12)]
FOLD = Fold(MONTHS[9], tuple(MONTHS[:7]), tuple(MONTHS[:9]), tuple(MONTHS[9:]))
WIDTH = 24
NAMES = (*(f"f{number}" for number in range(WIDTH - 1)), "made")
LABELS = ("walk_away", "pain", "a_list", "steady")
ANSWERS = {f"p_{label}": pl.col("label") == label for label in LABELS}


def world(seed: int, accounts: int = 80) -> Examples:
    """Accounts whose label persists, and follows from features that persist too."""
    draws = np.random.default_rng(seed)
    rows = accounts * len(MONTHS)
    lasting = np.repeat(draws.normal(size=(accounts, WIDTH)), len(MONTHS), axis=0)
    X = (lasting + draws.normal(scale=0.3, size=(rows, WIDTH))).astype(np.float32)
    told = np.digitize(lasting[:, 0] + draws.normal(scale=0.4, size=rows), [-0.8, 0.0, 0.8])
    names = [f"account-{number:03d}" for number in range(accounts)]
    keys = pl.DataFrame({ENTITY_ID: names}).join(pl.DataFrame({AS_OF: MONTHS}), how="cross")
    labelled = keys.with_columns(
        pl.col(ENTITY_ID).alias(ACCOUNT_ID),
        pl.Series("label", [LABELS[code] for code in told]),
        pl.lit(value=True).alias("label_mature"),
        pl.lit(90, pl.Int32).alias("horizon_days"),
        *(pl.lit(1.0).alias(f"weight_{head}") for head in ("walk", "pain", "a_list")),
    )
    features = tuple(entry(name) for name in NAMES)
    return Examples("account", pl.DataFrame(X, schema=list(NAMES)), labelled, features, {})


def known_at_origin(fold: Fold) -> pl.Expr:
    return pl.col(AS_OF).is_in(list(fold.train_as_ofs)) & (pl.col(AS_OF) + HORIZON <= fold.origin)


def up_to_origin(fold: Fold) -> pl.Expr:
    return pl.col(AS_OF) < fold.origin


def with_test_block(fold: Fold) -> pl.Expr:
    return known_at_origin(fold) | pl.col(AS_OF).is_in(list(fold.test_as_ofs))


def untouched(examples: Examples) -> pl.Series:
    return examples.X["made"]


def place_by_label(examples: Examples) -> pl.Series:
    """Rows numbered after they were sorted by label."""
    return examples.rows["label"].rank("ordinal")


def weight_of_row(examples: Examples) -> pl.Series:
    """One over the size of the row's class, as a weight would be."""
    return examples.rows.select(1.0 / pl.len().over("label")).to_series()


def design(examples: Examples) -> np.ndarray:
    scaled = [pl.all() / (pl.all().std() + 1.0), pl.lit(1.0).alias("base")]
    return examples.X.select(scaled).to_numpy()


def fitted(
    trained_on: Callable[[Fold], pl.Expr], made_of: Callable[[Examples], pl.Series] = untouched
) -> Forecast:
    """Least squares on the rows of the filter, with the column made by the step."""

    def forecast(examples: Examples, fold: Fold) -> pl.DataFrame:
        made = made_of(examples).cast(pl.Float32).alias("made")
        rows = replace(examples, X=examples.X.with_columns(made))
        train, test = rows.where(trained_on(fold)), rows.at(fold.test_as_ofs)
        answers = train.rows["label"].to_dummies().select(f"label_{label}" for label in LABELS)
        known = design(train)
        fit = np.linalg.solve(known.T @ known, known.T @ answers.to_numpy().astype(float))
        told = pl.DataFrame(design(test) @ fit, schema=[f"p_{label}" for label in LABELS])
        return pl.concat([test.rows.select(ENTITY_ID, AS_OF), told], how="horizontal")

    return forecast


def told(forecast: Forecast, seed: int = 1) -> dict[str, Guess]:
    trial = Trial(FOLD, forecast, ANSWERS, pl.col(AS_OF) + HORIZON <= FOLD.origin)
    found = guesses(world(seed), trial, seed=seed, progress=lambda _: None)
    return {one.prediction: one for one in found}


def findings(forecast: Forecast, seed: int = 1) -> set[str]:
    return {name for name, one in told(forecast, seed).items() if one.is_finding}


@pytest.mark.parametrize("seed", range(6))
def test_a_correct_fit_tells_nothing_of_shuffled_labels(seed: int) -> None:
    found = told(fitted(known_at_origin), seed)

    assert set(found) == {f"p_{label}" for label in LABELS}
    assert not any(one.is_finding for one in found.values()), found
    assert all(0.0 < one.standard_error < 0.03 and one.shuffles == 20 for one in found.values())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "forecast",
    [
        fitted(with_test_block),
        fitted(up_to_origin),
        fitted(known_at_origin, place_by_label),
        fitted(known_at_origin, weight_of_row),
    ],
    ids=["test rows in training", "windows not ended", "order by label", "weight by label"],
)
def test_a_fit_that_reads_what_it_is_judged_by_is_caught(forecast: Forecast, seed: int) -> None:
    assert findings(forecast, seed)


def test_what_chance_alone_pushed_out_is_not_there_in_fresh_shuffles() -> None:
    found = told(fitted(known_at_origin), seed=0)["p_a_list"]

    assert found.first_auc is not None
    assert found.first_auc > 0.53
    assert not found.is_finding
    assert "the first 20 shuffles gave 0.53" in found.doubt


def test_true_labels_would_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        training.shuffled, "shuffled", lambda examples, _certain, *, draws: examples
    )

    assert findings(fitted(known_at_origin)) == {"p_walk_away", "p_pain", "p_a_list", "p_steady"}


def test_an_account_keeps_its_rows_and_takes_those_of_another_in_order() -> None:
    before = world(1, accounts=30)
    numbered = replace(before, rows=before.rows.with_columns(label=pl.int_range(pl.len())))
    is_certain = pl.col(AS_OF) < FOLD.origin

    after = shuffled(numbered, is_certain, draws=np.random.default_rng(1)).rows

    for block in (is_certain, ~is_certain):
        given = after.filter(block)["label"]
        assert sorted(given) == sorted(numbered.rows.filter(block)["label"])
        donors = given // len(MONTHS)
        owners = pl.DataFrame({"own": after.filter(block)[ACCOUNT_ID], "donor": donors})
        assert owners.group_by("own").agg(pl.col("donor").n_unique())["donor"].to_list() == [1] * 30
    assert after.drop("label").equals(numbered.rows.drop("label"))


@pytest.fixture(scope="module")
def deals(company: Any) -> Bench:
    return bench(company, "slip")


def test_what_was_unknown_of_a_deal_at_the_origin_stays_unknown(deals: Bench) -> None:
    trial = trial_of("deal", deals.plan, deals.forecast, deals.company.calendar)
    day_of_origin = deals.company.calendar.day_of(trial.fold.origin)
    certain = deals.examples.rows.select(trial.is_certain.fill_null(value=False)).to_series()

    after = shuffled(deals.examples, trial.is_certain, draws=np.random.default_rng(1)).rows

    assert after.filter(~certain)["event_on"].min() >= day_of_origin  # type: ignore[operator]
    settled = after.filter(certain).select(pl.col("event_on") >= pl.col(AS_OF).dt.date())
    assert settled.to_series().all()
    assert not after["event"].equals(deals.examples.rows["event"])
    assert after["committed_on"].equals(deals.examples.rows["committed_on"])


def test_a_curve_that_reads_the_ends_of_tested_deals_is_caught(deals: Bench) -> None:
    def peeking(examples: Examples, fold: Fold) -> pl.DataFrame:
        rows = examples.at(fold.test_as_ofs).rows
        ends_soon = (pl.col("event") == "won") & (pl.col("event_on") < pl.col("censored_on"))
        return rows.select(ENTITY_ID, AS_OF, p_won_by_committed=ends_soon.cast(pl.Float64))

    trial = trial_of("deal", deals.plan, peeking, deals.company.calendar)

    found = guesses(deals.examples, trial, seed=1, progress=lambda _: None)

    assert [one.is_finding for one in found] == [True]


def test_a_wide_catalogue_and_a_long_history_are_thinned_before_the_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training.shuffled, "COLUMNS", 2)
    monkeypatch.setattr(training.shuffled, "ROWS", 3 * 80)
    seen: list[tuple[tuple[str, ...], Fold]] = []

    def watched(examples: Examples, fold: Fold) -> pl.DataFrame:
        assert tuple(examples.X.columns) == tuple(one.name for one in examples.features)
        seen.append((tuple(examples.X.columns), fold))
        keys = examples.at(fold.test_as_ofs).rows.select(ENTITY_ID, AS_OF)
        return keys.with_columns(pl.lit(0.5).alias(name) for name in ANSWERS)

    flat = told(watched)["p_pain"]

    assert (flat.auc, flat.standard_error, flat.is_finding) == (0.5, 0.0, False)
    assert len({columns for columns, _ in seen}) > 1
    assert {len(columns) for columns, _ in seen} == {2}
    fold = seen[0][1]
    assert fold.train_as_ofs == (MONTHS[2], MONTHS[4], MONTHS[6])
    assert fold.landmarks == (MONTHS[2], MONTHS[5], MONTHS[8])
    assert fold.test_as_ofs == FOLD.test_as_ofs


@pytest.mark.parametrize(
    ("auc", "error", "is_finding", "doubt"),
    [
        (0.51, 0.01, False, ""),
        (0.47, 0.005, True, ""),
        (0.53, 0.02, False, ""),
        (0.51, 0.001, False, "more than 3 standard errors"),
    ],
)
def test_a_finding_is_beyond_both_borders_and_a_doubt_beyond_chance_alone(
    auc: float, error: float, *, is_finding: bool, doubt: str
) -> None:
    guess = Guess("p", auc, error, 20, 100)

    assert guess.is_finding is is_finding
    assert doubt in guess.doubt
    assert bool(guess.doubt) is bool(doubt)
    assert ("too few accounts" in str(guess)) is (error > 0.02 / 3)


def test_the_auc_is_the_share_of_pairs_and_the_pulls_its_jackknife() -> None:
    values = pl.Series([0.1, 0.4, 0.4, 0.8, 0.2, 0.9])
    truth = np.array([False, True, False, True, False, False])

    auc, pulls = auc_with_pulls(values, truth)

    pairs = [(v > w) + 0.5 * (v == w) for v in (0.4, 0.8) for w in (0.1, 0.4, 0.2, 0.9)]
    assert auc == pytest.approx(np.mean(pairs))
    assert pulls.sum() == pytest.approx(0.0)
    first = np.mean([(w < 0.4) + 0.5 * (w == 0.4) for w in (0.1, 0.4, 0.2, 0.9)])
    assert pulls[1] == pytest.approx((first - auc) / 2)
