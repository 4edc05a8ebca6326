from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks.reference.labels import pays_late
from benchmarks.reference.page import section
from benchmarks.reference.questions import Printed, Question, Split
from benchmarks.reference.rivals import orders_so_far, payments_so_far, rival
from benchmarks.reference.trial import (
    Recipe,
    described,
    forecast,
    recipes_of,
    standings_of,
    tried,
)
from features.book import Book
from features.calendar import Calendar
from features.feature import Feature
from features.schema import TIME
from models.logodds import logit
from tests.factories import account, book, day, invoice


def feature(name: str) -> Feature:
    return Feature(name, "", "count", "payment", (), "never", "")


def made_up(*, tested_by: str = "noise") -> pl.DataFrame:
    """Moments 0 to 3: the label follows `signal`, at moment 3 another column."""
    rng = np.random.default_rng(3)
    count = 400
    rows = pl.DataFrame(
        {
            "entity_id": [f"account-{number % 100}" for number in range(count)],
            "as_of": np.arange(count) // 100,
            "signal": rng.normal(size=count).astype(np.float32),
            "noise": rng.normal(size=count).astype(np.float32),
        }
    )
    follows = pl.when(pl.col("as_of") < 3).then(pl.col("signal")).otherwise(pl.col(tested_by))
    blur = pl.Series(rng.normal(size=count))
    return rows.with_columns((follows + blur > 0).alias("label"), rival_x=pl.col("signal") * 0.5)


def asked(*earlier: Split) -> Any:
    moment = pl.col("as_of")
    return Question(
        dataset="made up",
        name="a label",
        rows=lambda book: pl.DataFrame(),
        split=Split(moment < 3, moment == 3),
        earlier=earlier or (Split(moment < 1, moment == 1), Split(moment < 2, moment == 2)),
        rival=orders_so_far,
        rule="x",
        printed=Printed(0.5, 0.6),
    )


RECIPES = tuple(Recipe(name, (feature(name),), "logistic", "alone") for name in ("noise", "signal"))


def test_the_recipe_is_chosen_by_the_earlier_splits() -> None:
    first, second = standings_of(made_up(), asked(), RECIPES)

    assert (first.recipe.table, second.recipe.table) == ("signal", "noise")
    assert first.earlier_log_loss < 0.6 < second.earlier_log_loss


def test_the_rows_that_are_judged_do_not_move_the_choice() -> None:
    before = standings_of(made_up(), asked(), RECIPES)
    after = standings_of(made_up(tested_by="signal"), asked(), RECIPES)

    assert before == after


def test_every_row_of_the_earlier_splits_counts_the_same() -> None:
    moment = pl.col("as_of")
    few = Split(moment < 1, (moment == 1) & (pl.col("entity_id") < "account-3"))
    many = Split(moment < 2, moment == 2)
    rows = made_up()

    def loss(*splits: Split) -> float:
        return standings_of(rows, asked(*splits), RECIPES[1:])[0].earlier_log_loss

    counts = [rows.filter(split.test).height for split in (few, many)]
    assert counts[0] < counts[1]
    expected = np.average([loss(few), loss(many)], weights=counts)
    assert loss(few, many) == pytest.approx(expected)


def test_with_the_reference_is_half_way_between_both_in_log_odds() -> None:
    rows = made_up()
    train, test = rows.filter(pl.col("as_of") < 3), rows.filter(pl.col("as_of") == 3)
    alone, together = (
        forecast(train, test, Recipe("t", (feature("noise"),), "logistic", company), 1.0)
        for company in ("alone", "with the reference")
    )

    half_way = (logit(alone) + logit(rival(train, test, ["rival_x"]))) / 2.0
    np.testing.assert_allclose(logit(together), half_way)


def test_a_feature_that_no_training_row_knows_is_left_off() -> None:
    rows = made_up().with_columns(pl.when(pl.col("as_of") == 3).then("noise").alias("late_feature"))
    train, test = rows.filter(pl.col("as_of") < 3), rows.filter(pl.col("as_of") == 3)
    signal = feature("signal")

    def told(*features: Feature) -> Any:
        return forecast(train, test, Recipe("t", features, "logistic", "alone"), 1.0)

    np.testing.assert_array_equal(told(signal, feature("late_feature")), told(signal))


def paying_world() -> Book:
    """Forty accounts, billed monthly for fourteen months; every third one pays late."""
    rng = np.random.default_rng(2)
    accounts, bills = [], []
    for number in range(40):
        name = f"account-{number:02}"
        accounts.append(account(name, at=None))
        late = 20.0 if number % 3 == 0 else -5.0
        for month in range(14):
            at = day(30.0 * month + number % 5)
            paid = at + timedelta(days=30 + late + float(rng.normal(scale=12.0)))
            bills.append(invoice(float(rng.uniform(50, 500)), at=at, paid_at=paid, account_id=name))
    return book(accounts=accounts, invoices=bills, observed_until=day(700))


def paying_question() -> Question:
    as_of = pl.col("as_of")
    asked_at = [day(120), day(210), day(300)]

    def rows(world: Book) -> pl.DataFrame:
        names = [f"account-{number:02}" for number in range(40)]
        grid = pl.LazyFrame({"entity_id": names}).join(
            pl.LazyFrame({"as_of": asked_at}, schema={"as_of": TIME}), how="cross"
        )
        return pays_late(grid, world["invoices"]).collect()

    return Question(
        dataset="made up",
        name="pays late",
        rows=rows,
        split=Split(as_of <= day(210), as_of == day(300)),
        earlier=(Split(as_of == day(120), as_of == day(210)),),
        rival=payments_so_far,
        rule="late_rate",
        printed=Printed(0.8, None),
        concept="payment",
    )


def test_a_question_is_asked_of_a_book_and_told_on_a_page() -> None:
    found: Any = tried(paying_world(), paying_question(), Calendar())

    assert (found["train_rows"], found["rows"], found["accounts"]) == (80, 40, 40)
    assert [(recipe["table"], recipe["company"]) for recipe in found["recipes"]] == list(
        dict.fromkeys((told["table"], told["company"]) for told in found["standings"])
    )
    assert len(found["standings"]) == 12
    assert found["recipes"][0]["auc"]["value"] > 0.7
    told = {"evaluated_on": "2026-01-02", "versions": {"lightgbm": "4.7.0"}, "questions": [found]}
    assert "| made_up | pays late | 40, " in section({"sets": {"made_up": told}})


def test_the_narrow_table_holds_the_features_of_its_heading_alone() -> None:
    recipes = recipes_of(paying_world(), paying_question())

    narrow, whole = (
        [entry for recipe in recipes if recipe.table == table for entry in recipe.features]
        for table in ("payment features", "whole catalogue")
    )
    assert {entry.concept for entry in narrow} == {"payment"}
    assert {entry.concept for entry in whole} > {"payment"}
    assert not any(entry.direction for entry in whole)


def test_the_future_of_a_row_does_not_change_what_describes_it() -> None:
    world, question = paying_world(), paying_question()
    bills = world["invoices"].collect()
    known = bills.filter(pl.col("issued_at") < day(120)).with_columns(
        pl.when(pl.col("paid_at") < day(120)).then("paid_at").alias("paid_at")
    )
    then = Book({**world.tables, "invoices": known.lazy()}, world.present, world.observed_until)
    rows = question.rows(world)

    def at_first(source: Book) -> pl.DataFrame:
        first = rows.filter(pl.col("as_of") == day(120))
        asked_once = replace(question, rows=lambda _: first)
        return described(source, asked_once, Calendar())

    assert at_first(then).equals(at_first(world))
