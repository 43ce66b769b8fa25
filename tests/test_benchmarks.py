"""The benchmarks at their smallest: they run to the end and say what they should.

Not `peers`, which installs other tools from the package index.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from benchmarks import bare, compare, floor, growth, ppi, review, start
from benchmarks.measuring import Endpoint
from benchmarks.report import PAGES, RESULTS, page, table


def ask(url: str, model: str, content: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": content}]}
    with urlopen(Request(f"{url}/chat/completions", json.dumps(body).encode())) as answer:
        text: str = json.load(answer)["choices"][0]["message"]["content"]
    return text


def test_floor(tmp_path: Path) -> None:
    floor.main(["--rows", "1", "3", "--in-flight", "4", "--repeat", "1", "--out", str(tmp_path)])

    told = (tmp_path / "floor.md").read_text()
    assert "slope between 1 and 3 rows" in told
    assert told.count("lognormal, mean 100 ms |") == 1
    assert "lognormal, mean 0.5 s |       256 |" in told


def test_floor_tells_where_the_time_goes(capsys: pytest.CaptureFixture[str]) -> None:
    floor.main(["--rows", "1", "2", "--profile"])

    told = capsys.readouterr().out
    assert "Ordered by: internal time" in told
    assert "2 rows, 6 calls" in told


def test_growth(tmp_path: Path) -> None:
    growth.main(["--rows", "1", "2", "4", "--repeat", "1", "--out", str(tmp_path)])

    assert "| 2 to 4 |" in (tmp_path / "growth.md").read_text()


def test_start_tells_costs_and_imports(tmp_path: Path) -> None:
    start.main(["--rows", "2", "--repeat", "1", "--out", str(tmp_path)])

    told = (tmp_path / "start.md").read_text()
    assert "to the first call" in told
    imported = told.partition("a whole run imported: ")[2].partition(" (as told")[0].split(", ")
    assert "hydra" in imported
    assert "litellm" not in imported


def test_compare(tmp_path: Path) -> None:
    size = ["--items", "30", "--judges", "2", "--repeat", "1"]
    compare.main([*size, "--out", str(tmp_path)])

    told = (tmp_path / "compare.md").read_text()
    assert "60 judgments by 2 judges of 30 pairs" in told
    assert "| `aifgen compare`" in told


def test_ppi(tmp_path: Path) -> None:
    size = ["--repetitions", "2", "--prompts", "200", "--labelled", "80"]
    ppi.main([*size, "--out", str(tmp_path)])

    told = (tmp_path / "ppi.md").read_text()
    assert "2 repetitions, each with 200 new prompts" in told
    assert told.count("| disagreement:80") == 2


def test_the_endpoint_draws_answers_and_counts() -> None:
    with Endpoint("lognormal:0.01") as endpoint:
        said = [ask(endpoint.url, "gx", word) for word in ("one", "two", "one")]
        verdict = ask(endpoint.url, "judge-a", "<text_1 ab>\nx\n<text_2 ab>\ny\n<text_3 ab>\nz")
        stats = endpoint.stats()
        endpoint.reset()
        after = endpoint.stats()

    assert said[0] == said[2] != said[1]
    assert len(said[0].split()) == 40
    assert [line for line in verdict.splitlines() if line.startswith("####")] == [
        f"#### Output for Text {k}" for k in (1, 2, 3)
    ]
    assert (stats["calls"], sum(stats["answered"]), stats["in_flight"]) == (4, 4, 0)
    assert after["calls"] == after["latency_s"] == 0


def test_the_floor_keeps_as_many_in_flight_as_it_may() -> None:
    bodies = [{"model": "gx", "messages": [{"role": "user", "content": str(k)}]} for k in range(40)]
    with Endpoint("0.05") as endpoint:
        asyncio.run(bare.post_all(f"{endpoint.url}/chat/completions", iter(bodies), 8))
        stats = endpoint.stats()

    assert (stats["calls"], stats["peak"], stats["broken"]) == (40, 8, 0)


def test_ramp_and_drain_do_not_count() -> None:
    answered = [1, 5, *[20] * 30, 5, 1, *[0] * 200, 1]
    stats = {"calls": sum(answered), "tick_s": 0.1, "answered": answered}

    assert floor.steady(stats) == pytest.approx(200)


def test_a_table_is_markdown() -> None:
    told = table(["what", "s"], [["one", 0.12345], ["three", 12_345.6], ["four", 2]])

    assert told.splitlines() == [
        "| what  |      s |",
        "| ----- | -----: |",
        "| one   |  0.123 |",
        "| three | 12,346 |",
        "| four  |      2 |",
    ]


def test_the_pages_show_what_was_measured_last() -> None:
    texts = [path.read_text() for path in PAGES]

    assert [page(text) for text in texts] == texts, "run: python -m benchmarks docs"
    results = {path.stem: path.read_text() for path in RESULTS.glob("*.md")}
    assert results.keys() == {
        "floor", "peers", "growth", "start", "formats", "published", "compare", "ppi",
        "review",
    }  # fmt: skip
    for text in results.values():
        assert text in "".join(texts)


def test_review(argilla_python: Path, tmp_path: Path) -> None:
    """argilla_python: so that the environment is there before anything is timed."""
    review.main(["--rows", "3", "--repeat", "1", "--out", str(tmp_path)])

    told = (tmp_path / "review.md").read_text()
    assert "**3 records of 3 responses, suggestions of two judges**" in told
    assert "push takes " in told
