"""Latent state: what drives an account and is never exported, as a process that can be continued.

Every exported column is a noisy consequence of it.
"""

from dataclasses import dataclass

import numpy as np

from features.crm.synthetic.params import LatentParams
from features.crm.synthetic.steps import Flags, Floats, Steps


@dataclass(frozen=True, slots=True)
class Traits:
    """What stays: one value per account, N(0, 1) unless noted.

    Attributes:
        fit: how much the account gains from the product.
        hard: lasting part of its difficulty.
        open_minded: lasting part of its responsiveness.
        orderly: lasting part of its payment discipline.
        trend: change of its purchase volume, log points a year.
    """

    fit: Floats
    hard: Floats
    open_minded: Floats
    orderly: Floats
    trend: Floats

    def tile(self, times: int) -> "Traits":
        """The same accounts again and again."""
        return Traits(*(np.tile(getattr(self, name), times) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Mood:
    """What drifts, at one moment: one value per account.

    Attributes:
        surge: passing interest.
        trouble: passing difficulty.
        answer: passing readiness to answer.
        habit: passing payment discipline.
        volume: purchase volume, log points against the start.
        champion: whether somebody inside speaks for the product.
    """

    surge: Floats
    trouble: Floats
    answer: Floats
    habit: Floats
    volume: Floats
    champion: Flags

    def tile(self, times: int) -> "Mood":
        """The same accounts again and again."""
        return Mood(*(np.tile(getattr(self, name), times) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Latent:
    """The whole hidden state; grids have one row per step and one column per account.

    Attributes:
        intent: present need.
        difficulty: how much service and haggling the account costs.
        responsiveness: how readily it answers.
        discipline: how promptly it pays.
        health: inclination to stay, a mixture of the others.
        volume: purchase volume, log points against the start.
        champion: whether somebody inside speaks for the product.
        moods: what the grids were mixed from: surge, trouble, answer and habit, in that order.
    """

    traits: Traits
    intent: Floats
    difficulty: Floats
    responsiveness: Floats
    discipline: Floats
    health: Floats
    volume: Floats
    champion: Flags
    moods: tuple[Floats, Floats, Floats, Floats]

    def mood_before(self, step: int) -> Mood:
        """Where the drifting parts stood when `step` began, 1 or later."""
        if step < 1:
            raise ValueError(f"expected a step of 1 or later, got {step}")
        surge, trouble, answer, habit = (grid[step - 1] for grid in self.moods)
        return Mood(surge, trouble, answer, habit, self.volume[step - 1], self.champion[step - 1])


def draw_traits(rng: np.random.Generator, params: LatentParams, count: int) -> Traits:
    """Draw what stays, for `count` accounts."""
    fit, hard, open_minded, orderly = rng.standard_normal((4, count))
    trend = (
        params.growth_mean + 0.05 * fit - 0.02 * hard + params.growth_sd * rng.normal(size=count)
    )
    return Traits(fit, hard, open_minded, orderly, trend)


def first_mood(rng: np.random.Generator, params: LatentParams, count: int) -> Mood:
    """Draw what drifts in its stationary law; volumes start at 0."""
    surge, trouble, answer, habit = rng.standard_normal((4, count))
    champion = rng.random(count) < params.champion_share
    return Mood(surge, trouble, answer, habit, np.zeros(count), champion)


def walk(
    rng: np.random.Generator, params: LatentParams, *, traits: Traits, mood: Mood, steps: Steps
) -> Latent:
    """Continue the hidden state from `mood` through `steps`."""
    weeks = steps.weeks
    surge = drift(rng, weeks, params.intent_half_life, mood.surge)
    trouble = drift(rng, weeks, params.difficulty_half_life, mood.trouble)
    answer = drift(rng, weeks, params.response_half_life, mood.answer)
    habit = drift(rng, weeks, params.discipline_half_life, mood.habit)
    shocks = params.volume_shock * np.sqrt(weeks)[:, None] * rng.standard_normal(surge.shape)
    volume = mood.volume + np.cumsum(traits.trend / 52 * weeks[:, None] + shocks, axis=0)
    champion = champions(rng, params, weeks, mood.champion)
    fit, hard = traits.fit, traits.hard
    intent = 0.45 * fit + 0.85 * surge
    difficulty = 0.80 * hard + 0.60 * trouble
    openness = 0.3 * fit - 0.1 * hard + 0.55 * traits.open_minded
    return Latent(
        traits=traits,
        intent=intent,
        difficulty=difficulty,
        responsiveness=openness + 0.4 * surge + 0.6 * answer,
        discipline=-0.35 * hard + 0.75 * traits.orderly + 0.55 * habit,
        health=0.45 * (intent + fit - difficulty) + 0.6 * (champion - 0.7),
        volume=volume,
        champion=champion,
        moods=(surge, trouble, answer, habit),
    )


def drift(rng: np.random.Generator, weeks: Floats, half_life: float, before: Floats) -> Floats:
    """A first-order autoregression with unit variance, one row per step.

    Args:
        rng: source of the shocks.
        weeks: length of each step.
        half_life: weeks until half of a shock is gone.
        before: where each account stands before the first step.
    """
    keep = 0.5 ** (weeks / half_life)
    path = rng.standard_normal((len(weeks), len(before)))
    path *= np.sqrt(1.0 - keep**2)[:, None]
    now = before
    for step in range(len(weeks)):
        path[step] += keep[step] * now
        now = path[step]
    return path


def champions(
    rng: np.random.Generator, params: LatentParams, weeks: Floats, before: Flags
) -> Flags:
    """Champions who come and go; a two-state Markov chain by account."""
    draws = rng.random((len(weeks), len(before)))
    stays = draws >= 1.0 - (1.0 - params.champion_leaves) ** weeks[:, None]
    comes = draws < 1.0 - (1.0 - params.champion_found) ** weeks[:, None]
    path = np.empty(draws.shape, dtype=np.bool_)
    now = before
    for step in range(len(weeks)):
        now = np.where(now, stays[step], comes[step])
        path[step] = now
    return path
