from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features import nights as code
from features.book import Book
from features.build import account_features
from features.calendar import Calendar
from features.context import build_context
from features.digest import WholeBook
from features.ledger import Ledger
from features.nights import AHEAD, Night, Nights
from features.schema import ENTITY_ID
from features.snapshot import account_spine
from tests.factories import (
    Row,
    account,
    account_change,
    activity,
    book,
    change,
    closed,
    day,
    deal,
    invoice,
)
from tests.features.evolving import Evolving
from tests.features.test_reference import ZONES

DAYS = Calendar()
ONE_DAY = timedelta(days=1)

ROWS: dict[str, list[Row]] = {
    "accounts": [account("acme"), account("bolt")],
    "opportunities": [closed("d", "won", at=day(-20)), deal("e", account_id="bolt")],
    "opportunity_changes": [change("owner", "rep-2", "rep-1", at=day(-80), opportunity_id="d")],
    "account_changes": [account_change("segment", "small", "large", at=day(-80))],
    "activities": [activity(at=day(-3)), activity(at=day(-5), account_id="bolt")],
    "invoices": [invoice(at=day(-30))],
}


def source(until: float = 0, **tables: list[Row]) -> WholeBook:
    return WholeBook(book(observed_until=day(until), **{**ROWS, **tables}))


def rebuilt(whole: Book, night: datetime, calendar: Calendar = DAYS) -> pl.DataFrame:
    context = build_context(whole, [night], calendar)
    return account_features(whole, account_spine(whole, [night]), context, calendar)


def assert_as_rebuilt(found: Night, whole: Book, night: datetime) -> None:
    expected = rebuilt(whole, night)
    assert expected.height > 0
    assert differing(found.frame, expected) == []


def differing(found: pl.DataFrame, expected: pl.DataFrame) -> list[str]:
    """The columns that are not the same to the bit; all of them where rows are missing."""
    if found.schema != expected.schema or found.height != expected.height:
        return ["rows"]
    return [name for name in expected.columns if not found[name].equals(expected[name])]


def folders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def go_on(world: Evolving, number: int) -> None:
    """What happens before the next night; every fourth time nothing does."""
    world.next_night()
    if number % 4 == 0:
        return
    world.go_on()
    if number % 4 == 2:
        world.come()
    if number % 4 == 3:
        world.vanish()


@pytest.mark.parametrize("seed", range(2))
def test_every_night_is_as_if_the_whole_book_were_described(seed: int, tmp_path: Path) -> None:
    world = Evolving(seed, ZONES[seed])
    nights = Nights(tmp_path, world.calendar)
    whole = []
    for number in range(5):
        found = nights.advance(WholeBook(world.book()), world.night, ahead=4)

        assert differing(found.frame, world.expected()) == []
        whole.append(bool(found.whole))
        go_on(world, number)
    assert whole == [True, False, False, False, True]


@pytest.mark.parametrize("seed", range(3, 5))
def test_every_night_from_a_ledger_is_as_if_the_whole_book_were_described(
    seed: int, tmp_path: Path
) -> None:
    world = Evolving(seed, ZONES[seed % 4])
    nights = Nights(tmp_path / "nights", world.calendar)
    ledger = Ledger.begin(tmp_path / "ledger", world.book())
    for number in range(5):
        found = nights.advance(ledger, world.night)

        assert differing(found.frame, world.expected()) == []
        assert bool(found.whole) == (number == 0)
        before = world.copied()
        go_on(world, number)
        ledger.enter(world.since(before))


def test_only_the_accounts_with_other_rows_are_described_again(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    later = source(1, activities=[*ROWS["activities"], activity(at=day(0.5))])

    found = nights.advance(later, day(1))

    assert (found.changed, found.described, found.whole) == (1, 1, "")
    assert_as_rebuilt(found, later.book, day(1))


def test_what_was_described_again_is_not_a_third_time(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    touched = {"activities": [*ROWS["activities"], activity(at=day(0.5), activity_id="new")]}
    nights.advance(source(1, **touched), day(1))

    found = nights.advance(source(2, **touched), day(2))

    assert (found.changed, found.described, found.whole) == (0, 0, "")
    assert_as_rebuilt(found, source(2, **touched).book, day(2))


def test_where_nothing_but_the_date_changed_nothing_is_described(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    before = folders(tmp_path)

    found = nights.advance(source(1), day(1))

    assert (found.changed, found.described, found.whole) == (0, 0, "")
    assert folders(tmp_path) == before
    assert_as_rebuilt(found, source(1).book, day(1))


def test_a_change_of_one_account_reaches_the_others_through_the_context(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    first = nights.advance(source(), day(0))
    more = [*ROWS["opportunities"], closed("f", "lost", at=day(0.5), account_id="bolt")]

    found = nights.advance(source(1, opportunities=more), day(1))

    rates = [
        night.frame.filter(pl.col(ENTITY_ID) == "acme")["customer_win_rate"].item()
        for night in (first, found)
    ]
    assert rates[0] == 1.0
    assert rates[1] == pytest.approx(11 / 21)
    assert_as_rebuilt(found, source(1, opportunities=more).book, day(1))


def test_an_account_enters_by_the_date_alone(tmp_path: Path) -> None:
    accounts = [*ROWS["accounts"], account("cedar", at=day(-9), recorded_at=day(0.5))]
    nights = Nights(tmp_path, DAYS)

    heights = [
        nights.advance(source(night, accounts=accounts), day(night)).frame.height
        for night in (0, 1)
    ]

    assert heights == [2, 3]


def test_stages_that_are_ranked_anew_are_seen_though_no_account_changed(tmp_path: Path) -> None:
    moves = [
        change("stage", "new", "agree", at=day(-9), opportunity_id="e"),
        change("amount", None, "5", at=day(-9), opportunity_id="e"),
    ]
    told = [*ROWS["opportunity_changes"], *moves]
    nights = Nights(tmp_path, DAYS)

    def ranked(until: float, *names: str) -> WholeBook:
        stages: list[Row] = [{"stage": n, "sort_order": float(at)} for at, n in enumerate(names)]
        return source(until, opportunity_changes=told, stages=stages)

    shares = []
    for night, names in enumerate((("new", "agree"), ("agree", "new"))):
        found = nights.advance(ranked(night, *names), day(night))
        assert_as_rebuilt(found, ranked(night, *names).book, day(night))
        shares.append(found.frame.filter(pl.col(ENTITY_ID) == "bolt")["late_stage_share"].item())

    assert shares == [1.0, 0.0]
    assert found.whole == ""


def test_a_close_that_was_ahead_of_the_source_is_told_anew_when_it_is_not(tmp_path: Path) -> None:
    # Without a history an amount is known only where the source is complete.
    ahead = closed("f", "won", at=day(0.5), account_id="bolt", amount=70.0)
    rows = {"opportunities": [*ROWS["opportunities"], ahead]}
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(0, **rows), day(0))

    found = nights.advance(source(1, **rows), day(1))

    assert (found.changed, found.described) == (0, 1)
    assert_as_rebuilt(found, source(1, **rows).book, day(1))


def test_a_night_can_be_told_again_with_what_came_meanwhile(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    meanwhile = source(0, activities=[activity(at=day(-1))])

    found = nights.advance(meanwhile, day(0))

    assert found.whole == ""
    assert_as_rebuilt(found, meanwhile.book, day(0))


def test_a_night_before_the_source_is_complete_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a night from 2026-01-01"):
        Nights(tmp_path, DAYS).advance(source(), day(-1))


def test_no_night_ahead_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one night, got 0"):
        Nights(tmp_path, DAYS).advance(source(), day(0), ahead=0)


@pytest.mark.parametrize(
    ("reason", "until", "tables"),
    [
        ("not among the nights described", AHEAD, {}),
        ("not among the nights described", 0.5, {}),
        ("fills other columns", 1, {"referrals": [{"referral_id": "r", "account_id": "acme",
                                                   "given_at": day(-1)}]}),
        ("fills other columns", 1, {"invoices": []}),
        ("begins at another moment", 1, {"account_changes": [
            account_change("segment", "small", "large", at=day(-81))]}),
    ],
)  # fmt: skip
def test_the_whole_book_is_described_where_it_has_to_be(
    reason: str, until: float, tables: dict[str, list[Row]], tmp_path: Path
) -> None:
    nights = Nights(tmp_path, DAYS)
    assert nights.advance(source(), day(0)).whole == "nothing is described yet"

    found = nights.advance(source(until, **tables), day(until))

    assert reason in found.whole
    assert len(folders(tmp_path)) == 1
    assert_as_rebuilt(found, source(until, **tables).book, day(until))


def test_a_night_that_is_over_is_described_anew(tmp_path: Path) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    nights.advance(source(0, activities=[activity(at=day(-1))]), day(1))

    found = nights.advance(source(), day(0))

    assert "not among the nights described" in found.whole
    assert_as_rebuilt(found, source().book, day(0))


def test_another_calendar_describes_the_whole_book(tmp_path: Path) -> None:
    Nights(tmp_path, DAYS).advance(source(), day(0))

    found = Nights(tmp_path, Calendar("UTC", 2)).advance(source(), day(0))

    assert found.whole == "the calendar is another"


def test_other_features_describe_the_whole_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights = Nights(tmp_path, DAYS)
    nights.advance(source(), day(0))
    monkeypatch.setattr(code, "contract_hash", lambda features: "another")

    assert nights.advance(source(1), day(1)).whole == "the features are others than those described"


def test_nights_keep_the_hour_of_the_organisations_day_when_clocks_change(tmp_path: Path) -> None:
    berlin = Calendar("Europe/Berlin")
    nights = Nights(tmp_path, berlin)
    day_before = date(2026, 3, 28)
    first, second, third = (berlin.midnight(day_before + n * ONE_DAY) for n in range(3))
    assert (second - first, third - second) == (ONE_DAY, timedelta(hours=23))

    for night in (first, second, third):
        whole = book(observed_until=night, **ROWS)
        found = nights.advance(WholeBook(whole), night)
        assert bool(found.whole) == (night == first)
        assert differing(found.frame, rebuilt(whole, night, berlin)) == []
