from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.calendar import Calendar
from models.loss_reason import LossReasonModel
from tests.factories import book, deal
from tests.training.learnable import FEATURES, NAMES, table, values
from training.folds import Fold
from training.forecasts import FitPlan
from training.loss_reason import fit_loss_reason, lost_deals, sentence_of, shares_of
from training.matrix import Examples

PLAN = FitPlan(seed=5, threads=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS = [START + timedelta(weeks=week) for week in range(100)]
CUT = WEEKS[-1].date()
ORIGIN = 60
FOLD = Fold(WEEKS[ORIGIN], (), tuple(WEEKS[:ORIGIN]), tuple(WEEKS[ORIGIN:]))
Why = Callable[[float, int], str | None]
"""The first feature of a deal and the week of its landmark → its reason."""


def by_feature(a: float, _: int) -> str:
    return "price" if a > 0 else "timing"


def by_chance(_: float, week: int) -> str:
    return "price" if week * 7919 % 5 < 2 else "timing"


def world(why: Why, *, deals: int = 600) -> tuple[Examples, pl.DataFrame]:
    """Deals with one landmark each, lost a week after it, three to an account."""
    found = values(deals, 1)
    week = np.arange(deals) % 98
    rows = pl.DataFrame(
        {
            "entity_id": [f"d{n}" for n in range(deals)],
            "account_id": [f"a{n // 3}" for n in range(deals)],
            "as_of": [WEEKS[place] for place in week],
        },
        schema_overrides={"as_of": pl.Datetime("us", "UTC")},
    )
    lost = pl.DataFrame(
        {
            "entity_id": rows["entity_id"],
            "lost_on": [WEEKS[place + 1].date() for place in week],
            "reason": [
                why(float(a), int(place)) for a, place in zip(found[:, 0], week, strict=True)
            ],
        },
        schema_overrides={"reason": pl.String},
    )
    return Examples("deal", table(found), rows, FEATURES, {}), lost


def fitted(
    deals: Examples, lost: pl.DataFrame, *, cut: date = CUT, fold: Fold = FOLD
) -> LossReasonModel | None:
    return fit_loss_reason(deals, lost, folds=(fold,), calendar=Calendar(), cut=cut, plan=PLAN)


def said(model: LossReasonModel, a: float) -> dict[str, float]:
    X = table(np.array([[a, 0.0, 0.0]], dtype=np.float32))
    return model.predict(X).row(0, named=True)


def test_a_head_that_beats_the_shares_out_of_time_is_served() -> None:
    model = fitted(*world(by_feature))

    assert model is not None
    assert model.is_fitted
    assert model.names == NAMES
    assert said(model, 1.5)["price"] > 0.8
    assert said(model, -1.5)["timing"] > 0.8
    assert "served: a head; a head had a log loss of 0." in sentence_of(model)


def test_where_chance_decides_the_shares_of_the_book_are_served() -> None:
    deals, lost = world(by_chance)

    model = fitted(deals, lost)

    assert model is not None
    assert not model.is_fitted
    share = (lost["reason"] == "price").mean()
    assert (
        said(model, 1.5)
        == said(model, -1.5)
        == pytest.approx({"price": share, "timing": 1 - share})
    )
    assert "served: the shares of the book; a head had a log loss of" in sentence_of(model)


def test_at_an_origin_nothing_is_known_of_later_losses() -> None:
    def turned(a: float, week: int) -> str:
        return by_feature(a if week < ORIGIN else -a, week)

    model = fitted(*world(turned))

    assert model is not None
    assert not model.is_fitted


@pytest.mark.parametrize(("coded", "is_tried"), [(99, False), (100, True)])
def test_a_hundred_reasons_before_an_origin_are_needed(coded: int, *, is_tried: bool) -> None:
    deals, lost = world(by_feature)
    is_early = pl.col("lost_on") < FOLD.origin.date()
    kept = (is_early.cum_sum() <= coded) | ~is_early
    lost = lost.with_columns(pl.when(kept).then("reason").alias("reason"))

    model = fitted(deals, lost)

    assert model is not None
    assert model.is_fitted is is_tried
    tried = "no origin had 100 lost deals with a reason, and some after"
    assert (model.note == tried) is not is_tried


def test_what_is_lost_from_the_day_of_the_cut_on_is_not_known() -> None:
    deals, lost = world(by_feature)
    cut = WEEKS[80].date()
    late = pl.col("lost_on") >= cut
    other = lost.with_columns(
        pl.when(late).then(pl.lit("luck")).otherwise("reason").alias("reason")
    )

    first, second = (fitted(deals, told, cut=cut) for told in (lost, other))

    assert first is not None
    assert second is not None
    assert first.to_document(((0.0,) * 3,)) == second.to_document(((0.0,) * 3,))
    assert first.lost == int((lost["lost_on"] < cut).sum())


def test_a_deal_counts_for_one_however_many_landmarks_it_has() -> None:
    def torn(a: float, week: int) -> str:
        return "price" if a > 0 and week % 2 else "timing"

    deals, lost = world(torn)
    priced = lost.filter(reason="price")["entity_id"].to_list()
    often = deals.where(pl.col("entity_id").is_in(priced))
    rows = pl.concat([deals.rows, *([often.rows] * 5)])
    more = Examples("deal", pl.concat([deals.X, *([often.X] * 5)]), rows, FEATURES, {})

    model = fitted(more, lost)

    assert model is not None
    assert model.is_fitted
    # of such deals one in two, of their landmarks six in seven
    assert said(model, 1.0)["price"] == pytest.approx(0.5, abs=0.15)


def test_deals_without_a_reason_are_covered_by_no_class() -> None:
    def half(a: float, week: int) -> str | None:
        return by_feature(a, week) if week % 2 else None

    model = fitted(*world(half))

    assert model is not None
    assert set(model.reasons) == {"price", "timing"}
    assert (model.lost, model.coded, model.coverage) == (600, 300, 0.5)
    assert "300 of 600 lost deals say why (50%)" in sentence_of(model)


def test_without_any_reason_there_is_no_model() -> None:
    assert fitted(*world(lambda _, __: None)) is None


def test_the_same_seed_gives_the_same_text() -> None:
    first, again = (fitted(*world(by_feature)) for _ in range(2))

    assert first is not None
    assert again is not None
    assert first.to_document(((0.0,) * 3,)) == again.to_document(((0.0,) * 3,))


@pytest.mark.parametrize(("rare", "is_judged"), [("brand", True), ("price", False)])
def test_a_reason_that_is_new_is_judged_as_other_where_there_is_such_a_class(
    rare: str, *, is_judged: bool
) -> None:
    def new(a: float, week: int) -> str:
        if week >= ORIGIN - 1:
            return "fashion"
        return rare if week == 3 else by_feature(a, week)

    model = fitted(*world(new))

    assert model is not None
    assert ("a head had a log loss" in model.note) is is_judged


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"price": 70, "timing": 30}, {"price": 0.7, "timing": 0.3}),
        ({"price": 71, "timing": 29}, {"price": 0.71, "other": 0.29}),
        ({"price": 80, "timing": 12, "brand": 8}, {"price": 0.8, "other": 0.2}),
        ({"price": 80, "other": 10, "brand": 10}, {"price": 0.8, "other": 0.2}),
        ({"price": 70, "timing": 29}, {"price": 70 / 99, "timing": 29 / 99}),
        (dict.fromkeys("edcba", 20), dict.fromkeys("abcde", 0.2)),
    ],
)
def test_rare_reasons_are_pooled_where_there_is_enough_to_learn_from(
    counts: dict[str, int], expected: dict[str, float]
) -> None:
    reasons = [reason for reason, count in counts.items() for _ in range(count)]

    found = shares_of(pl.Series(reasons))

    assert dict(zip(found.reasons, found.shares, strict=True)) == pytest.approx(expected)
    assert list(found.reasons) == list(expected)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=300))
def test_shares_sum_to_one_and_every_deal_is_in_one(reasons: list[str]) -> None:
    found = shares_of(pl.Series(reasons))

    assert sum(found.shares) == pytest.approx(1.0)
    assert list(found.shares) == sorted(found.shares, reverse=True)
    assert found.codes(pl.Series(reasons)).null_count() == 0


def test_lost_deals_are_those_lost_before_the_end_of_the_log_with_their_reasons() -> None:
    until = datetime(2026, 1, 10, tzinfo=UTC)
    late = datetime(2026, 1, 9, 22, tzinfo=UTC)
    cells = {"a": " Price ", "b": "   ", "c": None}
    lost = [
        deal(name, outcome="lost", closed_at=late, loss_reason=reason)
        for name, reason in cells.items()
    ]
    others = [
        deal("d", outcome="won", closed_at=late, loss_reason="price"),
        deal("e", outcome="open", loss_reason="price"),
        deal("f", outcome="lost", closed_at=until, loss_reason="price"),
    ]
    made = book(opportunities=[*others, *lost], observed_until=until)

    found = lost_deals(made, Calendar("Asia/Tokyo"))

    day = date(2026, 1, 10)
    assert found.rows() == [("a", day, "price"), ("b", day, None), ("c", day, None)]
