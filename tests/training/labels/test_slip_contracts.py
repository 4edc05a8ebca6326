from datetime import date, datetime

import polars as pl
import pytest

from features.book import Book
from features.calendar import Calendar
from features.snapshot import deal_spine
from tests.factories import Row, account, book, contract, day, deal, on
from training.labels import slip_labels

DAYS = Calendar()


def crm(*, until: datetime | None = None, deals: tuple[Row, ...] = (), **cells: object) -> Book:
    """A contract of `acme` that ends on 31 January; one of `birch` shows that renewals are kept."""
    told: Row = {"contract_id": "c1", **cells}  # type: ignore[dict-item]
    mine = contract(starts_on=on(-335), ends_on=on(30), **told)
    other = contract(
        contract_id="old",
        account_id="birch",
        starts_on=on(-900),
        ends_on=on(-700),
        renewed_at=day(-710),
    )
    return book(
        accounts=[account(), account("birch")],
        contracts=[mine, other],
        opportunities=list(deals),
        observed_until=until,
    )


def labelled(of: Book, at: datetime) -> dict[str, object]:
    labels = slip_labels(of, deal_spine(of, [at], DAYS), calendar=DAYS)
    return labels.filter(pl.col("entity_id") == "contract:c1").row(0, named=True)


def renewal(at: float, **cells: object) -> Row:
    return deal("deal-1", at=day(at), type="renewal", close_date=on(30), **cells)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("renewed", "by_committed", "period"),
    [(5, True, "won"), (30.99, True, "won"), (31, False, "won"), (89.99, False, "won")],
)
def test_a_renewed_contract_is_won_on_the_day_of_its_renewal(
    *, renewed: float, by_committed: bool, period: str
) -> None:
    found = labelled(crm(renewed_at=day(renewed)), day(0))

    assert (found["committed_on"], found["period_end"]) == (on(30), date(2026, 3, 31))
    assert (found["event"], found["event_on"]) == ("won", on(int(renewed)))
    assert found["label_won_by_committed"] is by_committed
    assert (found["label_period"], found["label_mature"]) == (period, True)


@pytest.mark.parametrize(
    ("cells", "lost_on"),
    [
        ({}, on(90)),
        ({"renewed_at": day(91)}, on(90)),
        ({"cancelled_at": day(12)}, on(12)),
        ({"cancelled_at": day(12), "renewed_at": day(20)}, on(12)),
    ],
    ids=["lapsed", "renewed after the lapse", "cancelled", "cancelled, then renewed"],
)
def test_a_contract_is_lost_when_it_is_cancelled_or_has_lapsed(
    cells: dict[str, object], lost_on: date
) -> None:
    found = labelled(crm(**cells), day(0))

    assert (found["event"], found["event_on"]) == ("lost", lost_on)
    assert found["label_won_by_committed"] is False


def test_a_contract_that_may_still_be_renewed_is_open() -> None:
    found = labelled(crm(until=day(90)), day(0))

    assert (found["event"], found["event_on"], found["censored_on"]) == ("open", None, on(90))
    assert (found["label_won_by_committed"], found["label_period"]) == (False, "slip")


def test_a_contract_handed_over_before_its_day_is_open_without_a_label() -> None:
    sold = renewal(10, closed_at=day(20), outcome="won")
    found = labelled(crm(deals=(sold,), renewed_at=day(20)), day(0))

    assert (found["event"], found["event_on"], found["censored_on"]) == ("open", None, on(9))
    assert (found["label_won_by_committed"], found["label_period"]) == (None, None)
    assert found["label_mature"] is False


def test_a_contract_handed_over_after_its_day_was_not_renewed_by_it() -> None:
    found = labelled(crm(deals=(renewal(40),)), day(0))

    assert (found["event"], found["censored_on"]) == ("open", on(39))
    assert (found["label_won_by_committed"], found["label_mature"]) == (False, True)
    assert found["label_period"] is None


def test_a_hand_over_after_what_was_observed_is_not_seen() -> None:
    found = labelled(crm(deals=(renewal(40),), until=day(35)), day(0))

    assert (found["event"], found["censored_on"]) == ("open", on(35))
    assert found["label_won_by_committed"] is False


def test_a_renewal_opened_once_the_contract_is_renewed_leaves_it_won() -> None:
    of = crm(deals=(renewal(20, closed_at=day(21), outcome="won"),), renewed_at=day(15))

    assert (labelled(of, day(0))["event"], labelled(of, day(0))["event_on"]) == ("won", on(15))


def test_labels_of_opportunities_are_the_same_beside_contract_deals() -> None:
    of = crm(deals=(renewal(-10, closed_at=day(20), outcome="won"), deal("deal-2")))
    moments = [day(-20), day(-5), day(0)]

    alone = slip_labels(of, deal_spine(of, moments), calendar=DAYS)
    together = slip_labels(of, deal_spine(of, moments, DAYS), calendar=DAYS)

    assert together.height == alone.height + 1
    assert together.filter(~pl.col("entity_id").str.starts_with("contract:")).equals(alone)
