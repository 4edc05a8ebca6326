from datetime import datetime, timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest

from features.calendar import Calendar
from models.policy import LabelPolicy
from tests.factories import (
    Cell,
    account,
    activity,
    book,
    closed,
    contract,
    day,
    deal,
    on,
    ticket,
)
from training.labels import bucket_labels
from training.labels.bucket import COLUMNS

Tables: TypeAlias = dict[str, Any]


HORIZON = timedelta(days=91)


def labels(
    rows: Tables,
    *moments: datetime,
    observed_until: datetime | None = None,
    policy: LabelPolicy | None = None,
) -> pl.DataFrame:
    of = book(accounts=[account()], observed_until=observed_until, **rows)
    as_ofs = list(moments) or [day(0)]
    spine = pl.LazyFrame(
        {"entity_id": ["acme"] * len(as_ofs), "as_of": as_ofs, "note": ["x"] * len(as_ofs)},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC"), "note": pl.String},
    )
    return bucket_labels(
        of, spine, horizon=HORIZON, policy=policy or LabelPolicy(), calendar=Calendar()
    )


def customer(**cells: Cell) -> Tables:
    """A customer with a quiet ticket log, answered touches and a won expansion."""
    return {
        "contracts": [contract(starts_on=on(-200), ends_on=on(500), annual_value=100.0, **cells)],
        "tickets": [ticket(at=day(-150))],
        "activities": [activity(at=day(i), answered=True) for i in (3, 10, 17, 24)],
        "opportunities": [
            closed("d", "won", at=day(30), type="expansion", discount_pct=0.0, amount=5.0)
        ],
    }


def test_the_frame_has_the_promised_columns_sorted_by_account_and_moment() -> None:
    found = labels(customer(), day(0), day(-31))

    assert tuple(found.columns) == COLUMNS
    assert found["as_of"].to_list() == [day(-31), day(0)]
    assert found["horizon_days"].to_list() == [91, 91]


@pytest.mark.parametrize(
    ("extra", "label", "weights"),
    [
        ({}, "steady", (1.0, 1.0, 1.0)),
        (
            {
                "contracts": [
                    contract(starts_on=on(-200), ends_on=on(500), annual_value=100.0),
                    contract(starts_on=on(20), ends_on=on(400), annual_value=10.0),
                ]
            },
            "a_list",
            (1.0, 1.0, 1.0),
        ),
        (
            {
                "tickets": [ticket(at=day(-150)), *(ticket(at=day(i)) for i in range(1, 60, 3))],
                "opportunities": [closed("d", "won", at=day(30), discount_pct=30.0)],
            },
            "pain",
            (1.0, 1.0, 0.0),
        ),
        ({"opportunities": [deal(at=day(-10))]}, "walk_away", (1.0, 0.0, 0.0)),
        ({"activities": [], "opportunities": [], "tickets": []}, None, (0.0, 0.0, 0.0)),
        # one item of several: friction is missing, and with it the label, but not the walk head
        (
            {"activities": [], "tickets": [ticket(at=day(10))]},
            None,
            (1.0, 0.0, 0.0),
        ),
    ],
)
def test_each_bucket_has_its_account_and_each_head_its_rows(
    extra: Tables, label: str | None, weights: tuple[float, float, float]
) -> None:
    found = labels({**customer(), **extra})

    assert found["label"].item() == label
    assert found.select("weight_walk", "weight_pain", "weight_a_list").row(0) == weights


@pytest.mark.parametrize(
    ("observed", "mature"), [(day(91), True), (day(91) - timedelta(microseconds=1), False)]
)
def test_a_label_is_null_until_its_window_has_passed_entirely(
    *, observed: datetime, mature: bool
) -> None:
    found = labels(customer(), observed_until=observed)

    assert found["label_mature"].item() is mature
    assert (found["label"].item() is not None) is mature
    assert (found["weight_walk"].item() == 1.0) is mature


def test_a_self_renewer_neither_grows_nor_is_spoken_to() -> None:
    quiet = {
        **customer(),
        "activities": [activity(at=day(1))],
        "opportunities": [],
        "contracts": [
            contract(starts_on=on(-300), ends_on=on(60), annual_value=100.0, renewed_at=day(50)),
            contract(starts_on=on(61), ends_on=on(400), annual_value=100.0),
        ],
    }
    grown = {
        **quiet,
        "contracts": [
            contract(starts_on=on(-300), ends_on=on(60), annual_value=100.0, renewed_at=day(50)),
            contract(starts_on=on(61), ends_on=on(400), annual_value=105.0),
        ],
    }

    found = [labels(rows)["is_self_renewer"].item() for rows in (quiet, grown, customer())]

    assert found == [True, False, None]


def test_a_frozen_floor_holds_for_every_spine() -> None:
    rows = {
        **customer(),
        "contracts": [contract(starts_on=on(5), ends_on=on(500), annual_value=9.0)],
    }

    measured = labels(rows)["growth"].item()
    frozen = labels(rows, policy=LabelPolicy(growth_floor=18.0))["growth"].item()

    assert measured is None
    assert frozen == 0.5


def test_an_empty_spine_has_no_labels() -> None:
    of = book(accounts=[account()])
    spine = pl.LazyFrame(schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")})

    found = bucket_labels(of, spine, horizon=HORIZON, policy=LabelPolicy(), calendar=Calendar())

    assert found.is_empty()
    assert tuple(found.columns) == COLUMNS


def test_a_horizon_of_nothing_is_refused() -> None:
    spine = pl.LazyFrame(schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")})

    with pytest.raises(ValueError, match="expected a horizon above zero"):
        bucket_labels(
            book(accounts=[account()]),
            spine,
            horizon=timedelta(0),
            policy=LabelPolicy(),
            calendar=Calendar(),
        )
