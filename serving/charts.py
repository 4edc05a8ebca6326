"""Charts: inline SVG that takes its colours from the style sheet and says itself in words."""

from collections.abc import Sequence

from markupsafe import Markup

WIDTH = 83.0  # between the insets twelve weeks are seven units apart: round numbers are short
HEIGHT = 24.0
INSET = 3.0
SPAN_AT_LEAST = 0.2

_SPARK = Markup(
    '<svg class="spark" viewBox="0 0 83 24" role="img"><title>{title}</title>'
    '<polyline points="{points}"/><circle cx="{x}" cy="{y}"/></svg>'
)


def sparkline(values: Sequence[float], title: str) -> Markup:
    """A small line of probabilities with a dot on the newest.

    The scale spans the values, and a fifth at least, so that a wobble of a point or two does
    not look like a fall.

    Args:
        values: probabilities in [0, 1], oldest first; one at least.
        title: what the line shows, in words; escaped.

    Raises:
        ValueError: without a value, or with one that is no probability.
    """
    if not values or not all(0.0 <= value <= 1.0 for value in values):
        raise ValueError(f"expected probabilities in [0, 1], got {list(values)}")
    low, high = _scale(values)
    step = (WIDTH - 2 * INSET) / max(1, len(values) - 1)
    start = INSET if len(values) > 1 else WIDTH - INSET
    places = [
        (start + step * week, INSET + (HEIGHT - 2 * INSET) * (high - value) / (high - low))
        for week, value in enumerate(values)
    ]
    x, y = places[-1]
    points = " ".join(f"{_short(left)},{_short(top)}" for left, top in places)
    return _SPARK.format(title=title, points=points, x=_short(x), y=_short(y))


def _short(place: float) -> str:
    """One decimal, and none where it is a zero."""
    return f"{place:.1f}".removesuffix(".0")


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """Lowest and highest value of the axis, within [0, 1]."""
    low, high = min(values), max(values)
    short = max(0.0, SPAN_AT_LEAST - (high - low))
    low, high = low - short / 2, high + short / 2
    if low < 0.0:
        return 0.0, high - low
    if high > 1.0:
        return low - (high - 1.0), 1.0
    return low, high
