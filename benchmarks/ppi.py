"""How often the intervals of `estimates` cover what people would say of all prompts, and how wide
they are: simulated people who labelled a sample, drawn in several ways."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aifgen.compare.estimates import estimates
from benchmarks.report import machine, options, publish, say, table
from benchmarks.simulated import World, agreement, win_rate

WAYS = ("naive", "human_only", "prediction_powered")
SAMPLES = ("random", "disagreement", "margin", "flipped", "stratified", "mixed")
NAMES = ("covered", "width", "bias")
Covered = dict[str, float]
"""times: repetitions with an interval, covered: the share of their intervals that hold the truth;
width, bias: the mean width and the mean error; NaN without any."""


def main(words: Sequence[str]) -> None:
    parser = options("ppi", __doc__)
    parser.add_argument("--repetitions", type=int, default=1200)
    parser.add_argument("--prompts", type=int, default=800)
    parser.add_argument("--labelled", type=int, nargs="+", default=[40, 60, 160])
    how = parser.parse_args(words)
    rows: list[list[str | float]] = []
    for size in how.labelled:
        for sample in SAMPLES:
            found = covered(f"{sample}:{size}", range(how.repetitions), how.prompts)
            for figure, ways in found.items():
                told = [cell(of, how.repetitions) for of in ways.values()]
                rows.append([f"{sample}:{size}", figure, *told])
            say(f"{sample}:{size} is done")
    about = (
        f"{how.repetitions:,} repetitions, each with {how.prompts} new prompts of two pairs, four "
        "judges and one person a prompt. A cell is the share of 95 % intervals that hold what "
        "people would say of all prompts, with their mean width and the mean error of the figures; "
        "where not every repetition has an interval, how many have."
    )
    head = ["sample", "figure", "naive", "human-only", "prediction-powered"]
    publish("ppi", words, how.out, machine("numpy", "scipy"), table(head, rows), about)


def covered(
    sample: str, seeds: Sequence[int], prompts: int = 800, people: int = 1
) -> dict[str, dict[str, Covered]]:
    """By figure and way."""
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
                if of["ci95"] is None or of["value"] is None:  # labels worth too few prompts
                    continue
                low, high = of["ci95"]
                seen[figure][way].append((low <= right <= high, high - low, of["value"] - right))
    return {
        figure: {way: _means(rows) for way, rows in ways.items()} for figure, ways in seen.items()
    }


def _means(rows: Sequence[tuple[bool, float, float]]) -> Covered:
    found = np.mean(rows, axis=0) if rows else np.full(len(NAMES), np.nan)
    return {"times": len(rows), **dict(zip(NAMES, found.tolist(), strict=True))}


def cell(of: Covered, repetitions: int) -> str:
    """As in the table."""
    if not of["times"]:
        return "no interval"
    told = f"{of['covered']:.3f} ({of['width']:.3f}, {of['bias']:+.3f})"
    return told + f" of {of['times']:,}" * (of["times"] < repetitions)
