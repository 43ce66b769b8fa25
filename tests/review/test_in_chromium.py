"""An annotator at the web page, in headless Chromium: signs in, reads the guidelines, rates by
keyboard, submits, and the answer arrives in human.parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from aifgen import reviewing
from aifgen.review.local import LocalServer
from tests.page.browser import CHROMIUM
from tests.review.people import finished_run, slots, users

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PICTURES = os.environ.get("AIFGEN_TEST_PICTURES")
"""A folder for screenshots, for somebody to look at."""


@contextmanager
def page(url: str) -> Iterator[Page]:
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM:
        pytest.skip("needs an installed Chromium")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        opened = browser.new_page(viewport={"width": 1400, "height": 900})
        opened.set_default_timeout(60_000)
        opened.goto(url)
        yield opened
        browser.close()


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


def test_a_person_rates_by_keyboard(
    argilla: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGILLA_API_URL", argilla.url)
    monkeypatch.setenv("ARGILLA_API_KEY", argilla.api_key)
    text = "It is **1**.\n\n| n | n + 1 |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1)\n```"
    run = finished_run(
        tmp_path / f"chromium-{tmp_path.name}", 3, generators=("gx", "gy", "gz"), answer=text
    )
    assert reviewing.main(["push", str(run), "--blind"]) == 0
    everybody = users(argilla)
    ada = next(user for user in argilla.users if user.name == "ada")
    home = everybody["ada"].dataset(run.name).replace("/api/v1/datasets", "/dataset")
    with page(f"{argilla.url}{home}/annotation-mode") as at:
        at.locator("input[type=text]").fill("ada")
        at.locator("input[type=password]").fill(ada.password)
        picture(at, "1-sign-in")
        at.keyboard.press("Enter")
        at.wait_for_url("**/annotation-mode**")
        at.get_by_text("How good is response 1?").wait_for()
        at.locator("table").first.wait_for()  # Markdown is rendered
        picture(at, "2-record")
        assert "gx" not in at.inner_text("body")
        at.get_by_text("Guidelines", exact=False).first.click()
        at.get_by_text("What you are asked to do").wait_for()
        at.get_by_text("By keyboard").scroll_into_view_if_needed()
        picture(at, "3-guidelines")
        at.get_by_text("Guidelines", exact=False).first.click()
        prompt = at.get_by_text("What is ", exact=False).first.inner_text()
        at.keyboard.press("Tab")
        # A digit answers the question that is lit and goes on to the next one.
        for lit, digit in (("rating_1", 5), ("rating_2", 2), ("rating_3", 4), ("best", 1)):
            at.locator(f"input[id^={lit}_]:focus").wait_for(state="attached")
            at.keyboard.press(str(digit))
        at.locator("input[id^=best_]:checked").wait_for(state="attached")
        picture(at, "4-rated")
        with at.expect_response(lambda answer: "/responses" in answer.url) as submitted:
            at.keyboard.press("Enter")
        assert submitted.value.ok
        at.get_by_text(prompt, exact=True).wait_for(state="detached")
        picture(at, "5-next")
    assert reviewing.main(["pull", str(run), "--names"]) == 0
    rows = {row["question"]: row for row in pq.read_table(run / "human.parquet").to_pylist()}
    number = prompt.removeprefix("What is ").removesuffix("?")
    place = slots(everybody["aifgen"].records(run.name)[f"p{number}"])
    by = {f"p{number}/{name}/0": slot for name, slot in place.items()}
    assert set(rows) == {"rating", "best"}
    assert {(row["name"], row["status"]) for row in rows.values()} == {("ada", "submitted")}
    given = dict(
        zip(rows["rating"]["response_ids"], json.loads(rows["rating"]["value"]), strict=True)
    )
    assert {by[name]: rating for name, rating in given.items()} == {
        "response_1": 5, "response_2": 2, "response_3": 4,
    }  # fmt: skip
    assert by[rows["best"]["value"]] == "response_1"
