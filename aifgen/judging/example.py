"""What people said of rows that they reviewed, as records. Knows no file and no protocol."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from aifgen.records import Best, Message, digest


@dataclass(frozen=True, slots=True)
class Comment:
    """What one person wrote. order: the places of the responses in the order that they saw; what
    "the first one" means hangs on it."""

    order: tuple[int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A reviewed row. All that is one a response is in the run's own order, as `texts` is.

    ratings: the median over people on their scale, of two middle ones the lower (which somebody
    gave); null where nobody rated it. best: the place of the response that most people find best,
    or "tie"; null where no answer has more than half of them. people: how many answered.
    agreement: 0 to 1, see aifgen.examples.
    """

    prompt_id: str
    messages: tuple[Message, ...]
    texts: tuple[str, ...]
    ratings: tuple[float | None, ...]
    best: Best | None
    people: int
    agreement: float
    comments: tuple[Comment, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The reviewed rows of a run. name: RUN/FILE, to be told. scale: of the ratings, null where
    nobody rated. gone: rows that are left out because their texts are not in the run any more."""

    name: str
    examples: tuple[Example, ...]
    scale: tuple[float, float] | None
    gone: int = 0

    @property
    def digest(self) -> str:
        """32 hex digits over all that a judge may be shown, wherever it was read."""
        rows = sorted(digest(*astuple(example)) for example in self.examples)
        return digest("examples", rows, self.scale)


@dataclass(frozen=True, slots=True)
class Shot:
    """An example as one judge sees it. texts: in the order shown. said: what people said of them,
    in our words. comment: what one of them wrote, "" for nothing."""

    conversation: str
    texts: tuple[str, ...]
    said: str
    comment: str = ""
