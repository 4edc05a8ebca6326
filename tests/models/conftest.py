from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from features.feature import Feature
from models.analogs import Analogs, make_analogs
from models.booster import Booster, BoosterParams, Objective, fit_booster
from models.bucket import BucketModel
from models.bundle import write_bundle
from models.card import DataUsed, ModelCard
from models.components import ComponentHead, ComponentModel
from models.contract import FeatureContract, contract_of
from models.golden import GoldenDeals, GoldenRows, golden_rows
from models.grid import TARGET_NAMES, Grid
from models.head import Head
from models.logistic import LogisticHead
from models.policy import Policy
from models.policy.relabel import FACTS
from models.slip import SlipModel

NAMES = ("replies", "silence", "spend")


@dataclass(frozen=True, slots=True)
class Parts:
    bucket: BucketModel
    slip: SlipModel
    components: ComponentModel
    analogs: Analogs
    X: pl.DataFrame
    state: pl.DataFrame
    card: ModelCard
    contract: FeatureContract
    golden: GoldenRows


def feature(name: str, concept: str = "engagement", **changed: object) -> Feature:
    entry = {
        "name": name,
        "meaning": f"what {name} counts",
        "unit": "count",
        "concept": concept,
        "needs": (),
        "null_means": "not recorded",
        "sentence": "{value} " + name + "; similar accounts {peer}",
    }
    return Feature(**(entry | changed))  # type: ignore[arg-type]


def table(rows: int, *, seed: int, names: tuple[str, ...] = NAMES) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(names))).astype(np.float32)
    frame = pl.DataFrame(values, schema=list(names), orient="row")
    return frame.with_columns(
        pl.when(pl.Series(rng.random(rows) < 0.1))
        .then(None)
        .otherwise(pl.col(names[0]))
        .alias(names[0])
    )


def grown(X: pl.DataFrame, *, seed: int, pull: str = "silence") -> Booster:
    odds = X[pull].to_numpy().astype(np.float64)
    y = np.random.default_rng(seed).random(len(odds)) < 1 / (1 + np.exp(-1.5 * odds))
    return fit_booster(X, y, params=BoosterParams(leaves=4, rounds=12, min_leaf=20, seed=seed))


def grown_for(X: pl.DataFrame, objective: Objective, *, pull: str) -> Booster:
    """A booster of another objective, whose outcome rises with `pull`."""
    y = 1 / (1 + np.exp(-X[pull].to_numpy().astype(np.float64)))
    params = BoosterParams(objective=objective, leaves=4, rounds=12, min_leaf=20, seed=1)
    return fit_booster(X, y, params=params)


def past_windows(rows: int) -> pl.DataFrame:
    """As many past windows: won and lost in turn, growing from -.5 to .5."""
    cells: dict[str, pl.Series] = {
        name: pl.Series([True] * rows if dtype == pl.Boolean else [None] * rows, dtype=dtype)
        for name, dtype in FACTS.items()
    }
    cells["is_won"] = pl.Series([row % 2 == 0 for row in range(rows)], dtype=pl.Boolean)
    cells["growth"] = pl.Series(np.linspace(-0.5, 0.5, rows))
    cells["late_days"] = pl.Series([float(row % 20) for row in range(rows)])
    return pl.DataFrame(cells)


def boosted(name: str, X: pl.DataFrame, *, pull: str = "silence") -> Head:
    boosters = tuple(grown(X, seed=seed, pull=pull) for seed in range(3))
    return Head(name, tuple(X.columns), boosters=boosters)


def regression(names: tuple[str, ...]) -> LogisticHead:
    zeros, ones = (0.0,) * len(names), (1.0,) * len(names)
    return LogisticHead(
        names=names,
        medians=zeros,
        lows=(-3.0,) * len(names),
        highs=(3.0,) * len(names),
        means=zeros,
        scales=ones,
        coefficients=tuple(0.3 * (place + 1) for place in range(len(names))),
        flags=(0.2,) * len(names),
        rates=(0.1,) * len(names),
        intercept=-0.4,
    )


def deals(rows: int, *, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    as_of = [start + timedelta(days=int(day)) for day in rng.integers(0, 700, rows)]
    committed = [
        None if rng.random() < 0.1 else moment.date() + timedelta(days=int(rng.integers(-40, 500)))
        for moment in as_of
    ]
    return pl.DataFrame(
        {"as_of": as_of, "committed_on": committed},
        schema={"as_of": pl.Datetime("us", "UTC"), "committed_on": pl.Date},
    )


@pytest.fixture(scope="session")
def bucket() -> BucketModel:
    X = table(800, seed=1)
    blend = Head(
        "pain",
        NAMES,
        boosters=boosted("pain", X, pull="spend").boosters,
        logistic=regression(NAMES),
    )
    constant = Head("a_list", NAMES, constant=-1.0, note="too few")
    return BucketModel("blend", NAMES, boosted("walk", X), blend, constant)


@pytest.fixture(scope="session")
def slip() -> SlipModel:
    names = (*NAMES, *TARGET_NAMES)
    X = table(1_500, seed=2, names=names)
    grid = Grid((*range(1, 27), 30, 34, 38))
    return SlipModel(
        kind="lightgbm",
        names=NAMES,
        grid=grid,
        baseline=tuple(-2.5 + 0.02 * step for step in range(grid.steps)),
        close=boosted("close", X),
        win=boosted("win", X, pull="spend"),
    )


@pytest.fixture(scope="session")
def components() -> ComponentModel:
    X = table(800, seed=1)
    return ComponentModel(
        NAMES,
        {
            "no_win": ComponentHead(grown(X, seed=1)),
            "growth": ComponentHead(grown_for(X, "regression", pull="spend")),
            "bookings": ComponentHead(grown_for(X, "tweedie", pull="spend"), scale=5_000.0),
            "advocate": ComponentHead(None, constant=0.1, note="too few"),
        },
    )


@pytest.fixture(scope="session")
def parts(bucket: BucketModel, slip: SlipModel, components: ComponentModel) -> Parts:
    X, state = table(60, seed=3), deals(60, seed=4)
    features = [feature(name) for name in NAMES]
    contract = contract_of(features, features)
    return Parts(
        bucket=bucket,
        slip=slip,
        components=components,
        analogs=make_analogs(
            bucket.predict(X).hstack(components.predict(X)), past_windows(60), possible_items=1
        ),
        X=X,
        state=state,
        card=ModelCard(
            version=None,
            trained_at=datetime(2026, 1, 5, tzinfo=UTC),
            experiment="default",
            data_used=DataUsed(
                observed_until=datetime(2026, 1, 1, tzinfo=UTC),
                digest="d" * 64,
                tables={"accounts": 60},
                account_rows=800,
                accounts=60,
                deal_rows=1_500,
                deals=300,
            ),
            policy_hash="",
            contract_hash="",
            horizon_weeks=26,
            bucket_kind="blend",
            slip_kind="lightgbm",
            tau={"a_list": 0.7},
        ),
        contract=contract,
        golden=golden_rows(
            Calendar(fiscal_year_start_month=2),
            bucket=bucket,
            components=components,
            accounts=X,
            slip=slip,
            deals=GoldenDeals(X, state),
        ),
    )


@pytest.fixture(scope="session")
def bundle_folder(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "sound"
    write_bundle(
        folder,
        bucket=parts.bucket,
        slip=parts.slip,
        card=parts.card,
        contract=parts.contract,
        golden=parts.golden,
        policy=Policy(),
        components=parts.components,
        analogs=parts.analogs,
    )
    return folder
