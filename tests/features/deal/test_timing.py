import pytest

from features.deal.timing import timing
from tests.factories import account, book, change, closed, day, deal, on
from tests.features.views import deal_row


def said_of(committed: int, **cells: object) -> dict[str, float | None]:
    moved = change("close_date", "2025-11-01", on(committed).isoformat(), at=day(-60))
    of = book(
        accounts=[account()],
        opportunities=[deal(**cells), closed("won", "won", at=day(-100))],
        opportunity_changes=[moved],
    )
    return deal_row(timing, of)


def test_the_clock_runs_to_the_committed_date_and_the_quarter_end() -> None:
    said = said_of(20)

    assert said["days_to_commitment"] == 20.0
    assert said["commitment_before_quarter_end"] == 69.0
    assert said["weeks_to_quarter_end"] == pytest.approx(89 / 7)


def test_age_is_measured_by_the_deals_that_were_won() -> None:
    said = said_of(20)

    assert (said["age_days"], said["age_to_cycle"]) == (90.0, 1.5)


def test_a_commitment_that_has_passed_is_negative() -> None:
    assert said_of(-4)["days_to_commitment"] == -4.0


@pytest.mark.parametrize(
    ("kind", "expected"), [("renewal", (1, 0)), ("expansion", (0, 1)), (None, (None, None))]
)
def test_the_kind_of_a_deal_is_two_flags(
    kind: str | None, expected: tuple[float | None, float | None]
) -> None:
    said = said_of(20, type=kind)

    assert (said["is_renewal"], said["is_expansion"]) == expected
