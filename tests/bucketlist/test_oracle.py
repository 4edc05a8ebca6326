from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bucketlist import oracle
from bucketlist.oracle import COLUMNS, OracleMoments, Question, oracle_frame
from features.crm.synthetic import WorldParams, make_world, regime
from features.crm.synthetic.forward import History, live_through, run_forward
from features.crm.synthetic.forward_tables import (
    LOOK_BACK_DAYS,
    Traces,
    _taken,
    forward_tables,
    past_traces,
    recent_traces,
)
from features.crm.synthetic.steps import DAY, day_number
from features.schema import AS_OF, ENTITY_ID, TIME
from features.snapshot import account_spine, deal_spine
from models.policy import LabelPolicy
from tests.bucketlist.fresh_worlds import (
    BUCKET_COLUMNS,
    DEAL_COLUMNS,
    HORIZON,
    KEYS,
    POLICY,
    asked,
    book_of,
    labels_of,
    silent,
)

DRAWS = 20
SMALL = regime("baseline", accounts=40, seed=5, years=2)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 6, tzinfo=UTC)
MARCH = datetime(2026, 3, 30, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
MOMENTS = OracleMoments(accounts=(APRIL, MAY), deals=(MARCH, JULY))


def told(params: WorldParams, moments: OracleMoments, draws: int = DRAWS) -> pl.DataFrame:
    return oracle_frame(params, moments, asked(draws), progress=silent)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return told(SMALL, MOMENTS)


def of(frame: pl.DataFrame, entity: str) -> pl.DataFrame:
    return frame.filter(pl.col("entity") == entity)


def keys_of(frame: pl.DataFrame) -> set[tuple[object, ...]]:
    return set(frame.select(KEYS).rows())


def test_the_frame_has_the_columns_of_the_contract_and_one_sorted_row_per_question(
    frame: pl.DataFrame,
) -> None:
    order = frame.select("entity", *KEYS)

    assert tuple(frame.columns) == COLUMNS
    assert frame.schema[AS_OF] == TIME
    assert frame.schema["draws"] == pl.Int64
    assert {frame.schema[name] for name in (*BUCKET_COLUMNS, *DEAL_COLUMNS)} == {pl.Float64()}
    assert order.equals(order.sort("entity", *KEYS))
    assert order.is_unique().all()


def test_the_four_of_an_account_sum_to_one_and_none_is_certain(frame: pl.DataFrame) -> None:
    accounts = of(frame, "account")
    four = accounts.select(BUCKET_COLUMNS).to_numpy()

    assert np.abs(four.sum(axis=1) - 1.0).max() <= 1e-9
    assert four.min() > 0.0
    assert four.max() < 1.0
    assert accounts["draws"].is_between(1, DRAWS).all()
    assert accounts.select(pl.all_horizontal(pl.col(DEAL_COLUMNS).is_null()).all()).item()


def test_a_deal_is_not_won_and_lost_at_once_nor_later_less_than_sooner(
    frame: pl.DataFrame,
) -> None:
    deals = of(frame, "deal").drop_nulls("p_won_by_period_end")
    won, lost = deals["p_won_by_period_end"], deals["p_lost"]
    counts = deals.select(pl.col(DEAL_COLUMNS) * (DRAWS + 1) - 0.5).to_numpy()

    # (w + 1/2) / (M + 1) + (l + 1/2) / (M + 1) with w + l <= M is at most 1.
    assert (won + lost).max() <= 1.0 + 1e-12  # type: ignore[operator]
    assert (deals["p_won_by_committed"] <= won + 1e-12).all()
    assert np.abs(counts - np.round(counts)).max() < 1e-9
    assert counts.min() > -1e-9
    assert counts.max() < DRAWS + 1e-9
    assert (of(frame, "deal")["draws"] == DRAWS).all()
    assert (
        of(frame, "deal").select(pl.all_horizontal(pl.col(BUCKET_COLUMNS).is_null()).all()).item()
    )


def test_every_account_of_the_crm_that_can_be_labelled_has_a_row_and_no_other(
    frame: pl.DataFrame,
) -> None:
    book = book_of(SMALL)
    # A second record of a customer is a mistake of the CRM: no account of the world.
    present = account_spine(book, MOMENTS.accounts).filter(~pl.col(ENTITY_ID).str.ends_with("-2"))
    labelled = labels_of(book, MOMENTS.accounts).drop_nulls("label")

    found, held = keys_of(of(frame, "account")), keys_of(present.collect())

    assert found <= held
    assert held - found <= held - keys_of(labelled)
    assert len(held - found) < 0.1 * len(held)


def test_every_open_deal_of_the_crm_has_a_row_and_no_other(frame: pl.DataFrame) -> None:
    spine = deal_spine(book_of(SMALL), MOMENTS.deals).collect()

    assert keys_of(of(frame, "deal")) == keys_of(spine)
    assert spine.height > 20


def test_renewals_are_foretold_like_other_deals(frame: pl.DataFrame) -> None:
    kinds = make_world(SMALL)["opportunities"].select(
        pl.col("opportunity_id").alias(ENTITY_ID), "type"
    )
    renewals = of(frame, "deal").join(kinds, on=ENTITY_ID).filter(pl.col("type") == "renewal")

    assert renewals.height >= 5
    assert renewals["p_won_by_period_end"].max() > 0.3  # type: ignore[operator]


def test_the_same_seed_gives_the_same_bits_and_another_does_not(frame: pl.DataFrame) -> None:
    again = told(SMALL, MOMENTS)
    other = told(replace(SMALL, seed=6), OracleMoments(accounts=(MAY,)))

    assert frame.equals(again)
    assert not of(frame, "account").filter(pl.col(AS_OF) == MAY).equals(other)


def test_asking_at_two_moments_is_asking_at_each_alone(frame: pl.DataFrame) -> None:
    alone = [
        told(SMALL, OracleMoments(accounts=(MAY,))),
        told(SMALL, OracleMoments(accounts=(APRIL,))),
        told(SMALL, OracleMoments(deals=(JULY,))),
        told(SMALL, OracleMoments(deals=(MARCH,))),
    ]

    assert pl.concat(alone).sort("entity", *KEYS).equals(frame)


def test_running_on_changes_nothing_in_the_history() -> None:
    history = live_through(SMALL, [MAY])
    kept = deepcopy(history)

    futures = run_forward(
        np.random.default_rng(1), history, MAY, worlds=3, until_day=day_number(date(2026, 8, 1))
    )

    assert futures.pipeline.deals.count > 3 * len(history.states[MAY].deals.open_deals())
    assert_same_state(history, kept)


def test_forward_worlds_begin_in_the_hidden_state_of_the_moment() -> None:
    params = replace(SMALL, accounts=200)
    history = live_through(params, [MAY])
    step = history.states[MAY].step

    futures = run_forward(
        np.random.default_rng(1), history, MAY, worlds=2, until_day=day_number(date(2026, 5, 9))
    )

    for name in ("intent", "difficulty", "responsiveness", "discipline", "volume"):
        ahead = getattr(futures.pipeline.world.latent, name)[0].reshape(2, params.accounts)
        then = getattr(history.world.latent, name)[step]
        for world in ahead:
            assert np.corrcoef(world, then)[0, 1] > 0.9, name
        assert not np.array_equal(ahead[0], ahead[1]), name


def test_what_was_on_its_way_when_worlds_part_arrives_in_all_of_them() -> None:
    history = live_through(replace(SMALL, billing=replace(SMALL.billing, credit=0.3)), [MAY])
    past, step = past_traces(history), history.states[MAY].step
    begins = int(MAY.timestamp() * 1e6)

    recent = recent_traces(history, past, MAY, approach_days=90)

    for log, whole in ((recent.activities, past.activities), (recent.invoices, past.invoices)):
        is_coming = (whole["moment"] >= begins) & (whole["step"] < step)
        is_coming &= (whole["automated"] == 0) if "automated" in whole.columns else True
        assert is_coming.any()
        assert (log["moment"] >= begins).sum() == is_coming.sum()
        assert log["step"].max() < step


def assert_same_state(history: History, kept: History) -> None:
    for now, then in (
        (history.states[MAY].deals, kept.states[MAY].deals),
        (history.states[MAY].portfolio, kept.states[MAY].portfolio),
        (history.states[MAY].portfolio.contracts, kept.states[MAY].portfolio.contracts),
        (history.pipeline.deals, kept.pipeline.deals),
        (history.world.latent, kept.world.latent),
        (history.world.reps, kept.world.reps),
    ):
        for one in fields(now):  # type: ignore[arg-type]
            value = getattr(now, one.name)
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, getattr(then, one.name), err_msg=one.name)


def test_no_moment_gives_no_row() -> None:
    nothing = told(SMALL, OracleMoments())

    assert nothing.height == 0
    assert tuple(nothing.columns) == COLUMNS


def test_a_crm_without_opportunities_is_told_no_deals() -> None:
    wholesaler = regime("transactional", accounts=25, seed=5, years=2)

    found = told(wholesaler, replace(MOMENTS, accounts=(MAY,)), draws=6)
    nothing = told(wholesaler, OracleMoments(deals=(MARCH,)), draws=6)

    assert set(found["entity"]) == {"account"}
    assert found.height > 10
    assert nothing.height == 0


def test_a_table_that_the_crm_does_not_keep_has_no_part_in_the_labels() -> None:
    sparse = regime("sparse", accounts=15, seed=5, years=2)
    history = live_through(sparse, [MAY])
    past = past_traces(history)
    futures = run_forward(
        np.random.default_rng(1), history, MAY, worlds=2, until_day=day_number(date(2026, 8, 1))
    )
    kept = forward_tables(np.random.default_rng(1), futures, past, end=history.world.steps.end)
    without = replace(SMALL, hidden=frozenset({"tickets"}))

    found, plain = told(without, replace(MOMENTS, accounts=(MAY,))), told(SMALL, MOMENTS)

    assert set(kept) == {"accounts", "opportunities", "contracts", "activities", "invoices"}
    assert of(found, "deal").equals(of(plain, "deal"))
    assert not of(found, "account").equals(of(plain, "account").filter(pl.col(AS_OF) == MAY))


def test_accounts_and_deals_of_every_block_are_called_as_in_the_export() -> None:
    several = replace(SMALL, accounts=24, block=8)
    moments = OracleMoments(accounts=(MAY,), deals=(MARCH,))
    lines: list[str] = []

    found = oracle_frame(several, moments, asked(DRAWS), progress=lines.append)
    first = told(replace(several, accounts=8), moments)

    spine = deal_spine(book_of(several), moments.deals).collect()
    accounts = set(make_world(several)["accounts"]["account_id"])
    numbered = pl.col(ENTITY_ID).str.contains("-")
    assert keys_of(of(found, "deal")) == keys_of(spine)
    assert set(of(found, "account")[ENTITY_ID]) <= accounts
    assert {name.split("-")[0] for name in found.filter(numbered)[ENTITY_ID]} >= {"A1", "A2", "O1"}
    assert_frame_equal(found.filter(~numbered), first)
    assert "oracle: block 3 of 3" in lines


@pytest.mark.parametrize(
    "hidden",
    [set(), {"contracts"}, {"opportunities", "activities"}, {"opportunities", "contracts"}],
)
def test_what_is_left_out_of_the_past_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch, hidden: set[str]
) -> None:
    params = replace(SMALL, accounts=25, hidden=frozenset(hidden))
    moments = OracleMoments(accounts=(MAY,))
    short = told(params, moments)
    monkeypatch.setattr(oracle, "recent_traces", whole_past)
    whole = told(params, moments)

    assert short.height > 10
    assert short.drop("expected_bookings").equals(whole.drop("expected_bookings"))
    assert_frame_equal(short, whole, rel_tol=1e-12)  # sums of money, in another order


def whole_past(history: History, past: Traces, moment: datetime, *, approach_days: int) -> Traces:
    """Everything that was set in motion before, as far back as anything looks."""
    step = history.states[moment].step
    since = (int(history.world.steps.day(step)) - LOOK_BACK_DAYS) * DAY
    logs = (past.activities, past.invoices, past.tickets, past.referrals)
    return Traces(*(_taken(log, log[log.columns[1]] >= since, step) for log in logs))


def test_a_question_without_draws_or_without_a_frozen_floor_is_refused() -> None:
    with pytest.raises(ValueError, match="draws of 1 or more, got 0"):
        Question(HORIZON, POLICY, draws=0)
    with pytest.raises(ValueError, match="frozen growth_floor, got None"):
        Question(HORIZON, LabelPolicy())
