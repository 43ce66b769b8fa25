"""Labels of people beside a study, put into it or left out. Reads them; knows no judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from aifgen.compare.drawing import distinct
from aifgen.compare.people import Asked, Labels, NoLabel, apply, labels, words
from aifgen.compare.study import Study
from aifgen.folder import HUMAN


def words_of(human: Path | None) -> list[str]:
    """The label texts that people used, for the classes of a study of labels."""
    return [] if human is None else sorted(words(labels(human)))


def with_people(
    study: Study,
    human: Path,
    responses: Sequence[Sequence[str]],
    digests: Sequence[Sequence[str]] | None = None,
    asked: Asked | None = None,
) -> Study:
    """The study with the labels of a file or a run instead of those that its items bring.

    responses: (I,) the response ids of each item. digests: (I,) of their texts, where known; asked:
    of its prompts, by id.
    Raises StudyError where none is about an item.
    """
    return _with(study, labels(human), responses, digests, asked)


def with_reviews(
    study: Study,
    runs: Sequence[Path],
    responses: Sequence[Sequence[str]],
    digests: Sequence[Sequence[str]],
    asked: Asked,
) -> Study:
    """The study with what people answered about its runs, all of their tables together. That they
    said nothing of what is compared is no error, because nobody asked for it, but a note."""
    tables, notes = dict[Path, Labels](), list[str]()
    for path in [run / HUMAN for run in runs if (run / HUMAN).is_file()]:
        try:
            tables[path] = labels(path)
        except NoLabel:
            notes.append(f"{path} holds no submitted answer yet.")
    rows = [row for table in tables.values() for row in table.rows]
    source = " and ".join(map(str, tables))
    names = {who: name for table in tables.values() for who, name in table.names.items()}
    together = Labels(source, rows, names)
    try:
        made = _with(study, together, responses, digests, asked) if rows else study
    except NoLabel:
        notes.append(f"Nothing in {source} is about what is compared: people are left out.")
        made, rows = study, []
    if rows:
        notes.append(_asked(made, source, len(rows)))
        made = replace(made, sources=(*made.sources, *map(str, tables)))
    return replace(made, notes=(*made.notes, *notes))


def _with(
    study: Study,
    found: Labels,
    responses: Sequence[Sequence[str]],
    digests: Sequence[Sequence[str]] | None,
    asked: Asked | None,
) -> Study:
    people = apply(found, study.ids, responses, study.units, digests, asked)
    ratings = study.ratings
    if ratings is not None:
        given = people.ratings_at(ratings.item, ratings.position)
        ratings = replace(ratings, people=np.asarray(given, np.float64))
    instead = f"People are those of {found.source}, not of the items."
    return replace(
        study,
        raters=people.raters,
        units=replace(study.units, people=people.codes),
        ratings=ratings,
        inclusion=people.inclusion,
        samples=people.samples,
        notes=(*study.notes, *[instead] * bool(len(study.units.people)), *people.notes),
    )


def _asked(study: Study, source: str, answers: int) -> str:
    """How many people said how much about what, and how that was chosen."""
    units = study.units
    prompts = distinct(study.cluster[units.item[(units.people >= 0).any(axis=0)]])
    who = "1 person" if len(study.raters) == 1 else f"{len(study.raters):,} people"
    drawn = f"drawn as {' and '.join(study.samples)}" if study.samples else "chosen nobody says how"
    told = "1 answer" if answers == 1 else f"{answers:,} answers"
    what = f"{told} about {prompts:,} of {study.clusters:,} prompts"
    return f"People: {who}, {what}, {drawn} ({source})."


def without_people(study: Study) -> Study:
    """The study as if nobody had been asked."""
    ratings = study.ratings
    return replace(
        study,
        raters=(),
        units=replace(study.units, people=study.units.people[:0]),
        ratings=None if ratings is None else replace(ratings, people=ratings.people[:0]),
        inclusion=np.full(study.items, np.nan),
        samples=(),
    )
