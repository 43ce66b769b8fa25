"""Which reviewed rows a judge is shown with a row, and in which order. Knows no file and no fence.

Examples of one verdict, or whose winners stand in one place, teach a judge that verdict or place
(Zhao et al. 2021, Calibrate Before Use, section 3): so outcomes take turns, and so do places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import cycle

from aifgen.judging.example import Example, Reviewed, Shot
from aifgen.judging.fitting import Compared, compared
from aifgen.judging.formats.base import Kind, Scale
from aifgen.judging.shorten import shortened
from aifgen.records import Prompt, Response, digest, transcript

TURNS = (True, True, False)
"""Of three examples two have a best response."""


class Examples:
    """The same examples for every row, in an order that the seed draws; never one whose prompt or
    text the row shares: the next one stands in for it. What two people and more answered comes
    first, and of that where they agree more."""

    def __init__(
        self,
        reviewed: Reviewed,
        kind: Kind,
        scale: Scale | None,
        *,
        ties: bool,
        n: int,
        seed: int,
        most_tokens: int | None,
    ) -> None:
        """ties: whether the protocol knows one. n: how many are shown. most_tokens: what is longer
        is cut."""
        self.name = reviewed.name
        self._kind, self._scale, self._n = kind, scale, n
        self._seed, self._most = seed, most_tokens
        self._usable = [
            (one, found)
            for one in sorted(reviewed.examples, key=self._rank)
            if (found := compared(one, kind, scale, partial(self._draw, one)))
            and (ties or kind != "pair" or found[1] is not None)
        ]
        self._queues: dict[float, list[int]] = defaultdict(list)
        """Places in `_usable` by outcome: whether one response is best, or a rating."""
        self._owners: dict[tuple[str, str], set[int]] = defaultdict(set)
        for place, (one, (shown, best)) in enumerate(self._usable):
            rated = {rating for k in shown if (rating := one.ratings[k]) is not None}
            for outcome in rated if kind == "rating" else {best is not None}:
                self._queues[outcome].append(place)
            for key in _keys(one.prompt_id, digest(*one.messages), map(digest, one.texts)):
                self._owners[key].add(place)
        self._always = self._chosen(frozenset())

    def __len__(self) -> int:
        """How many reviewed rows can be shown under this protocol."""
        return len(self._usable)

    @property
    def shown(self) -> int:
        """How many a row is shown that has nothing in common with any."""
        return len(self._always)

    def of(self, prompt: Prompt, responses: Sequence[Response]) -> tuple[Shot, ...]:
        """Empty where all there are share something with the row. responses: all of the row's."""
        texts = (response.text_digest for response in responses)
        keys = _keys(prompt.prompt_id, digest(*prompt.messages), texts)
        own = frozenset().union(*(self._owners.get(key, ()) for key in keys))
        return self._chosen(own) if own else self._always

    def _chosen(self, own: frozenset[int]) -> tuple[Shot, ...]:
        """The first n but for the row's own."""
        turns = self._by_rating(own) if self._kind == "rating" else self._by_best(own)
        stood: Counter[int] = Counter()
        """How often the best stood at each place."""
        return tuple(
            self._shot(*self._usable[place], rating, stood)
            for (place, rating), _ in zip(turns, range(self._n), strict=False)
        )

    def _by_best(self, own: frozenset[int]) -> Iterator[tuple[int, None]]:
        left = {
            outcome: iter([place for place in self._queues[outcome] if place not in own])
            for outcome in (True, False)
        }
        for outcome in cycle(TURNS):
            found = next(left[outcome], None)
            if found is None:
                found = next(left[not outcome], None)
            if found is None:
                return
            yield found, None

    def _by_rating(self, own: frozenset[int]) -> Iterator[tuple[int, float]]:
        """Of one response at a time: first a rating that was shown least often."""
        used, times = set(own), Counter[float]()
        while True:
            heads = {
                rating: head
                for rating, queue in self._queues.items()
                if (head := next((place for place in queue if place not in used), None)) is not None
            }
            if not heads:
                return
            rating = min(heads, key=lambda rating: (times[rating], heads[rating], rating))
            used.add(heads[rating])
            times[rating] += 1
            yield heads[rating], rating

    def _shot(
        self, one: Example, what: Compared, rating: float | None, stood: Counter[int]
    ) -> Shot:
        """rating: that of the response to show, where it is shown alone."""
        places, best = what
        if rating is not None:
            same = [k for k in places if one.ratings[k] == rating]
            places = (min(same, key=lambda k: self._draw(one, k)),)
        order = self._order(one, places, best, stood)
        comment = next((c.text for c in one.comments if c.order == order), "")
        conversation, comment, *texts = (
            shortened(text, self._most)[0]
            for text in (transcript(one.messages), comment, *(one.texts[k] for k in order))
        )
        return Shot(conversation, tuple(texts), self._said(one, order, best), comment)

    def _order(
        self, one: Example, places: tuple[int, ...], best: int | None, stood: Counter[int]
    ) -> tuple[int, ...]:
        """The best where it stood least often so far; if somebody saw it there who wrote a comment,
        all as they saw it; else drawn."""
        drawn = sorted(places, key=lambda k: self._draw(one, k))
        seen = [c.order for c in one.comments if sorted(c.order) == sorted(places)]
        if best is None:
            return seen[0] if seen else tuple(drawn)
        fewest = min(stood[k] for k in range(len(places)))
        free = [k for k in range(len(places)) if stood[k] == fewest]
        order = next((order for order in seen if order.index(best) in free), None)
        if order is None:
            others = [k for k in drawn if k != best]
            at = free[int(self._draw(one, "place")[:8], 16) % len(free)]
            order = (*others[:at], best, *others[at:])
        stood[order.index(best)] += 1
        return order

    def _said(self, one: Example, order: tuple[int, ...], best: int | None) -> str:
        """In words that no answer format reads as a verdict: a judge may repeat them."""
        if self._kind == "pair":
            if best is None:
                return "People found neither better: to them it is a tie."
            return f"People found Text {'AB'[order.index(best)]} better."
        assert self._scale is not None
        scale = f"on the scale from {self._scale.low:g} to {self._scale.high:g}"
        if self._kind == "rating":
            return f"How people rated this text, {scale}: {one.ratings[order[0]]:g}"
        each = ", ".join(f"Text {at}: {one.ratings[k]:g}" for at, k in enumerate(order, 1))
        return f"How people rated these texts, {scale}: {each}"

    def _rank(self, one: Example) -> tuple[bool, float, int, str]:
        """Who answered alone agrees with nobody, so that says nothing."""
        return one.people < 2, -one.agreement, -one.people, self._draw(one, "row")

    def _draw(self, one: Example, what: object) -> str:
        """Of the row and its texts alone: one answer more leaves the order as it was."""
        return digest("example", self._seed, one.prompt_id, *one.texts, str(what))


def _keys(prompt_id: str, messages: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Rows that have one of these in common are not shown to each other."""
    yield "prompt_id", prompt_id
    yield "messages", messages
    for text in texts:
        yield "text", text
