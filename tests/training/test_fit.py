from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from features.feature import Feature
from models.curve import read_off
from models.grid import Grid
from models.logodds import sigmoid
from training.fit import FitError, fit_bucket, fit_slip
from training.heads import Sample, booster_params, fit_logistic

NAMES = ("a", "b", "c")


def entry(name: str, **direction: int) -> Feature:
    return Feature(
        name=name,
        meaning=name,
        unit="count",
        concept="engagement",
        needs=(),
        null_means="not recorded",
        sentence="{value}",
        direction=direction,  # type: ignore[arg-type]
    )


FEATURES = (entry("a", walk=1, close=1), entry("b"), entry("c"))


def values(rows: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)
    found[np.random.default_rng(seed + 1).random(rows) < 0.1, 2] = np.nan
    return found


def table(found: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(found, schema=list(NAMES), orient="row")


def truth(found: np.ndarray) -> np.ndarray:
    """p_a_list, p_pain, p_walk_away, p_steady of the world the labels are drawn from."""
    a, b = found[:, 0].astype(np.float64), found[:, 1].astype(np.float64)
    walk, pain, a_list = sigmoid(a - 0.5), sigmoid(b - 1), sigmoid(-b)
    neither = (1 - walk) * (1 - pain)
    return np.stack([neither * a_list, (1 - walk) * pain, walk, neither * (1 - a_list)], axis=1)


def labelled(found: np.ndarray, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    draws = rng.random((len(found), 1))
    drawn = (draws > truth(found).cumsum(axis=1)).sum(axis=1).clip(0, 3)
    label = np.array(["a_list", "pain", "walk_away", "steady"])[drawn]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=30 * (row % 12)) for row in range(len(found))]
    return pl.DataFrame(
        {"label": label, "as_of": moments, "horizon_days": 91},
        schema_overrides={"as_of": pl.Datetime("us", "UTC")},
    ).with_columns(weight_walk=1.0, weight_pain=1.0, weight_a_list=1.0)


def buckets(X: np.ndarray, labels: pl.DataFrame, kind: str = "lightgbm"):
    return fit_bucket(
        table(X),
        labels,
        features=FEATURES,
        kind=kind,
        seed=5,
        threads=1,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("kind", "limit"), [("lightgbm", 0.06), ("logistic", 0.04), ("blend", 0.06)]
)
def test_a_fitted_chain_comes_near_the_probabilities_of_its_world(kind, limit):
    X, fresh = values(6_000, 1), values(2_000, 2)

    model = buckets(X, labelled(X, 3), kind)

    said = model.predict(table(fresh)).to_numpy()
    assert np.abs(said - truth(fresh)).mean() < limit
    assert np.abs(said.mean(axis=0) - truth(fresh).mean(axis=0)).max() < 0.03


def test_the_constant_chain_says_the_shares_of_the_training_rows():
    X = values(3_000, 1)
    labels = labelled(X, 3)

    model = buckets(X, labels, "constant")

    (row,) = model.predict(table(X[:1])).rows(named=True)
    shares = {f"p_{name}": count / 3_000 for name, count in labels["label"].value_counts().rows()}
    assert row == pytest.approx(shares, abs=1e-3)
    assert model.walk.note == ""


def test_the_same_seed_gives_the_same_model():
    X = values(800, 1)
    labels = labelled(X, 3)

    one, again = buckets(X, labels), buckets(X, labels)

    assert one.to_document() == again.to_document()
    assert len({booster.text() for booster in one.walk.boosters}) == 3


def test_a_masked_row_teaches_its_head_nothing():
    X = values(2_000, 1)
    labels = labelled(X, 3)
    half = pl.int_range(2_000) < 1_000
    wrong = labels.with_columns(
        label=pl.when(half).then("label").otherwise(pl.lit("walk_away")),
        weight_walk=pl.when(half).then(1.0).otherwise(0.0),
    )

    masked, without = buckets(X, wrong), buckets(X[:1_000], labels[:1_000])

    # 12 moments are among the first half too, so the heads are of one size.
    assert masked.walk.boosters[0].text() == without.walk.boosters[0].text()


def test_a_row_with_friction_missing_counts_as_no_walk_away_and_nothing_else():
    X = values(1_500, 1)
    labels = labelled(X, 3)
    dropped = labels.with_columns(
        label=pl.when(pl.col("label") != "steady").then("label"),
        weight_pain=pl.when(pl.col("label") != "steady").then(1.0).otherwise(0.0),
        weight_a_list=pl.when(pl.col("label") == "a_list").then(1.0).otherwise(0.0),
    )

    model = buckets(X, dropped, "logistic")

    assert model.walk.logistic == buckets(X, labels, "logistic").walk.logistic
    assert model.a_list.constant is not None
    assert "rows say yes" in model.a_list.note


def test_later_questions_are_asked_only_of_the_rows_that_reach_them():
    X = values(3_000, 1)
    labels = labelled(X, 3)

    model = buckets(X, labels, "constant")

    count = dict(labels["label"].value_counts().rows())
    neither = count["a_list"] + count["steady"]
    assert sigmoid(np.array(model.a_list.constant)) == pytest.approx(
        count["a_list"] / neither, abs=1e-3
    )


def test_a_question_that_no_row_answers_is_an_error():
    X = values(50, 1)
    labels = labelled(X, 3).with_columns(label=pl.lit("walk_away"))

    with pytest.raises(FitError, match="head pain: expected rows with a known answer"):
        buckets(X, labels)


def test_the_direction_of_a_feature_binds_its_head_alone():
    X = values(2_000, 1)
    turned = labelled(-X, 3)
    sweep = np.zeros((200, 3), dtype=np.float32)
    sweep[:, 0] = np.linspace(-3, 3, 200)

    model = buckets(X, turned)

    assert (np.diff(model.walk.log_odds(sweep)) >= 0).all()


def test_heads_grow_with_the_cases_of_the_rarer_answer():
    def size(rarer: int, overlap: float = 1.0, rows: int = 20_000):
        sample = Sample(pl.DataFrame(), np.zeros(rows, bool), np.ones(rows), rarer, overlap)
        return booster_params(sample, seed=0, threads=1, is_blended=False)

    few, some, many = size(50), size(200), size(2_000)

    assert few.rounds < some.rounds < many.rounds
    assert few.leaves < many.leaves
    assert size(200, overlap=6).min_leaf == 6 * size(200).min_leaf
    assert size(20, rows=60).min_leaf == 5


def test_a_column_that_is_never_known_does_not_trouble_the_logistic():
    X = values(500, 1)
    X[:, 2] = np.nan
    sample = Sample(table(X), X[:, 0] > 0, np.ones(500), rarer=200)

    head = fit_logistic(sample)

    assert np.isfinite(head.log_odds(table(X))).all()
    assert head.coefficients[2] == 0
    assert head.coefficients[0] > 1


# --- deals ------------------------------------------------------------------------------------

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


def test_the_curve_comes_near_the_chances_of_its_world(fitted):
    X, frame = world(1_000, 21)

    curves = fitted.curve(X, frame, CALENDAR)

    daily = hazard(X["a"].to_numpy().astype(np.float64))
    win = sigmoid(X["b"].to_numpy().astype(np.float64))
    for days in (7, 42, 126):
        expected = win * (1 - (1 - daily) ** days)
        said = curves.won_by(np.full(X.height, float(days)))
        assert abs(said.mean() - expected.mean()) < 0.03
        assert np.abs(said - expected).mean() < 0.08
    assert np.corrcoef(said, expected)[0, 1] > 0.9


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
