"""From finished run folders to a study: every judge of every run about what all runs share.

Knows how rows of runs are matched and judges named; computes no figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from aifgen.compare.added import with_people, with_reviews, words_of
from aifgen.compare.chosen import chosen
from aifgen.compare.folders import folders_of, found
from aifgen.compare.gold import gold, people, subsets
from aifgen.compare.matching import shared
from aifgen.compare.naming import called, described, family_of, named, opened, scales, states
from aifgen.compare.run_texts import RunTexts
from aifgen.compare.run_units import Responses, generators, lengths
from aifgen.compare.study import Choice, Ratings, Study, StudyError
from aifgen.compare.voice import voices

__all__ = ["folders_of", "runs"]


def runs(
    folders: Sequence[Path],
    *,
    human: Path | None = None,
    reviewed: bool = False,
    families: Mapping[str, str] | None = None,
) -> Study:
    """folders: as folders_of takes them. human: labels of people (see people.labels); without it,
    reviewed says that what people answered about the runs counts (human.parquet). families: of
    judges, generators or models by name, where the name does not tell.

    Raises an AifgenError where a folder holds no run with verdicts, and where nothing is shared.
    """
    paths, notes = found(folders)
    given = opened(paths)
    items = shared(given)
    spoken = [voice for run in given for voice in voices(run, items)]
    names = named(spoken)
    numbers = np.stack([voice.rating for voice in spoken])
    right, raters = gold(given, items), people(given, items)
    paired = bool((items.sizes > 1).any()) and not all(voice.labels for voice in spoken)
    known, generator, models = generators(given[0], items)
    length = lengths(given[0], items)
    if not paired and not np.isfinite(numbers).any():
        raise StudyError(
            f"{given[0].path} has no prompt with two different responses, and no rating: there is "
            "nothing to compare"
        )
    responses = Responses(items, generator, length)
    rated = None
    if np.isfinite(numbers).any():
        item, position = responses.singles()
        rated = Ratings(item, position, generator, length, numbers, right, raters)
    if paired:
        units = responses.pairs(spoken, right, raters)
    else:
        units, said = responses.labels(spoken, right, raters, words_of(human))
        notes += said
    picked = [chosen(voice.run, voice.judge, items) for voice in spoken]
    texts = RunTexts(given, items, called(given, spoken, names))
    subset, subset_names = subsets(given[0], items)
    study = Study(
        judges=tuple(
            described(voice, name, families or {})
            for voice, name in zip(spoken, names, strict=True)
        ),
        cluster=np.arange(len(items)),
        clusters=len(items),
        subset=subset,
        subsets=subset_names,
        generators=known,
        families=tuple(
            family_of((name, models[name]), models[name], families or {}) for name in known
        ),
        raters=tuple(str(k + 1) for k in range(len(raters))),
        units=units,
        ratings=rated,
        choice=Choice(*(np.stack(part) for part in zip(*picked, strict=True))),
        texts=texts,
        sources=tuple(str(run.path) for run in given),
        inclusion=np.full(len(items), np.nan),
        ids=items.ids,
        notes=(*notes, *states(given), *items.notes, *scales(spoken, names)),
    )
    if human is not None:
        return with_people(study, human, items.names, items.digests, texts.asked)
    if reviewed:
        return with_reviews(study, paths, items.names, items.digests, texts.asked)
    return study
