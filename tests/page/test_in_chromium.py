"""The report of a comparison opened from disk in Chromium, as people do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aifgen.compare.estimates import estimates
from aifgen.page.comparison_page import comparison_page
from benchmarks.simulated import World
from tests.page.browser import CHROMIUM
from tests.page.made import HOSTILE, comparison, study

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("needs an installed Chromium")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if root else []
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with 10,000 rows."""
    of = study(16_000, size=500, hostile=True)
    path = tmp_path_factory.mktemp("large") / "report.html"
    path.write_text(comparison_page(comparison(of), of), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose data is not packed, with every hostile text in it."""
    of = study(48, size=60, hostile=True)
    path = tmp_path_factory.mktemp("small") / "report.html"
    path.write_text(comparison_page(comparison(of), of), encoding="utf-8")
    return path


@dataclass
class Opened:
    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def rows(self) -> int:
        return int(self.page.inner_text("#status").split(" of ")[0].replace(",", ""))


def opened(chromium: Browser, path: Path, *, width: int = 1400, scheme: Any = "light") -> Opened:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    found = Opened(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    found.page.on("dialog", lambda dialog: found.errors.append(f"dialog: {dialog.message}"))
    found.page.on(
        "console",
        lambda said: found.errors.append(said.text) if said.type in ("error", "warning") else None,
    )
    found.page.goto(path.as_uri())
    found.page.wait_for_selector(".row")
    return found


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_an_error_or_a_request(
    chromium: Browser, large: Path, width: int, scheme: str
) -> None:
    seen = opened(chromium, large, width=width, scheme=scheme)
    seen.page.wait_for_load_state("networkidle")
    assert seen.errors == []
    assert seen.requests == [large.as_uri()]
    wide = seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], "the page itself scrolls sideways"
    paper = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in re.findall(r"\d+", paper)[:3]) > 3 * 128
    assert light == (scheme == "light")
    ink = seen.page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
    assert (sum(int(part) for part in re.findall(r"\d+", ink)[:3]) < 3 * 128) == light
    seen.page.context.close()


def test_filters_and_search_on_ten_thousand_rows(chromium: Browser, large: Path) -> None:
    seen = opened(chromium, large)
    page = seen.page
    assert seen.rows() == 10_000
    assert page.locator(".row").count() < 60  # the others are not drawn
    by_kind = {}
    for kind in ("flipped", "tie", "failure"):
        page.select_option("#f-kind", kind)
        by_kind[kind] = seen.rows()
        assert 0 < by_kind[kind] < 10_000
    page.select_option("#f-kind", "any")
    page.select_option("#f-a", label="gpt-4-turbo")
    page.select_option("#f-b", label="gold")
    page.select_option("#f-kind", "flipped")
    verdicts = "Array.from(document.querySelectorAll('#detail tbody tr'), r => r.innerText)"
    for _ in range(3):
        page.focus("#list")
        page.keyboard.press("ArrowDown")
        said = dict(line.split("\t")[:2] for line in page.evaluate(verdicts))
        assert {said["gpt-4-turbo"], said["gold"]} == {"A", "B"}
    page.select_option("#f-a", "-1")
    page.select_option("#f-b", "-2")
    page.select_option("#f-kind", "any")
    page.select_option("#f-subset", label="maths")
    of_maths = seen.rows()
    assert 0 < of_maths < 10_000
    assert "· maths ·" in page.inner_text("#detail p")
    page.select_option("#f-subset", "-1")
    first = page.inner_text("#detail .prompt")
    word = re.findall(r"question\d+", first)[0]
    page.fill("#f-text", word.upper())
    assert 0 < seen.rows() < 200
    assert word in page.inner_text("#detail .prompt")
    page.fill("#f-text", "nothing has this")
    assert seen.rows() == 0
    assert "No row fits" in page.inner_text("#detail")
    page.keyboard.press("Escape")
    assert seen.rows() == 10_000
    assert seen.errors == []
    page.context.close()


def test_keys_go_through_the_list(chromium: Browser, large: Path) -> None:
    seen = opened(chromium, large)
    page = seen.page
    page.focus("#list")
    for key, place in (
        ("ArrowDown", 2),
        ("End", 10_000),
        ("ArrowDown", 10_000),
        ("ArrowUp", 9_999),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        assert f"Row {place:,} of 10,000" in page.inner_text("#detail p")
        assert page.locator(".row.on").get_attribute("aria-posinset") == str(place)
    page.keyboard.press("PageDown")
    assert int(page.locator(".row.on").get_attribute("aria-posinset") or 0) > 5
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "f-text"
    assert page.input_value("#f-text") == ""
    page.context.close()


def test_hostile_texts_are_shown_as_text(chromium: Browser, small: Path) -> None:
    seen = opened(chromium, small)
    page = seen.page
    before = page.evaluate("document.querySelectorAll('script, img, b, i').length")
    page.focus("#list")
    shown = ""
    for _ in range(seen.rows()):
        shown += page.evaluate("document.getElementById('detail').textContent")
        inside = page.evaluate(
            "Array.from(document.querySelectorAll('#detail *'), e => e.tagName).join()"
        )
        assert not {"IMG", "SCRIPT", "IFRAME", "STYLE"} & set(inside.split(","))
        page.keyboard.press("ArrowDown")
    assert seen.errors == []
    assert page.evaluate("document.querySelectorAll('script, img').length") == 2
    assert before >= 2
    for text in (*HOSTILE[:4], HOSTILE[6], "a bell ␇, an escape ␛[31m, a null ␀", "[U+202E]"):
        assert text in shown, text
    page.context.close()


def test_it_prints(chromium: Browser, small: Path) -> None:
    seen = opened(chromium, small, scheme="dark")
    paper = seen.page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) < 10
    seen.page.emulate_media(media="print")
    assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert not seen.page.is_visible("#list")
    seen.page.context.close()


@pytest.mark.parametrize("width", [400, 1200])
def test_estimates_stay_in_their_place(chromium: Browser, tmp_path: Path, width: int) -> None:
    of = World(200, seed=1).study("disagreement:50")
    path = tmp_path / "report.html"
    path.write_text(comparison_page(comparison(of, estimates=estimates(of)), of), encoding="utf-8")

    seen = opened(chromium, path, width=width)

    assert seen.errors == []
    assert seen.page.is_visible("#estimates svg")
    assert seen.page.is_visible("#estimates >> text=prediction-powered >> nth=0")
    wide = seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
