from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from models.analogs import Analogs, make_analogs
from models.bundle import Bundle
from models.components import ComponentHead
from models.policy import LabelPolicy, Policy
from models.policy.relabel import FACTS
from serving.likeness import (
    NEIGHBOURS_FILE,
    likeness,
    neighbours_frame,
    read_neighbours,
    self_renewal,
)
from serving.snapshots import Snapshot, folder_of
from tests.serving.desk import Desk
from tests.serving.periods import period

COLUMNS = ["p_a_list", "p_pain", "p_walk_away", "p_steady"]
ALIKE = (0.25, 0.25, 0.25, 0.25)
POLICY = Policy(label=LabelPolicy(growth_floor=1.0))
STRINGS = {"is_won": False, "strings_along": True, "is_lost": True}
LOST = {"is_won": False, "is_lost": True}
WONT_CLOSE = {"is_won": False}


def probabilities(*rows: tuple[float, float, float, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def analogs(*periods: dict[str, object], told: pl.DataFrame | None = None) -> Analogs:
    told = probabilities(*[ALIKE] * len(periods)) if told is None else told
    return make_analogs(told, pl.DataFrame(periods, schema=FACTS), possible_items=1)


def subtype(*periods: dict[str, object]) -> str | None:
    found = likeness(analogs(*periods), probabilities(ALIKE), POLICY).subtype.item()
    return None if found is None else str(found)


def test_similar_periods_are_counted_by_what_became_of_them() -> None:
    past = analogs(
        period(),
        period(growth=0.04),
        period(growth=0.039),
        period(growth=None, is_advocate=True),
        period(late_days=9.0, growth=0.9),
        period(late_days=8.0),
        period(is_won=False, growth=0.9, late_days=20.0),
        period(is_won=None),
    )

    found = likeness(past, probabilities(ALIKE, (0.1, 0.1, 0.7, 0.1)), POLICY)

    # hard is a pain, and a walk-away is none; growth counts wherever it was
    assert found.counts.rows() == [(8, 6, 3, 1)] * 2
    assert found.counts.columns == [
        "similar_accounts", "similar_won", "similar_grew", "similar_hard",
    ]  # fmt: skip
    assert set(found.counts.dtypes) == {pl.Int32}


def test_grown_and_hard_are_counted_by_the_thresholds_of_the_policy() -> None:
    past = analogs(period(growth=0.1), period(growth=0.3), period(late_days=9.0))
    label = replace(POLICY.label, a_list_growth_at_least=0.2, pain_at_least=0.5)

    found = likeness(past, probabilities(ALIKE), replace(POLICY, label=label))

    assert found.counts.row(0) == (3, 3, 1, 0)


def test_each_account_is_told_of_the_hundred_and_twenty_nearest_to_it() -> None:
    here, there = (0.7, 0.1, 0.1, 0.1), (0.1, 0.1, 0.7, 0.1)
    rows = [here] * 130 + [there] * 130
    past = analogs(
        *(period(growth=0.5) for _ in range(130)),
        *(period(**LOST) for _ in range(130)),
        told=probabilities(*rows),
    )

    found = likeness(past, probabilities(there, here), POLICY)

    assert found.counts.rows() == [(120, 0, 0, 0), (120, 120, 120, 0)]
    assert found.subtype.to_list() == ["lost", None]
    assert found.neighbours.tolist() == [list(range(130, 250)), list(range(120))]


def test_the_subtype_is_that_of_most_of_the_periods_that_walked_away() -> None:
    assert subtype(period(**WONT_CLOSE), period(**LOST), period(**LOST)) == "lost"
    assert subtype(period(**WONT_CLOSE), period(**WONT_CLOSE), period(**LOST)) == "wont_close"
    assert subtype(period(**STRINGS), period(**LOST), period(**STRINGS)) == "strings_along"


def test_of_subtypes_as_frequent_strings_come_before_lost_before_wont_close() -> None:
    assert subtype(period(**WONT_CLOSE), period(**LOST), period(**STRINGS)) == "strings_along"
    assert subtype(period(**WONT_CLOSE), period(**LOST)) == "lost"


def test_periods_that_were_won_have_no_say_in_the_subtype() -> None:
    was_won = period(strings_along=True, is_lost=True)

    assert subtype(was_won, was_won, period(**WONT_CLOSE)) == "wont_close"
    assert subtype(was_won, was_won) is None


def test_the_chance_of_a_self_renewal_is_told_only_where_a_contract_ends_within_the_horizon() -> (
    None
):
    days = pl.Series("days_to_renewal", [-1.0, 0.0, 90.0, 91.0, None], dtype=pl.Float32)
    p = pl.Series([0.9, 0.8, 0.7, 0.6, 0.5])

    found = self_renewal(pl.DataFrame([days]), p, horizon_days=91)

    assert found.name == "p_self_renewer"
    assert found.to_list() == [None, 0.8, 0.7, None, None]


def test_a_model_that_does_not_read_the_end_of_contracts_tells_no_self_renewal() -> None:
    features = pl.DataFrame({"replies_90d": [1.0, 2.0]})

    found = self_renewal(features, pl.Series([0.9, 0.9]), horizon_days=91)

    assert found.to_list() == [None, None]


def test_a_component_that_is_not_there_tells_no_self_renewal() -> None:
    features = pl.DataFrame({"days_to_renewal": [5.0]})

    found = self_renewal(features, pl.Series([None], dtype=pl.Float64), horizon_days=91)

    assert found.to_list() == [None]


def test_neighbours_are_read_back_as_they_were_stored(tmp_path: Path) -> None:
    found = np.array([[3, 0, 65_535], [1, 2, 7]], dtype=np.uint16)
    (tmp_path / "context").mkdir()

    frame = neighbours_frame(pl.Series("account_id", ["a", "b"]), found)
    frame.write_parquet(tmp_path / "context" / NEIGHBOURS_FILE)
    back = read_neighbours(tmp_path)

    assert back["entity_id"].to_list() == ["a", "b"]
    assert back["neighbours"].to_numpy().dtype == np.uint16
    assert (back["neighbours"].to_numpy() == found).all()


def test_a_snapshot_without_neighbours_says_so(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"expected neighbours\.parquet in .*: score again"):
        read_neighbours(tmp_path)


def test_every_scored_account_and_no_other_is_stored_with_its_neighbours(
    snapshot: Snapshot, home: Path, bundle: Bundle
) -> None:
    places = read_neighbours(folder_of(home, snapshot.snapshot_id))
    scored = snapshot.accounts.filter(pl.col("status") == "scored")
    others = snapshot.accounts.filter(pl.col("status") != "scored")

    won = bundle.analogs.facts["is_won"].to_numpy()[places["neighbours"].to_numpy()].sum(axis=1)

    assert places["entity_id"].to_list() == scored["account_id"].to_list()
    assert scored["similar_won"].to_list() == won.tolist()
    assert set(scored["similar_accounts"]) == {120}
    assert others["similar_accounts"].null_count() == others.height > 0


def test_only_walk_aways_have_a_subtype(snapshot: Snapshot) -> None:
    told = snapshot.accounts.filter(pl.col("subtype").is_not_null())

    assert told.height > 0
    assert set(told["bucket"]) == {"walk_away"}
    assert set(told["subtype"]) <= {"wont_close", "lost", "strings_along"}


def renewing_with(desk: Desk, p: float) -> Snapshot:
    """A publication in which every renewal that is due comes by itself with that chance."""
    components = desk.bundle.components
    heads = {**components.heads, "self_renewer": ComponentHead(None, constant=p)}
    changed = replace(desk.bundle, components=replace(components, heads=heads))
    return replace(desk, bundle=changed).opened()


def test_a_steady_account_that_renews_by_itself_is_left_to_itself_and_no_other_is(
    desk: Desk,
) -> None:
    below = renewing_with(desk, 0.7999).accounts
    at = renewing_with(desk, 0.80).accounts

    due = below.filter(pl.col("p_self_renewer").is_not_null())
    steady = due.filter(pl.col("bucket") == "steady")["account_id"]
    is_left = at["account_id"].is_in(steady.implode())
    told = ("bucket", "confidence", "subtype", "expires_on")
    alone = ("walk_away", "leaning", "self_renewer", date(2026, 12, 31))
    assert steady.len() > 0
    assert set(due["bucket"]) >= {"steady", "a_list", "pain"}
    assert set(at.filter(is_left).select(told).rows()) == {alone}
    assert_frame_equal(
        at.filter(~is_left).drop("p_self_renewer"), below.filter(~is_left).drop("p_self_renewer")
    )


def test_reasons_and_history_of_a_self_renewer_speak_of_the_bucket_that_the_model_gave(
    desk: Desk,
) -> None:
    below, at = renewing_with(desk, 0.7999), renewing_with(desk, 0.80)
    alone = at.accounts.filter(pl.col("subtype") == "self_renewer")

    before = below.accounts.filter(pl.col("account_id").is_in(alone["account_id"].implode()))

    assert alone.height > 0
    assert alone["reasons"].list.len().sum() > 0
    assert alone["reasons"].to_list() == before["reasons"].to_list()
    for row in alone.to_dicts():
        points = at.history(row["account_id"])
        assert points == below.history(row["account_id"])
        assert points[-1].p == row["p_steady"]


def test_a_model_without_past_periods_is_scored_and_says_nothing_of_them(desk: Desk) -> None:
    plain = replace(desk, bundle=replace(desk.bundle, components=None, analogs=None)).opened()

    names = ("p_self_renewer", "similar_accounts", "similar_won", "subtype")
    scored = plain.accounts.filter(pl.col("status") == "scored")
    assert scored["bucket"].null_count() == 0
    assert scored.select(pl.col(names).is_null().all()).row(0) == (True,) * 4
    with pytest.raises(LookupError, match="score again"):
        read_neighbours(folder_of(desk.settings.home, plain.snapshot_id))
