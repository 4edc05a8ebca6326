from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest

from features.book import Book
from features.build import deal_features
from features.calendar import Calendar
from features.context import build_context
from features.snapshot import deal_spine
from tests.factories import Row, account, book, change, closed, day, deal, on, row
from tests.training.learnable import FEATURES, table, values
from training.contest import refuse_one_answer
from training.folds import NotEnoughDataError
from training.labels import slip_labels
from training.labels.doubts import PUSHED_OFTEN, DealDoubts, deal_doubts
from training.matrix import Examples
from training.slip_fit import fit_slips

DAYS = Calendar()
NOTE: Row = change("close_date", "2025-01-01", "2025-02-01", at=day(-300), opportunity_id="old")
"""Shows that the history of the close date is kept."""
PRICED: Row = change("amount", "1", "2", at=day(-300), opportunity_id="old")
"""Shows that the history of the amount is kept."""
STAGES = [
    row("stages", stage="qualify", sort_order=1.0, is_closed=False),
    row("stages", stage="lost", sort_order=2.0, is_closed=True),
    row("stages", stage="won", sort_order=3.0, is_closed=True),
]
NONE = DealDoubts(1, 1, 0, 0, 0, 0, 0, 0, 0)


def crm(*deals: Row, changes: tuple[Row, ...] = (), history: bool = True, **tables: list[Row]):
    notes = [NOTE, PRICED] if history else []
    return book(
        accounts=[account()],
        opportunities=list(deals),
        opportunity_changes=[*notes, *changes],
        **tables,
    )


def labelled(of: Book, at: datetime) -> dict[str, object]:
    return slip_labels(of, deal_spine(of, [at]), calendar=DAYS).row(0, named=True)


def described(of: Book, at: datetime) -> dict[str, float | None]:
    context = build_context(of, [at], DAYS)
    return deal_features(of, deal_spine(of, [at]), context, DAYS).row(0, named=True)


def doubts(of: Book, *at: datetime, base_currency: str | None = None) -> DealDoubts:
    return deal_doubts(of, deal_spine(of, at), calendar=DAYS, base_currency=base_currency)


def test_a_sound_deal_raises_no_doubt() -> None:
    of = crm(deal())

    assert doubts(of, day(0)) == NONE
    assert list(doubts(of, day(0)).told()) == ["1 deals asked about", "1 rows asked about"]


def test_a_deal_closed_before_it_was_created_is_never_open_and_is_counted() -> None:
    backwards = closed("back", "won", at=day(10), created_at=day(20))
    of = crm(deal(), backwards)

    asked = deal_spine(of, [day(5), day(10), day(15), day(20), day(25)]).collect()

    assert asked["entity_id"].unique().to_list() == ["deal-1"]
    assert doubts(of, day(5)) == replace(NONE, closed_before_created=1)


def test_a_deal_closed_in_the_moment_of_its_creation_is_no_doubt() -> None:
    of = crm(deal(), closed("short", "won", at=day(10), created_at=day(10)))

    assert doubts(of, day(5)) == NONE


def test_a_deal_recorded_after_its_close_is_never_open_and_is_counted() -> None:
    late = closed("late", "won", at=day(10), created_at=day(0), recorded_at=day(11))
    of = crm(deal(), late)

    assert deal_spine(of, [day(5), day(12)]).collect()["entity_id"].unique().to_list() == ["deal-1"]
    assert doubts(of, day(5)) == replace(NONE, closed_before_created=1)


def test_a_missing_close_date_leaves_the_label_of_the_quarter_of_as_of() -> None:
    of = crm(closed("deal-1", "won", at=day(20), created_at=day(-90), close_date=None))

    found = labelled(of, day(0))

    assert (found["committed_on"], found["label_won_by_committed"]) == (None, None)
    assert (found["period_end"], found["label_period"]) == (date(2026, 3, 31), "won")
    assert doubts(of, day(0)) == replace(NONE, without_commitment=1)
    assert described(of, day(0))["days_to_commitment"] is None


@pytest.mark.parametrize(("committed", "is_past"), [(-1, True), (0, False)])
def test_a_close_date_that_has_passed_was_not_kept(*, committed: int, is_past: bool) -> None:
    of = crm(closed("deal-1", "won", at=day(0.5), created_at=day(-90), close_date=on(committed)))

    found = labelled(of, day(0))

    assert found["label_won_by_committed"] is not is_past
    assert found["label_mature"] is True
    assert doubts(of, day(0)) == replace(NONE, past_commitment=int(is_past))
    assert described(of, day(0))["days_to_commitment"] == committed


@pytest.mark.parametrize("times", [PUSHED_OFTEN - 1, PUSHED_OFTEN, 50])
def test_a_deal_that_is_pushed_again_and_again_has_the_date_that_stood(times: int) -> None:
    pushes = tuple(
        change("close_date", on(n).isoformat(), on(n + 1).isoformat(), at=day(-60 + n))
        for n in range(times)
    )
    after = change("close_date", on(times).isoformat(), on(200).isoformat(), at=day(1))
    of = crm(deal(close_date=on(200)), changes=(*pushes, after))

    found = labelled(of, day(0))

    assert found["committed_on"] == on(times)
    assert described(of, day(0))["pushes"] == times
    assert doubts(of, day(0)) == replace(NONE, pushed_often=int(times >= PUSHED_OFTEN))


def test_a_missing_amount_is_not_taken_for_nothing_and_changes_no_label() -> None:
    with_amount = crm(closed("deal-1", "won", at=day(20), created_at=day(-90)))
    without = crm(closed("deal-1", "won", at=day(20), created_at=day(-90), amount=None))

    assert labelled(without, day(0)) == labelled(with_amount, day(0))
    assert described(without, day(0))["log_amount"] is None
    assert described(with_amount, day(0))["log_amount"] is not None
    assert doubts(without, day(0)) == replace(NONE, without_amount=1)


@pytest.mark.parametrize(
    ("currency", "base", "counted"),
    [("JPY", None, 1), ("JPY", "USD", 1), ("USD", "USD", 0), ("EUR", "USD", 0), (None, "USD", 0)],
)
def test_an_amount_without_a_rate_is_taken_as_it_stands_and_counted(
    currency: str | None, base: str | None, counted: int
) -> None:
    rate = row("exchange_rates", currency="EUR", valid_from=on(-400), rate_to_base=1.1)
    of = crm(deal(currency=currency), exchange_rates=[rate])

    assert described(of, day(0))["log_amount"] == described(crm(deal()), day(0))["log_amount"]
    assert doubts(of, day(0), base_currency=base) == replace(NONE, without_rate=counted)
    assert labelled(of, day(0)) == labelled(crm(deal()), day(0))


def test_a_deal_closed_and_reopened_counts_by_its_last_close() -> None:
    moves = (
        change("stage", "qualify", "lost", at=day(-30)),
        change("stage", "lost", "qualify", at=day(-10)),
    )
    of = crm(closed("deal-1", "won", at=day(40), created_at=day(-90)), changes=moves, stages=STAGES)

    while_lost, since = labelled(of, day(-20)), labelled(of, day(0))

    assert [found["event"] for found in (while_lost, since)] == ["won", "won"]
    assert [found["event_on"] for found in (while_lost, since)] == [on(40), on(40)]
    assert doubts(of, day(-20)).reopened == 0
    assert doubts(of, day(-20), day(0)).reopened == 1


@pytest.mark.parametrize("path", [("qualify", "lost", "won"), ("new", "qualify", "offer")])
def test_moves_among_closed_or_among_open_stages_reopen_nothing(path: tuple[str, ...]) -> None:
    moves = tuple(
        change("stage", old, new, at=day(-30 + n)) for n, (old, new) in enumerate(pairwise(path))
    )

    assert doubts(crm(deal(), changes=moves, stages=STAGES), day(0)) == NONE


def test_a_book_without_history_has_labels_of_periods_only() -> None:
    of = crm(closed("deal-1", "lost", at=day(20), created_at=day(-90)), history=False)

    found = labelled(of, day(0))

    assert (found["committed_on"], found["label_won_by_committed"]) == (None, None)
    assert (found["label_period"], found["label_mature"]) == ("lost", True)
    assert doubts(of, day(0)) == replace(NONE, without_commitment=1, without_amount=1)
    assert {described(of, day(0))[name] for name in ("pushes", "stage_days", "log_amount")} == {
        None
    }


@pytest.mark.parametrize(("outcome", "share"), [("won", 1.0), ("lost", 0.0)])
def test_deals_that_all_ended_alike_make_a_curve_that_says_so(outcome: str, share: float) -> None:
    seen = [datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 20, tzinfo=UTC)]
    landmarks = pl.DataFrame(
        {
            "entity_id": [f"d{n}" for n in range(200)],
            "as_of": [seen[n % 2] for n in range(200)],
            "committed_on": [date(2025, 3, 31)] * 200,
            "event": [outcome if n % 3 else "open" for n in range(200)],
            "event_on": [date(2025, 2, 1 + n % 20) if n % 3 else None for n in range(200)],
            "censored_on": [date(2025, 6, 30)] * 200,
        }
    )
    fitted = fit_slips(
        table(values(200, 1)),
        landmarks,
        features=FEATURES,
        calendar=DAYS,
        seed=1,
        threads=1,
        cut=date(2025, 6, 30),
        kinds=("lightgbm", "constant"),
    )

    for model in fitted.values():
        curves = model.curve(table(values(200, 1)), landmarks, DAYS)
        won, lost = curves.won[:, -1], curves.lost[:, -1]
        assert abs((won / (won + lost)).mean() - share) < 0.05


@pytest.mark.parametrize("answer", [True, False])
def test_labels_that_are_all_alike_are_refused_with_what_was_found(*, answer: bool) -> None:
    rows = pl.DataFrame({"label_won_by_committed": [answer, answer, None]})
    examples = Examples("deal", pl.DataFrame({"a": [1.0] * 3}), rows, FEATURES, {})

    with pytest.raises(NotEnoughDataError, match="slip"):
        refuse_one_answer("slip", "label_won_by_committed", examples)
