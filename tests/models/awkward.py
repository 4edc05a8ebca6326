"""Awkward trees and values: whatever LightGBM can be made to grow and be asked about."""

import re
from dataclasses import replace

import numpy as np
import polars as pl

from models.booster import Booster, BoosterParams, Nature, booster_from_text, fit_booster

DEAL = ("amount", "pushes", "silence", "stage")
STEP = ("week", "to_go", "is_near")
CODES = 45  # more than one word of bits
STEPS = 6
TEN_TREES = BoosterParams(rounds=10, min_leaf=4, learning_rate=0.4)


def grown(seed: int, *, params: BoosterParams = TEN_TREES) -> Booster:
    """Trees over zeros, nulls, codes and numbers, which treat what is missing in every way."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 7)).astype(np.float32)
    X[:, 1] = np.maximum(rng.integers(-4, 5, 600), 0)
    X[:, 3] = rng.integers(0, CODES, 600)
    X[:, 4] = rng.integers(1, STEPS + 1, 600)
    X[:, 6] = rng.random(600) < 0.3
    X[rng.random(X.shape) < 0.1] = np.nan
    odds = np.nan_to_num(X[:, 0] * X[:, 5] + X[:, 1] - (X[:, 3] % 3) + X[:, 2] * (X[:, 4] > 3))
    y = rng.random(600) < 1 / (1 + np.exp(-odds))
    booster = fit_booster(
        pl.DataFrame(X, schema=[*DEAL, *STEP], orient="row"),
        y,
        params=replace(params, seed=seed),
        nature=Nature(categories=frozenset({"stage"})),
    )
    return booster_from_text(missing_otherwise(booster.text(), rng))


def missing_otherwise(text: str, rng: np.random.Generator) -> str:
    """The same trees with other bits for what is missing; splits by category stay."""

    def drawn(found: re.Match[str]) -> str:
        kinds = found[1].split()
        other = [k if int(k) % 2 else str(rng.choice([0, 2, 4, 6, 8, 10])) for k in kinds]
        return f"decision_type={' '.join(other)}"

    unsized = re.sub(r"tree_sizes=.*\n", "", text)
    return re.sub(r"decision_type=(.*)", drawn, unsized)


def awkward(booster: Booster, count: int, rng: np.random.Generator) -> np.ndarray:
    """Values at thresholds and a hair beside them, nearly zero, beyond every code, not known."""
    told = [t for line in re.findall(r"threshold=(.*)", booster.text()) for t in line.split()]
    at = np.array([float(number) for number in told], dtype=np.float32)
    near_zero = [0.0, -0.0, 1e-40, -1e-40, 1e-36, 1e-35, -1e-35, 1.1e-35, -1.1e-35]
    codes = [-1.0, -0.5, 0.5, 31.0, 31.9, 32.0, 44.0, 45.0, 63.0, 64.0, 1e9, 3e9, 1e20]
    pool = np.concatenate(
        [
            at,
            np.nextafter(at, np.float32(np.inf)),
            np.nextafter(at, np.float32(-np.inf)),
            np.array([*near_zero, *codes, np.inf, -np.inf], dtype=np.float32),
            np.full(20, np.nan, dtype=np.float32),
            rng.normal(scale=2, size=60).astype(np.float32),
        ]
    )
    return rng.choice(pool, size=(count, len(DEAL) + len(STEP))).astype(np.float32)
