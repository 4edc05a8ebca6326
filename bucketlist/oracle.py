"""Oracle: what could have been known at a moment, by running the world on from there many times.

Its probabilities are those of a forecaster who sees the whole hidden state and knows the rules.
No model can be better on average; how close one comes is its share of oracle skill.
Source: design, method §11.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic.blocks import sized, told_apart
from features.crm.synthetic.deal_tables import deal_order
from features.crm.synthetic.deals import LOST, WON
from features.crm.synthetic.forward import Futures, History, live_through, run_forward
from features.crm.synthetic.forward_tables import (
    Traces,
    forward_tables,
    ids,
    past_traces,
    recent_traces,
)
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.steps import EPOCH, NEVER, day_number, to_day
from features.crm.synthetic.tables import ACCOUNT_IDS, DEAL_IDS
from features.schema import AS_OF, ENTITY_ID, TIME
from models.policy import BUCKETS, LabelPolicy
from training.labels import bucket_labels

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DRAWS = 400
WORLD_ACCOUNTS_AT_ONCE = 40_000
"""Accounts of forward worlds in memory at a time."""
DEAL_WEEKS_AT_MOST = 78
"""Committed dates beyond have no probability: hardly any deal has one."""
BUCKET_COLUMNS = tuple(f"p_{bucket}" for bucket in BUCKETS)
EXPECTED_BOOKINGS = "expected_bookings"
DEAL_COLUMNS = ("p_won_by_committed", "p_won_by_period_end", "p_lost")
COLUMNS = (
    "entity", ENTITY_ID, AS_OF, *BUCKET_COLUMNS, EXPECTED_BOOKINGS, *DEAL_COLUMNS, "draws",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OracleMoments:
    """When the oracle is asked: beginnings of weeks or months, inside the history.

    Attributes:
        accounts: moments at which buckets are foretold.
        deals: moments at which the ends of open deals are.
    """

    accounts: tuple[datetime, ...] = ()
    deals: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """How outcomes are judged.

    Attributes:
        horizon: length of the label window.
        policy: with a frozen growth floor.
        calendar: days and fiscal quarters.
        draws: forward worlds for each moment.
    """

    horizon: timedelta
    policy: LabelPolicy
    calendar: Calendar = field(default_factory=Calendar)
    draws: int = DRAWS

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ValueError(f"expected draws of 1 or more, got {self.draws}")
        if self.policy.growth_floor is None:
            raise ValueError("expected a policy with a frozen growth_floor, got None")


def oracle_frame(
    params: WorldParams,
    moments: OracleMoments,
    question: Question,
    *,
    progress: Callable[[str], None],
) -> pl.DataFrame:
    """Foretell every account and open deal of a world at each moment.

    Returns:
        `COLUMNS`, sorted by entity, entity_id and as_of, one row per account that the CRM holds,
        or open deal. The four of an account sum to 1 and are those of the labels that can be
        told; `draws` counts the worlds in which one could, and with none the row is absent.
        `expected_bookings` is the mean of what it books in those. A probability of a date beyond
        the end of the history, or `DEAL_WEEKS_AT_MOST`, is null.

    Raises:
        ValueError: for a moment at which the world does not stand still, or one of accounts whose
            label window ends after the history.
    """
    _refuse_cut_windows(params, moments, question)
    sizes = sized(params.accounts, params.block)
    frames = []
    for block, accounts in enumerate(sizes):
        if len(sizes) > 1:
            progress(f"oracle: block {block + 1} of {len(sizes)}")
        one = replace(params, accounts=accounts)
        found = _block_frame(one, moments, question, block=block, progress=progress)
        frames.append(told_apart({"oracle": found}, block)["oracle"])
    return pl.concat(frames).sort("entity", ENTITY_ID, AS_OF)


def _block_frame(
    params: WorldParams,
    moments: OracleMoments,
    question: Question,
    *,
    block: int,
    progress: Callable[[str], None],
) -> pl.DataFrame:
    """The answers about one block of a world, under the names that it has by itself."""
    history = live_through(params, [*moments.accounts, *moments.deals], block=block)
    past = past_traces(history)
    frames = []
    for number, moment in enumerate(moments.accounts, 1):
        frames.append(_accounts_at(history, past, moment, question))
        progress(f"oracle: accounts at {moment:%Y-%m-%d}, {number} of {len(moments.accounts)}")
    if "opportunities" not in params.hidden:
        for number, moment in enumerate(moments.deals, 1):
            frames.append(_deals_at(history, moment, question))
            progress(f"oracle: deals at {moment:%Y-%m-%d}, {number} of {len(moments.deals)}")
    return pl.concat([_conformed(pl.DataFrame()).clear(), *map(_conformed, frames)])


def _refuse_cut_windows(params: WorldParams, moments: OracleMoments, question: Question) -> None:
    for moment in moments.accounts:
        ends = (moment + question.horizon).astimezone(UTC)
        if ends.date() > params.until:
            raise ValueError(
                f"expected label windows that end by {params.until}, got {moment:%Y-%m-%d} and "
                f"{question.horizon.days} days, which end on {ends:%Y-%m-%d}"
            )


def frozen(policy: LabelPolicy, floor: float) -> LabelPolicy:
    """The policy with its growth floor as a number; a CRM without any reference has a tiny one."""
    return replace(policy, growth_floor=floor if floor > 0 else 1e-9)


def _accounts_at(
    history: History, past: Traces, moment: datetime, question: Question
) -> pl.DataFrame:
    """Probabilities of the four buckets of every account at one moment."""
    accounts = history.world.accounts
    step = history.states[moment].step
    present = np.flatnonzero(accounts.present(step - 1))
    until = moment + question.horizon
    approach = question.policy.renewal_approach_days
    recent = recent_traces(history, past, moment, approach_days=approach)
    counts = np.zeros((accounts.count, len(BUCKETS)), dtype=np.int64)
    booked = np.zeros(accounts.count)
    for rng, worlds in _chunks(history, moment, question.draws, salt=0):
        futures = run_forward(
            rng,
            history,
            moment,
            worlds=worlds,
            until_day=day_number(until.date()) + 1,
        )
        tables = forward_tables(rng, futures, recent, end=history.world.steps.end)
        book = make_book(tables, observed_until=max(until, moment))
        rows = (np.arange(worlds)[:, None] * accounts.count + present).ravel()
        spine = pl.DataFrame({ENTITY_ID: ids(rows)}).with_columns(
            pl.lit(moment).cast(TIME).alias(AS_OF)
        )
        labels = bucket_labels(
            book,
            spine.lazy(),
            horizon=question.horizon,
            policy=question.policy,
            calendar=question.calendar,
        )
        told = labels.filter(pl.col("label").is_not_null())
        counts += _counted(told, accounts.count)
        booked += _booked(told, accounts.count)
    known = counts.sum(axis=1)
    some = present[known[present] > 0]
    chances = (counts[some] + 0.5) / (known[some] + 0.5 * len(BUCKETS))[:, None]
    columns = {name: chances[:, place] for place, name in enumerate(BUCKET_COLUMNS)}
    return pl.DataFrame(
        {
            "entity": "account",
            ENTITY_ID: ACCOUNT_IDS.of(some),
            "draws": known[some],
            EXPECTED_BOOKINGS: booked[some] / known[some],
            **columns,
        }
    ).with_columns(pl.lit(moment).cast(TIME).alias(AS_OF))


def _counted(told: pl.DataFrame, accounts: int) -> Ints:
    """How often each account got each label: (accounts, buckets)."""
    account = told[ENTITY_ID].cast(pl.Int64).to_numpy() % accounts
    bucket = told["label"].cast(pl.Enum(BUCKETS)).to_physical().to_numpy().astype(np.int64)
    cells = np.bincount(account * len(BUCKETS) + bucket, minlength=accounts * len(BUCKETS))
    return cells.reshape(accounts, len(BUCKETS))


def _booked(told: pl.DataFrame, accounts: int) -> Floats:
    """What each account booked in all worlds together, in base currency."""
    account = told[ENTITY_ID].cast(pl.Int64).to_numpy() % accounts
    amounts = told["bookings"].cast(pl.Float64).fill_null(0.0).to_numpy()
    return np.bincount(account, amounts, minlength=accounts).astype(np.float64)


def _deals_at(history: History, moment: datetime, question: Question) -> pl.DataFrame:
    """Probabilities of the ends of every open deal at one moment."""
    state = history.states[moment]
    is_open = state.deals.closed == NEVER
    committed = state.deals.close_day[is_open]
    period = _period_ends(committed, question.calendar)
    today = day_number(moment.astimezone(UTC).date())
    reach = min(
        int(max(committed.max(initial=0), period.max(initial=0))) + 1,
        today + 7 * DEAL_WEEKS_AT_MOST,
        int(history.world.steps.edges[-1]),
    )
    counts = np.zeros((3, int(is_open.sum())), dtype=np.int64)
    for rng, worlds in _chunks(history, moment, question.draws, salt=1):
        futures = run_forward(rng, history, moment, worlds=worlds, until_day=max(reach, today + 7))
        counts += _ends(futures, committed, period)
    chances = (counts + 0.5) / (question.draws + 1)
    is_told = np.stack([committed < reach, period < reach, period < reach])
    chances = np.where(is_told, chances, np.nan)
    rank = deal_order(history.pipeline)[np.flatnonzero(is_open)]
    columns = {name: chances[place] for place, name in enumerate(DEAL_COLUMNS)}
    draws = np.full(len(rank), question.draws)
    return pl.DataFrame(
        {"entity": "deal", ENTITY_ID: DEAL_IDS.of(rank), "draws": draws, **columns}
    ).with_columns(pl.lit(moment).cast(TIME).alias(AS_OF), pl.col(DEAL_COLUMNS).fill_nan(None))


def _ends(futures: Futures, committed: Ints, period: Ints) -> Ints:
    """In how many worlds each open deal is won by its date, won and lost by its period's end."""
    deals, known = futures.pipeline.deals, futures.deal
    shared = np.flatnonzero(known >= 0).reshape(futures.worlds, -1)
    is_open = futures.was_open.reshape(futures.worlds, -1)[0]
    shared = shared[:, is_open]
    closed, stage = to_day(deals.closed[shared]), deals.stage[shared]
    is_over = deals.closed[shared] != NEVER
    won, lost = is_over & (stage == WON), is_over & (stage == LOST)
    return np.stack(
        [
            (won & (closed <= committed)).sum(axis=0),
            (won & (closed <= period)).sum(axis=0),
            (lost & (closed <= period)).sum(axis=0),
        ]
    )


def _period_ends(days: Ints, calendar: Calendar) -> Ints:
    """The last day of the fiscal quarter that contains each day."""
    dates = [EPOCH + timedelta(days=int(day)) for day in days]
    return np.array([day_number(calendar.quarter_end_of(one)) for one in dates], dtype=np.int64)


def _chunks(
    history: History, moment: datetime, draws: int, *, salt: int
) -> list[tuple[np.random.Generator, int]]:
    """Forward worlds in parts that fit into memory, each with a generator of its own."""
    size = max(1, WORLD_ACCOUNTS_AT_ONCE // history.world.accounts.count)
    parts = [min(size, draws - start) for start in range(0, draws, size)]
    day = day_number(moment.astimezone(UTC).date())
    seeds = np.random.SeedSequence(
        history.world.params.seed, spawn_key=(1_000, history.block, salt, day)
    ).spawn(len(parts))
    return [(np.random.default_rng(seed), part) for seed, part in zip(seeds, parts, strict=True)]


def _conformed(frame: pl.DataFrame) -> pl.DataFrame:
    kinds = pl.Schema({name: pl.Float64() for name in COLUMNS}) | {
        "entity": pl.String(),
        ENTITY_ID: pl.String(),
        AS_OF: TIME,
        "draws": pl.Int64(),
    }
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(kinds[name]).alias(name)
        for name in COLUMNS
    )
