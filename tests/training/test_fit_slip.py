from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from models.booster import fit_boosters
from models.curve import read_off
from models.grid import Grid
from models.logodds import sigmoid
from tests.training.learnable import FEATURES, table, values
from training.fit import FitError, fit_slip
from training.slip_fit import fit_slips

LANDMARKS = {
    "entity_id": pl.String,
    "as_of": pl.Datetime("us", "UTC"),
    "committed_on": pl.Date,
    "event": pl.String,
    "event_on": pl.Date,
    "censored_on": pl.Date,
}
CUT = date(2025, 6, 30)
CALENDAR = Calendar()


def hazard(a: np.ndarray) -> np.ndarray:
    return 0.012 * np.exp(0.5 * a)


def world(deals: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deals that close with a constant daily chance, seen every second Monday while open."""
    rng = np.random.default_rng(seed)
    found = values(deals, seed)
    born = np.datetime64("2023-01-02") + 14 * rng.integers(0, 64, deals)
    life = rng.geometric(np.clip(hazard(found[:, 0]), 0, 1))
    is_won = rng.random(deals) < sigmoid(found[:, 1].astype(np.float64))
    seen = np.repeat(np.arange(deals), 4)
    as_of = born[seen] + 14 * np.tile(np.arange(4), deals)
    close = born[seen] + life[seen] - 1
    keep = (as_of <= close) & (as_of < np.datetime64(CUT))
    seen, as_of, close = seen[keep], as_of[keep], close[keep]
    is_closed = close <= np.datetime64(CUT)
    frame = pl.DataFrame(
        {
            "entity_id": [f"d{deal}" for deal in seen],
            "as_of": pl.Series(as_of).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "committed_on": pl.Series(born[seen] + 70).cast(pl.Date),
            "event": np.where(~is_closed, "open", np.where(is_won[seen], "won", "lost")),
            "event_on": pl.Series(np.where(is_closed, close, np.datetime64("NaT"))).cast(pl.Date),
            "censored_on": [CUT] * len(seen),
        },
        schema=LANDMARKS,
    )
    return table(found[seen]), frame


def slip(X: pl.DataFrame, frame: pl.DataFrame, *, cut: date = CUT, **options):
    return fit_slip(
        X, frame, features=FEATURES, calendar=CALENDAR, seed=5, threads=1, cut=cut, **options
    )


@pytest.fixture(scope="module")
def deals():
    return world(2_500, 1)


@pytest.fixture(scope="module")
def fitted(deals):
    return slip(*deals)


@pytest.fixture(scope="module")
def kinds(deals):
    return fit_slips(
        *deals,
        features=FEATURES,
        calendar=CALENDAR,
        seed=5,
        threads=1,
        cut=CUT,
        kinds=("lightgbm", "logistic", "blend"),
    )


@pytest.mark.parametrize("kind", ["lightgbm", "logistic", "blend"])
def test_the_curve_comes_near_the_chances_of_its_world(kinds, kind):
    X, frame = world(1_000, 21)

    curves = kinds[kind].curve(X, frame, CALENDAR)

    daily = hazard(X["a"].to_numpy().astype(np.float64))
    win = sigmoid(X["b"].to_numpy().astype(np.float64))
    for days in (7, 42, 126):
        expected = win * (1 - (1 - daily) ** days)
        said = curves.won_by(np.full(X.height, float(days)))
        assert abs(said.mean() - expected.mean()) < 0.03
        assert np.abs(said - expected).mean() < 0.08
    assert np.corrcoef(said, expected)[0, 1] > 0.9


@pytest.mark.parametrize("kind", ["lightgbm", "logistic", "blend"])
def test_every_kind_is_one_curve_that_shares_out_one_and_never_loses_a_win(kinds, kind):
    X, frame = world(500, 22)

    curves = kinds[kind].curve(X, frame, CALENDAR)

    assert np.abs(curves.won + curves.lost + curves.open - 1).max() < 1e-9
    assert (np.diff(curves.won, axis=1) >= 0).all()
    assert min(curves.won.min(), curves.lost.min(), curves.open.min()) >= 0


def test_kinds_fitted_together_are_what_a_fit_of_each_gives(deals, fitted, kinds):
    assert kinds["lightgbm"].to_document() == fitted.to_document()
    assert kinds["logistic"].to_document() == slip(*deals, kind="logistic").to_document()


def test_a_blend_lies_half_way_between_its_parts_in_log_odds(kinds):
    rows = np.random.default_rng(3).normal(size=(50, 10)).astype(np.float32)

    forest, line, blend = (
        kinds[kind].close.log_odds(rows) for kind in ("lightgbm", "logistic", "blend")
    )

    assert blend == pytest.approx((forest + line) / 2)
    assert np.abs(forest - line).max() > 0.1


def test_open_deals_keep_the_curve_from_promising_too_much(deals):
    X, frame = deals
    is_closed = frame["event"] != "open"
    early = date(2024, 1, 1)
    seen = frame["as_of"].dt.date() < early

    whole = slip(X.filter(seen), frame.filter(seen), cut=early)
    closed = slip(
        X.filter(seen & is_closed & (frame["event_on"] < early)),
        frame.filter(seen & is_closed & (frame["event_on"] < early)),
        cut=early,
    )

    X, frame = X[:1_000], frame[:1_000]
    months = np.full(X.height, 84.0)
    assert (
        closed.curve(X, frame, CALENDAR).won_by(months).mean()
        > whole.curve(X, frame, CALENDAR).won_by(months).mean() + 0.03
    )


def test_what_happens_from_the_cut_on_changes_nothing(deals):
    X, frame = deals
    cut = date(2024, 6, 3)
    seen = frame["as_of"].dt.date() < cut
    X, frame = X.filter(seen)[:800], frame.filter(seen)[:800]
    later = frame.with_columns(
        event=pl.when(pl.col("event_on") >= cut).then(pl.lit("lost")).otherwise("event"),
        event_on=pl.when(pl.col("event_on") >= cut)
        .then(pl.col("event_on").dt.offset_by("40d"))
        .otherwise("event_on"),
    )
    unknown = frame.with_columns(
        event=pl.when(pl.col("event_on") >= cut).then(pl.lit("open")).otherwise("event"),
        event_on=pl.when(pl.col("event_on") < cut).then("event_on"),
        censored_on=pl.lit(cut - timedelta(days=1)),
    )
    assert not later.equals(frame)

    model = slip(X, frame, cut=cut)

    assert slip(X, later, cut=cut).to_document() == model.to_document()
    assert slip(X, unknown, cut=cut).to_document() == model.to_document()


def test_the_grid_ends_where_the_history_does(deals):
    X, frame = deals
    cut = date(2023, 4, 3)
    seen = frame["as_of"].dt.date() < cut

    model = slip(X.filter(seen), frame.filter(seen), cut=cut)

    assert 8 <= model.grid.ends[-1] <= 13


def test_the_constant_model_is_the_hazard_of_each_step_and_the_share_of_wins(deals):
    X, frame = deals

    model = slip(X, frame, kind="constant", grid=Grid((1, 2, 3)))

    found = read_off(model.curve(X[:2], frame[:2], CALENDAR), frame[:2], CALENDAR)
    assert found["p_won_end"].n_unique() == 1
    assert model.close.constant == 0
    assert model.grid.ends == (1, 2, 3)


def test_deals_that_were_all_lost_make_a_win_head_that_says_so(deals):
    X, frame = deals
    lost = frame.with_columns(event=pl.col("event").replace("won", "lost"))

    model = slip(X[:900], lost[:900])

    assert "0 of" in model.win.note
    assert model.curve(X[:5], lost[:5], CALENDAR).won.max() < 0.01


def test_a_history_without_a_close_is_an_error_that_says_what_was_found(deals):
    X, frame = deals
    still = frame.with_columns(event=pl.lit("open"), event_on=pl.lit(None, pl.Date))

    with pytest.raises(FitError, match="0 closed"):
        slip(X[:500], still[:500])
    with pytest.raises(FitError, match="expected deals watched to the end of a step"):
        slip(X[:0], frame[:0])


def test_the_boosters_of_both_heads_are_those_that_the_grower_returned(deals):
    grown, offsets = [], []

    def grow(X, y, **asked):
        grown.append(fit_boosters(X, y, **asked)[:1])
        offsets.append(asked["offset"] is not None)
        return grown[-1]

    model = slip(*deals, grow=grow)

    assert [model.close.boosters, model.win.boosters] == grown
    assert offsets == [True, False]


def test_a_blend_tells_who_wins_by_trees_grown_on_a_regression(deals, kinds):
    offsets = []

    def grow(X, y, **asked):
        offsets.append(asked["offset"] is not None)
        return fit_boosters(X, y, **asked)

    model = slip(*deals, kind="blend", grow=grow)

    # the baseline of the step for who closes, the regression for who wins
    assert offsets == [True, True]
    assert model.win.is_grown_on_line
    assert model.win.logistic == kinds["logistic"].win.logistic
    assert not kinds["lightgbm"].win.is_grown_on_line
