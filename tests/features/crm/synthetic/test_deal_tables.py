"""Opportunities: what a deal is now is where its history has led it."""

import polars as pl

from tests.features.crm.small_world import World


def test_a_deal_is_closed_exactly_when_it_has_an_outcome(messy: World) -> None:
    deals = messy["opportunities"]
    is_closed = pl.col("closed_at").is_not_null()
    stage = {"open": None, "won": "Won", "lost": "Lost"}

    assert deals.filter(is_closed != (pl.col("outcome") != "open")).height == 0
    for outcome, name in stage.items():
        found = set(deals.filter(pl.col("outcome") == outcome)["stage"])
        assert found == ({name} if name else {"Qualify", "Discover", "Propose", "Negotiate"})
    assert deals.filter(pl.col("closed_at") <= pl.col("created_at")).height == 0
    assert deals.filter(pl.col("amount").is_null() | (pl.col("amount") <= 0)).height == 0


def test_every_deal_has_its_first_values_on_record(messy: World) -> None:
    deals, changes = messy["opportunities"], messy["opportunity_changes"]
    first = changes.filter(pl.col("old").is_null()).join(
        deals.select("opportunity_id", "created_at"), on="opportunity_id"
    )

    assert first.filter(pl.col("changed_at") != pl.col("created_at")).height == 0
    for field in ("stage", "close_date", "amount", "owner", "probability", "forecast_category"):
        told = first.filter(pl.col("field") == field)["opportunity_id"]
        assert told.sort().equals(deals["opportunity_id"].sort()), field


def test_the_history_of_a_deal_leads_without_gaps_to_its_current_values(messy: World) -> None:
    changes = messy["opportunity_changes"].sort("changed_at", maintain_order=True)
    key = ["opportunity_id", "field"]
    before = changes.with_columns(previous=pl.col("new").shift(1).over(key))
    last = changes.group_by(key).agg(pl.col("new").last())
    wide = last.pivot("field", index="opportunity_id", values="new")
    deals = messy["opportunities"].join(wide, on="opportunity_id", suffix="_told")
    pairs = {
        "stage": "stage_told",
        "close_date": "close_date_told",
        "owner_rep_id": "owner",
        "forecast_category": "forecast_category_told",
    }

    assert before.filter(pl.col("old").ne_missing(pl.col("previous"))).height == 0
    for column, told in pairs.items():
        assert deals.filter(pl.col(column).cast(pl.String).ne_missing(pl.col(told))).is_empty()
    for column, told in (("amount", "amount_told"), ("crm_probability", "probability")):
        apart = (pl.col(column) - pl.col(told).cast(pl.Float64)).abs()
        assert deals.filter(apart > 0).is_empty(), column


def test_history_neither_precedes_creation_nor_follows_the_close(messy: World) -> None:
    deals = messy["opportunities"].select("opportunity_id", "created_at", "closed_at")
    changes = messy["opportunity_changes"].join(deals, on="opportunity_id")
    touches = messy["activities"].join(deals, on="opportunity_id")

    assert changes.filter(pl.col("changed_at") < pl.col("created_at")).height == 0
    assert changes.filter(pl.col("changed_at") > pl.col("closed_at")).height == 0
    assert touches.filter(pl.col("occurred_at") < pl.col("created_at")).height == 0
    assert touches.filter(pl.col("occurred_at") > pl.col("closed_at")).height == 0


def test_a_shown_stage_never_goes_back(world: World) -> None:
    order = {"Qualify": 0, "Discover": 1, "Propose": 2, "Negotiate": 3, "Won": 4, "Lost": 5}
    moves = world["opportunity_changes"].filter(
        (pl.col("field") == "stage") & pl.col("old").is_not_null()
    )
    old, new = (moves[name].replace_strict(order) for name in ("old", "new"))

    assert (new > old).all()


def test_a_quote_is_no_dearer_than_its_list_and_falls_into_the_life_of_its_deal(
    world: World,
) -> None:
    deals = world["opportunities"].select("opportunity_id", "created_at", "closed_at")
    quotes = world["quotes"].join(deals, on="opportunity_id")

    assert quotes.filter(pl.col("amount") > pl.col("list_amount")).height == 0
    assert quotes.filter(pl.col("quoted_at") < pl.col("created_at")).height == 0
    assert quotes.filter(pl.col("quoted_at") > pl.col("closed_at")).height == 0
