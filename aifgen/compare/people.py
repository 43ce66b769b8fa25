"""Which labels of people are about which items, and what each says. Reads no file."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from aifgen.compare.chances import Drawn
from aifgen.compare.hearing import as_label
from aifgen.compare.people_codes import Key, People, Said, coded
from aifgen.compare.people_files import Label, Labels, NoLabel, labels, words
from aifgen.compare.people_names import called, order
from aifgen.compare.study import StudyError, Units
from aifgen.compare.values import numeric_texts

__all__ = ["Label", "Labels", "NoLabel", "People", "apply", "labels", "words"]

Asked = Callable[[Sequence[str]], Mapping[str, str]]
"""The digests of prompts by id, where they are known."""


def apply(
    found: Labels,
    ids: Sequence[str],
    responses: Sequence[Sequence[str]],
    units: Units,
    digests: Sequence[Sequence[str]] | None = None,
    asked: Asked | None = None,
) -> People:
    """ids: (I,) the items' ids (prompt_id in runs). responses: (I,) the response ids of each, in
    the item's order, as the two of every unit are. digests: (I,) of their texts: where a label has
    noted its texts, these decide what it is about, not the ids. asked: of the items' prompts: a
    label that has noted another one is about something else. Of several labels of one rater on one
    item the last counts. Who a rater is decides whose a label is, whatever they are called.

    Of two responses a person's best decides before a ranking, and a ranking before ratings.
    Raises StudyError where no label is about any of the items.
    """
    wanted = {row.key for row in found.rows}
    index = {name: k for k, name in enumerate(ids) if name in wanted}
    shown = called({row.rater: None for row in found.rows}, found.names)
    whose = {name: rater for rater, name in shown.items()}
    in_order = order(list(whose))
    raters = [whose[name] for name in in_order]
    noted = [row.key for row in found.rows if row.prompt is not None and row.key in index]
    prompts = asked(list(dict.fromkeys(noted))) if asked is not None and noted else None
    said: dict[Key, Said] = {}
    lost, strange, gone = list[Label](), list[Label](), list[Label]()
    drawn = Drawn()
    changed = 0
    for row in found.rows:
        item = index.get(row.key)
        if item is None:
            lost.append(row)
            continue
        if row.prompt is not None and prompts is not None and row.prompt != prompts.get(row.key):
            gone.append(row)
            continue
        names = list(responses[item])
        if row.texts is not None and digests is not None:
            known = _by_text(row, names, digests[item])
            if known is None:
                gone.append(row)
                continue
            row = known
        told = _told(row, names, units)
        if told is None:
            strange.append(row)
            continue
        key = (item, row.rater, row.responses)
        one = said.get(key) or Said(shown=told.shown, dataset=row.dataset)
        changed += None not in (one.word, told.word) and one.word != told.word
        if one.dataset != row.dataset:  # half of each would be an opinion that nobody has
            one = Said(shown=told.shown, dataset=row.dataset)
        said[key] = one
        one.word = told.word if told.word is not None else one.word
        one.numbers = _merged(one.numbers, told.numbers)
        one.ranks = _merged(one.ranks, told.ranks)
        drawn.add(item, row)
    if not said:
        first = (strange or gone or lost)[0]
        raise NoLabel(
            f"no label in {found.source} is about an item here: the first ({first.where}) is "
            f"{first.value!r} on {first.key}, and the items are called "
            f"{', '.join([*ids[:2]])}, ...: labels name an item by item_id or prompt_id, and "
            "responses by their ids, by A and B or as tie"
            + ", and are about the prompt and the texts whose digests they note"
            * bool(gone)
        )
    notes = (*_notes(found.source, len(found.rows), lost, strange, gone, changed), *drawn.notes)
    more = (drawn.inclusion(len(ids)), drawn.samples, notes)
    made = coded(found, said, raters, responses, units, more)
    return replace(made, raters=tuple(in_order))


def _notes(
    source: str,
    total: int,
    lost: Sequence[Label],
    strange: Sequence[Label],
    gone: Sequence[Label],
    changed: int,
) -> tuple[str, ...]:
    notes = []
    if lost:
        notes.append(
            f"{len(lost):,} of {total:,} labels of people in {source} are about nothing here."
        )
    if gone:
        notes.append(
            f"{len(gone):,} of {total:,} labels of people in {source} are about texts or a prompt "
            "that are not compared here (any more) and are left out; the first is on "
            f"{gone[0].key}."
        )
    if strange:
        first = strange[0]
        notes.append(
            f"{len(strange):,} of {total:,} labels of people in {source} name no response of "
            f"their item and are left out; the first ({first.where}) is {first.value!r} on "
            f"{first.key}."
        )
    if changed:
        notes.append(
            f"{changed:,} labels in {source} contradict an earlier one of the same rater on "
            "the same item: the last counts."
        )
    return tuple(notes)


def _by_text(row: Label, names: Sequence[str], digests: Sequence[str]) -> Label | None:
    """The label about those responses of the item whose texts it is about, by the item's names;
    null where it says nothing of them. Of equal texts the first counts."""
    assert row.responses is not None
    assert row.texts is not None
    at = {digest: name for name, digest in zip(names, digests, strict=True)}
    there = {old: at[d] for old, d in zip(row.responses, row.texts, strict=True) if d in at}
    seen = tuple(name for name in names if name in there.values())
    value = row.value
    if isinstance(value, str):
        if value in there:
            return replace(row, value=there[value], responses=seen)
        # That none is the best of three says nothing of two of them.
        whole = value not in row.responses and len(there) == len(row.texts)
        return replace(row, responses=seen) if whole else None
    if isinstance(value, tuple):
        if len(value) != len(row.responses):
            return row  # _told says what is wrong
        value = dict(zip(row.responses, value, strict=True))
    kept: dict[str, float | None] = {}
    for old, number in value.items():
        if old in there and number is not None:
            kept.setdefault(there[old], number)
    return replace(row, value=tuple(map(kept.get, seen)), responses=seen) if kept else None


def _told(row: Label, names: list[str], units: Units) -> Said | None:
    """None where it is about no response of the item."""
    value, aligned = row.value, row.responses
    of = list(aligned or names)
    shown = [name for name in of if name in names] if aligned else None
    if shown is not None and not shown:
        return None
    if isinstance(value, str):
        if units.kind == "label":
            label = as_label(value)
            number = np.isfinite(numeric_texts([label])[0])
            return Said(word=label, shown=shown) if label in units.classes or number else None
        if value.lower() == "tie" and value not in names:
            return Said(word="tie", shown=shown)
        letter = string.ascii_uppercase.find(value.upper()) if len(value) == 1 else -1
        if value not in names and 0 <= letter < len(of):
            value = of[letter]
        return Said(word=value, shown=shown) if value in names else None
    if isinstance(value, tuple):
        if len(value) != len(of):
            told = f"{len(value)} ratings for {len(of)} responses"
            raise StudyError(f"{row.where}: {told}: give one a response, null where none")
        value = dict(zip(of, value, strict=True))
    numbers = [value.get(name) for name in names]
    if all(number is None for number in numbers):
        return None
    said = Said(shown=shown)
    if row.ranked:
        said.ranks = numbers
    else:
        said.numbers = numbers
    return said


def _merged(
    one: list[float | None] | None, two: list[float | None] | None
) -> list[float | None] | None:
    if one is None or two is None:
        return one or two
    return [a if b is None else b for a, b in zip(one, two, strict=True)]
