import numpy as np
import polars as pl
import pytest

from models.components import COMPONENTS, ComponentModel
from tests.training.learnable import FEATURES, NAMES, table, values
from training.components import EXPECTED, expected_columns, fit_components
from training.forecasts import FitPlan
from training.matrix import Examples

PLAN = FitPlan(seed=5, threads=1)


def outcomes(found: np.ndarray, **columns: object) -> pl.DataFrame:
    """Outcomes that rise with the first feature; every tenth account takes no hours at all."""
    rows = len(found)
    drive = found[:, 0].astype(np.float64)
    rng = np.random.default_rng(9)
    chance = 1 / (1 + np.exp(-drive))
    hours = np.where(np.arange(rows) % 10 == 0, 0.0, 10.0 * np.exp(drive) * rng.uniform(0.5, 1.5))
    told = {
        "label_mature": [True] * rows,
        "weight_walk": [1.0] * rows,
        "is_won": rng.random(rows) > chance,
        "growth": drive,
        "bookings": 1_000.0 * hours,
        "hours": hours,
        "friction": chance,
        "is_advocate": rng.random(rows) < chance,
        "is_self_renewer": rng.random(rows) < chance,
    }
    return pl.DataFrame({**told, **columns})


def examples(rows: int = 800, *, seed: int = 1, **columns: object) -> Examples:
    found = values(rows, seed)
    return Examples("account", table(found), outcomes(found, **columns), FEATURES, {})


def said(model: ComponentModel, name: str, drive: float) -> float:
    """What is expected of an account with that much of the first feature."""
    X = table(np.array([[drive, 0.0, 0.0]], dtype=np.float32))
    return float(model.predict(X)[name].item())


@pytest.fixture(scope="module")
def fitted() -> ComponentModel:
    return fit_components(examples(), plan=PLAN)


def test_every_component_that_the_rows_tell_is_fitted(fitted: ComponentModel) -> None:
    assert fitted.names == NAMES
    assert list(fitted.heads) == [component.name for component in COMPONENTS]
    assert all(head.booster is not None for head in fitted.heads.values())


@pytest.mark.parametrize("name", [component.name for component in COMPONENTS])
def test_what_rises_with_activity_is_expected_to(fitted: ComponentModel, name: str) -> None:
    low, middle, high = (said(fitted, name, drive) for drive in (-1.5, 0.0, 1.5))

    assert low < middle < high


def test_hours_and_bookings_are_in_the_unit_of_the_rows_and_never_negative(
    fitted: ComponentModel,
) -> None:
    train = examples()

    found = fitted.predict(train.X)

    for name in ("hours", "bookings"):
        assert found[name].min() > 0.0
        assert found[name].mean() == pytest.approx(train.rows[name].mean(), rel=0.15)


def test_credit_notes_beyond_the_sales_are_learnt_as_no_bookings() -> None:
    drive = values(800, 1)[:, 0].astype(np.float64)
    amounts = np.where(drive < 0.0, -50_000.0, 1_000.0 + 100.0 * drive)

    model = fit_components(examples(bookings=amounts), plan=PLAN)

    assert 0.0 < said(model, "bookings", -1.5) < 300.0
    assert said(model, "bookings", 1.5) > 700.0


def test_growth_is_learnt_between_gone_and_fourfold() -> None:
    drive = values(800, 1)[:, 0].astype(np.float64)
    growth = np.where(drive > 0.0, 400.0, -40.0) + drive

    model = fit_components(examples(growth=growth), plan=PLAN)

    assert model.heads["growth"].constant == pytest.approx(1.0, abs=0.3)
    assert "2 kinds of outcome in 800 rows" in model.heads["growth"].note


def test_rows_out_of_play_or_not_mature_teach_nothing() -> None:
    half = np.arange(800) % 2 == 0
    drive = values(800, 1)[:, 0].astype(np.float64)
    upside_down = np.where(half, 10.0 * np.exp(drive), 10.0 * np.exp(-drive) + 500.0)
    kept = examples(hours=upside_down)
    alone = kept.where(pl.Series(half).alias("kept"))

    masked = examples(hours=upside_down, weight_walk=half.astype(np.float64))
    early = examples(hours=upside_down, label_mature=half)

    wanted = fit_components(alone, plan=PLAN).predict(kept.X)
    assert fit_components(masked, plan=PLAN).predict(kept.X).equals(wanted)
    assert fit_components(early, plan=PLAN).predict(kept.X).equals(wanted)
    assert not fit_components(kept, plan=PLAN).predict(kept.X).equals(wanted)


def test_rows_without_an_outcome_teach_that_component_nothing() -> None:
    half = np.arange(800) % 2 == 0
    hours = pl.Series(np.linspace(1.0, 30.0, 800))
    gaps = examples(hours=pl.select(pl.when(pl.Series(half)).then(hours)).to_series())
    alone = examples(hours=hours).where(pl.Series(half).alias("kept"))

    found = fit_components(gaps, plan=PLAN).predict(gaps.X)["hours"]

    assert found.equals(fit_components(alone, plan=PLAN).predict(gaps.X)["hours"])


def test_a_component_that_no_row_tells_is_left_out() -> None:
    nothing = pl.Series([None] * 800, dtype=pl.Float64)

    model = fit_components(examples(friction=nothing), plan=PLAN)

    assert set(model.heads) == {component.name for component in COMPONENTS} - {"friction"}
    assert model.predict(examples().X)["friction"].null_count() == 800


@pytest.mark.parametrize(("cases", "is_constant"), [(9, True), (10, False)])
def test_fewer_than_ten_rare_answers_give_a_constant_and_say_so(
    cases: int, *, is_constant: bool
) -> None:
    model = fit_components(examples(is_advocate=[row < cases for row in range(800)]), plan=PLAN)

    head = model.heads["advocate"]
    assert (head.booster is None) == is_constant
    assert head.note == ("9 of 800 rows say otherwise" if is_constant else "")
    if is_constant:
        assert head.constant == pytest.approx((9 + 0.5) / 801)


def test_when_all_say_the_same_the_constant_is_not_quite_certain() -> None:
    model = fit_components(examples(is_won=[True] * 800), plan=PLAN)

    assert model.heads["no_win"].constant == pytest.approx(0.5 / 801)


@pytest.mark.parametrize(("kinds", "is_constant"), [(9, True), (10, False)])
def test_fewer_than_ten_kinds_of_an_amount_give_their_mean(
    kinds: int, *, is_constant: bool
) -> None:
    hours = [float(row % kinds) for row in range(800)]

    head = fit_components(examples(hours=hours), plan=PLAN).heads["hours"]

    assert (head.booster is None) == is_constant
    if is_constant:
        assert head.constant == pytest.approx(np.mean(hours))
        assert head.note == "9 kinds of outcome in 800 rows"


def test_nothing_to_learn_from_is_no_component_at_all() -> None:
    model = fit_components(examples(weight_walk=[0.0] * 800), plan=PLAN)

    assert model.heads == {}
    assert model.names == NAMES


def test_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    first, again = (fit_components(examples(), plan=PLAN).to_document() for _ in range(2))
    other = fit_components(examples(), plan=FitPlan(seed=6, threads=1)).to_document()

    assert first == again
    assert first[1].keys() == other[1].keys()
    assert all(first[1][file] != other[1][file] for file in first[1])


@pytest.mark.parametrize("kinds", [5, 400])
def test_what_a_sum_in_another_order_moves_changes_no_text(kinds: int) -> None:
    hours = (np.arange(800) % kinds + 1.0) / 3.0
    nudged = hours * (1.0 + 2.0**-52)

    first, again = (
        fit_components(examples(hours=told), plan=PLAN).to_document() for told in (hours, nudged)
    )

    assert hours.mean() != nudged.mean()
    assert first == again


def test_what_is_expected_stands_under_names_of_its_own(fitted: ComponentModel) -> None:
    X = examples(20, seed=4).X

    found = expected_columns(fitted, X)

    assert found.columns == [f"{EXPECTED}{component.name}" for component in COMPONENTS]
    assert found["expected_hours"].to_list() == fitted.predict(X)["hours"].to_list()
