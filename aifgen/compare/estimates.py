"""What people would say of the whole run, from the few prompts that they saw: win rates of the
generators and each judge's agreement with people. Knows a study; the inference is in powered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from aifgen.compare.drawing import distinct
from aifgen.compare.guesses import mean, sureness, value
from aifgen.compare.powered import Floats, Three
from aifgen.compare.sampled import Sample, sample
from aifgen.compare.study import Ints, Study, most_say
from aifgen.records import PANEL

GENERATORS, MATCHUPS = 50, 200
"""So many get estimates; of more, those that stand in the most units."""


def estimates(study: Study) -> dict[str, Any] | None:
    """Key `estimates` of comparison.json; null where nobody labelled anything.

    people, prompts (labelled), of (prompts of the run that are spoken of), samples, weighted
    (whether inclusion probabilities are known), assumes: a sentence. generators: NAME -> three
    figures of the win rate (for kind label: the share of the highest class); matchups: "X|Y" ->
    of X against Y; judges: NAME -> of the agreement with what most people say.
    """
    units = study.units
    said = most_say(units.people, len(units.classes), units.kind)
    if not (said >= 0).any():
        return None
    drawn = sample(study, said)
    by_judges = value(units.said, study, units.probability)
    alone = [k for k, judge in enumerate(study.judges) if judge.judge != PANEL]
    guess = mean(by_judges[alone or slice(None)], 0.5)
    told = value(said[None], study)[0]
    return {
        "people": int((units.people >= 0).any(axis=1).sum()),
        "prompts": distinct(drawn.cluster[drawn.labelled]),
        "of": distinct(drawn.cluster[drawn.counted]),
        "samples": list(study.samples),
        "weighted": drawn.weighted,
        "assumes": drawn.assumed,
        "generators": _generators(study, drawn, told, guess),
        "matchups": _matchups(study, drawn, told, guess),
        "judges": _judges(study, drawn, said, alone),
    }


def _generators(study: Study, drawn: Sample, told: Floats, guess: Floats) -> dict[str, Three]:
    units = study.units
    x, y = units.generator[:, 0], units.generator[:, -1]
    pair = units.kind == "pair"
    what = "win rate by people (ties count half)" if pair else f"share of {units.classes[-1]!r}"
    apart = (x >= 0) & (y >= 0) & ((x != y) | (not pair))
    stands = np.bincount(np.concatenate([x[apart], y[apart]]), minlength=len(study.generators))
    often = [g for g in np.argsort(-stands, kind="stable")[:GENERATORS] if stands[g]]
    found = {}
    for g in sorted(often, key=lambda g: study.generators[g]):
        rows = apart & ((x == g) | (y == g))
        of = [np.where(x == g, v, 1 - v) for v in (told, guess)]
        found[study.generators[g]] = drawn.three(rows, of[0], of[1], what)
    return found


def _matchups(study: Study, drawn: Sample, told: Floats, guess: Floats) -> dict[str, Three]:
    """Of the pairs of generators that people labelled something of."""
    units, names = study.units, study.generators
    if units.kind != "pair":
        return {}
    found = {}
    for x, y, rows, turned in _meetings(units.generator, names):
        if (rows & drawn.labelled).any():
            what = f"how often {names[x]} wins against {names[y]} by people (ties count half)"
            of = [np.where(turned, 1 - v, v) for v in (told, guess)]
            found[f"{names[x]}|{names[y]}"] = drawn.three(rows, of[0], of[1], what)
    return found


def _meetings(generator: Ints, names: tuple[str, ...]) -> Iterator[tuple[int, int, Any, Any]]:
    """Two generators by name, the units in which they meet, and whether the other stands first."""
    x, y = generator[:, 0].astype(np.int64), generator[:, 1].astype(np.int64)
    rank = np.argsort(np.argsort(np.array(names, str))) if names else np.zeros(0, np.int64)
    known = (x >= 0) & (y >= 0) & (x != y)
    turned = known & (rank[x] > rank[y])
    one, two = np.where(turned, y, x), np.where(turned, x, y)
    code = np.where(known, one * len(names) + two, -1)
    codes, times = np.unique(code[known], return_counts=True)
    often = codes[np.argsort(-times, kind="stable")[:MATCHUPS]]
    for at in sorted(often, key=lambda c: (rank[c // len(names)], rank[c % len(names)])):
        yield int(at) // len(names), int(at) % len(names), code == at, turned


def _judges(study: Study, drawn: Sample, said: Ints, alone: list[int]) -> dict[str, Three]:
    units = study.units
    what = "agreement with what most people say, over verdicts that could be read"
    found = {}
    for k, name in enumerate(study.names):
        mine = units.said[k]
        others = [j for j in alone if j != k]
        if others:
            same = np.where(units.said[others] >= 0, units.said[others] == mine, np.nan)
            guess = mean(same, 0.5)
        else:
            guess = sureness(study, k)
        equal = (mine == said).astype(np.float64)
        found[name] = drawn.three(mine >= 0, equal, guess, what)
    return found
