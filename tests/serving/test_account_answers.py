from dataclasses import replace
from datetime import date
from itertools import pairwise

import polars as pl
import pytest

from models.bucket import BucketModel
from models.bundle import Bundle
from serving.parts import PartError
from serving.snapshots import Snapshot
from tests.serving.desk import UNTIL, Desk


def test_every_account_is_there_and_every_scored_one_in_exactly_one_bucket(
    snapshot: Snapshot,
) -> None:
    accounts = snapshot.accounts
    scored = accounts.filter(pl.col("status") == "scored")
    others = accounts.filter(pl.col("status") != "scored")
    chances = scored.select("p_a_list", "p_pain", "p_walk_away", "p_steady")

    assert accounts.height == 60
    assert scored.height > 30
    assert scored["bucket"].is_in(["a_list", "pain", "walk_away", "steady"]).all()
    assert (chances.sum_horizontal() - 1.0).abs().max() < 1e-9
    assert set(others["status"]) == {"not_in_pursuit"}
    for name in ("bucket", "confidence", "p_a_list", "rank_in_book", "trend", "expires_on"):
        assert others[name].null_count() == others.height


def test_a_walk_away_ends_with_the_fiscal_quarter_and_nothing_else_ends(
    snapshot: Snapshot,
) -> None:
    walk_away = pl.col("bucket") == "walk_away"

    ends = snapshot.accounts.filter(walk_away)["expires_on"]
    others = snapshot.accounts.filter(walk_away.not_() | pl.col("bucket").is_null())

    assert ends.len() > 0
    assert set(ends) == {date(2026, 12, 31)}
    assert others["expires_on"].null_count() == others.height
    assert not others["kept_in_pursuit"].any()


def test_ranks_count_from_one_in_every_book_by_the_chance_of_the_a_list(
    snapshot: Snapshot,
) -> None:
    ranked = snapshot.accounts.filter(pl.col("rank_in_book").is_not_null())

    for _, mine in ranked.group_by("owner_rep_id"):
        in_order = mine.sort("rank_in_book")
        assert in_order["rank_in_book"].to_list() == list(range(1, mine.height + 1))
        assert in_order["p_a_list"].is_sorted(descending=True)
        assert set(mine["book_size"]) == {mine.height}


def test_reasons_are_told_beside_the_peers_and_never_about_the_rep(snapshot: Snapshot) -> None:
    told = snapshot.accounts.select(pl.col("reasons").explode().struct.unnest())
    per_account = snapshot.accounts["reasons"].list.len()

    assert per_account.max() <= 5
    assert told["text"].drop_nulls().len() > 60
    assert told["peer_value"].drop_nulls().len() > 30
    assert "rep_context" not in set(told["concept"].drop_nulls())
    assert set(told["as_of"].drop_nulls()) == {UNTIL.date()}


def test_an_account_shows_its_worst_open_deal(snapshot: Snapshot) -> None:
    with_deals = snapshot.accounts.filter(pl.col("open_deals") > 0)

    assert with_deals.height > 0
    for account_id in with_deals["account_id"]:
        row, deals = snapshot.account(account_id), snapshot.deals_of(account_id)
        worst = max((deal.slip_risk for deal in deals if deal.slip_risk is not None), default=None)
        assert row is not None
        assert (row.open_deals, row.slip_risk_max) == (len(deals), worst)
        if worst is not None:
            on = {deal.committed_on for deal in deals if deal.slip_risk == worst}
            assert row.slip_on in on


def test_the_last_of_twelve_weeks_is_today(snapshot: Snapshot) -> None:
    row = next(row for row in snapshot.book_of(None) if row.status == "scored")
    points = snapshot.history(row.account_id)

    today = {
        "a_list": row.p_a_list,
        "pain": row.p_pain,
        "walk_away": row.p_walk_away,
        "steady": row.p_steady,
    }
    assert len(points) == 12
    assert points[-1].on == UNTIL.date()
    assert points[-1].p == today[row.bucket]
    assert {(b.on - a.on).days for a, b in pairwise(points)} == {7}


def test_without_a_bucket_model_accounts_say_what_is_short(desk: Desk, bundle: Bundle) -> None:
    card = replace(bundle.card, not_applicable={"bucket": "needs 26 weeks, found 9"})

    opened = replace(desk, bundle=replace(bundle, bucket=None, card=card)).opened()

    assert set(opened.accounts["status"]) == {"not_enough_evidence"}
    assert set(opened.accounts["missing"]) == {"needs 26 weeks, found 9"}
    assert opened.past.is_empty()
    assert set(opened.deals["status"]) == {"scored"}


@pytest.mark.parametrize(("below", "share"), [(None, 1.0), (1e12, 1.0), (0.0, 0.0)])
def test_a_firm_walk_away_is_held_to_the_sum_of_its_card(
    desk: Desk, bundle: Bundle, below: float | None, share: float
) -> None:
    card = replace(bundle.card, tau={"walk_away": 0.4}, bookings_below=below)

    accounts = replace(desk, bundle=replace(bundle, card=card)).opened().accounts

    # a self-renewer is shown among the walk-aways, and never firm
    walks = accounts.filter(bucket="walk_away").filter(pl.col("subtype") != "self_renewer")
    assert walks.height > 3
    assert (walks["confidence"] == "firm").mean() == share


@pytest.mark.parametrize(("far", "is_rounding"), [(1e-17, True), (9e-10, True), (1e-6, False)])
def test_a_chance_beyond_its_bound_is_rounding_or_an_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, far: float, *, is_rounding: bool
) -> None:
    def predict(_: BucketModel, features: pl.DataFrame) -> pl.DataFrame:
        chances = {"p_a_list": 1.0 + far, "p_pain": -far, "p_walk_away": 0.0, "p_steady": 0.0}
        columns = (pl.lit(value).alias(name) for name, value in chances.items())
        return features.select(columns).select(pl.all().repeat_by(features.height).explode())

    monkeypatch.setattr(BucketModel, "predict", predict)

    if is_rounding:
        scored = desk.opened().accounts.drop_nulls("bucket")
        assert (scored["p_a_list"].max(), scored["p_pain"].min()) == (1.0, 0.0)
    else:
        with pytest.raises(PartError, match=r"expected p_\w+ in \[0, 1\], found"):
            desk.score()
