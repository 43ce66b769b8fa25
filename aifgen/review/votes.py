"""One person's answers about one row, as a vote and as numbers. Knows no file and no server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from aifgen.records import TIE, Best
from aifgen.review.human import SUBMITTED, Answer


@dataclass(frozen=True, slots=True)
class Vote:
    """Lists follow the run's order of n responses. ranks: 1 is the best, equal ones are ties."""

    ratings: tuple[float | None, ...] | None = None
    best: Best | None = None
    ranks: tuple[float | None, ...] | None = None

    @property
    def first(self) -> Best | None:
        """The best by their own word, else by their ranking, else by their ratings."""
        if self.best is not None:
            return self.best
        if self.ranks is not None:
            return _top([None if rank is None else -rank for rank in self.ranks])
        return _top(self.ratings or ())

    def joined(self, at: Sequence[int]) -> Vote:
        """The same where several places are one response. at: see `same`."""
        best = at[self.best] if isinstance(self.best, int) else self.best
        return Vote(_joined(self.ratings, at), best, _joined(self.ranks, at))

    def numbers(self, n: int) -> tuple[float | None, ...] | None:
        """One a response, the higher the better. Of two, the word about the best counts before
        their ratings, which may be equal. Of more, numbers cannot say that one is the best and
        nothing of the others: see `told`."""
        if self.best is not None and (n == 2 or (self.ratings is None and self.ranks is None)):
            if self.best == TIE:
                return (0.5,) * n
            return tuple(float(k == self.best) for k in range(n))
        if self.ratings is not None:
            return self.ratings
        return self._heights(n)

    def told(self, n: int) -> Best | tuple[float | None, ...] | None:
        """The one of their answers that says the most of any two responses, and nothing that all
        together do not: ratings, the ranking as numbers (the higher the better), or the best."""
        whole, found, most = self._each_two(n), None, -1
        for answer, alone in (
            (self.ratings, Vote(ratings=self.ratings)),
            (self._heights(n), Vote(ranks=self.ranks)),
            (self.best, Vote(best=self.best)),
        ):
            said = alone._each_two(n)
            nothing = answer is None or (isinstance(answer, tuple) and set(answer) == {None})
            if not nothing and said.items() <= whole.items() and len(said) > most:
                found, most = answer, len(said)
        return found

    def _each_two(self, n: int) -> dict[tuple[int, int], int]:
        """Which is better, 1 the first and -1 the second, of each two of which anything is said; as
        aifgen.compare takes it. That none is the best of three says least."""
        found: dict[tuple[int, int], int] = {}
        for a, b in combinations(range(n), 2):
            for numbers in (self._heights(n), self.ratings):
                if numbers and (x := numbers[a]) is not None and (y := numbers[b]) is not None:
                    found.setdefault((a, b), (x > y) - (x < y))
            if self.best in (a, b):
                found[a, b] = 1 if self.best == a else -1
            elif self.best == TIE and (n == 2 or (a, b) not in found):
                found[a, b] = 0
        return found

    def _heights(self, n: int) -> tuple[float | None, ...] | None:
        ranks = self.ranks
        return ranks and tuple(None if rank is None else n - rank for rank in ranks)


def votes(answers: Iterable[Answer], response_ids: Sequence[str]) -> dict[str, Vote]:
    """By annotator: what they submitted about a row whose responses are these, in this order.

    answers: the later ones last. Of two datasets in which one answered the row the last counts:
    half of each would be an opinion that nobody has."""
    place = {name: k for k, name in enumerate(response_ids)}
    told: dict[str, dict[str, Any]] = {}
    where: dict[str, str | None] = {}
    for answer in answers:
        if answer.status != SUBMITTED or answer.value is None:
            continue
        if where.setdefault(answer.annotator, answer.dataset_id) != answer.dataset_id:
            where[answer.annotator] = answer.dataset_id
            told[answer.annotator] = {}
        one = told.setdefault(answer.annotator, {})
        if answer.question in ("rating", "ranking"):
            by = dict(zip(answer.response_ids, json.loads(answer.value), strict=True))
            name = "ratings" if answer.question == "rating" else "ranks"
            one[name] = tuple(by.get(response) for response in response_ids)
        elif answer.question == "best":
            best = TIE if answer.value == TIE else place.get(answer.value)
            if best is not None:
                one["best"] = best
    return {who: Vote(**of) for who, of in sorted(told.items()) if of}


def by_prompt(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.prompt_id, []).append(answer)
    return found


def about(
    answers: Iterable[Answer], digests: Mapping[str, str], prompt_digest: str
) -> list[Answer]:
    """Those that are about the texts that the run has now, as far as they noted what they were
    about. digests: by response_id."""
    return [
        answer
        for answer in answers
        if answer.prompt_digest in (None, prompt_digest)
        and answer.response_ids
        and all(name in digests for name in answer.response_ids)
        and answer.text_digests in ((), tuple(digests[name] for name in answer.response_ids))
    ]


def _joined(
    numbers: tuple[float | None, ...] | None, at: Sequence[int]
) -> tuple[float | None, ...] | None:
    """Of equal ones the first that somebody gave a number, at the first place."""
    if numbers is None:
        return None
    found: dict[int, float | None] = {}
    for k, number in enumerate(numbers):
        if found.get(at[k]) is None:
            found[at[k]] = number
    return tuple(map(found.get, range(len(numbers))))


def _top(numbers: Sequence[float | None]) -> Best | None:
    """The place of the highest; a tie where several are, null where fewer than two have one."""
    there = {k: number for k, number in enumerate(numbers) if number is not None}
    if len(there) < 2:
        return None
    top = [k for k, number in there.items() if number == max(there.values())]
    return top[0] if len(top) == 1 else TIE
