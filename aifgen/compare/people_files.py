"""Labels of people in files and in folders of runs, one by one. Knows no study."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aifgen.compare.people_values import Value, chance_of, decoded, number_of, time_of, value_of
from aifgen.compare.stored_files import check, lines, place
from aifgen.compare.study import StudyError
from aifgen.folder import HUMAN
from aifgen.records import response_id
from aifgen.tables import read_rows

KEYS = ("item_id", "prompt_id")
LISTS = ("labels", "human_labels")
ONE = ("label", "verdict", "value", "ratings", "rating")
RATERS = ("rater", "annotator")
ALIGNED = ("response_ids",)
UNFINISHED = ("draft", "discarded")


class NoLabel(StudyError):
    """There is a place for labels, and none that is about anything here."""


@dataclass(frozen=True, slots=True)
class Label:
    """key: item_id or prompt_id. responses: the ids in whose order a value is, null where that is
    the item's own order. where: its place, for errors. texts: the digests of these responses, null
    where nobody noted them. ranked: the numbers are no ratings, only higher or lower. inclusion:
    the chance that the item had to be shown to people, null where unknown; sample: how it was
    drawn (designs with their seeds, as review.push writes them). prompt: the digest of the prompt
    that was shown, null where nobody noted it. dataset: what it was drawn for; samples of several
    were drawn apart."""

    key: str
    rater: str
    value: Value
    responses: tuple[str, ...] | None
    where: str
    texts: tuple[str, ...] | None = None
    ranked: bool = False
    inclusion: float | None = None
    sample: str | None = None
    prompt: str | None = None
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """Those of one file or folder, in the order in which they were submitted; where that is not
    known, as they stand and before all others. names: what annotators are called, by who they are,
    where any row of theirs says it; the last counts."""

    source: str
    rows: list[Label] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def labels(path: Path) -> Labels:
    """Of a .jsonl(.gz), .csv or .parquet file, or of a run's folder: its human.parquet, else what
    its source brought. Raises StudyError, DataError."""
    found = Labels(str(path))
    if path.is_dir() and not (path / HUMAN).is_file():
        _brought(path, found)
    else:
        _rows(path / HUMAN if path.is_dir() else path, found)
    if not found.rows:
        raise NoLabel(f"{path} holds no label of a person: give one a row")
    return found


def words(found: Labels) -> set[str]:
    """The texts among them, for the classes of a study of kind label."""
    return {
        row.value.capitalize() if row.value.lower() in ("true", "false") else row.value
        for row in found.rows
        if isinstance(row.value, str)
    }


def _rows(path: Path, found: Labels) -> None:
    times: Counter[str] = Counter()
    made_at: list[datetime] = []
    for number, row in _read(path):
        where = place(path, number)
        if judge := row.get("judge"):
            raise StudyError(
                f"{where} is what a judge said (column judge: {judge}): name a table with labels "
                "of people"
            )
        key = next((str(row[name]) for name in KEYS if row.get(name) not in (None, "")), None)
        if key is None:
            raise StudyError(f"{where} has no {' or '.join(KEYS)}: say what the label is about")
        if (who := row.get("annotator")) not in (None, "") and row.get("name"):
            found.names[str(who)] = str(row["name"])
        question = row.get("question")
        if row.get("status") in UNFINISHED or question == "comment":
            continue
        rater = next((str(row[name]) for name in RATERS if row.get(name) not in (None, "")), None)
        aligned = next((row[name] for name in ALIGNED if row.get(name)), None)
        responses = None if aligned is None else tuple(map(str, decoded(aligned)))
        digests = decoded(row.get("text_digests"))
        texts = tuple(map(str, digests)) if isinstance(digests, list) and digests else None
        if texts is not None and len(texts) != len(responses or ()):
            raise StudyError(
                f"{where}: {len(texts)} text_digests for {len(responses or ())} response_ids: give "
                "one a response"
            )
        chance = chance_of(row.get("inclusion_probability"), where)
        for name, value in _told(row, where):
            if rater is None:  # a hole in a list is a person who said nothing
                times[key] += 1
            if value is None:
                continue
            who = rater or str(times[key])
            made = value_of(value, f"{where}: {name}")
            ranked = question == "ranking"
            if ranked and isinstance(made, tuple):
                made = tuple(None if rank is None else -rank for rank in made)
            if isinstance(made, tuple) and all(number is None for number in made):
                continue  # a rating of none of the responses
            one = row.get("response_id")
            if one not in (None, "") and isinstance(made, str):
                made = {str(one): number_of(made, f"{where}: {name}")}
            found.rows.append(
                Label(
                    key, who, made, responses, where, texts, ranked,
                    chance, row.get("sample"),
                    row.get("prompt_digest") or None, f"{path}#{row.get('dataset_id') or ''}",
                )
            )  # fmt: skip
            made_at.append(time_of(row.get("submitted_at")))
    order = sorted(range(len(made_at)), key=made_at.__getitem__)
    found.rows[:] = [found.rows[k] for k in order]


def _told(row: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Names of columns and what is in them."""
    listed = [name for name in LISTS if row.get(name) not in (None, "")]
    single = [name for name in ONE if row.get(name) not in (None, "")]
    if not listed and not single and not any(name in row for name in (*LISTS, *ONE)):
        raise StudyError(f"{where} has no label: name one of {', '.join((*LISTS, *ONE))}")
    for name in listed[:1]:
        values = decoded(row[name])
        yield from ((name, value) for value in (values if isinstance(values, list) else [values]))
    if not listed:
        yield from ((name, decoded(row[name])) for name in single)


def _read(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if path.suffix != ".csv":
        check(path, ".csv")
    elif not path.is_file():
        raise StudyError(f"there is no file {path}: name one with labels of people, or a run")
    if path.suffix == ".parquet":
        yield from enumerate(read_rows(path), 1)
    elif path.suffix == ".csv":
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                table = csv.DictReader(file)
                for row in table:
                    yield table.line_num, row
        except (UnicodeDecodeError, csv.Error) as error:
            raise StudyError(f"{path} is no CSV in UTF-8 ({error}): save it so") from None
    else:
        yield from ((number, row) for number, _, row in lines(path))


def _brought(run: Path, found: Labels) -> None:
    """What people said in the dataset that a run's prompts are from, in numbers a response."""
    if not (run / "prompts.parquet").is_file():
        raise StudyError(f"{run} is a folder without labels of people: name a file or a run")
    rows = read_rows(run / "prompts.parquet", ("prompt_id", "responses", "human"))
    for number, row in enumerate(rows, 1):
        times: Counter[str] = Counter()
        ids = []
        for given in row["responses"] or ():
            name = given["generator"]
            ids.append(response_id(row["prompt_id"], f"source:{name}", times[name]))
            times[name] += 1
        for k, values in enumerate(row["human"] or (), 1):
            if values and any(value is not None for value in values):
                where = place(run / "prompts.parquet", number)
                label = Label(row["prompt_id"], str(k), tuple(values), tuple(ids), where)
                found.rows.append(label)
