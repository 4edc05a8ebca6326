"""Made-up applications: those with many touches are accepted within days, the rest drag on."""

from datetime import date, timedelta

import numpy as np
import polars as pl

from benchmarks.bpi.rows import FIRST_KNOWN, REFERENCE, answered, mondays
from features.calendar import Calendar
from features.feature import Feature
from training.matrix import Examples

CALENDAR = Calendar("UTC")
NAMES = ("age_days", "stage_days", "days_since_touch", "touches_30d", "stage_moves", "noise")
FEATURES = tuple(Feature(name, "", "count", "timing", (), "never", "") for name in NAMES)
LAST = date(2012, 3, 14)


def applications(count: int = 600, *, seed: int = 3) -> Examples:
    """Every application on every Monday on which it is open, the first six days without offer."""
    rng = np.random.default_rng(seed)
    born = rng.integers(0, 140, size=count)
    is_quick = rng.random(count) < 0.5
    life = rng.geometric(np.where(is_quick, 1 / 8, 1 / 40))
    ends = born + life
    is_won = rng.random(count) < np.where(is_quick, 0.9, 0.2)
    days = mondays(FIRST_KNOWN, REFERENCE.judged[-1])
    places = np.array([(day - FIRST_KNOWN).days for day in days])
    deal, at = np.nonzero((born[:, None] < places) & (ends[:, None] >= places))
    age = (places[at] - born[deal]).astype(np.float64)
    end_on = [FIRST_KNOWN + timedelta(days=int(ends[number])) for number in deal]
    is_seen = np.array([day <= LAST for day in end_on])
    told = np.where(is_won[deal], "won", "lost")
    rows = pl.DataFrame(
        {
            "entity_id": [f"case-{number}" for number in deal],
            "account_id": [f"case-{number}" for number in deal],
            "as_of": [CALENDAR.midnight(days[place]) for place in at],
            "stage": np.where(age > 6, "O_SENT", "A_SUBMITTED"),
            "amount": 1_000.0,
            "age_days": age,
            "committed_on": [
                days[place] + timedelta(days=21) if old > 6 else None
                for place, old in zip(at, age, strict=True)
            ],
            "event": np.where(is_seen, told, "open"),
            "event_on": [day if seen else None for day, seen in zip(end_on, is_seen, strict=True)],
            "censored_on": [LAST] * len(deal),
        },
        schema_overrides={
            "as_of": pl.Datetime("us", "UTC"),
            "committed_on": pl.Date,
            "event_on": pl.Date,
        },
    )
    X = pl.DataFrame(
        {
            "age_days": age,
            "stage_days": age,
            "days_since_touch": np.ones(len(deal)),
            "touches_30d": np.where(is_quick[deal], 5.0, 1.0),
            "stage_moves": np.ones(len(deal)),
            "noise": rng.normal(size=len(deal)),
        }
    ).cast(pl.Float32)
    return Examples("deal", X, answered(rows, CALENDAR), FEATURES, {})
