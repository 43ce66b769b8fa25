"""Labels of people in files and in folders of runs, one by one. Knows no study."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aifgen.compare.stored_files import check, lines, place
from aifgen.compare.study import StudyError
from aifgen.compare.values import Wrong, numbers, shown, word
from aifgen.folder import HUMAN
from aifgen.records import response_id
from aifgen.tables import read_rows

Value = str | tuple[float | None, ...] | Mapping[str, float | None]
"""A response id, a letter (A is the first response), "tie" or a label; a number a response; numbers
by response id."""

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
    that was shown, null where nobody noted it."""

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
        if row.get("judge") not in (None, ""):
            raise StudyError(f"{where} is what a judge said (column judge): name labels of people")
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
        responses = None if aligned is None else tuple(map(str, _decoded(aligned)))
        digests = _decoded(row.get("text_digests"))
        texts = tuple(map(str, digests)) if isinstance(digests, list) and digests else None
        if texts is not None and len(texts) != len(responses or ()):
            raise StudyError(
                f"{where}: {len(texts)} text_digests for {len(responses or ())} response_ids: give "
                "one a response"
            )
        for name, value in _told(row, where):
            if rater is None:  # a hole in a list is a person who said nothing
                times[key] += 1
            if value is None:
                continue
            who = rater or str(times[key])
            made = _value(value, f"{where}: {name}")
            ranked = question == "ranking"
            if ranked and isinstance(made, tuple):
                made = tuple(None if rank is None else -rank for rank in made)
            if isinstance(made, tuple) and all(number is None for number in made):
                continue  # a rating of none of the responses
            one = row.get("response_id")
            if one not in (None, "") and isinstance(made, str):
                made = {str(one): _number(made, f"{where}: {name}")}
            found.rows.append(
                Label(
                    key, who, made, responses, where, texts, ranked,
                    _chance(row.get("inclusion_probability"), where), row.get("sample"),
                    row.get("prompt_digest") or None,
                )
            )  # fmt: skip
            made_at.append(_time(row.get("submitted_at")))
    order = sorted(range(len(made_at)), key=made_at.__getitem__)
    found.rows[:] = [found.rows[k] for k in order]


def _told(row: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Names of columns and what is in them."""
    listed = [name for name in LISTS if row.get(name) not in (None, "")]
    single = [name for name in ONE if row.get(name) not in (None, "")]
    if not listed and not single and not any(name in row for name in (*LISTS, *ONE)):
        raise StudyError(f"{where} has no label: name one of {', '.join((*LISTS, *ONE))}")
    for name in listed[:1]:
        values = _decoded(row[name])
        yield from ((name, value) for value in (values if isinstance(values, list) else [values]))
    if not listed:
        yield from ((name, _decoded(row[name])) for name in single)


def _value(value: Any, where: str) -> Value:
    try:
        if isinstance(value, list):
            return tuple(numbers(value))
        if isinstance(value, dict):
            return {str(name): numbers([number])[0] for name, number in value.items()}
        made = word(value)
    except Wrong:
        made = None
    if made is None:
        raise StudyError(f"{where} is {shown(value)}: give a text, a number or a list of numbers")
    return made


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise StudyError(f"{where} is {text}: a label of one response is a number") from None


def _chance(value: Any, where: str) -> float | None:
    """Null where it is not known."""
    if value in (None, "") or value != value:
        return None
    try:
        chance = float(value)
    except (TypeError, ValueError):
        chance = 0.0
    if not 0 < chance <= 1:
        raise StudyError(
            f"{where}: inclusion_probability is {shown(value)}: give a chance above 0, 1 at most, "
            "or leave it empty"
        )
    return chance


def _time(value: Any) -> datetime:
    """When a label was made; before all others where that is not said."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        return datetime.min.replace(tzinfo=UTC)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _decoded(value: Any) -> Any:
    """What a text holds that is a list or an object in JSON."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


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
