"""What a run's verdicts say about which prompts people should look at."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from aifgen.errors import ConfigError
from aifgen.folder import TABLES
from aifgen.records import schemas
from aifgen.review.candidates import Candidate, candidates
from aifgen.tables import TableWriter


def run(
    folder: Path,
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    generators: Sequence[str] = ("gx", "gy"),
    texts: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    turns: Mapping[str, int] | None = None,
) -> list[Candidate]:
    """verdicts: prompt -> rows with `of` (indices of its responses) and what else they have."""
    shapes = schemas()
    tables = {name: TableWriter(folder / f"{name}.parquet", shapes[name]) for name in TABLES}
    for prompt, rows in verdicts.items():
        said = [{"role": "user", "content": "?"}] * (turns or {}).get(prompt, 1)
        more = json.dumps((extra or {}).get(prompt, {}))
        tables["prompts"].add({"prompt_id": prompt, "messages": said, "extra": more})
        ids = [f"{prompt}/{g}/0" for g in generators]
        for name, generator in zip(ids, generators, strict=True):
            tables["responses"].add(
                {
                    "prompt_id": prompt, "response_id": name, "generator": generator,
                    "text_digest": (texts or {}).get(name, name),
                }
            )  # fmt: skip
        for row in rows:
            rest = {key: value for key, value in row.items() if key != "of"}
            of = [ids[k] for k in row["of"]]
            tables["verdicts"].add(
                {"prompt_id": prompt, "judge": "j", "protocol": "p", "response_ids": of, **rest}
            )
    for table in tables.values():
        table.close()
    return candidates(folder)


def pair(verdict: str | None, consistency: str | None = None, **more: Any) -> dict[str, Any]:
    score = {"A": 1.0, "B": 0.0, "tie": 0.5, None: None}[verdict]
    return {"of": (0, 1), "verdict": verdict, "probability": score, "consistency": consistency,
            **more}  # fmt: skip


def rated(*ratings: float | None, **more: Any) -> list[dict[str, Any]]:
    return [{"of": (k,), "rating": r, **more} for k, r in enumerate(ratings) if r is not None]


def test_one_judge_of_pairs_doubts_by_flips_ties_and_odds(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        {
            "sure": [pair("A", "consistent")],
            "flipped": [pair("tie", "flipped")],
            "dropped": [pair(None, "flipped")],
            "kept": [pair("A", "flipped")],  # escalated: the next judge's word
            "tie": [pair("tie", "tie")],
            "odds": [pair("A", "consistent", probability=0.75)],
            "samples": [pair("A", "consistent", spread=0.25)],
            "silent": [],
        },
    )

    assert {one.prompt_id: one.spread for one in found} == {
        "sure": 0, "flipped": 1, "dropped": 1, "kept": 1, "tie": 1, "odds": 0.5, "samples": 0.25,
        "silent": 0,
    }  # fmt: skip
    assert [one.prompt_id for one in found if one.flipped] == ["flipped", "dropped", "kept"]
    margins = {one.prompt_id: one.margin for one in found}
    assert margins["sure"] == 1
    assert margins["odds"] == 0.5
    assert math.isnan(margins["silent"])


def test_one_judge_of_ratings_doubts_by_samples_and_aspects(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        {
            "sure": rated(1, 5, spread=0.0),
            "samples": rated(2, 4, spread=2.0),
            "aspects": rated(
                2, 4, parts=[{"aspect": "a", "rating": 1.0}, {"aspect": "b", "rating": 5.0}]
            ),
        },
    )

    assert [one.spread for one in found] == [0, 0.5, 1]
    assert [one.margin for one in found] == [4, 2, 2]


def test_a_small_margin_is_the_last_resort(tmp_path: Path) -> None:
    found = run(tmp_path, {"wide": rated(1, 5), "small": rated(3, 4), "one": rated(3)})

    assert [one.spread for one in found] == [0, 0.75, 0]


def test_several_judges_differ_about_pairs_and_ratings(tmp_path: Path) -> None:
    def both(one: Sequence[float], two: Sequence[float]) -> list[dict[str, Any]]:
        panel = [(a + b) / 2 for a, b in zip(one, two, strict=True)]
        each = {"j": one, "k": two, "panel": panel}
        return [row for judge, of in each.items() for row in rated(*of, judge=judge)]

    found = run(
        tmp_path,
        {
            "same": both((1, 5), (1, 5)),
            "opposite": both((1, 5), (5, 1)),
            "half": both((3, 5), (3, 3)),
            "less": both((1, 5), (3, 5)),
        },
    )

    # The mean of how far the verdicts are apart and of how far the ratings are.
    assert [one.spread for one in found] == [0, 1, (0.5 + 0.25) / 2, (0 + 0.25) / 2]
    assert [one.margin for one in found] == [4, 0, 1, 3]
    by_one = candidates(tmp_path, by="k")
    assert [one.margin for one in by_one] == [4, 4, 0, 2]
    assert [one.spread for one in by_one] == [0, 0, 1, 0.5]
    with pytest.raises(ConfigError, match=r"no judge of .* is called nobody: there are j, k, pan"):
        candidates(tmp_path, by="nobody")


def test_how_far_judges_are_apart_is_a_part_of_what_they_give(tmp_path: Path) -> None:
    """On a scale of 1 to 10 of which the run uses 4 to 6, 4 and 5 are half of it apart."""
    found = run(
        tmp_path,
        {
            "half": [*rated(5, 6), *rated(4, 5, judge="k")],
            "whole": [*rated(4, 6), *rated(6, 6, judge="k")],
        },
    )

    # The mean of how far verdicts are apart (0, and 1/2 of a tie) and ratings (1/2, and 1 and 0).
    assert [one.spread for one in found] == [(0 + 0.5) / 2, (0.5 + 0.5) / 2]


def test_several_judges_of_pairs_whatever_order_they_name(tmp_path: Path) -> None:
    def said(one: str, two: str) -> list[dict[str, Any]]:
        turned = {"A": "B", "B": "A", "tie": "tie"}[two]
        return [pair(one, "consistent"), {**pair(turned, "consistent", judge="k"), "of": (1, 0)}]

    found = run(tmp_path, {"same": said("A", "A"), "tie": said("A", "tie"), "far": said("A", "B")})

    assert [one.spread for one in found] == [0, 0.5, 1]
    assert not any(one.flipped for one in found)


def test_identical_texts_are_nothing_to_differ_about(tmp_path: Path) -> None:
    rows = {"twins": [pair("tie")], "apart": [pair("tie", "tie")]}

    found = run(tmp_path, rows, texts={"twins/gx/0": "same", "twins/gy/0": "same"})

    assert [one.spread for one in found] == [0, 1]


def test_strata_are_generators_and_kinds_of_prompts(tmp_path: Path) -> None:
    rows = {name: rated(1, 2) for name in "abc"}

    found = run(tmp_path, rows, turns={"b": 2}, generators=("gy", "gx"))
    named = run(tmp_path, rows, extra={"a": {"category": "maths"}, "b": {"category": 7}})

    assert [one.stratum for one in found] == [
        "gx+gy | one turn", "gx+gy | a conversation", "gx+gy | one turn",
    ]  # fmt: skip
    assert [one.stratum for one in named] == [
        "gx+gy | maths", "gx+gy | one turn", "gx+gy | one turn",
    ]  # fmt: skip
