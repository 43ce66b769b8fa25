"""A study of some of its judges. Knows names and arrays; computes nothing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aifgen.compare.study import ItemText, Study, StudyError, Texts


@dataclass(frozen=True, slots=True)
class _Some:
    """Texts without what the other judges said."""

    texts: Texts
    names: frozenset[str]

    def read(self, items: Sequence[int]) -> list[ItemText]:
        return [
            replace(text, said=tuple(said for said in text.said if said.judge in self.names))
            for text in self.texts.read(items)
        ]


def selected(study: Study, names: Sequence[str]) -> Study:
    """The same study with these judges alone, in this order.

    Raises StudyError for a name that is none of its judges', or one that is given twice.
    """
    for name in names:
        if name not in study.names:
            close = difflib.get_close_matches(name, study.names, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {_some(study.names)}"
            raise StudyError(f"no judge is called {name}: {hint}")
        if names.count(name) > 1:
            raise StudyError(f"the judge {name} is named twice: name each once")
    at = [study.names.index(name) for name in names]
    units, choice, ratings = study.units, study.choice, study.ratings
    left_out = len(study.names) - len(at)
    note = f"Left out, as asked: {left_out} of {len(study.names)} judges."
    return replace(
        study,
        judges=tuple(study.judges[k] for k in at),
        units=replace(
            units,
            said=units.said[at],
            first=units.first[at],
            second=units.second[at],
            probability=None if units.probability is None else units.probability[at],
        ),
        ratings=None if ratings is None else replace(ratings, value=ratings.value[at]),
        choice=replace(
            choice,
            chosen=choice.chosen[at],
            rejected=choice.rejected[at],
            margin=choice.margin[at],
        ),
        texts=_Some(study.texts, frozenset(names)),
        notes=(*study.notes, *([note] if left_out else [])),
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
