"""The page in a real browser: widths, keyboard, labels, colours, and nothing in the console."""

import itertools
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from serving.pages import Reader
from tests.serving.made_book import AS_OF, HOUSE, NORA, OMAR, account, deal, html, page_of, weeks
from tests.serving.made_book import reason as told

pytestmark = pytest.mark.needs("chromium")

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'"
LONG = "Linden&Marsh_Architects_and_Partners_of_the_Northern_Region_Limited_" * 2
WORDS = "1 answer to 9 touches in 30 days; similar accounts 4 of 9"
CONTRAST = Path(__file__).with_name("contrast.js")


class Hand(BaseHTTPRequestHandler):
    """Answers with the style sheet, and with one page for every other address."""

    def __init__(self, page: str, *arguments: object) -> None:
        self.page = page
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path == "/static/style.css":
            kind, body = "text/css", (HOUSE / "static" / "style.css").read_bytes()
        elif self.path == "/favicon.ico":
            kind, body = "image/x-icon", b""
        else:
            kind, body = "text/html; charset=utf-8", self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output clean."""


def full_page() -> str:
    """Every part of the page at once, with names that do not break by themselves."""
    sides = {
        "a_list": [told(WORDS), told(WORDS, "away_from_a_list")],
        "pain": [told(WORDS, "toward_pain")],
        "walk_away": [],
        "steady": [told(WORDS)] * 2,
    }
    book, deals, past = [], [], []
    for bucket, reasons in sides.items():
        for place, confidence in enumerate(("firm", "leaning", "review")):
            key = f"{bucket}-{place}"
            kept = bucket == "walk_away" and place == 0
            more = {"reasons": reasons, "segment": "public_sector", "kept_in_pursuit": kept}
            more |= {"slip_risk_max": 0.7, "slip_on": AS_OF.date(), "open_deals": 3}
            more |= {"subtype": "wont_close"} if bucket == "walk_away" else {}
            name = LONG if place == 0 else key
            book.append(account(key, bucket, name=name, confidence=confidence, **more))
            deals += [deal(f"{key}-d", key, name=LONG), deal(f"{key}-e", key, amount=None)]
            deals.append(deal(f"{key}-f", key, owner_rep_id="zoe"))
            past += weeks(key, [0.3 + 0.03 * week for week in range(12)])
    book.append(account("idle", "steady", segment="smb"))
    past += weeks("idle", [0.6] * 4)
    book.append(account("none", None, name=LONG, status="not_enough_evidence", missing=WORDS))
    reader = Reader("Mia Castell", AS_OF)
    page = page_of(book, deals, past, reps=(NORA, OMAR), is_stale=True, reader=reader)
    return html(page=page, csrf="token")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hand, full_page()))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/book"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    opened = context.new_page()
    opened.goto(address)
    return opened


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_screen_even_with_all_open(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    folded = page.evaluate("document.documentElement.scrollWidth")

    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    assert folded == width
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_the_facts_of_a_card_stay_in_their_places(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    outside = page.locator(".facts dd").evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    )

    assert outside == []


def test_headings_begin_with_one_h1_and_skip_no_level(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    levels = [
        int(tag[1])
        for tag in page.locator("h1,h2,h3,h4").evaluate_all("all => all.map(one => one.tagName)")
    ]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in itertools.pairwise(levels))


def test_every_control_has_a_name(page: Page) -> None:
    named = page.locator("select, input:not([type=hidden]), button").evaluate_all(
        "all => all.map(one => (one.labels?.length ? one.labels[0] : one).textContent.trim())"
    )

    assert named == ["Sign out", "Rep", "Sort by", "Find", "Show"]


def test_ids_are_unique_and_every_jump_has_a_target(page: Page) -> None:
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    jumps = page.locator("a[href^='#']").evaluate_all(
        "all => all.map(one => one.getAttribute('href').slice(1))"
    )

    assert len(ids) == len(set(ids))
    assert jumps
    assert set(jumps) <= set(ids)


def test_the_tab_key_goes_from_the_skip_link_to_the_find_box(page: Page) -> None:
    reached = []

    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.className")
        )

    assert reached[0] == "skip"
    assert "find" in reached
    assert reached.index("rep") < reached.index("sort") < reached.index("find")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_the_form_sends_what_was_chosen_without_a_script(page: Page) -> None:
    page.get_by_label("Sort by").select_option("Value")
    page.get_by_label("Find", exact=True).fill("harlow & co")
    page.get_by_role("button", name="Show").click()

    assert page.url.endswith("/book?rep=nora&tab=all&sort=value&find=harlow+%26+co")


def test_the_slip_risk_leads_to_the_deals(page: Page) -> None:
    first = page.locator(".card").first

    first.locator(".facts__slip a").click()

    assert first.locator("details.deals").evaluate("part => part.open")
    assert first.locator(".deals table").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_its_ground(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

    weak = page.evaluate(CONTRAST.read_text(encoding="utf-8"))

    assert weak == []


def test_a_sparkline_says_itself(page: Page) -> None:
    name = page.get_by_role("img").first.locator("title").text_content()

    assert name == "Chance of A-list: 30\u00a0% to 63\u00a0% in 12 weeks, short history"


def test_on_paper_there_is_nothing_to_click(page: Page) -> None:
    page.emulate_media(media="print")

    assert page.locator("h1").is_visible()
    assert not page.locator(".bar").is_visible()
    assert not page.get_by_role("button", name="Sign out").is_visible()


def test_the_console_stays_silent_and_nothing_is_fetched_from_elsewhere(
    context: BrowserContext, address: str
) -> None:
    said: list[str] = []
    asked: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))

    opened.goto(address, wait_until="networkidle")

    assert said == []
    assert {url for url in asked if not url.endswith("favicon.ico")} == {
        address,
        address.replace("/book", "/static/style.css"),
    }
