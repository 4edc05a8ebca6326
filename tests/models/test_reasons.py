from datetime import date

import numpy as np
import polars as pl
import pytest

from features.feature import Feature
from models.reasons import (
    REASON,
    Explanation,
    Manner,
    dated,
    locale_of,
    reasons_column,
    shown_in,
    top_reasons,
)

TODAY = date(2026, 1, 5)


def entry(name: str, concept: str, **changed: object) -> Feature:
    fields = {
        "name": name,
        "meaning": name,
        "unit": "count",
        "concept": concept,
        "needs": (),
        "null_means": "not recorded",
        "sentence": "{value} of " + name + "; similar accounts {peer}",
    }
    return Feature(**(fields | changed))  # type: ignore[arg-type]


CATALOGUE = (
    entry("replies", "engagement"),
    entry("touches", "engagement"),
    entry("late_share", "payment", number_format=".0%"),
    entry("owner_rate", "rep_context"),
    entry(
        "days_open",
        "timing",
        sentence_at_zero="opened today; similar deals {peer}",
        sentence_below_zero="opens in {value} days",
    ),
)
NAMES = (*(feature.name for feature in CATALOGUE), "target_week")


def told(
    *members: tuple[float, ...],
    values: dict | None = None,
    peers: dict | None = None,
    shown: tuple[tuple[str, str], ...] = (),
):
    """Reasons of one row, given each member's contributions in the order of NAMES."""
    parts = np.array(members)[:, None, :]
    explanation = Explanation(
        names=NAMES,
        parts=parts,
        shares=np.full(len(members), 1 / len(members)),
        base=np.zeros(1),
        raises=("toward_pain",),
        lowers=("away_from_pain",),
    )
    known = dict.fromkeys(NAMES[:-1], 3.0) | (values or {})
    X = pl.DataFrame({name: [value] for name, value in known.items()}).cast(pl.Float32)
    beside = (
        None if peers is None else pl.DataFrame({name: [value] for name, value in peers.items()})
    )
    (row,) = top_reasons(
        explanation, X, features=CATALOGUE, as_of=[TODAY], peers=beside, shown=[shown]
    )
    return row


def test_a_concept_is_told_once_through_the_feature_that_pulls_hardest_its_way():
    (reason,) = told((0.2, 0.5, 0, 0, 0, 0), peers={"touches": 7.0})

    assert reason.concept == "engagement"
    assert reason.feature == "touches"
    assert reason.effect == "toward_pain"
    assert reason.text == "3 of touches; similar accounts 7"
    assert (reason.value, reason.peer_value, reason.as_of) == (3.0, 7.0, TODAY)


def test_what_pulls_the_other_way_inside_a_concept_is_never_its_sentence():
    (reason,) = told((0.9, -1.2, 0, 0, 0, 0))

    assert reason.effect == "away_from_pain"
    assert reason.feature == "touches"


def test_a_concept_is_silent_below_a_tenth_of_log_odds():
    assert told((0.05, 0.049, 0, 0, 0, 0)) == ()
    assert len(told((0.05, 0.051, 0, 0, 0, 0))) == 1


def test_a_concept_is_silent_where_the_seeds_disagree_on_its_sign():
    assert told((0.9, 0, 0, 0, 0, 0), (0.8, 0, 0, 0, 0, 0), (-0.1, 0, 0, 0, 0, 0)) == ()
    assert len(told((0.9, 0, 0, 0, 0, 0), (0.8, 0, 0, 0, 0, 0), (0.1, 0, 0, 0, 0, 0))) == 1


def test_what_was_told_before_stays_down_to_a_fifth_less():
    before = (("engagement", "toward_pain"),)

    assert len(told((0.081, 0, 0, 0, 0, 0), shown=before)) == 1
    assert told((0.079, 0, 0, 0, 0, 0), shown=before) == ()
    assert told((0.081, 0, 0, 0, 0, 0)) == ()


def test_what_was_told_before_with_the_other_effect_is_held_back_like_any_other():
    assert told((0.09, 0, 0, 0, 0, 0), shown=(("engagement", "away_from_pain"),)) == ()


def test_what_was_told_before_is_silent_where_the_seeds_disagree():
    before = (("engagement", "toward_pain"),)

    assert told((0.9, 0, 0, 0, 0, 0), (-0.1, 0, 0, 0, 0, 0), shown=before) == ()


def test_what_was_told_before_gives_way_only_to_what_is_a_quarter_stronger():
    before = (("payment", "toward_pain"),)

    kept = told((0.24, 0, 0.2, 0, 0, 0), shown=before)
    outdone = told((0.26, 0, 0.2, 0, 0, 0), shown=before)

    assert [reason.concept for reason in kept] == ["payment", "engagement"]
    assert [reason.concept for reason in outdone] == ["engagement", "payment"]


def test_two_that_were_told_before_keep_their_order_over_a_trifle():
    before = (("payment", "toward_pain"), ("engagement", "toward_pain"))

    kept = told((0.24, 0, 0.2, 0, 0, 0), shown=before)
    passed = told((0.26, 0, 0.2, 0, 0, 0), shown=before)

    assert [reason.concept for reason in kept] == ["payment", "engagement"]
    assert [reason.concept for reason in passed] == ["engagement", "payment"]


def test_what_is_new_is_told_by_its_strength_after_what_holds_its_place():
    row = told((0.3, 0, 0.34, 0, 0.35, 0), shown=(("engagement", "toward_pain"),))

    assert [reason.concept for reason in row] == ["engagement", "timing", "payment"]


def test_telling_again_what_was_told_changes_nothing():
    parts = (0.3, 0, -0.7, 0, 0.5, 0)
    first = told(parts)

    again = told(parts, shown=tuple((reason.concept, reason.effect) for reason in first))

    assert again == first


def test_the_strongest_concepts_come_first():
    row = told((0.3, 0, -0.7, 0, 0.5, 0))

    assert [reason.concept for reason in row] == ["payment", "timing", "engagement"]
    assert [reason.effect for reason in row] == ["away_from_pain", "toward_pain", "toward_pain"]


def test_the_reps_own_record_is_never_a_reason():
    assert told((0, 0, 0, 5.0, 0, 0)) == ()


def test_a_feature_without_a_value_is_never_a_sentence():
    (reason,) = told((0.5, 0.2, 0, 0, 0, 0), values={"replies": None})

    assert reason.feature == "touches"
    assert told((0.5, 0, 0, 0, 0, 0), values={"replies": None}) == ()


def test_without_a_norm_the_clause_about_peers_is_left_out():
    (reason,) = told((0, 0, 0.4, 0, 0, 0), values={"late_share": 0.25})

    assert reason.text == "25% of late_share"
    assert reason.peer_value is None


def test_the_calendar_of_the_target_week_counts_as_timing_but_has_no_sentence():
    (reason,) = told((0, 0, 0, 0, 0.04, 0.9))

    assert (reason.concept, reason.feature) == ("timing", "days_open")
    assert told((0, 0, 0, 0, -0.04, 0.9)) == ()


def test_there_is_no_minus_before_a_zero():
    (reason,) = told((0.4, 0, 0, 0, 0, 0), values={"replies": -0.2})

    assert reason.text == "0 of replies"


def test_a_value_that_reads_like_the_peers_own_is_no_reason():
    like_the_peers = told((0.5, 0.2, 0, 0, 0, 0), peers={"replies": 3.2, "touches": 7.0})
    nothing_else = told((0.5, 0, 0, 0, 0, 0), peers={"replies": 3.2})

    assert [reason.feature for reason in like_the_peers] == ["touches"]
    assert nothing_else == ()


def test_zero_and_less_have_sentences_of_their_own():
    (zero,) = told((0, 0, 0, 0, 0.5, 0), values={"days_open": 0.0}, peers={"days_open": 4.0})
    (below,) = told((0, 0, 0, 0, 0.5, 0), values={"days_open": -2.0}, peers={"days_open": 4.0})

    assert zero.text == "opened today; similar deals 4"
    assert below.text == "opens in 2 days"
    assert below.value == -2.0


KIND = entry(
    "kind",
    "engagement",
    unit="category",
    sentence="phase of the last activity: {value}",
    vocabulary=("pre_sales", "sales", "post_sales"),
)


@pytest.mark.parametrize(
    ("code", "word"), [(0.0, "pre sales"), (1.0, "sales"), (2.0, "post sales"), (3.0, "other")]
)
def test_a_category_reads_as_its_word_beside_no_norm(code, word):
    explanation = Explanation(
        ("kind",), np.full((1, 1, 1), 0.5), np.ones(1), np.zeros(1), ("up",), ("down",)
    )
    X = pl.DataFrame({"kind": [code]})

    ((reason,),) = top_reasons(explanation, X, features=(KIND,), as_of=[TODAY], peers=X)

    assert reason.text == f"phase of the last activity: {word}"
    assert (reason.value, reason.peer_value) == (code, None)


def test_at_most_five_reasons_are_told():
    catalogue = tuple(
        entry(f"f{place}", concept)
        for place, concept in enumerate(
            ["engagement", "payment", "timing", "service", "value", "history", "advocacy"]
        )
    )
    names = tuple(feature.name for feature in catalogue)
    parts = np.linspace(0.2, 0.8, 7).reshape(1, 1, 7)
    explanation = Explanation(names, parts, np.ones(1), np.zeros(1), ("up",), ("down",))
    X = pl.DataFrame({name: [1.0] for name in names})

    (row,) = top_reasons(explanation, X, features=catalogue, as_of=[TODAY])

    assert [reason.concept for reason in row] == [
        "advocacy", "history", "value", "service", "timing",
    ]  # fmt: skip


def test_the_column_of_reasons_has_one_type_also_when_empty():
    row = told((0.5, 0, 0, 0, 0, 0))

    column = reasons_column([row, ()])

    assert column.dtype == pl.List(REASON)
    assert reasons_column([]).dtype == pl.List(REASON)
    assert column.to_list()[0][0]["text"] == "3 of replies"
    assert column.to_list()[1] == []


def test_what_was_told_is_found_in_the_former_part_by_id():
    row = told((0.5, 0, -0.4, 0, 0, 0))
    former = pl.DataFrame({"account_id": ["acme", "blue"]}).with_columns(reasons_column([row, ()]))

    assert shown_in(former, "account_id") == {
        "acme": (("engagement", "toward_pain"), ("payment", "away_from_pain")),
        "blue": (),
    }


def test_a_dated_reason_names_the_day_in_the_place_s_own_order():
    (reason,) = told((0.5, 0, 0, 0, 0, 0))

    assert dated(reason, Manner()) == "As of Jan 5, 2026: 3 of replies"
    assert dated(reason, Manner(locale_of("de-DE"))) == "As of 05.01.2026: 3 of replies"


def test_as_many_days_and_former_reasons_as_rows_are_asked_for():
    explanation = Explanation(("a",), np.zeros((1, 1, 1)), np.ones(1), np.zeros(1), ("u",), ("l",))
    X = pl.DataFrame({"a": [1.0]})

    with pytest.raises(ValueError, match="of 1 rows, got 2, 1 and 1"):
        top_reasons(explanation, X, features=(), as_of=[TODAY, TODAY])
    with pytest.raises(ValueError, match="of 1 rows, got 1, 2 and 1"):
        top_reasons(explanation, X, features=(), as_of=[TODAY], shown=[(), ()])
