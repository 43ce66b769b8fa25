"""Who said what of which generators, counted, and the counts resampled. Knows no strength or rank.

Units with the same generators and the same verdicts of everybody are one code, so that a resample
of a million verdicts is a few thousand counts, the same for every judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aifgen.compare import intervals
from aifgen.compare.figure import FEW, Bootstrap
from aifgen.compare.study import ABSENT, FAILED, TIE, A, B, Ints, Study, most_say

Floats = NDArray[np.float64]

MOST = 200
"""So many generators are told apart; of more, those that stand in the most units."""
CELLS = 16_000_000
"""Numbers held at once while resampling."""


@dataclass(frozen=True, slots=True)
class Standings:
    """S sides (the judges, then gold and people where known), M generators, D codes."""

    sides: tuple[str, ...]
    generators: tuple[str, ...]
    """Sorted by name."""
    x: Ints
    """(D,) index into generators."""
    y: Ints
    """(D,) the same, after x; -1 for kind label."""
    said: Ints
    """(S, D) A: x is better; a class for kind label; FAILED; ABSENT."""
    times: Ints
    """(D,) units of each code."""
    code: Ints
    """(n,) the code of each unit, ascending."""
    cluster: Ints
    """(n,) 0 to clusters - 1."""
    clusters: int

    def prompts(self, rows: NDArray[Any]) -> Ints:
        """(M,) prompts behind the units of each generator, of the codes where rows is True."""
        kept = rows[self.code]
        seen = np.zeros((len(self.generators), self.clusters), bool)
        for generator in (self.x, self.y):
            whose = generator[self.code]
            counted = kept & (whose >= 0)
            seen[whose[counted], self.cluster[counted]] = True
        return np.asarray(seen.sum(axis=1))

    def behind(self, rows: NDArray[Any]) -> int:
        """Prompts behind the units of the codes where rows is True."""
        return int(np.count_nonzero(np.bincount(self.cluster[rows[self.code]])))

    def sizes(self, rows: NDArray[Any] | None = None) -> tuple[int, float]:
        """The prompts behind the units of the codes where rows is True (null: all), and the number
        of equal size that would be as good."""
        cluster = self.cluster if rows is None else self.cluster[rows[self.code]]
        return intervals.size(np.bincount(cluster).astype(np.float64))

    def by_prompt(self, values: Floats, rows: NDArray[Any], generator: int) -> tuple[Any, Any]:
        """Two (P,), of the P prompts of a generator: the sum of what it got, and of how many units,
        over the codes where rows is True. values: as for `rates`."""
        worth = np.where(self.x == generator, values, 1 - values)
        stands = rows & ((self.x == generator) | (self.y == generator))
        counted = stands[self.code]
        whose, given = self.cluster[counted], worth[self.code[counted]]
        units = np.bincount(whose, minlength=self.clusters).astype(np.float64)
        got = np.bincount(whose, weights=given, minlength=self.clusters)
        return got[units > 0], units[units > 0]

    def draws(self, boot: Bootstrap) -> Iterator[Floats]:
        """(D, some resamples) at a time: how often each code is drawn, by whole clusters. Nothing
        where there are too few clusters for an interval."""
        if self.clusters < FEW:
            return
        rng = np.random.default_rng([boot.seed, self.clusters])
        step = max(1, CELLS // max(len(self.times), 1, len(self.generators) ** 2))
        starts = np.flatnonzero(np.diff(self.code, prepend=-1))
        alone = len(self.code) == self.clusters
        for begun in range(0, boot.resamples, step):
            size = min(step, boot.resamples - begun)
            if alone:
                drawn = rng.multinomial(self.clusters, self.times / self.clusters, size=size)
                yield np.ascontiguousarray(drawn.T, np.float64)
                continue
            counts = np.empty((len(self.times), size))
            for k in range(size):
                picked = rng.integers(self.clusters, size=self.clusters)
                weights = np.bincount(picked, minlength=self.clusters)
                counts[:, k] = np.add.reduceat(weights[self.cluster], starts)
            yield counts


def standings(study: Study) -> Standings:
    """Counts of the units whose generators are known; two responses of one generator say nothing
    about generators and are left out."""
    units = study.units
    sides, said = _sides(study)
    known = np.asarray((units.generator >= 0).all(axis=1))
    if units.kind == "pair":
        known &= units.generator[:, 0] != units.generator[:, -1]
    kept = _most(units.generator[known], len(study.generators))
    kept = np.array(sorted(kept, key=lambda g: study.generators[g]), int)
    index = np.full(len(study.generators) + 1, -1)
    index[kept] = np.arange(len(kept))
    whose = np.where(known[:, None], index[units.generator], -1)
    rows = np.flatnonzero((whose >= 0).all(axis=1))
    whose, said = whose[rows], said[:, rows]
    if units.kind == "pair":
        swapped = whose[:, 0] > whose[:, 1]
        whose[swapped] = whose[swapped][:, ::-1]
        said = np.where(swapped & (said == A), B, np.where(swapped & (said == B), A, said))
    x, y = whose[:, 0], whose[:, 1] if units.kind == "pair" else np.full(len(rows), -1)
    code = _codes(x, y + 1, *(side - ABSENT for side in said))
    order = np.argsort(code, kind="stable")
    _, at = np.unique(code, return_index=True)
    names, cluster = np.unique(study.cluster[units.item[rows]], return_inverse=True)
    return Standings(
        sides=sides,
        generators=tuple(study.generators[g] for g in kept),
        x=x[at],
        y=y[at],
        said=said[:, at],
        times=np.bincount(code, minlength=len(at)),
        code=code[order],
        cluster=cluster[order],
        clusters=len(names),
    )


def _sides(study: Study) -> tuple[tuple[str, ...], Ints]:
    units = study.units
    names, said = list(study.names), [*units.said]
    if (units.gold >= 0).any():
        names.append("gold")
        said.append(units.gold)
    if (units.people >= 0).any():
        names.append("people")
        said.append(most_say(units.people, len(units.classes), units.kind))
    return tuple(names), np.stack(said).astype(np.int16)


def _most(generator: Ints, generators: int) -> Ints:
    stands = np.bincount(generator.ravel().astype(np.int64), minlength=generators)
    kept = np.argsort(-stands, kind="stable")[:MOST]
    return np.asarray(kept[stands[kept] > 0])


def _codes(*columns: Ints) -> Ints:
    """One number from 0 for each different row of the columns, which hold no negative number."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, code = np.unique(code * (int(column.max(initial=0)) + 1) + column, return_inverse=True)
    return np.asarray(code, np.int64)


def wins(standings: Standings, side: int) -> Any:
    """Sparse (M * M, D): of a code, row x * M + y gets its wins of x over y. A tie is half a win
    for both, and so is a failed verdict, which tells neither from the other."""
    from scipy.sparse import csr_matrix

    count, said = len(standings.generators), standings.said[side]
    worth = np.select([said == A, said == B, (said == TIE) | (said == FAILED)], [1.0, 0.0, 0.5])
    lost = np.select([said == ABSENT, said == A], [0.0, 0.0], 1 - worth)
    columns = np.arange(len(said))
    upper, lower = standings.x * count + standings.y, standings.y * count + standings.x
    where = np.concatenate([upper, lower]), np.concatenate([columns, columns])
    shape = (count * count, len(said))
    return csr_matrix((np.concatenate([worth, lost]), where), shape=shape)


def rates(standings: Standings, values: Floats, rows: NDArray[Any]) -> tuple[Any, Any]:
    """Two sparse (M, D): the sum of what each generator got, and of how many units, over the codes
    where rows is True. values: (D,) what a unit gives to x; y gets 1 - value."""
    from scipy.sparse import csr_matrix

    at = np.flatnonzero(rows)
    two = standings.y[at] >= 0
    whose = np.concatenate([standings.x[at], standings.y[at][two]])
    columns = np.concatenate([at, at[two]])
    given = np.concatenate([values[at], 1 - values[at][two]])
    shape = (len(standings.generators), len(standings.times))
    return (
        csr_matrix((given, (whose, columns)), shape=shape),
        csr_matrix((np.ones(len(whose)), (whose, columns)), shape=shape),
    )
