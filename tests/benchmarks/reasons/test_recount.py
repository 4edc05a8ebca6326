from datetime import UTC, datetime

import polars as pl
import pytest

from benchmarks.reasons.reader import Claim, read
from benchmarks.reasons.recount import is_true, ledger_of, recounted
from features.schema import TABLES
from tests.factories import account, activity
from tests.features.reference.days import Zone

NOW = datetime(2026, 11, 2, tzinfo=UTC)
WHO = {"account": "acme", "deal": ""}


def reply(day: int, kind: str = "email"):
    at = datetime(2026, 10, day, tzinfo=UTC)
    return activity(at=at, direction="inbound", kind=kind, activity_id=f"a{day}{kind}")


def known(*activities):
    rows = {"accounts": [account()], "activities": list(activities)}
    tables = {name: pl.DataFrame(cells, TABLES[name].schema) for name, cells in rows.items()}
    return ledger_of(tables, until=NOW, zone=Zone()).at(NOW)


def claim(text: str) -> Claim:
    return read(f"As of Nov 2, 2026: {text}", "account")


def verdict(text: str, *activities) -> bool:
    asked = claim(text)
    return is_true(asked, recounted(asked, WHO, known(*activities)))


def test_a_count_is_made_again_from_the_tables_inside_its_window():
    inside, outside = reply(20), reply(1)

    assert verdict("1 reply in 30 days", inside, outside)
    assert not verdict("2 replies in 30 days", inside, outside)


def test_a_sentence_is_true_to_the_precision_that_it_shows():
    assert verdict("last heard from 13 days ago", reply(20))
    assert not verdict("last heard from 12 days ago", reply(20))


def test_a_word_is_compared_with_the_word_of_the_tables():
    assert verdict("kind of their last reply: call", reply(20, "call"))
    assert not verdict("kind of their last reply: email", reply(20, "call"))
    assert verdict("kind of their last reply: other", reply(20, "fax"))


def test_what_the_tables_do_not_know_makes_no_sentence_true():
    assert not verdict("last heard from 0 days ago")


def test_a_question_that_nothing_answers_is_an_error():
    with pytest.raises(LookupError, match="replies_77d"):
        recounted(claim("1 reply in 77 days"), WHO, known())


def test_a_table_outside_the_contract_is_refused():
    with pytest.raises(ValueError, match="rumours"):
        ledger_of({"rumours": pl.DataFrame({"x": [1]})}, until=NOW, zone=Zone())
