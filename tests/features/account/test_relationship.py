from features.account.relationship import relationship
from tests.factories import account, account_change, activity, book, contact, day
from tests.features.views import account_row


def test_breadth_counts_the_people_who_took_part_once() -> None:
    rows = [
        activity(at=day(-5), answered=True, contact_id="c1"),
        activity(at=day(-6), answered=True, contact_id="c1"),
        activity(at=day(-7), direction="inbound", contact_id="c2"),
        activity(at=day(-7), contact_id="c3"),
        activity(at=day(-100), direction="mutual", contact_id="c4"),
        activity(at=day(-8), direction="inbound"),
    ]

    said = account_row(relationship, book(accounts=[account()], activities=rows))

    assert (said["contacts_active_90d"], said["contacts_active_365d"]) == (2.0, 3.0)


def test_a_contact_who_left_is_known_no_more() -> None:
    rows = [contact("c1"), contact("c2", left_at=day(-9)), contact("c3", left_at=day(0))]

    said = account_row(relationship, book(accounts=[account()], contacts=rows))

    assert (said["contacts_known"], said["contacts_left_365d"]) == (2.0, 1.0)


def test_the_first_owner_is_not_a_change_of_owner() -> None:
    rows = [
        account_change("owner", None, "rep-1", at=day(-500)),
        account_change("owner", "rep-1", "rep-2", at=day(-400)),
        account_change("segment", "a", "b", at=day(-300)),
    ]

    said = account_row(relationship, book(accounts=[account()], account_changes=rows))

    assert said["owner_changes_730d"] == 1.0


def test_neglect_after_the_sale_shows_as_a_low_share() -> None:
    rows = [activity(at=day(-5), phase=phase) for phase in ("sales", "sales", "post_sales", None)]

    said = account_row(relationship, book(accounts=[account()], activities=rows))

    assert round(said["post_sales_share_365d"] or 0, 4) == 0.3333


def test_phases_share_the_last_quarter() -> None:
    phases = ("pre_sales", "sales", "sales", "post_sales")
    rows = [
        *(activity(at=day(-90), phase=phase) for phase in phases),
        activity(at=day(-91), phase="post_sales"),
        activity(at=day(-5), phase="post_sales", automated=True),
        activity(at=day(-5), phase=None),
    ]

    said = account_row(relationship, book(accounts=[account()], activities=rows))

    found = [said[f"{phase}_share_90d"] for phase in ("pre_sales", "sales", "post_sales")]
    assert found == [0.25, 0.5, 0.25]


def test_without_a_phase_in_the_quarter_no_share_is_known() -> None:
    rows = [activity(at=day(-91), phase="sales"), activity(at=day(-5), phase=None)]

    said = account_row(relationship, book(accounts=[account()], activities=rows))

    assert said["sales_share_90d"] is None
    assert said["reps_active_90d"] == 0.0


def test_reps_count_once_whatever_they_did() -> None:
    rows = [
        activity(at=day(-5), rep_id="rep-1"),
        activity(at=day(-6), rep_id="rep-1"),
        activity(at=day(-90), rep_id="rep-2", direction="inbound"),
        activity(at=day(-91), rep_id="rep-3"),
        activity(at=day(-5), rep_id="rep-4", automated=True),
        activity(at=day(-5), rep_id=None),
    ]

    said = account_row(relationship, book(accounts=[account()], activities=rows))

    assert said["reps_active_90d"] == 2.0


def test_new_contacts_were_entered_in_the_last_half_year() -> None:
    rows = [
        contact("c1", at=day(-180)),
        contact("c2", at=day(-181)),
        contact("c3", at=day(-20), left_at=day(-10)),
        contact("c4", at=day(0)),
        contact("c5", at=day(-20), recorded_at=day(0)),
    ]

    said = account_row(relationship, book(accounts=[account()], contacts=rows))

    assert said["new_contacts_180d"] == 2.0
