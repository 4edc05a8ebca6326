import re
from datetime import date, timedelta

import pytest

from features.calendar import Calendar
from serving.pages import BookPage, Reader, fiscal_quarter
from tests.serving.made_book import (
    AS_OF,
    NORA,
    OMAR,
    QUARTER_END,
    TODAY,
    account,
    deal,
    html,
    page_of,
    reason,
    text_of,
    weeks,
)

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>&"\''


def shown(page: BookPage) -> list[str]:
    return [card.row.account_id for column in page.columns for card in column.cards]


def figures(page: BookPage) -> list[tuple[str, str]]:
    return [(figure.figure, figure.note) for figure in page.headline]


def test_every_account_is_counted_once() -> None:
    buckets = ["a_list", "a_list", "pain", "walk_away", "steady", None, None]
    page = page_of([account(f"n{place}", bucket) for place, bucket in enumerate(buckets)])

    counts = [column.count for column in (*page.columns, page.steady)]

    assert counts == [2, 1, 1, 1]
    assert page.unscored_count == 2
    assert sum(counts) + page.unscored_count == page.total == page.shown == page.tabs[0].count == 7


def test_the_accounts_of_other_reps_are_not_on_the_page() -> None:
    page = page_of([account("mine"), account("theirs", owner_rep_id="omar")], reps=(NORA, OMAR))

    assert shown(page) == ["mine"]
    assert "Theirs" not in text_of(page)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("suggested", ["b", "a", "c"]),
        ("value", ["c", "b", "a"]),
        ("slip", ["a", "c", "b"]),
        ("name", ["c", "b", "a"]),
        ("no such order", ["b", "a", "c"]),
    ],
)
def test_the_order_is_the_one_asked_for_and_the_unknown_comes_last(
    sort: str, order: list[str]
) -> None:
    page = page_of(
        [
            account("a", name="Zeta", value=None, p_a_list=0.6),
            account("b", name="middle", value=10.0, slip_risk_max=1.0, p_a_list=0.8),
            account("c", name="Alpha", value=20.0, p_a_list=0.5),
        ],
        [
            deal("d", "a", slip_risk=0.9),
            deal("e", "b", slip_risk=1.0, owner_rep_id="omar"),
            deal("f", "c", slip_risk=0.1),
        ],
        sort=sort,
    )

    assert shown(page) == order


def test_find_looks_at_names_and_ids_in_any_case() -> None:
    book = [account("001x", name="Harlow & Finch"), account("002x", "pain", name="Ferrant")]

    assert shown(page_of(book, find=" HARLOW  & ")) == ["001x"]
    assert shown(page_of(book, find="002X")) == ["002x"]
    assert page_of(book, find="nobody").shown == 0


def test_counts_of_buckets_and_headline_do_not_move_with_the_search() -> None:
    book = [account("one"), account("two"), account("three", "pain")]

    found = page_of(book, find="one")

    assert [column.count for column in found.columns] == [2, 1, 0]
    assert found.headline == page_of(book).headline
    assert "1 of 2 accounts" in text_of(found)


def test_the_review_tab_holds_only_what_needs_review_and_keeps_order_and_search() -> None:
    book = [account("sure"), account("open", confidence="review"), account("none", None)]

    page = page_of(book, tab="review", sort="value", find="o")

    assert shown(page) == ["open"]
    assert page.unscored == ()
    assert [(tab.count, tab.is_current) for tab in page.tabs] == [(3, False), (1, True)]
    assert page.tabs[0].href == "/book?rep=nora&sort=value&find=o"


def test_names_from_the_crm_are_never_markup() -> None:
    page = page_of(
        [
            account("a", name=HOSTILE, segment=HOSTILE, reasons=[reason(HOSTILE)] * 2),
            account("b", None, name=HOSTILE, status="not_enough_evidence", missing=HOSTILE),
        ],
        [deal("d", "a", name=HOSTILE)],
        weeks("a", [0.4, 0.5]),
        find="<script",
        reader=Reader(HOSTILE, AS_OF),
    )

    written = html(page=page, csrf='"><script>')

    assert "<script" not in written
    assert "<img" not in written
    assert written.count("&lt;script&gt;") > 6


def test_no_forecast_on_the_page_is_certain() -> None:
    sure = account("a", p_a_list=1.0, p_pain=0.0, confidence="review")
    deals = [
        deal("d", "a", slip_risk=0.0, p_won_by_period_end=1.0),
        deal("e", "a", slip_risk=1.0, p_won_by_period_end=0.0),
    ]

    said = text_of(page_of([sure], deals, weeks("a", [0.0] * 11 + [1.0])))

    assert not re.search(r"(?<!\d)(0|100)\s%", said)
    assert "under 1 %" in said
    assert "over 99 %" in said


def test_the_headline_counts_deals_promised_in_the_quarter_and_their_amount() -> None:
    deals = [
        deal("even", "a", slip_risk=0.5, amount=10_000.0),
        deal("safe", "a", slip_risk=0.49, amount=70_000.0),
        deal("unpriced", "a", slip_risk=0.9, amount=None),
        deal("next", "a", slip_risk=0.9, committed_on=QUARTER_END + timedelta(days=1)),
        deal("late", "a", slip_risk=1.0, committed_on=TODAY - timedelta(days=1)),
        deal("silent", "a", slip_risk=None, committed_on=None),
        deal("foreign", "a", slip_risk=0.9, owner_rep_id="omar"),
    ]

    page = page_of([account("a", open_deals=7)], deals)

    assert figures(page)[2] == (
        "2 of 3",
        "$10k, more likely to slip than to close; 1 without an amount",
    )
    assert page.headline[2].term == "Deals at risk by 31\u00a0Dec"


def test_the_headline_counts_walk_away_accounts_kept_in_pursuit() -> None:
    book = [
        account("a", "walk_away", kept_in_pursuit=True, expires_on=QUARTER_END),
        account("b", "walk_away"),
        account("c", value=1_000.0),
        account("d", value=None, confidence="review"),
    ]

    page = page_of(book)

    assert figures(page)[0] == ("2 accounts", "$1k in the last 12 months")
    assert figures(page)[1] == ("2 accounts", "1 kept in pursuit")
    assert figures(page)[3][0] == "1 account"
    assert "Kept in pursuit until 31 Dec" in text_of(page)


def test_an_old_publication_says_its_age() -> None:
    reader = Reader("Mia", AS_OF + timedelta(hours=26))

    fresh = page_of([account("a")], reader=reader)
    stale = page_of([account("a")], is_stale=True, reader=reader)

    assert fresh.imprint.stale is None
    assert stale.imprint.stale is not None
    assert "24 hours old" in stale.imprint.stale
    assert "24 hours old" in text_of(stale)


def test_the_table_of_scores_has_a_cell_for_every_week() -> None:
    past = weeks("a", [0.1] * 12) + weeks("b", [0.2, 0.3])

    page = page_of([account("a"), account("b"), account("c")], past=past)

    assert len(page.weeks) == 12
    assert [line.name for line in page.scores] == ["A", "B"]
    assert page.scores[1].cells == ("",) * 10 + ("20\u00a0%", "30\u00a0%")


def test_a_manager_chooses_among_reps_and_a_rep_does_not() -> None:
    book = [account("a")]

    manager = html(page=page_of(book, reps=(OMAR, NORA)), csrf="x")
    rep = html(page=page_of(book), csrf="x")

    assert '<option value="nora" selected>Nora Hale</option>' in manager
    assert '<select id="rep"' not in rep


def test_an_empty_book_says_what_comes_next() -> None:
    assert "No accounts yet" in text_of(page_of([]))


def test_the_way_out_is_there_only_with_a_session() -> None:
    page = page_of([account("a")])

    assert 'action="/sign-out" method="post"' in html(page=page, csrf="token")
    assert "/sign-out" not in html(page=page, csrf="")


@pytest.mark.parametrize(
    ("day", "first_month", "said"),
    [
        (date(2026, 12, 1), 1, "Q4\u00a02026"),
        (date(2026, 1, 1), 1, "Q1\u00a02026"),
        (date(2026, 1, 31), 2, "Q4\u00a02026"),
        (date(2026, 2, 1), 2, "Q1\u00a02027"),
        (date(2026, 12, 1), 4, "Q3\u00a02027"),
        (date(2026, 12, 1), 12, "Q1\u00a02027"),
    ],
)
def test_a_fiscal_year_is_named_for_the_year_it_ends_in(
    day: date, first_month: int, said: str
) -> None:
    calendar = Calendar(fiscal_year_start_month=first_month)

    assert fiscal_quarter(calendar.quarter_end_of(day), calendar) == said


def test_two_hundred_accounts_stay_a_light_page() -> None:
    told = [reason("62 tickets in 90 days; similar accounts 14")] * 2
    book = [account(f"n{place}", reasons=told, open_deals=1) for place in range(200)]
    deals = [deal(f"d{place}", f"n{place}") for place in range(200)]
    past = [point for place in range(200) for point in weeks(f"n{place}", [0.5] * 12)]

    written = html(page=page_of(book, deals, past), csrf="x")

    assert len(written.encode()) < 330_000
