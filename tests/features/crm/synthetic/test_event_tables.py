"""What happens around a deal: stamps in order, and nobody named who is not there."""

import polars as pl
import pytest

from features.schema import RECORDED_AT
from tests.features.crm.small_world import World, share

PAIRS = {
    "tickets": [("opened_at", "escalated_at"), ("escalated_at", "closed_at")],
    "invoices": [("issued_at", "paid_at"), ("recorded_at", "paid_at")],
    "contracts": [("starts_on", "ends_on"), ("recorded_at", "renewed_at")],
    "contacts": [("created_at", "left_at")],
    "covenants": [("agreed_at", "met_at")],
    "activities": [("occurred_at", "recorded_at")],
}


@pytest.mark.parametrize("name", PAIRS)
def test_stamps_of_one_row_stand_in_order(messy: World, name: str) -> None:
    for earlier, later in PAIRS[name]:
        assert messy[name].filter(pl.col(later).is_not_null()).height > 0
        assert messy[name].filter(pl.col(earlier) > pl.col(later)).height == 0, (earlier, later)


def test_csat_comes_with_a_closed_ticket_only(world: World) -> None:
    still_open = world["tickets"].filter(pl.col("closed_at").is_null())

    assert still_open.height > 0
    assert still_open["csat"].null_count() == still_open.height
    assert world["tickets"]["csat"].drop_nulls().is_between(1, 5).all()


def test_a_touch_names_only_people_who_are_there(world: World) -> None:
    people = world["contacts"].select("contact_id", "created_at", "left_at", home="account_id")
    named = world["activities"].join(people, on="contact_id")

    assert named.height > 1000
    assert named.filter(pl.col("home") != pl.col("account_id")).height == 0
    assert named.filter(pl.col("occurred_at") <= pl.col("created_at")).height == 0
    assert named.filter(pl.col("occurred_at") >= pl.col("left_at")).height == 0


def test_some_of_the_work_is_written_down_days_later(world: World) -> None:
    for name, moment in (("activities", "occurred_at"), ("invoices", "issued_at")):
        late = (world[name][RECORDED_AT] - world[name][moment]).dt.total_hours() >= 24
        assert 0.01 < share(late) < 0.3, name


def test_answers_returns_and_pushes_leave_their_rows(world: World) -> None:
    touches = world["activities"]
    moves = world["opportunity_changes"].filter(
        (pl.col("field") == "close_date") & (pl.col("new") > pl.col("old"))
    )

    assert set(touches["answered"].unique()) == {None, True, False}
    assert set(touches["direction"].unique()) == {"outbound", "inbound", "mutual"}
    assert touches["automated"].sum() > 500
    assert moves.group_by("opportunity_id").len().filter(pl.col("len") >= 3).height > 10
    assert world["invoices"].filter(pl.col("amount") < 0).height > 50


def test_usage_is_told_once_a_week_on_its_monday(world: World) -> None:
    usage = world["usage"]

    assert usage["period_on"].dt.weekday().unique().to_list() == [1]
    told = (usage[RECORDED_AT].dt.date() - usage["period_on"]).dt.total_days()
    assert told.unique().to_list() == [7]
