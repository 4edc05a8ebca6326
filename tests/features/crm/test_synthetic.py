"""The synthetic CRM: a clean book, made the same way every time, that gives nothing away."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
from polars.testing import assert_frame_equal

from features.book import make_book
from features.crm.synthetic import make_world
from features.schema import RECORDED_AT, TABLES, TIME, conform
from tests.features.crm.small_world import END, PARAMS, World, closed


def test_every_table_conforms_and_has_rows(world: World) -> None:
    assert set(world) == set(TABLES) - {"exchange_rates"}
    for name, frame in world.items():
        conform(name, frame.lazy())
        assert frame.height > 0, name


def test_the_tables_make_a_book(world: World) -> None:
    book = make_book({name: frame.lazy() for name, frame in world.items()}, observed_until=END)

    assert book.has("opportunities.close_date", "invoices.paid_at", "contacts.left_at")
    assert not book.has("exchange_rates")


def test_recorded_at_and_required_cells_are_never_null(world: World) -> None:
    for name, frame in world.items():
        needed = [*TABLES[name].required, *([RECORDED_AT] if TABLES[name].moment else [])]
        assert frame.select(pl.col(needed).null_count()).sum_horizontal()[0] == 0, name


def test_the_same_parameters_give_the_same_world_bit_for_bit(world: World) -> None:
    again = make_world(PARAMS)

    for name, frame in world.items():
        assert_frame_equal(frame, again[name], check_exact=True)


def test_another_seed_gives_another_world(world: World) -> None:
    other = make_world(replace(PARAMS, seed=12))

    same = [name for name, frame in world.items() if frame.equals(other[name])]
    assert same == ["stages"]


def test_ids_are_unique(world: World) -> None:
    for name, frame in world.items():
        key = list(TABLES[name].key)
        assert not key or frame.select(key).is_duplicated().sum() == 0, name


def test_every_parent_exists(world: World) -> None:
    for name, frame in world.items():
        for column, parent in TABLES[name].parents.items():
            orphans = frame.join(world[parent].select(column), on=column, how="anti")
            assert orphans.height == 0, name
    activities = world["activities"]
    for column, parent in (("opportunity_id", "opportunities"), ("contact_id", "contacts")):
        named = activities.filter(pl.col(column).is_not_null())
        assert named.height > 0
        assert named.join(world[parent].select(column), on=column, how="anti").height == 0


def test_every_owner_is_on_the_team(world: World) -> None:
    team = world["reps"].select(owner_rep_id="rep_id")

    for name in ("accounts", "opportunities"):
        assert world[name].join(team, on="owner_rep_id", how="anti").height == 0
    sellers = world["reps"].filter(pl.col("manager_id").is_not_null())
    assert set(world["accounts"]["owner_rep_id"]) <= set(sellers["rep_id"])


def test_nothing_is_stamped_at_or_after_the_end(world: World) -> None:
    for name, frame in world.items():
        for column in (*TABLES[name].columns,):
            if column.may_be_future or not column.dtype.is_temporal():
                continue
            latest = frame[column.name].max()
            bound = END if column.dtype == TIME else END.date()
            assert latest is None or latest < bound, (name, column.name)


def test_nothing_happens_to_an_account_before_it_is_there(world: World) -> None:
    created = world["accounts"].select("account_id", born="created_at")

    for name in (
        "account_changes",
        "opportunities",
        "activities",
        "contacts",
        "invoices",
        "tickets",
    ):
        moment = pl.col(TABLES[name].moment or "")
        early = world[name].join(created, on="account_id").filter(moment < pl.col("born"))
        assert early.height == 0, name


def test_a_deal_is_closed_exactly_when_it_has_an_outcome(world: World) -> None:
    deals = world["opportunities"]
    is_closed = pl.col("closed_at").is_not_null()
    stage = {"open": None, "won": "Won", "lost": "Lost"}

    assert deals.filter(is_closed != (pl.col("outcome") != "open")).height == 0
    for outcome, name in stage.items():
        found = set(deals.filter(pl.col("outcome") == outcome)["stage"])
        assert found == ({name} if name else {"Qualify", "Discover", "Propose", "Negotiate"})
    assert deals.filter(pl.col("closed_at") <= pl.col("created_at")).height == 0
    assert deals.filter(pl.col("amount").is_null() | (pl.col("amount") <= 0)).height == 0


def test_every_deal_has_its_first_values_on_record(world: World) -> None:
    deals, changes = world["opportunities"], world["opportunity_changes"]
    first = changes.filter(pl.col("old").is_null()).join(
        deals.select("opportunity_id", "created_at"), on="opportunity_id"
    )

    assert first.filter(pl.col("changed_at") != pl.col("created_at")).height == 0
    for field in ("stage", "close_date", "amount", "owner"):
        told = first.filter(pl.col("field") == field)["opportunity_id"]
        assert told.sort().equals(deals["opportunity_id"].sort())


def test_the_history_of_a_deal_leads_without_gaps_to_its_current_values(world: World) -> None:
    changes = world["opportunity_changes"].sort("changed_at", maintain_order=True)
    key = ["opportunity_id", "field"]
    before = changes.with_columns(previous=pl.col("new").shift(1).over(key))
    last = changes.group_by(key).agg(pl.col("new").last())
    wide = last.pivot("field", index="opportunity_id", values="new")
    deals = world["opportunities"].join(wide, on="opportunity_id", suffix="_told")

    assert before.filter(pl.col("old").ne_missing(pl.col("previous"))).height == 0
    assert deals.filter(pl.col("stage") != pl.col("stage_told")).height == 0
    assert deals.filter(
        pl.col("close_date").cast(pl.String) != pl.col("close_date_told")
    ).is_empty()
    assert deals.filter(pl.col("owner_rep_id") != pl.col("owner")).height == 0
    assert deals.filter(
        (pl.col("amount") - pl.col("amount_told").cast(pl.Float64)).abs() > 0
    ).is_empty()


def test_the_history_of_an_account_leads_to_its_current_values(world: World) -> None:
    changes = world["account_changes"].sort("changed_at", maintain_order=True)
    wide = (
        changes.group_by("account_id", "field")
        .agg(pl.col("new").last())
        .pivot("field", index="account_id", values="new")
    )
    accounts = world["accounts"].join(wide, on="account_id", suffix="_told")

    assert accounts.height == PARAMS.accounts
    assert accounts.filter(pl.col("owner_rep_id") != pl.col("owner")).height == 0
    assert accounts.filter(pl.col("segment") != pl.col("segment_told")).height == 0
    assert accounts.filter(pl.col("account_type") != pl.col("account_type_told")).height == 0
    assert changes.filter(pl.col("old").is_not_null())["field"].n_unique() == 3


def test_history_neither_precedes_creation_nor_follows_the_close(world: World) -> None:
    deals = world["opportunities"].select("opportunity_id", "created_at", "closed_at")
    changes = world["opportunity_changes"].join(deals, on="opportunity_id")
    touches = world["activities"].join(deals, on="opportunity_id")

    assert changes.filter(pl.col("changed_at") < pl.col("created_at")).height == 0
    assert changes.filter(pl.col("changed_at") > pl.col("closed_at")).height == 0
    assert touches.filter(pl.col("occurred_at") < pl.col("created_at")).height == 0
    assert touches.filter(pl.col("occurred_at") > pl.col("closed_at")).height == 0


def test_stamps_of_one_row_stand_in_order(world: World) -> None:
    pairs = {
        "tickets": [("opened_at", "escalated_at"), ("escalated_at", "closed_at")],
        "invoices": [("issued_at", "paid_at"), ("recorded_at", "paid_at")],
        "contracts": [("starts_on", "ends_on"), ("recorded_at", "renewed_at")],
        "contacts": [("created_at", "left_at")],
        "covenants": [("agreed_at", "met_at")],
        "activities": [("occurred_at", "recorded_at")],
    }

    for name, columns in pairs.items():
        for earlier, later in columns:
            wrong = world[name].filter(pl.col(earlier) > pl.col(later))
            assert wrong.height == 0, (name, earlier, later)


def test_csat_comes_with_a_closed_ticket_only(world: World) -> None:
    still_open = world["tickets"].filter(pl.col("closed_at").is_null())

    assert still_open["csat"].null_count() == still_open.height
    assert world["tickets"]["csat"].drop_nulls().is_between(1, 5).all()


def test_a_touch_names_only_people_who_are_there(world: World) -> None:
    people = world["contacts"].select("contact_id", "created_at", "left_at", home="account_id")
    named = world["activities"].join(people, on="contact_id")

    assert named.filter(pl.col("home") != pl.col("account_id")).height == 0
    assert named.filter(pl.col("occurred_at") <= pl.col("created_at")).height == 0
    assert named.filter(pl.col("occurred_at") >= pl.col("left_at")).height == 0


def test_a_renewed_contract_is_followed_by_the_next_without_a_gap(world: World) -> None:
    contracts = world["contracts"]
    renewed = contracts.filter(pl.col("renewed_at").is_not_null())
    following = renewed.with_columns(starts_on=pl.col("ends_on").dt.offset_by("1d")).join(
        contracts.select("account_id", "starts_on"), on=["account_id", "starts_on"], how="semi"
    )

    assert renewed.height > 50
    assert following.height == renewed.height
    assert contracts.filter(
        pl.col("renewed_at").is_not_null() & pl.col("cancelled_at").is_not_null()
    ).is_empty()


def test_a_won_sale_makes_a_contract_that_is_invoiced(world: World) -> None:
    won = closed(world).filter((pl.col("type") == "new") & (pl.col("outcome") == "won"))
    signed = won.join(
        world["contracts"],
        left_on=["account_id", "closed_at"],
        right_on=["account_id", "recorded_at"],
    )
    old = signed.filter(pl.col("closed_at") < datetime(2026, 9, 1, tzinfo=UTC))

    assert signed.height == won.height
    assert signed.filter(pl.col("amount") != pl.col("annual_value")).height == 0
    assert old.join(world["invoices"], on="account_id", how="anti").height == 0


def test_what_was_lost_bills_no_new_contract(world: World) -> None:
    never = world["accounts"].join(world["contracts"], on="account_id", how="anti")

    assert never.height > 5
    for name in ("invoices", "usage", "tickets", "referrals"):
        assert world[name].join(never, on="account_id", how="semi").height == 0
