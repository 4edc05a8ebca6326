"""Where the small world forks, and what two forks have in common."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime

import numpy as np

from features.crm.synthetic.deals import DealLogs
from features.crm.synthetic.forward import History
from features.crm.synthetic.forward_tables import FRACTIONAL, Traces
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, day_number

EARLIER = datetime(2025, 3, 3, tzinfo=UTC)
MOMENT = datetime(2025, 10, 1, tzinfo=UTC)
"""A first of a month in the middle of a week."""
FORK = day_number(MOMENT.date()) * DAY
UNTIL_DAY = day_number(date(2026, 4, 2))
WORLDS = 12


def contents(value: object) -> object:
    """Everything in it, down to plain lists: two things are the same when these are equal."""
    if isinstance(value, Log):
        return {name: contents(value.numbers(name)) for name in value.columns}
    if isinstance(value, np.ndarray):
        return np.nan_to_num(value.astype(np.float64), nan=-9e99).tolist()
    if isinstance(value, tuple):
        return [contents(one) for one in value]
    if is_dataclass(value):
        return {field.name: contents(getattr(value, field.name)) for field in fields(value)}
    return value


def moved(pipeline: Pipeline) -> list[object]:
    """What becomes of deals and contracts."""
    return [contents(part) for part in (pipeline.deals, pipeline.portfolio, pipeline.logs)]


def with_another_future(history: History, step: int) -> History:
    """The same past and states; all that comes from `step` on is rubbish."""
    world = history.world

    def spoilt(grid: np.ndarray) -> np.ndarray:
        whole = grid.copy()
        whole[step:] = ~whole[step:] if whole.dtype == np.bool_ else 99
        return whole

    latent = world.latent
    names = ("intent", "difficulty", "responsiveness", "discipline", "health", "volume", "champion")
    grids = {name: spoilt(getattr(latent, name)) for name in names}
    latent = replace(latent, **grids, moods=tuple(map(spoilt, latent.moods)))  # type: ignore[arg-type]
    leaves_on = world.reps.leaves_on.copy()
    leaves_on[leaves_on > int(world.steps.day(step - 1))] += 12_345
    reps = replace(
        world.reps,
        owner=spoilt(world.reps.owner),
        effort=spoilt(world.reps.effort),
        attention=spoilt(world.reps.attention),
        leaves_on=leaves_on,
    )
    end = history.pipeline
    pipeline = replace(
        end,
        world=replace(world, latent=latent, reps=reps),
        deals=end.deals.take(np.arange(5)),
        logs=DealLogs.none(),
        last_close=end.last_close + 1,
        is_customer=spoilt(end.is_customer),
    )
    return replace(history, pipeline=pipeline)


def cut(past: Traces, step: int) -> Traces:
    """All that had been set in motion before the step."""
    logs = {}
    for field in fields(past):
        log, whole = getattr(past, field.name), Log(*getattr(past, field.name).columns)
        before = log["step"] < step
        whole.add(
            *(
                (log.numbers(name) if name in FRACTIONAL else log[name])[before]
                for name in log.columns
            )
        )
        logs[field.name] = whole
    return Traces(**logs)
