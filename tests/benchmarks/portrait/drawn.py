"""A portrait with every figure, as small as can be."""

from datetime import date

from benchmarks.portrait.deals import Funnel, Pushes, QuarterWeeks, Stages
from benchmarks.portrait.fact import Lacking
from benchmarks.portrait.months import ActivityMonths, LabelMonths, Misses
from benchmarks.portrait.payment import EARLIEST, LATEST, WIDTH, Lateness
from benchmarks.portrait.portrait import Portrait

MONTHS = (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1))
BINS = (LATEST - EARLIEST) // WIDTH


def portrait(**changes: object) -> Portrait:
    made = {
        "regime": "calm",
        "description": "A company in which little happens.",
        "accounts": 60,
        "years": 2.0,
        "seed": 7,
        "rows": {"accounts": 60, "activities": 5_000, "opportunities": 300},
        "funnel": Funnel(("Qualify", "Offer"), (Stages("new deals", (40, 30), 10),)),
        "pushes": Pushes((20, 10, 5, 3, 2), (10, 4, 2, 1, 0)),
        "quarter_weeks": QuarterWeeks((1,) * 12 + (8,), (1 / 13,) * 13),
        "lateness": Lateness(BINS, 6, 25, 0.7, (1,) * BINS),
        "labels": LabelMonths(
            MONTHS,
            {"a_list": (3, 3, 3), "pain": (2, 2, 2), "walk_away": (4, 4, 4), "steady": (1, 1, 1)},
            (0, 0, 10),
        ),
        "misses": Misses(MONTHS, (10, 20, 10), (5, 15, 8)),
        "activities": ActivityMonths(MONTHS, (100, 120, 90)),
    }
    return Portrait(**{**made, **changes})  # type: ignore[arg-type]


def without_deals() -> Portrait:
    lacking = Lacking("no deals in this regime")
    return portrait(funnel=lacking, pushes=lacking, quarter_weeks=lacking, misses=lacking)
