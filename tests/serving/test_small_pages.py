import re

import pytest

from tests.serving.made_book import html

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>&"\''


@pytest.mark.parametrize(
    ("template", "context", "heading"),
    [
        ("sign_in.html", {"problem": None}, "Sign in"),
        ("sign_in.html", {"problem": HOSTILE}, "Sign in"),
        ("empty.html", {"title": "Nothing yet", "text": "x", "next_step": "y"}, "Nothing yet"),
        ("problem.html", {"status": 404, "title": "Not found", "detail": HOSTILE}, "Not found"),
    ],
)
def test_the_small_pages_have_one_heading_and_no_markup_from_outside(
    template: str, context: dict[str, object], heading: str
) -> None:
    written = html(template, **context)

    assert re.findall(r"<h1>(.*?)</h1>", written) == [heading]
    assert "<script" not in written
