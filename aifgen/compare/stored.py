"""A study of stored items and judgments (docs/interchange.md). Computes no statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from aifgen.compare import stored_beliefs as beliefs
from aifgen.compare import stored_units as made
from aifgen.compare.choosing import choice
from aifgen.compare.coding import RATED, coding
from aifgen.compare.hearing import Hearing
from aifgen.compare.opinions import NONE, Opinions
from aifgen.compare.stored_items import Items, items
from aifgen.compare.stored_judgments import Judgments, judgments
from aifgen.compare.stored_texts import Places, StoredTexts
from aifgen.compare.study import Ints, Kind, Study, StudyError

FEW = 0.1
"""Up to this share of the judged items may be of the other kind: they are left out."""


def stored(
    items_path: Path,
    judgments_path: Path,
    *,
    human: Path | None = None,
    families: Mapping[str, str] | None = None,
) -> Study:
    """human: labels of people instead of those in the items, a file or a run's folder.
    families: of models, judges and generators by name, where their names do not tell.

    Raises StudyError.
    """
    from aifgen.compare.added import with_people, words_of
    from aifgen.compare.family import family

    named = families or {}

    def kin(*names: str | None) -> str | None:
        told = [named[name] for name in names if name is not None and name in named]
        return told[0] if told else next(filter(None, map(family, names)), None)

    every = items(items_path)
    hearing = Hearing(every.layout, every.response_ids)
    spoken = judgments(judgments_path, every, hearing, lambda name, model: kin(model, name))
    kept, kind, notes = _kept(every, spoken)
    opinions = (spoken.opinions, beliefs.gold(every, hearing), beliefs.people(every, hearing))
    said, gold, people = (beliefs.only(one, kept, len(every.counts)) for one in opinions)
    found = every.take(kept)
    code = coding(kind, found.layout, hearing.labels, (said, gold, people), words_of(human))
    if code.classes == RATED:
        notes.append(
            "The ratings are no labels (they are not whole, or there are too many different ones): "
            "verdicts are not compared here, ratings are."
        )
    raters = int(people.who.max()) + 1 if len(people.who) else 0
    by, right, others = (
        code.codes(one, whos)
        for one, whos in ((said, len(spoken.judges)), (gold, 1), (people, raters))
    )
    rates = np.bincount(said.who[said.pick != NONE], minlength=len(by.said)) == 0
    digests, cluster = np.unique(found.digest, return_inverse=True)
    ids = Ids(found.ids)
    study = Study(
        judges=spoken.judges,
        cluster=cluster.astype(np.int64),
        clusters=len(digests),
        subset=found.subset,
        subsets=found.subsets,
        generators=found.generators,
        families=tuple(kin(name) for name in found.generators),
        raters=tuple(str(k + 1) for k in range(raters)),
        units=made.units(found, code, by, right, others),
        ratings=made.ratings(found, by, right, others),
        choice=choice(by.said, by.rating, rates, found.layout, made.different(found)),
        texts=_texts(found, spoken, said, ids, tuple(hearing.labels)),
        sources=tuple(str(path) for path in (items_path, judgments_path, human) if path),
        inclusion=np.full(len(found.ids), np.nan),
        ids=ids,
        notes=(*spoken.notes, *notes),
    )
    return study if human is None else with_people(study, human, ResponseIds(found))


def _kept(items: Items, spoken: Judgments) -> tuple[Ints, Kind, list[str]]:
    """The judged items of one kind, and what is to be said about the others."""
    judged = np.flatnonzero(np.bincount(spoken.opinions.item))
    alone = items.counts[judged] == 1
    single, several = int(alone.sum()), int((~alone).sum())
    notes = []
    if left := len(items.counts) - len(judged):
        notes.append(f"{left:,} of {len(items.counts):,} items have no judgment and are left out.")
    few, many = sorted((single, several))
    if few > FEW * (few + many):
        raise StudyError(
            f"{items.path} has {single:,} judged items with one response and {several:,} with "
            "several, which are compared differently: put them into two files and compare each"
        )
    kind: Kind = "label" if single > several else "pair"
    if few:
        notes.append(
            f"{few:,} of {few + many:,} judged items have "
            f"{'one response' if kind == 'pair' else 'several responses'}, unlike the others, and "
            "are left out."
        )
    return judged[alone if kind == "label" else ~alone], kind, notes


def _texts(
    items: Items, spoken: Judgments, said: Opinions, ids: Sequence[str], labels: tuple[str, ...]
) -> StoredTexts:
    rows = np.isin(spoken.opinions.start, said.start, assume_unique=True)
    return StoredTexts(
        items=Places(items.path, items.number, items.start),
        judgments=Places(spoken.path, spoken.number[rows], spoken.start[rows]),
        ids=ids,
        layout=items.layout,
        response_ids=items.response_ids,
        judges=[judge.name for judge in spoken.judges],
        labels=labels,
        opinions=said,
        by_item=np.argsort(said.item, kind="stable"),
    )


class Ids(Sequence[str]):
    """An Arrow column of texts, made into Python's only one by one."""

    def __init__(self, column: Any) -> None:
        self._column = column

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return list(self._column[at].to_pylist())
        return str(self._column[at].as_py())

    def __len__(self) -> int:
        return len(self._column)


class ResponseIds(Sequence[Sequence[str]]):
    """The response ids of each item, made only where somebody asks."""

    def __init__(self, items: Items) -> None:
        self._ids, self._start = Ids(items.response_ids), items.layout.responses.tolist()

    @overload
    def __getitem__(self, at: int) -> Sequence[str]: ...
    @overload
    def __getitem__(self, at: slice) -> list[Sequence[str]]: ...
    def __getitem__(self, at: int | slice) -> Sequence[str] | list[Sequence[str]]:
        if isinstance(at, slice):
            return [self[k] for k in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        return self._ids[self._start[at] : self._start[at + 1]]

    def __len__(self) -> int:
        return len(self._start) - 1
