"""How the generators stand with each judge, and whether judges rank them alike. Reads nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aifgen.compare.controlled import controlled_by
from aifgen.compare.figure import Bootstrap, Figure, plain, resampled
from aifgen.compare.ranked import Ranked, ranked
from aifgen.compare.ranks import correlations
from aifgen.compare.standings import MOST, Standings, standings
from aifgen.compare.study import FAILED, TIE, A, B, Study, most_say

Floats = NDArray[np.float64]

RANKINGS = 200
"""Resamples of a rank correlation: its interval is wide, and few values are possible."""

THREE = 3
"""Of fewer generators a rank correlation can only be 1 or -1."""

BIASED = 0.25
"""Bias in standard errors from which a percentile interval misleads (Efron 1993, section 10.3)."""


def generators(study: Study, boot: Bootstrap) -> dict[str, Any]:
    """Keys generators, matchups, rank_correlation and generator_delta of comparison.json.

    A side is a judge, or gold or people where known. `generators.SIDE.NAME`: n, win_rate (for kind
    label: the share of the highest class; mean_label too where labels are numbers and more than
    two), bradley_terry (log strength, mean 0) and length_controlled_win_rate.
    `matchups.SIDE."X|Y"`: wins of X, losses, ties, and failures: how many of those ties are no
    verdict at all. A win rate leaves failures out; Bradley-Terry and matchups take them as ties, as
    the tables of PandaLM do. `rank_correlation."A|B"`: of the two sides' rankings by Bradley-Terry;
    for kind label by the mean label, or the share of the highest class, over the units where both
    have a verdict. `generator_delta.JUDGE`: mean absolute difference of the generators' win rates
    to the reference's, over the units where both have a verdict.
    """
    table = standings(study)
    found = ranked(table, boot, _top(study, table), _mean(study, table))
    return {
        "generators": {side: _side(study, table, found, k) for k, side in enumerate(table.sides)},
        "matchups": {side: _matchups(table, k) for k, side in enumerate(table.sides)},
        "rank_correlation": _correlations(study, table, found),
        "generator_delta": _deltas(study, table, found),
    }


def _top(study: Study, table: Standings) -> Floats:
    """(S, D) what a unit gives to x: 1 for a win or the highest class."""
    if study.units.kind == "pair":
        return np.select([table.said == A, table.said == TIE], [1.0, 0.5])
    return np.asarray(table.said == len(study.units.classes) - 1, np.float64)


def _mean(study: Study, table: Standings) -> Floats | None:
    """(S, D) the label as a number; null where labels are no numbers, or only two."""
    classes = study.units.classes
    if study.units.kind == "pair" or len(classes) < 3:
        return None
    try:
        numbers = np.array([float(name) for name in classes])
    except ValueError:
        return None
    return np.asarray(numbers[np.maximum(table.said, 0)]) if np.isfinite(numbers).all() else None


def _side(study: Study, table: Standings, found: Ranked, side: int) -> dict[str, Any]:
    pair = study.units.kind == "pair"
    what = "wins and half the ties, failures left out"
    if not pair:
        what = f"share of {study.units.classes[-1]!r}, failures left out"
    if len(study.generators) > len(table.generators) == MOST:
        what += f"; of the {MOST} most frequent of {len(study.generators)} generators"
    own = found.rates[side, found.valid(side), "top"]
    rates = own.figures(what)
    means = found.rates.get((side, found.valid(side), "mean"))
    labels = means.figures("mean label, failures left out") if means else None
    controlled = _controlled(study, side)
    sides: dict[str, Any] = {}
    for g, name in enumerate(table.generators):
        sides[name] = {
            "n": int(own.n[g]),
            "win_rate": rates[g],
            **({"mean_label": labels[g]} if labels else {}),
            "bradley_terry": found.strength(side, g),
            "length_controlled_win_rate": controlled[name],
        }
    return sides


def _controlled(study: Study, side: int) -> dict[str, Figure]:
    if len(study.generators) > MOST:
        many = plain(None, f"length-controlled win rate; more than {MOST} generators", 0, 0)
        return dict.fromkeys(study.generators, many)
    units, judges = study.units, len(study.judges)
    if side < judges:
        return controlled_by(study, units.said[side])
    if side == judges and (units.gold >= 0).any():
        return controlled_by(study, units.gold)
    return controlled_by(study, most_say(units.people, len(units.classes), units.kind))


def _matchups(table: Standings, side: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    said = table.said[side]
    kinds = {"wins": said == A, "losses": said == B, "ties": (said == TIE) | (said == FAILED)}
    kinds["failures"] = said == FAILED
    count = len(table.generators)
    cell = table.x * count + table.y
    for at in np.unique(cell[(table.y >= 0) & (kinds["wins"] | kinds["losses"] | kinds["ties"])]):
        x, y = divmod(int(at), count)
        found[f"{table.generators[x]}|{table.generators[y]}"] = {
            name: int(table.times[(cell == at) & which].sum()) for name, which in kinds.items()
        }
    return found


def _correlations(study: Study, table: Standings, found: Ranked) -> dict[str, Any]:
    by = "rankings by Bradley-Terry strength, each side's over its own rows"
    if study.units.kind == "label":
        by = f"rankings by {'mean label' if found.means else 'share of the highest class'}"
        by += " over the units where both have a verdict"
    kinds = {"spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}
    figures: dict[str, Any] = {}
    for a, one in enumerate(table.sides):
        for b in range(a + 1, len(table.sides)):
            (first, firsts), (second, seconds) = found.ranking(a, b), found.ranking(b, a)
            both = np.flatnonzero(np.isfinite(first) & np.isfinite(second))
            key, size = f"{one}|{table.sides[b]}", (len(both), table.clusters)
            told = {name: f"{what} of {len(both)} generators, {by}" for name, what in kinds.items()}
            if len(both) < THREE:
                few = f"not defined: {THREE} generators that both rank are needed"
                figures[key] = {n: plain(None, f"{t}; {few}", *size) for n, t in told.items()}
                continue
            values = correlations(first[both], second[both])
            drawn: tuple[Any, Any] = (None, None)
            if firsts is not None and seconds is not None:
                drawn = correlations(firsts[:RANKINGS, both], seconds[:RANKINGS, both])
            figures[key] = {
                name: resampled(float(values[k]), drawn[k], what, *size, table.sizes())
                for k, (name, what) in enumerate(told.items())
            }
    return figures


def _deltas(study: Study, table: Standings, found: Ranked) -> dict[str, Figure]:
    whose, _ = study.reference()
    what = f"mean over generators of |win rate - that of {whose}|, units where both have a verdict"
    if whose is None:
        return {name: plain(None, "no reference to compare with", 0, 0) for name in study.names}
    reference = len(study.judges)
    figures: dict[str, Figure] = {}
    for k, name in enumerate(study.names):
        mine, theirs = found.shared(k, reference)
        both = (table.said[k] >= 0) & (table.said[reference] >= 0)
        size = int(table.times[both].sum()), table.behind(both)
        values = None
        with np.errstate(all="ignore"):
            gap = float(_mean_of(np.abs(mine.value - theirs.value)))
            if mine.values is not None and theirs.values is not None:
                values = _mean_of(np.abs(mine.values - theirs.values))
                known = values[np.isfinite(values)]
                if len(known) and abs(known.mean() - gap) > BIASED * known.std():
                    no = "no interval: the difference is too near to 0 for a bootstrap of absolutes"
                    figures[name] = plain(gap, f"{what}; {no}", *size)
                    continue
            figures[name] = resampled(gap, values, what, *size, table.sizes(both))
    return figures


def _mean_of(gaps: Floats) -> Any:
    """Along the last axis, over generators that have a value."""
    known = np.isfinite(gaps)
    return np.where(known, gaps, 0).sum(axis=-1) / known.sum(axis=-1)
