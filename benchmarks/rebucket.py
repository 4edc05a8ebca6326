"""A policy changed without retraining: how fast, and how near to a model trained with it.

`python -m benchmarks.rebucket [--accounts 600] [--seeds 1 2 3] [--page docs/policy-changes.md]`

Speed: accounts and past periods of no meaning, as many as asked for, re-bucketed under a moved
threshold. Truth: synthetic worlds are walked through forward in time under the policy and under
the changed one. At each origin the accounts are re-bucketed with what had matured before it, and
the log loss against the labels of the changed policy stands beside that of the model trained with
it, of the probabilities left as they were, and of the changed policy's constant.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from features.schema import AS_OF, ENTITY_ID
from models.analogs import MOST, NEAREST, make_analogs
from models.policy import LabelPolicy, Policy
from models.policy.relabel import FACTS
from models.rebucket import rebucketed
from training.bucket_contest import bucket_contest
from training.components import EXPECTED
from training.config import Experiment
from training.contest import Contest
from training.intervals import Figure, Floats, paired_gain
from training.judgement import row_losses
from training.scores import BUCKET_COLUMNS

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "rebucket.json"
OBSERVED_UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
CHANGES: Mapping[str, LabelPolicy] = {
    "pain from friction .50 (was .42)": LabelPolicy(pain_at_least=0.50),
    "A-list from growth .15 (was .04)": LabelPolicy(a_list_growth_at_least=0.15),
    "A-list below friction .25 (was .36)": LabelPolicy(a_list_friction_below=0.25),
}

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Walked:
    """The judged rows of one contest, in the order of account and moment."""

    rows: pl.DataFrame
    p: pl.DataFrame
    constant: pl.DataFrame
    contest: Contest


@dataclass(frozen=True, slots=True)
class Trial:
    """Mean log loss of the same rows; gains are of re-bucketing, above 0 where it is better."""

    change: str
    rows: int
    moved: float
    retrained: float
    rebucketed: float
    unchanged: float
    constant: float
    gain_over_unchanged: tuple[float, float, float]
    gain_over_retrained: tuple[float, float, float]


def speed(accounts: int, periods: int, seed: int) -> Json:
    """Seconds to find the neighbours of accounts, once, and to re-bucket them all."""
    draws = np.random.default_rng(seed)
    analogs = make_analogs(_told(draws, periods), _facts(draws, periods), possible_items=5)
    told = _told(draws, accounts)
    began = time.perf_counter()
    neighbours = analogs.nearest(told)
    found = time.perf_counter()
    asked = LabelPolicy(pain_at_least=0.50)
    moved = rebucketed(told, neighbours, analogs, served=LabelPolicy(), asked=asked)
    done = time.perf_counter()
    before = told.select(BUCKET_COLUMNS).to_numpy()
    return {
        "accounts": accounts,
        "periods": analogs.facts.height,
        "nearest": NEAREST,
        "neighbours_seconds": round(found - began, 2),
        "rebucket_seconds": round(done - found, 3),
        "largest_move": round(float(np.abs(moved.to_numpy() - before).max()), 3),
    }


def trials(accounts: int, seeds: Sequence[int]) -> list[Trial]:
    """Every change on the same worlds, pooled."""
    parts: dict[str, list[tuple[pl.Series, dict[str, Floats], float]]] = {}
    for seed in seeds:
        base = _walked(accounts, seed, LabelPolicy())
        for name, policy in CHANGES.items():
            say(f"world {seed}, {name}")
            changed = _walked(accounts, seed, policy)
            parts.setdefault(name, []).append(_compared(base, changed, policy, seed=seed))
    return [_trial(name, found) for name, found in parts.items()]


def _walked(accounts: int, seed: int, label: LabelPolicy) -> Walked:
    world = make_world(WorldParams(accounts=accounts, seed=seed))
    tables = {name: table.lazy() for name, table in world.items()}
    book = make_book(tables, observed_until=OBSERVED_UNTIL)
    experiment = replace(Experiment(), heads=("bucket",))
    policy = Policy(label=label)
    contest = bucket_contest(
        book, experiment, policy, calendar=Calendar(), progress=lambda line: say(f"  {line}")
    )
    judged = contest.judged
    return Walked(
        judged.rows,
        judged.by_model[contest.judgement.served],
        judged.by_model["constant"],
        contest,
    )


def _compared(
    base: Walked, changed: Walked, policy: LabelPolicy, *, seed: int
) -> tuple[pl.Series, dict[str, Floats], float]:
    """Accounts, losses by way, and the share of rows whose label moved; rows that both judge."""
    horizon = base.contest.plan.horizon.length
    served = base.contest.policy.label
    asked = replace(policy, growth_floor=served.growth_floor)
    told = base.p.hstack(_expected(base.rows))
    pieces = []
    for origin in base.rows["origin"].unique().sort():
        past = base.rows.select(pl.col(AS_OF) + horizon <= origin).to_series()
        here = base.rows["origin"] == origin
        if past.sum() < NEAREST:
            continue
        analogs = make_analogs(
            told.filter(past),
            base.rows.filter(past).select(list(FACTS)),
            possible_items=_possible(base),
        )
        block = told.filter(here)
        p = rebucketed(block, analogs.nearest(block), analogs, served=served, asked=asked)
        pieces.append(base.rows.filter(here).select(ENTITY_ID, AS_OF, "label").hstack(p))
    ours = pl.concat(pieces)
    keys = [ENTITY_ID, AS_OF]
    beside = {
        "retrained": changed.rows.select(*keys, pl.col("label").alias("truth")).hstack(changed.p),
        "unchanged": base.rows.select(keys).hstack(base.p),
        "constant": changed.rows.select(keys).hstack(changed.constant),
    }
    joined = ours
    for name, frame in beside.items():
        renamed = frame.rename({column: f"{name}_{column}" for column in BUCKET_COLUMNS})
        joined = joined.join(renamed, on=keys, how="inner", maintain_order="left")
    numbers = {column.removeprefix("p_"): n for n, column in enumerate(BUCKET_COLUMNS)}
    truth = joined["truth"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
    ways = {"rebucketed": list(BUCKET_COLUMNS)} | {
        name: [f"{name}_{column}" for column in BUCKET_COLUMNS] for name in beside
    }
    losses = {
        name: row_losses(truth, joined.select(columns).to_numpy()) for name, columns in ways.items()
    }
    moved = float((joined["truth"] != joined["label"]).mean() or 0.0)
    return joined[ENTITY_ID] + f"-{seed}", losses, moved


def _rounded(found: Figure) -> tuple[float, float, float]:
    value, low, high = (round(part or 0.0, 4) for part in (found.value, found.low, found.high))
    return value, low, high


def _possible(walked: Walked) -> int:
    analogs = walked.contest.analogs
    return 0 if analogs is None else analogs.possible_items


def _trial(name: str, found: Sequence[tuple[pl.Series, dict[str, Floats], float]]) -> Trial:
    accounts = pl.concat([part[0] for part in found])
    losses = {way: np.concatenate([part[1][way] for part in found]) for way in found[0][1]}
    mean = {way: round(float(loss.mean()), 4) for way, loss in losses.items()}
    gains = {
        way: paired_gain(losses["rebucketed"], losses[way], accounts, seed=7)
        for way in ("unchanged", "retrained")
    }
    told = {way: _rounded(gain.figure) for way, gain in gains.items()}
    weight = [len(part[0]) for part in found]
    return Trial(
        change=name,
        rows=sum(weight),
        moved=round(float(np.average([part[2] for part in found], weights=weight)), 3),
        retrained=mean["retrained"],
        rebucketed=mean["rebucketed"],
        unchanged=mean["unchanged"],
        constant=mean["constant"],
        gain_over_unchanged=told["unchanged"],
        gain_over_retrained=told["retrained"],
    )


def page(result: Json) -> str:
    """The document, from the result file alone."""
    quick = result["speed"]
    assert isinstance(quick, dict)  # noqa: S101  our own file
    rows = "\n".join(
        f"| {t['change']} | {t['rows']:,} | {t['moved']:.0%} | {t['constant']:.3f} | "
        f"{t['unchanged']:.3f} | {t['rebucketed']:.3f} | {t['retrained']:.3f} | "
        f"{_interval(t['gain_over_unchanged'])} | {_interval(t['gain_over_retrained'])} |"
        for t in result["trials"]  # type: ignore[attr-defined]  # our own file
    )
    return f"""\
# A policy change without retraining

`bucketlist policy diff A B` tells who would move between buckets when a threshold, a weight or a \
cap of the policy moves. Nothing is trained: of each account's {quick["nearest"]} most similar \
past periods, those with one label are labelled anew, and the share of them that gets another \
label is the share of that probability which moves (`models/rebucket.py`).

**Speed.** {quick["accounts"]:,} accounts beside {quick["periods"]:,} past periods: \
{quick["rebucket_seconds"]:.2f} s for each move of a threshold. The similar periods are found \
once, when the book is scored ({quick["neighbours_seconds"]:.1f} s), and stored with the snapshot.

**Truth.** Synthetic worlds of {result["accounts"]} accounts, seeds {result["seeds"]}, forward in \
time; at each origin only periods that had matured before it are looked at. Log loss against the \
labels of the changed policy; gains in log loss with their 90 % interval by account, above 0 where \
re-bucketing is better.

| change | rows | labels that move | constant | left as it was | re-bucketed | retrained | gain \
over left | gain over retrained |
|---|---|---|---|---|---|---|---|---|
{rows}

To do it again: `python -m benchmarks.rebucket --page docs/policy-changes.md`.
"""


def _interval(gain: Sequence[float]) -> str:
    return f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"


def _expected(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.select(pl.col(f"^{EXPECTED}.*$"))
    return told.rename({name: name.removeprefix(EXPECTED) for name in told.columns})


def _told(draws: np.random.Generator, rows: int) -> pl.DataFrame:
    p = pl.DataFrame(draws.dirichlet((2.0, 1.0, 2.0, 1.0), rows), schema=list(BUCKET_COLUMNS))
    return p.with_columns(
        pl.Series("growth", draws.normal(0.1, 0.2, rows)),
        pl.Series("friction", draws.beta(2, 4, rows)),
        pl.Series("bookings", draws.lognormal(9, 1, rows)),
        pl.Series("hours", draws.lognormal(2, 1, rows)),
    )


def _facts(draws: np.random.Generator, rows: int) -> pl.DataFrame:
    columns = {
        name: draws.random(rows) < 0.5 if dtype == pl.Boolean else draws.random(rows) * 10
        for name, dtype in FACTS.items()
    }
    return pl.DataFrame(columns, schema=FACTS)


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result file and, with --page, the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rebucket")
    parser.add_argument("--accounts", type=int, default=600, help="of each world")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--page", type=Path, help="document to write")
    asked = parser.parse_args(arguments)
    result: Json = {
        "speed": speed(50_000, MOST, seed=7),
        "accounts": asked.accounts,
        "seeds": ", ".join(map(str, asked.seeds)),
        "trials": [asdict(trial) for trial in trials(asked.accounts, asked.seeds)],
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(page(result))
    if asked.page:
        asked.page.write_text(page(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
