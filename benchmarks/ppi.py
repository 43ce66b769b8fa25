"""How often the intervals of `estimates` cover what people would say of all prompts, and how wide
they are: simulated people who labelled a sample, drawn in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from aifgen.compare.estimates import estimates
from benchmarks.report import machine, options, publish, say, table
from benchmarks.simulated import World, agreement, win_rate

WAYS = ("naive", "human_only", "prediction_powered")
SAMPLES = ("random", "disagreement", "margin", "stratified", "mixed")


def main(words: Sequence[str]) -> None:
    parser = options("ppi", __doc__)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--prompts", type=int, default=800)
    parser.add_argument("--labelled", type=int, nargs="+", default=[60, 160])
    how = parser.parse_args(words)
    rows: list[list[str | float]] = []
    for size in how.labelled:
        for sample in SAMPLES:
            found = covered(f"{sample}:{size}", range(how.repetitions), how.prompts)
            for figure, ways in found.items():
                told = [f"{of['covered']:.3f} ({of['width']:.3f})" for of in ways.values()]
                rows.append([f"{sample}:{size}", figure, *told])
            say(f"{sample}:{size} is done")
    about = (
        f"{how.repetitions:,} repetitions, each with {how.prompts} new prompts of two pairs, four "
        "judges and one person a prompt. A cell is the share of 95 % intervals that hold what "
        "people would say of all prompts, and their mean width."
    )
    head = ["sample", "figure", "naive", "human-only", "prediction-powered"]
    publish("ppi", words, how.out, machine("numpy", "scipy"), table(head, rows), about)


def covered(
    sample: str, seeds: Sequence[int], prompts: int = 800, people: int = 1
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """By figure and way, of the repetitions that give an interval: covered, the share of intervals
    that hold the truth; width, their mean; bias, the mean error."""
    truth = {"win rate of x": win_rate(people), "agreement of a": agreement("a", people)}
    seen: dict[str, dict[str, list[tuple[bool, float, float]]]] = {
        figure: {way: [] for way in WAYS} for figure in truth
    }
    for seed in seeds:
        found = estimates(World(prompts, people=people, seed=seed).study(sample))
        assert found is not None
        three = {
            "win rate of x": found["generators"]["x"],
            "agreement of a": found["judges"]["a"],
        }
        for figure, right in truth.items():
            for way in WAYS:
                of = three[figure][way]
                if of["ci95"] is None:  # weights that make too few prompts of the labelled ones
                    continue
                low, high = of["ci95"]
                seen[figure][way].append((low <= right <= high, high - low, of["value"] - right))
    return {
        figure: {
            way: dict(zip(("covered", "width", "bias"), np.mean(rows, axis=0), strict=True))
            for way, rows in ways.items()
        }
        for figure, ways in seen.items()
    }
