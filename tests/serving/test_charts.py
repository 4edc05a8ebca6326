import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from serving.charts import HEIGHT, WIDTH, sparkline


def places(picture: Markup) -> list[tuple[float, float]]:
    line = ET.fromstring(picture).find("polyline")
    assert line is not None
    pairs = (pair.split(",") for pair in line.attrib["points"].split())
    return [(float(x), float(y)) for x, y in pairs]


@given(values=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=12))
def test_every_point_lies_inside_the_picture(values: list[float]) -> None:
    drawn = places(sparkline(values, "score"))

    assert len(drawn) == len(values)
    assert all(0.0 <= x <= WIDTH and 0.0 <= y <= HEIGHT for x, y in drawn)


@given(values=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=12))
def test_a_higher_chance_is_never_drawn_lower(values: list[float]) -> None:
    drawn = places(sparkline(values, "score"))

    by_value = sorted(zip(values, (y for _, y in drawn), strict=True))
    heights = [y for _, y in by_value]
    assert all(left >= right - 0.1 for left, right in itertools.pairwise(heights))


def test_a_wobble_of_a_point_stays_nearly_flat() -> None:
    drawn = places(sparkline([0.50, 0.51, 0.50], "score"))

    heights = [y for _, y in drawn]
    assert max(heights) - min(heights) < 2.0


def test_the_dot_is_on_the_newest_point() -> None:
    picture = sparkline([0.2, 0.4, 0.9], "score")

    dot = ET.fromstring(picture).find("circle")
    assert dot is not None
    assert (float(dot.attrib["cx"]), float(dot.attrib["cy"])) == places(picture)[-1]


def test_the_title_is_escaped() -> None:
    picture = sparkline([0.5], 'up</title><script>alert("x")</script>')

    assert "<script" not in picture
    title = ET.fromstring(picture).find("title")
    assert title is not None
    assert title.text == 'up</title><script>alert("x")</script>'


@pytest.mark.parametrize("values", [[], [1.2], [-0.1], [float("nan")]])
def test_what_is_no_probability_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected probabilities"):
        sparkline(values, "score")
