"""Studies made by hand, for tests of statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from aifgen.compare.study import (
    ABSENT,
    FAILED,
    PAIR,
    TIE,
    A,
    B,
    Choice,
    ItemText,
    Judge,
    Ratings,
    Study,
    Units,
    fold,
)


class NoTexts:
    def read(self, items: Sequence[int]) -> list[ItemText]:
        return [ItemText(f"i{k}", f"prompt {k}", (("x", "a"), ("y", "b")), ()) for k in items]


def pairs(
    said: Mapping[str, Any] | None = None,
    *,
    first: Mapping[str, Any] | None = None,
    second: Mapping[str, Any] | None = None,
    gold: Any = None,
    people: Any = None,
    cluster: Any = None,
    generators: Sequence[tuple[str, str]] | None = None,
    lengths: Any = None,
    subset: Sequence[str] | None = None,
    families: Mapping[str, str] | None = None,
    judges: Mapping[str, Mapping[str, Any]] | None = None,
    inclusion: Any = None,
    samples: Sequence[str] = (),
) -> Study:
    """One pair an item. said: judge -> (n,) codes (A, B, TIE, FAILED, ABSENT); or first and second,
    the verdicts in either order, from which said is folded. people: (R, n). lengths: (n, 2).
    families: of generators; of judges with `judges={"name": {"family": ...}}`.
    """
    names = list(said if said is not None else first or {})
    n = len(next(iter((said if said is not None else first or {}).values())))
    absent = np.full(n, ABSENT, np.int8)

    def stack(values: Mapping[str, Any] | None) -> Any:
        return np.stack([np.asarray((values or {}).get(j, absent), np.int8) for j in names])

    one, two = stack(first), stack(second)
    all_said = stack(said) if said is not None else fold(one, two)
    whose = list(generators or [("x", "y")] * n)
    known = sorted({name for pair in whose for name in pair})
    clusters = np.asarray(cluster if cluster is not None else np.arange(n))
    _, dense = np.unique(clusters, return_inverse=True)
    subsets = sorted(set(subset or ()))
    units = Units(
        kind="pair",
        classes=PAIR,
        item=np.arange(n),
        position=np.tile(np.array([0, 1], np.int16), (n, 1)),
        generator=np.array([[known.index(x) for x in pair] for pair in whose], np.int16),
        length=np.asarray(lengths if lengths is not None else np.full((n, 2), -1), np.int32),
        gold=absent if gold is None else np.asarray(gold, np.int8),
        people=np.zeros((0, n), np.int8) if people is None else np.asarray(people, np.int8),
        said=all_said,
        first=one,
        second=two,
    )
    decided = np.isin(all_said, (A, B))
    choice = Choice(
        chosen=np.where(decided, np.where(all_said == A, 0, 1), -1).astype(np.int16),
        rejected=np.where(decided, np.where(all_said == A, 1, 0), -1).astype(np.int16),
        margin=np.where(decided, 1.0, np.nan),
    )
    return Study(
        judges=tuple(
            Judge(
                **{
                    "name": name,
                    "judge": name,
                    "protocol": "pair",
                    "judgments": int((stack(said) != ABSENT).sum()) if said else n,
                    "parse_failures": int((all_said[k] == FAILED).sum()),
                    **(judges or {}).get(name, {}),
                }
            )
            for k, name in enumerate(names)
        ),
        cluster=dense,
        clusters=int(dense.max()) + 1,
        subset=np.array([subsets.index(s) for s in subset], np.int16)
        if subset
        else np.full(n, -1, np.int16),
        subsets=tuple(subsets),
        generators=tuple(known),
        families=tuple((families or {}).get(name) for name in known),
        raters=tuple(str(k + 1) for k in range(len(units.people))),
        units=units,
        ratings=None,
        choice=choice,
        texts=NoTexts(),
        sources=("made",),
        inclusion=np.full(n, np.nan) if inclusion is None else np.asarray(inclusion, np.float64),
        samples=tuple(samples),
    )


def labels(
    said: Mapping[str, Any],
    *,
    whose: Sequence[str] | None = None,
    classes: tuple[str, ...] = ("False", "True"),
    **more: Any,
) -> Study:
    """One response an item, of the generator in `whose`; codes are indices into classes, or
    FAILED, ABSENT. more: gold, people, cluster, judges of `pairs`."""
    study = pairs(said, generators=[(name, name) for name in whose] if whose else None, **more)
    units = study.units
    single = {name: getattr(units, name)[:, :1] for name in ("position", "generator", "length")}
    nothing = np.full_like(study.choice.chosen, -1)
    return replace(
        study,
        units=replace(units, kind="label", classes=classes, **single),
        choice=Choice(nothing, nothing, np.full(nothing.shape, np.nan)),
    )


__all__ = ["ABSENT", "FAILED", "TIE", "A", "B", "Ratings", "labels", "pairs"]
