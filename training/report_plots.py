"""Report plots: which figures a contest is shown in, and what each one says."""

from collections.abc import Mapping
from html import escape

import numpy as np
import polars as pl

from models.policy import BUCKETS
from training import plots
from training.config import Part
from training.contest import Contest
from training.intervals import Codes, Figure, Floats, Mask
from training.judgement import AGE_NAMES
from training.report_tables import named

REFERENCE: Mapping[Part, str] = {"bucket": "persistence", "slip": "stage_age"}
"""The baseline that a part has to beat."""


def figures(contest: Contest, rival: str) -> str:
    """All figures of one part as `<figure>` elements."""
    judgement = contest.judgement
    shown = {name: found.overall.log_loss for name, found in judgement.standings.items()}
    over = {
        name: judgement.standings[name].slices["by_origin"]
        for name in dict.fromkeys((judgement.served, rival, REFERENCE[contest.part], "constant"))
    }
    what = "A-list" if contest.part == "bucket" else "wins"
    parts = [
        _figure(
            "Log loss, model by model",
            plots.forest([(named(name), found) for name, found in shown.items()],
                         label="log loss, lower is better", strong=named(judgement.served)),
            "Dots are means over all judged rows, whiskers 90 % intervals over accounts. Whiskers "
            "may overlap where the paired gain in the table is sure: hard rows are hard for all.",
        ),
        _figure(
            "Log loss at every origin",
            plots.lines_over_origins(
                {named(name): _log_losses(found) for name, found in over.items()},
                strong=named(judgement.served),
            ),
            "Each point is a new fit on the past only. Lines that climb together are harder "
            "times; a gap that closes is an advantage that wears off.",
        ),
        _figure(
            "Calibration",
            plots.calibration(_calibration(contest), plots.BUCKET_COLOURS),
            "Points on the diagonal keep their word. Bins with fewer than 5 rows are left out; the "
            "bars show where the rows are.",
            is_wide=contest.part == "bucket",
        ),
        _figure(
            f"Finding {what}",
            plots.gains(_gain_curves(contest, rival), strong=named(judgement.served),
                        positive=what),
            "All judged rows in one list, highest probability first. The dashed line is the top "
            "fifth.",
        ),
        _figure(
            "By age of the " + ("account" if contest.part == "bucket" else "deal"),
            plots.steps(_by_age(contest, rival), label="log loss",
                        strong=named(judgement.served)),
            "Age in days at as_of, with 90 % intervals. One number would hide the spread.",
        ),
        _outcomes(contest),
    ]  # fmt: skip
    return "".join(parts)


def _figure(title: str, svg: str, caption: str, *, is_wide: bool = False) -> str:
    style = ' class="wide"' if is_wide else ""
    return (
        f'<figure{style} role="group" aria-label="{escape(title)}"><h4>{escape(title)}</h4>{svg}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _log_losses(by_slice: Mapping[str, object]) -> dict[str, Figure]:
    return {name: getattr(found, "log_loss") for name, found in by_slice.items()}  # noqa: B009


def _calibration(contest: Contest) -> dict[str, tuple[Floats, Mask]]:
    p = contest.judged.by_model[contest.judgement.served].to_numpy()
    if contest.part == "slip":
        return {"won by the committed date": (p[:, 0], np.asarray(contest.outcome == 1))}
    return {
        bucket: (p[:, place], np.asarray(contest.outcome == place))
        for place, bucket in enumerate(BUCKETS)
    }


def _gain_curves(contest: Contest, rival: str) -> dict[str, tuple[Floats, Codes]]:
    positive = 0 if contest.part == "bucket" else 1
    happened = (contest.outcome == positive).astype(np.int64)
    found = {}
    for name in dict.fromkeys((contest.judgement.served, rival)):
        p = contest.judged.by_model[name].to_series(0).fill_null(0.0).to_numpy()
        found[named(name)] = (p, happened)
    return found


def _by_age(contest: Contest, rival: str) -> dict[str, dict[str, Figure]]:
    standings = contest.judgement.standings
    names = tuple(dict.fromkeys((contest.judgement.served, rival)))
    ages = standings[names[0]].slices["by_age"]
    order = sorted(ages, key=_age_place)
    return {
        age.removesuffix(" days"): {
            named(name): standings[name].slices["by_age"][age].log_loss for name in names
        }
        for age in order
    }


def _age_place(name: str) -> int:
    return AGE_NAMES.index(name) if name in AGE_NAMES else len(AGE_NAMES)


def _outcomes(contest: Contest) -> str:
    column = "label" if contest.part == "bucket" else "label_period"
    rows = contest.examples.rows.filter(pl.col(column).is_not_null())
    colours = plots.BUCKET_COLOURS if contest.part == "bucket" else plots.SLIP_COLOURS
    moment = pl.col("as_of").dt.strftime("%Y-%m").alias("month")
    counts = (
        rows.group_by(moment, column).len().pivot(column, index="month", values="len").sort("month")
    ).fill_null(0)
    names = [name for name in colours if name in counts.columns]
    total = counts.select(pl.sum_horizontal(names)).to_series().to_numpy()
    shares = {name: counts[name].to_numpy() / total for name in names}
    title = "What became of the rows, by month of description"
    caption = (
        "Shares of the labels over time. A jump is a change of the business, of how records are "
        "kept, or of who is in the CRM; the last months hold matured windows only."
        if contest.part == "bucket"
        else "Won, lost or still open at the end of the fiscal quarter of the committed date."
    )
    is_wide = contest.part == "bucket"
    svg = plots.shares_over_time(counts["month"].to_list(), shares, colours, is_wide=is_wide)
    return _figure(title, svg, caption, is_wide=is_wide)
