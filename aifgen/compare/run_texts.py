"""The texts of some items of runs, read from their tables when somebody wants to see them or to
know whether they are still the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifgen.compare.matching import Items
from aifgen.compare.run_folder import Run
from aifgen.compare.study import ItemText, Said
from aifgen.errors import DataError
from aifgen.records import PANEL, digest, transcript

SAID = (
    "prompt_id", "judge", "aspect", "response_ids", "order", "verdict", "ratings", "label",
    "rationales", "raw", "status", "problem",
)  # fmt: skip
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SWAPPED = {"A": "B", "B": "A"}


@dataclass(frozen=True)
class RunTexts:
    """names: what each judge of a run is called in the study, by (place of the run, judge)."""

    runs: Sequence[Run]
    items: Items
    names: Mapping[tuple[int, str], str]

    def read(self, items: Sequence[int]) -> list[ItemText]:
        ids = [self.items.ids[k] for k in items]
        first = self.runs[0].path
        prompts = rows_of(first / "prompts.parquet", ids, ("prompt_id", "messages"))
        texts = rows_of(
            first / "responses.parquet", ids, ("prompt_id", "generator", "text_digest", "text")
        )
        said: dict[str, list[Said]] = {}
        for k, run in enumerate(self.runs):
            self._read_said(k, run, ids, said)
        found = []
        for item, name in zip(items, ids, strict=True):
            by_digest = {row["text_digest"]: row for row in reversed(texts[name])}
            rows = [by_digest[digest] for digest in self.items.digests[item]]
            found.append(
                ItemText(
                    item_id=name,
                    prompt=transcript(prompts[name][0]["messages"]),
                    responses=tuple((row["generator"], row["text"]) for row in rows),
                    said=tuple(said.get(name, ())),
                )
            )
        return found

    def asked(self, ids: Sequence[str]) -> dict[str, str]:
        """The digests of prompts (of their messages), by id, where all runs ask the same."""
        tables = [
            rows_of(run.path / "prompts.parquet", ids, ("prompt_id", "messages"))
            for run in self.runs
        ]
        found = {}
        for name in ids:
            told = {digest(row["messages"]) for table in tables for row in table[name]}
            if len(told) == 1:
                found[name] = told.pop()
        return found

    def _read_said(self, k: int, run: Run, ids: Sequence[str], said: dict[str, list[Said]]) -> None:
        place_of = {name: k for k, name in enumerate(self.items.ids)}
        judged = rows_of(run.path / "judgments.parquet", ids, SAID)
        for name in dict.fromkeys(ids):
            digests = self.items.digests[place_of[name]]
            at = {
                response.response_id: digests.index(response.text_digest)
                for response in run.responses[name]
                if response.text_digest in digests
            }
            rows = judged.get(name, [])
            aspects = len({row["aspect"] for row in rows}) > 1
            for row in rows:
                called = self.names.get((k, row["judge"]))
                if called and at.keys() & row["response_ids"]:
                    said.setdefault(name, []).append(_said(called, row, at, len(digests), aspects))
            called = self.names.get((k, PANEL))
            if called:
                said.setdefault(name, []).append(_panel(called, run, name, at, len(digests)))


def rows_of(
    path: Path, ids: Sequence[str], names: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """The rows of some prompts, by prompt; only row groups that hold one of them are read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(list(dict.fromkeys(ids)), pa.string())
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ids}
    try:
        with pq.ParquetFile(path) as table:
            for group in range(table.num_row_groups):
                keys = table.read_row_group(group, columns=["prompt_id"]).column(0)
                mask = pc.is_in(keys, value_set=wanted)
                if not pc.any(mask).as_py():
                    continue
                rows = table.read_row_group(group, columns=list(names)).filter(mask)
                for row in rows.to_pylist():
                    found[row["prompt_id"]].append(row)
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise DataError(f"{path} cannot be read ({error}): run the same command again") from None
    return found


def _said(
    judge: str, row: Mapping[str, Any], at: Mapping[str, int], size: int, aspects: bool
) -> Said:
    """A judgment in the item's coordinates: of two responses, A is the one that stands first."""
    names, order = row["response_ids"], row["order"]
    places = [at.get(name) for name in names]
    verdict = row["verdict"] or row["label"]
    if len(places) == 2 and None not in places and places[0] > places[1]:  # type: ignore[operator]
        verdict = SWAPPED.get(verdict, verdict)
    head = f"{row['aspect']}\n" if aspects else ""
    return Said(
        judge=judge,
        verdict=verdict,
        ratings=_aligned(row["ratings"], places, size),
        order=tuple(at[name] for name in order if name in at),
        words=head + _words(row, places),
        status=row["status"],
    )


def _aligned(
    ratings: Sequence[float | None] | None, places: Sequence[int | None], size: int
) -> tuple[float | None, ...] | None:
    if not ratings:
        return None
    found: list[float | None] = [None] * size
    for place, rating in zip(places, ratings, strict=True):
        if place is not None:
            found[place] = rating
    return tuple(found)


def _words(row: Mapping[str, Any], places: Sequence[int | None]) -> str:
    rationales = row["rationales"] or ()
    if len(rationales) == len(places) > 1:
        return "\n".join(
            f"{_letter(place)}: {text}"
            for place, text in sorted(
                (place, text)
                for place, text in zip(places, rationales, strict=True)
                if place is not None
            )
        )
    return "\n".join(rationales) or row["raw"] or row["problem"] or ""


def _panel(judge: str, run: Run, name: str, at: Mapping[str, int], size: int) -> Said:
    """What the panel came to: a verdict, ratings, or words about each of many pairs."""
    ratings: list[float | None] = [None] * size
    word, pairs = None, []
    for verdict in run.verdicts_of[PANEL].get(name, []):
        places = [at[response] for response in verdict.response_ids if response in at]
        if verdict.rating is not None and places:
            ratings[places[0]] = verdict.rating
        elif len(set(places)) == 2 and verdict.verdict:
            low, high = sorted(places)
            said = verdict.verdict
            word = said if places == [low, high] else SWAPPED.get(said, said)
            sign = {"A": "over", "B": "under"}.get(word, "as good as")
            pairs.append(f"{_letter(low)} {sign} {_letter(high)}")
    given = tuple(ratings) if any(rating is not None for rating in ratings) else None
    alone = word if size == 2 else None
    words = "; ".join(pairs) if size > 2 else ""
    return Said(judge, alone, given, None, words, "ok" if given or pairs else "no_verdict")


def _letter(place: int) -> str:
    return LETTERS[place] if place < len(LETTERS) else str(place + 1)
