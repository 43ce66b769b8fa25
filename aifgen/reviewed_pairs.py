"""A run's pairs in TRL's formats, people's word before the judges', each row marked. Knows no file
but the run's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aifgen import trl
from aifgen.exported import Label
from aifgen.overruling import Decided, decided, pair_by_people
from aifgen.preferences import pair
from aifgen.records import Row, digest, same
from aifgen.review.human import SUBMITTED, Answer
from aifgen.review.votes import about, by_prompt, votes


@dataclass(slots=True)
class Overruled:
    """people: prompts that people decided; against: those where the judges had another pair or
    none; ties: those of them left out because people see no better one; stale: answers about texts
    or prompts that the run has no longer."""

    people: int = 0
    against: int = 0
    ties: int = 0
    stale: int = 0

    def told(self, *, pairs: bool, labels: bool) -> list[str]:
        """Sentences. pairs: whether pairs were written. labels: whether judges give labels."""
        told = []
        if labels:
            told.append(
                "judges' labels stay: people were asked which response is better, not which is "
                "right"
            )
        elif pairs:
            told.append(
                f"people decided {self.people:,} prompts, {self.against:,} of them otherwise than "
                f"the judges, {self.ties:,} as ties, which give no row (column {trl.MARK})"
            )
        if self.stale:
            told.append(
                f"{self.stale:,} answers of people are about texts that the run has no longer: "
                "left out"
            )
        return told


@dataclass(slots=True)
class Reviewed:
    """The answers about a run, and by which of them a row is decided. annotators: whose answers are
    labels of a row."""

    answers: dict[str, list[Answer]]
    by: str | tuple[str, ...]
    annotators: tuple[str, ...]
    counts: Overruled = field(default_factory=Overruled)
    _there: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answers: list[Answer], by: str | tuple[str, ...]) -> Reviewed:
        given = [one for one in answers if one.status == SUBMITTED]
        everybody = tuple(sorted({one.annotator for one in given}))
        return cls(by_prompt(given), by, by if isinstance(by, tuple) else everybody)

    def end(self) -> None:
        """All rows have been seen: answers about others are stale."""
        gone = (of for name, of in self.answers.items() if name not in self._there)
        self.counts.stale += sum(map(len, gone))

    def decided(self, row: Row) -> Decided | None:
        """What people say of a row, as far as they saw its texts."""
        heard = votes(self._now(row), [one.response_id for one in row.responses])
        return decided(heard, self.by, same([one.text for one in row.responses]))

    def _now(self, row: Row) -> list[Answer]:
        given = self.answers.get(row.prompt.prompt_id, [])
        texts = {one.response_id: one.text_digest for one in row.responses}
        now = about(given, texts, digest(row.prompt.messages))
        self._there.add(row.prompt.prompt_id)
        self.counts.stale += len(given) - len(now)
        return now

    def rows(self, name: str, row: Row, min_margin: float) -> Iterator[dict[str, Any]]:
        """As trl.rows, with the column that marks each. Judges' labels of single responses stay:
        people were asked which is better, not which is right."""
        found = self.decided(row)
        if found is None or any(judgment.label for judgment in row.judgments):
            for made in trl.rows(name, row, min_margin):
                yield {**made, trl.MARK: trl.JUDGES}
            return
        judged = _judged(row, min_margin)
        chosen = pair_by_people(row, found, judged)
        self.counts.people += 1
        self.counts.ties += chosen is None
        texts = {one.response_id: one.text.strip() for one in row.responses}
        ours = chosen and tuple(one.text.strip() for one in chosen)
        self.counts.against += ours != (judged and tuple(texts[name] for name in judged))
        if chosen is not None:
            for made in trl.of_pair(name, row, *(trl.said(one.text) for one in chosen)):
                yield {**made, trl.MARK: trl.PEOPLE}

    def labels(self, row: Row) -> list[Label]:
        """What each annotator says of the row, in one order everywhere; null for nothing."""
        ids = [one.response_id for one in row.responses]
        heard = votes(self._now(row), ids)
        said = [heard[who].told(len(ids)) if who in heard else None for who in self.annotators]
        return [ids[one] if isinstance(one, int) else one for one in said]


def _judged(row: Row, min_margin: float) -> tuple[str, str] | None:
    """The ids of the judges' pair."""
    _, found = pair(row.prompt, row.responses, row.verdicts, min_margin)
    by = {(one.text, one.generator): one.response_id for one in row.responses}
    if not found:
        return None
    (one,) = found
    return (
        by[one.chosen[0]["content"], one.chosen_generator],
        by[one.rejected[0]["content"], one.rejected_generator],
    )
