"""judgments_wide.parquet: one row a unit, one column a judge. Knows no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from aifgen.compare.study import ABSENT, FAILED, Ints, Study

if TYPE_CHECKING:
    import pyarrow as pa


def wide(study: Study) -> pa.Table:
    """item_id, cluster (one number a prompt), subset, position_a and generator_a (and _b of pairs),
    gold, people (what most say), one column a rater (rater/NAME), then for each judge its verdict
    and, where it has them, its verdicts with the first and the second response shown first
    (JUDGE/first, JUDGE/second) and its ratings (JUDGE/rating_a, JUDGE/rating_b).

    A verdict is a class's name, "failed", or null where the judge was not asked.
    """
    import pyarrow as pa

    from aifgen.compare.study import most_say

    units = study.units
    names = {**dict(enumerate(units.classes)), FAILED: "failed"}
    ids = (
        pa.array(list(study.ids))
        if len(study.ids)
        else pa.array([str(k) for k in range(study.items)])
    )
    columns: dict[str, Any] = {
        "item_id": ids.take(pa.array(units.item)),
        "cluster": pa.array(study.cluster[units.item]),
        "subset": _named(study.subset[units.item], dict(enumerate(study.subsets))),
    }
    for k, side in enumerate("ab"[: units.position.shape[1]]):
        columns[f"position_{side}"] = pa.array(units.position[:, k])
        columns[f"generator_{side}"] = _named(
            units.generator[:, k], dict(enumerate(study.generators))
        )
    columns["gold"] = _named(units.gold, names)
    columns["people"] = _named(most_say(units.people, len(units.classes), units.kind), names)
    for rater, labels in zip(study.raters, units.people, strict=True):
        columns[f"rater/{rater}"] = _named(labels, names)
    rated = _rated(study)
    for k, judge in enumerate(study.judges):
        columns[_free(judge.name, columns)] = _named(units.said[k], names)
        for order, said in (("first", units.first[k]), ("second", units.second[k])):
            if (said != ABSENT).any():
                columns[_free(f"{judge.name}/{order}", columns, study)] = _named(said, names)
        for side, values in zip("ab", rated[k] if rated else (), strict=False):
            if np.isfinite(values).any():
                name = _free(f"{judge.name}/rating_{side}", columns, study)
                columns[name] = pa.array(values, from_pandas=True)
    return pa.table(columns)


def _free(name: str, columns: dict[str, Any], study: Study | None = None) -> str:
    """The name, longer by _ where a column or a judge has it already."""
    while name in columns or (study is not None and name in study.names):
        name += "_"
    return name


def _named(codes: Ints, names: dict[int, str]) -> pa.Array:
    """Texts for codes; null where a code has no name."""
    import pyarrow as pa

    keys = list(names)
    at = np.full(len(codes), -1)
    for place, key in enumerate(keys):
        at[codes == key] = place
    found = pa.array([names[key] for key in keys], pa.string())
    return found.take(pa.array(at, mask=at < 0))


def _rated(study: Study) -> list[list[Any]]:
    """(J, k) the ratings of each unit's responses."""
    ratings, units = study.ratings, study.units
    if ratings is None:
        return []
    most = int(max(ratings.position.max(initial=0), units.position.max(initial=0))) + 1
    place = np.full(study.items * most, -1)
    place[ratings.item * most + ratings.position] = np.arange(len(ratings.item))
    at = place[units.item[:, None] * most + units.position]
    padded = np.concatenate([ratings.value, np.full((len(ratings.value), 1), np.nan)], axis=1)
    return [[values[at[:, k]] for k in range(at.shape[1])] for values in padded]
