"""The report of a comparison as a file: what is in it, what it cannot do, how large it is."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from aifgen.compare.estimates import estimates
from aifgen.compare.study import FAILED, TIE, A, B
from aifgen.page.comparison_page import comparison_page
from aifgen.page.embedded import embedded, level, shared
from aifgen.page.figures_table import Row, figures_table, how
from aifgen.page.rows import differing
from aifgen.page.wording import number, percent, points, visible
from benchmarks.simulated import World
from tests.compare.studies import labels, pairs
from tests.conftest import ROOT
from tests.page.made import HOSTILE, JUDGES, Made, comparison, figure, rated, study


def data_of(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="([^"]+)" id="rows"( data-packed)?>([^<]*)</script>', page)
    assert match
    kind, packed, text = match.groups()
    assert kind == ("text/plain" if packed else "application/json")
    plain = gzip.decompress(base64.b64decode(text)).decode() if packed else text
    found: dict[str, Any] = json.loads(plain)
    return found


def test_the_answer_comes_first_and_figures_have_their_intervals() -> None:
    of = study()
    found = comparison(of)
    page = comparison_page(found, of)
    assert "<h1>Both agree with gold &lt;b&gt;as often&lt;/b&gt;.</h1>" in page
    assert page.index("<h1>") < page.index("What was compared") < page.index('id="agreement"')
    rate = found["judges"]["gpt-4-turbo"]["agreement"]
    low, high = (f"{100 * end:.1f}" for end in rate["ci95"])
    assert f"{100 * rate['value']:.1f} % <i>[{low}, {high}]</i>" in page
    assert "percentile bootstrap over 60 prompts, 50 resamples" in page
    assert "A note with &lt;i&gt;marks&lt;/i&gt;." in page


def test_estimates_of_the_whole_run_stand_side_by_side() -> None:
    of = World(200, seed=1).study("disagreement:50")
    whole = {"estimates": estimates(of)}
    three = whole["estimates"]["judges"]["a"]  # type: ignore[index]

    page = comparison_page(comparison(of, **whole), of)

    section = page.partition('<section id="estimates"')[2].partition("</section>")[0]
    assert "One person labelled 50 of 200 prompts, drawn as disagreement:50." in section
    assert "naive forgets how the labelled" in section
    for way in ("naive", "human_only", "prediction_powered"):
        assert percent(three[way]) in section
    assert "those drawn and not labelled (yet) are taken for missing at random." in section


def test_a_share_of_labels_says_which_label() -> None:
    """It was called the share right, whatever word stands last."""
    said = np.arange(200) % 2
    of = labels(
        {"a": said, "b": said}, people=[np.where(np.arange(200) < 50, said, -2)],
        whose=["g"] * 200, classes=("bad", "fair <b>"),
    )  # fmt: skip

    page = comparison_page(
        comparison(of, estimates=estimates(of), kind="label", classes=["bad", "fair <b>"]), of
    )

    section = page.partition('<section id="estimates"')[2].partition("</section>")[0]
    assert "Share of &#39;fair &lt;b&gt;&#39; by people, of the whole run" in section
    assert "hare right" not in section


def test_no_figure_of_few_looks_surer_than_the_others() -> None:
    """40 prompts of very uneven weight: the biased figure alone would have whiskers."""
    of = World(200, seed=1).study("random:40")
    seen = of.units.item[(of.units.people >= 0).any(axis=0)]
    rare = of.cluster == of.cluster[seen[0]]
    of = replace(of, inclusion=np.where(rare, 0.002, of.inclusion))

    page = comparison_page(comparison(of, estimates=estimates(of)), of)

    section = page.partition('<section id="estimates"')[2].partition("</section>")[0]
    assert "labelled 40 of 200 prompts" in section
    assert "<i>[" not in section
    assert section.count("of equal weight, are too few (20 are needed)") > 3


def test_no_estimates_where_people_saw_all_or_none() -> None:
    everything, nobody = World(40).study("all"), study()
    for of in (
        everything,
        replace(nobody, units=replace(nobody.units, people=nobody.units.people[:0])),
    ):
        page = comparison_page(comparison(of, estimates=estimates(of)), of)
        assert 'id="estimates"' not in page


def test_percent_numbers_and_points() -> None:
    assert percent(figure(0.912, 0.011)) == "91.2 % <i>[90.1, 92.3]</i>"
    assert number({"value": -0.5, "ci95": None}, 2) == "−0.50<i></i>"
    assert points(figure(-0.0004, 0.02)) == "0.0 pp <i>[−2.0, +2.0]</i>"
    assert "–" in percent(None)
    assert "–" in percent({"value": None, "ci95": None, "method": "why not"})


def test_one_file_that_fetches_and_runs_nothing_of_others() -> None:
    of = study(hostile=True)
    page = comparison_page(comparison(of), of)
    assert "default-src 'none'" in page
    assert re.search(r"script-src 'sha256-[\w+/=]+'", unescape(page))
    assert not re.search(r"<(link|iframe|img|object|embed|base|form)\b", page)
    assert not re.search(r"\b(src|action|xlink:href)=\"(?!#)", page)
    assert not re.search(r"\son\w+=", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    assert "@import" not in page
    assert len(re.findall(r"<script\b", page)) == 2  # the data and the browser


def test_texts_come_back_as_they_were() -> None:
    of = study(16, hostile=True)
    data = data_of(comparison_page(comparison(of), of))
    assert data["judges"] == list(JUDGES)
    seen = set()
    for row in data["rows"]:
        k = int(re.match(r"item-(\d+)", row[0])[1])  # type: ignore[index]
        text = of.texts.read([k])[0]
        clean = [t.encode("utf-8", "replace").decode() for _, t in text.responses if t]
        assert [r[1] for r in row[8]] == clean
        seen.add(k % len(HOSTILE))
    assert len(seen) > 4


def test_the_same_comparison_gives_the_same_bytes() -> None:
    of = study(40)
    found = comparison(of)
    assert comparison_page(found, of) == comparison_page(found, of)


def test_the_largest_difference_first() -> None:
    of = pairs(
        {
            "a": [A, A, A, A, A, A],
            "b": [A, B, A, TIE, A, FAILED],
            "c": [A, B, A, A, A, A],
            "d": [A, A, A, A, A, A],
        },
        gold=[A, A, B, A, A, A],
    )
    rows, total = differing(of, 10)
    assert [row.item for row in rows] == [1, 3, 2, 5]  # 4 of 6 pairs, 3 of 6, only gold, a failure
    assert total == 4
    assert rows[0].share == pytest.approx(4 / 6)
    assert [row.item for row in differing(of, 2)[0]] == [1, 3]


def test_ratings_break_what_verdicts_leave_equal() -> None:
    from aifgen.compare.study import Ratings

    of = pairs({"a": [A, A, A], "b": [B, B, TIE]})
    ratings = Ratings(
        item=np.array([0, 0, 1, 1, 2, 2]),
        position=np.array([0, 1] * 3),
        generator=np.zeros(6, np.int16),
        length=np.zeros(6, np.int32),
        value=np.array([[5.0, 4, 5, 1, np.nan, 3], [4, 5, 1, 5, 3, np.nan]]),
        gold=np.full(6, np.nan),
        people=np.zeros((0, 6)),
    )
    rows, _ = differing(replace(of, ratings=ratings), 10)
    assert [row.item for row in rows] == [1, 0, 2]
    assert rows[0].spread == 1.0
    assert np.isnan(rows[2].spread)


def test_ten_thousand_rows_stay_below_five_megabytes() -> None:
    of = study(16_000)
    page = comparison_page(comparison(of), of)
    assert len(page.encode()) < 5_000_000
    data = data_of(page)
    assert len(data["rows"]) == 10_000
    assert isinstance(data["rows"][0][8][0][1], str)  # whole
    assert isinstance(data["rows"][-1][8][0][1], list)  # its beginning, and what is missing
    head, missing = data["rows"][-1][8][0][1]
    assert len(head) + missing == 1000
    assert "the texts are shortened" in page
    assert re.search(r"10,000 of 1\d,\d{3} items", page)


def test_texts_that_do_not_compress_make_fewer_rows_of_less() -> None:
    of = study(400, size=300)
    chosen, _ = differing(of, 400)
    found = embedded(of, chosen, 60_000)
    assert len(found.data) <= 60_000
    assert found.shown == len(chosen)
    assert found.shortened > 0
    few = embedded(of, chosen, 4_000)
    assert len(few.data) <= 4_000
    assert 0 < few.shown < len(chosen)


def test_what_is_left_of_texts_goes_to_the_first_rows() -> None:
    assert shared([100, 100, 100, 100], 400) == [100, 100, 100, 100]
    assert shared([100, 100, 100, 100], 200) == [100, 50, 25, 25]
    assert shared([100, 4, 100, 100], 200) == [100, 4, 71, 25]
    assert shared([], 10) == []
    assert level([10, 20, 300], 90) == 60
    assert level([10, 20], 90) == 20
    assert level([10, 10, 10], 9) == 3


@pytest.mark.parametrize("n", [1, 2])
def test_a_study_of_next_to_nothing(n: int) -> None:
    """One judge, one item, no gold, no people."""
    of = pairs({"only": [A] * n})
    page = comparison_page(comparison(of), of)
    assert "There are none." in page
    assert 'id="rows"' not in page


def test_an_empty_comparison_is_no_error() -> None:
    of = pairs({"a": [A, B], "b": [B, FAILED]})
    page = comparison_page({}, of)
    assert "Comparison of judges" in page
    assert len(data_of(page)["rows"]) == 2


def test_many_judges_stay_readable() -> None:
    rng = np.random.default_rng(0)
    said = {f"judge {k:02}/protocol": rng.integers(0, 3, 40) for k in range(65)}
    of = pairs(said, gold=rng.integers(0, 2, 40))
    found = comparison(of)
    page = comparison_page(found, of)
    assert "Plots show the 12 of 65 judges" in page
    assert "(2080 rows)" in page
    assert len(page.encode()) < 4_000_000
    assert page.count("<svg") < 8


def test_every_section_has_plots_with_their_numbers() -> None:
    from aifgen.compare.comparison import comparison as assembled

    of = rated()
    found = assembled(of, resamples=40, wanted=0.7)
    page = comparison_page(found, of)
    sections = dict(re.findall(r'<section id="(\w+)">(.*?)</section>', page, re.DOTALL))
    for key in ("agreement", "judges", "ratings", "cost", "generators", "bias", "failures",
                "swaps", "people", "calibration", "cells", "browser"):  # fmt: skip
        assert key in sections, key
    for key, text in sections.items():
        assert text.count("<table") >= (text.count("<svg") > 0), key
    assert sections["bias"].count("<svg") == 4
    swap = found["pairs"]["gpt-4-turbo|llama3_70b"]["dataset_effect"]["flipped"]["value"]
    assert f"{100 * swap:.1f} %" in sections["swaps"]
    for name, judge in found["judges"].items():
        assert f"${judge['usd_per_1000']['value']:.2g}" in sections["cost"], name
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_how_figures_are_computed_is_said_once() -> None:
    some = [
        {"method": f"share; bootstrap over {n} prompts", "n": 2 * n, "clusters": n}
        for n in (400, 398)
    ]
    told = "share; bootstrap over 398 to 400 prompts (n 796 to 800, prompts 398 to 400)"
    assert how([*some, None, 3]) == told
    assert how([{"method": "no gold", "n": 0, "clusters": 0}]) == "no gold"


def test_columns_without_figures_are_left_out_and_intervals_stand_in_line() -> None:
    row = {"a": figure(0.5), "b": None, "c": {"value": None, "ci95": None}, "d": {"value": 0.1}}
    rows: list[Row] = [
        (("<i></i>",), row),
        (("y",), {"a": {"value": 0.25, "ci95": None}, "d": None}),
    ]
    table = figures_table(("who",), rows, [(key.upper(), key, percent) for key in "abcd"])
    assert table
    assert list(table.head) == ["who", "A", "D"]
    assert table.rows[0] == ["<i></i>", "50.0 % <i>[47.0, 53.0]</i>", "10.0 %"]
    assert not isinstance(table.rows[0][0], Markup)
    assert table.rows[1][1] == "25.0 %<i></i>"
    assert figures_table(("who",), rows, [("B", "b", percent)]) is None


def test_names_that_are_markup_and_controls() -> None:
    name = "<script>alert(1)</script>\x00\u202e"
    of = pairs({name: [A, B], "b": [B, B]}, gold=[A, A], generators=[("<b>x</b>", "y")] * 2)
    of = replace(of, texts=Made(of, 50))
    page = comparison_page(comparison(of, headline=name), of)
    assert "<script>alert" not in page
    assert "\u202e" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert visible(name) == "<script>alert(1)</script>␀[U+202E]"


def test_real_judges() -> None:
    folder = ROOT.parent / "shared" / "data" / "judges" / "llmbar"
    if not folder.exists():
        pytest.skip("the stored judgments of real judges are not here")
    of = stored_study(folder)
    page = comparison_page(comparison(of), of)
    data = data_of(page)
    assert len(data["rows"]) > 300
    assert len(page.encode()) < 5_000_000


def stored_study(folder: Path) -> Any:
    from aifgen.compare.stored import stored

    return stored(folder / "items.jsonl", folder / "judgments.parquet")
