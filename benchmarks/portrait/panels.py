"""Panels: one drawing for each figure of a portrait; the numbers come ready."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import singledispatch

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from benchmarks.portrait.deals import FEW, WEEKS, Funnel, Pushes, QuarterWeeks
from benchmarks.portrait.fact import Fact, Lacking, percent
from benchmarks.portrait.months import NAMES, ActivityMonths, LabelMonths, Misses
from benchmarks.portrait.payment import EARLIEST, LATEST, WIDTH, Lateness
from training.intervals import Floats
from training.plots import ACCENT, BUCKET_COLOURS, GROUND, INK, LINE, QUIET, SOFT

PALE = "#c9d6f2"
"""The accent, light: what stands behind or beside."""

GROUP_COLOURS = (ACCENT, "#8aa6e3", SOFT)


@singledispatch
def draw(fact: Fact, axes: Axes) -> None:
    """Draw one figure on axes that are styled already."""
    raise NotImplementedError(f"expected a figure with a drawing, got {type(fact).__name__}")


@draw.register
def _(fact: Lacking, axes: Axes) -> None:
    """Words in the place of a drawing."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, fact.reason, ha="center", va="center", color=QUIET, fontsize=12,
              style="italic", transform=axes.transAxes)  # fmt: skip
    axes.add_patch(_frame(axes))


@draw.register
def _(fact: Funnel, axes: Axes) -> None:
    """Two bars a stage, from the first to the win."""
    steps = [*fact.stages, "Won"]
    height = 0.8 / len(fact.groups)
    for number, group in enumerate(fact.groups):
        counts = np.array([*group.reached, group.won])
        shares = counts / counts[0]
        places = np.arange(len(steps)) + (number - (len(fact.groups) - 1) / 2) * height
        axes.barh(places, shares, height=height * 0.9, color=GROUP_COLOURS[number])
        for place, share, count in zip(places, shares, counts, strict=True):
            axes.text(share + 0.015, place, f"{percent(share)}  ·  {count:,}", va="center",
                      color=QUIET, fontsize=8.5)  # fmt: skip
        axes.text(0.02, places[0], group.group, va="center", color=_on(number), fontsize=8.5,
                  fontweight="bold")  # fmt: skip
    axes.set_yticks(range(len(steps)), steps)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.3)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)


@draw.register
def _(fact: Pushes, axes: Axes) -> None:
    """Bars for how many, dots for how often they are won."""
    deals, won = np.array(fact.deals), np.array(fact.won)
    shares = deals / deals.sum()
    places = np.arange(deals.size)
    axes.bar(places, shares, width=0.62, color=PALE)
    for place, share in zip(places, shares, strict=True):
        axes.text(place, share + 0.015, percent(share), ha="center", va="bottom", color=QUIET,
                  fontsize=8.5)  # fmt: skip
    known = deals > 0
    rates = won[known] / deals[known]
    under_key = np.r_[shares[2:], rates[places[known] >= 2]].max()
    top = max(shares.max() * 1.12, rates.max() * 1.2, under_key * 1.42)
    axes.plot(places[known], rates, color=ACCENT, lw=1.4, zorder=3)
    for place, rate, count in zip(places[known], rates, deals[known], strict=True):
        axes.plot(place, rate, "o", color=ACCENT, ms=7, zorder=4,
                  markerfacecolor=ACCENT if count >= FEW else GROUND)  # fmt: skip
        height, taken = rate + 0.03 * top, shares[place] + 0.015
        if abs(height - taken) < 0.06 * top:  # the words of the bar stand there already
            height = taken + 0.07 * top
        axes.text(place, height, percent(rate), ha="center", va="bottom", color=ACCENT, fontsize=9,
                  fontweight="bold")  # fmt: skip
    names = ["0", "1", "2", "3", "4 or more"]
    axes.set_xticks(places, [f"{name}\nn = {n:,}" for name, n in zip(names, deals, strict=True)])
    axes.set_xlim(-0.5, deals.size - 0.5)
    _percents(axes, top=top)
    _key(axes, [("s", PALE, "share of deals"), ("o", ACCENT, "won among them")])


@draw.register
def _(fact: QuarterWeeks, axes: Axes) -> None:
    """A bar a week against a line where wins would be if spread evenly."""
    shares = np.array(fact.wins) / sum(fact.wins)
    weeks = np.arange(1, WEEKS + 1)
    colours = [ACCENT if week > WEEKS - 2 else PALE for week in weeks]
    axes.bar(weeks, shares, width=0.78, color=colours)
    even = np.array(fact.even)
    axes.step(np.r_[weeks - 0.5, WEEKS + 0.5], np.r_[even, even[-1]], where="post", color=INK,
              lw=1.1, ls=(0, (4, 3)))  # fmt: skip
    axes.set_xticks(weeks)
    axes.set_xlim(0.4, WEEKS + 0.6)
    axes.set_xlabel("week of the fiscal quarter")
    _percents(axes, top=max(shares.max(), even.max()) * 1.25)
    _key(axes, [("s", PALE, f"share of {sum(fact.wins):,} wins"), ("-", INK, "spread evenly")])


@draw.register
def _(fact: Lateness, axes: Axes) -> None:
    """A bar for every two days; the median as a line."""
    starts = np.arange(EARLIEST, LATEST, WIDTH)
    shares = np.array(fact.bins) / fact.invoices
    colours = [ACCENT if start >= 0 else SOFT for start in starts]
    axes.bar(starts, shares, width=WIDTH * 0.88, align="edge", color=colours, alpha=0.8)
    top = shares.max() * 1.22
    marks = ((fact.median, f"median {fact.median}", 0.93), (fact.tail, f"95 % by {fact.tail}", 0.8))
    for day, words, height in marks:
        if EARLIEST < day < LATEST:
            axes.plot([day, day], [0, top * height], color=INK, lw=1.1, ls=(0, (4, 3)))
            axes.annotate(words, (day, top * height), (5, -4),
                          textcoords="offset points", color=INK, fontsize=9)  # fmt: skip
    ticks = [-20, 0, 20, 40, 60]
    axes.set_xticks(ticks, [f"{tick}+" if tick == LATEST else f"{tick}" for tick in ticks])
    axes.set_xlim(EARLIEST, LATEST + 1)
    axes.set_xlabel(f"days from due to paid, {fact.invoices:,} invoices")
    _percents(axes, top=top)


@draw.register
def _(fact: LabelMonths, axes: Axes) -> None:
    """Stacked shares, named at their right end."""
    series = {name: np.array(counts) for name, counts in fact.counts.items()}
    total = np.sum([*series.values()], axis=0)
    days = _edges(fact.months)
    bottom = np.zeros(total.size)
    place = -1.0
    for name, counts in series.items():
        upper = bottom + counts / total
        lower, higher = (np.r_[side, side[-1]] for side in (bottom, upper))
        axes.fill_between(days, lower, higher, step="post", color=BUCKET_COLOURS[name], lw=0)
        axes.step(days, higher, where="post", color=GROUND, lw=1.0)
        place = max(float((bottom + upper)[-6:].mean() / 2), place + 0.075)
        axes.annotate(NAMES[name], (1.0, place), (6, 0), xycoords=axes.get_yaxis_transform(),
                      textcoords="offset points", va="center", fontsize=9, color=INK)  # fmt: skip
        bottom = upper
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.grid(visible=False)
    _dates(axes, fact.months)


@draw.register
def _(fact: Misses, axes: Axes) -> None:
    """A line over time with its mean."""
    shares = np.array(fact.missed) / np.array(fact.deals)
    days = mdates.date2num(fact.moments)
    axes.plot(days, shares, "-", color=PALE, lw=1.2)
    axes.plot(days, shares, "o", color=ACCENT, ms=3)
    axes.axhline(fact.share, color=INK, lw=1.1, ls=(0, (4, 3)))
    axes.annotate(f"mean\n{percent(fact.share)}", (1.0, fact.share), (6, 0), va="center",
                  xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                  color=INK, fontsize=9)  # fmt: skip
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    _dates(axes, fact.moments)


@draw.register
def _(fact: ActivityMonths, axes: Axes) -> None:
    """A light bar a month."""
    axes.fill_between(_edges(fact.months), [*fact.counts, fact.counts[-1]], step="post", color=PALE,
                      lw=0)  # fmt: skip
    axes.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
    axes.set_yticks([0, max(fact.counts)])
    axes.grid(visible=False)
    _dates(axes, fact.months)


def _percents(axes: Axes, *, top: float) -> None:
    axes.set_ylim(0, top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.grid(visible=False, axis="x")


def _key(axes: Axes, entries: Sequence[tuple[str, str, str]]) -> None:
    """A legend at the top right: mark, colour and words of each entry."""
    handles = [
        Line2D([], [], color=colour, marker=mark if mark != "-" else "", ms=8 if mark == "s" else 6,
               ls=(0, (3, 2)) if mark == "-" else "", lw=1.2, label=words)
        for mark, colour, words in entries
    ]  # fmt: skip
    axes.legend(handles=handles, loc="upper right", fontsize=9, labelcolor=QUIET, handlelength=1.4,
                handletextpad=0.5, borderpad=0.0, borderaxespad=0.1)  # fmt: skip


def _dates(axes: Axes, days: Sequence[date]) -> None:
    axes.xaxis.set_major_locator(mdates.YearLocator())
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%Y"))
    edges = _edges(days)
    axes.set_xlim(edges[0], edges[-1])


def _edges(days: Sequence[date]) -> Floats:
    """The days as matplotlib counts them, and the end of the month of the last."""
    after = (days[-1].replace(day=1) + timedelta(days=32)).replace(day=1)
    return np.asarray(mdates.date2num([*days, after]), dtype=np.float64)


def _on(number: int) -> str:
    """The colour of words on a group's bar."""
    return GROUND if number == 0 else INK


def _frame(axes: Axes) -> FancyBboxPatch:
    return FancyBboxPatch((0.01, 0.02), 0.98, 0.96, transform=axes.transAxes, fill=False,
                          boxstyle="round,pad=0,rounding_size=0.02", edgecolor=LINE, lw=1.0,
                          clip_on=False)  # fmt: skip
