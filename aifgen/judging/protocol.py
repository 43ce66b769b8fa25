"""What a judging protocol is: two pure functions and a few facts. Knows no model and no order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any, Literal

from aifgen.judging.example import Shot
from aifgen.judging.formats.base import Kind, Reading, Scale
from aifgen.records import Message, digest


@dataclass(frozen=True, slots=True)
class Shown:
    """What a judge may see of a row: no id, no model, no generator.

    conversation: the prompt as one transcript. texts: the responses in the order shown.
    fence: a token that cannot be guessed from the texts; it marks where each begins and ends.
    references: answers known to be right. notes: what to say after each text ("" for nothing),
    where it was cut. examples: of other rows, what people said of them.
    """

    conversation: str
    texts: tuple[str, ...]
    fence: str
    references: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    examples: tuple[Shot, ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What the model file says that the endpoint serves; it decides in which form is asked."""

    structured: bool = False
    logprobs: bool = False


class Protocol(ABC):
    """How to judge. Subclasses are built from conf/judge/prompt/NAME.yaml."""

    name: str
    kind: Kind
    aspect: str
    citation: str
    scale: Scale | None
    """Null for pairs."""
    reference: Literal["none", "optional", "required"] = "none"
    """Whether the template shows the source's reference answers."""
    takes_examples: bool = False
    """Whether `render` shows examples from people, and their judgments have the form of its own."""
    ties: bool = True
    """Whether a pair may be a tie."""

    @abstractmethod
    def render(self, shown: Shown, means: Means) -> tuple[Message, ...]:
        """The messages to send. Equal input gives equal messages."""

    @abstractmethod
    def parse(self, text: str, n: int, means: Means) -> Reading:
        """What the answer says about n responses. Raises ParseFailure or Refusal, never guesses.

        Where `tokens_only`, text is the JSON object {token: log probability} of the first token.
        """

    @abstractmethod
    def schema(self, n: int, means: Means) -> Mapping[str, Any] | None:
        """JSON Schema of a structured answer about n responses; the same object for equal n."""

    def tokens(self, means: Means) -> Mapping[str, float]:
        """See Format.tokens."""
        return {}

    def params(self, means: Means) -> Mapping[str, Any]:
        """Sampling settings that the protocol needs whatever the role says (max_tokens: 1)."""
        return {}

    def brief(self, means: Means) -> bool:
        """See Format.brief."""
        return False

    def tokens_only(self, means: Means) -> bool:
        """Whether the answer is the odds of its first token, not its text."""
        return False

    @property
    def weights(self) -> Mapping[str, float]:
        """The aspects (or criteria) that a judgment has, and what each counts in the mean."""
        return {self.aspect: 1.0}

    @property
    def parts(self) -> tuple[Protocol, ...]:
        """The protocols asked one by one; itself, but for one that is made of several."""
        return (self,)


def fence(
    seed: int,
    prompt_id: str,
    texts: tuple[str, ...],
    conversation: str,
    references: tuple[str, ...] = (),
    examples: tuple[Shot, ...] = (),
) -> str:
    """12 hex digits that depend on all that they fence, so that nothing of it can know them.

    The same for every judge, run and order: a re-run asks the same.
    """
    taught = [astuple(one) for one in examples]
    parts = (sorted(texts), conversation, references, *([taught] if taught else ()))
    return digest("fence", seed, prompt_id, *parts)[:12]


def fenced(label: str, token: str, text: str) -> str:
    """One judged text between two lines that only we can write."""
    return f"<{label} {token}>\n{text}\n</{label} {token}>"
