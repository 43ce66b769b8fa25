"""What a judging protocol is: two pure functions and a few facts. Knows no model and no order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aifgen.errors import ConfigError
from aifgen.records import Message, digest


@dataclass(frozen=True, slots=True)
class Shown:
    """What a judge may see of a row: no id, no model, no generator.

    conversation: the prompt as one transcript. texts: the responses in the order shown.
    fence: a token that cannot be guessed from the texts; it marks where each begins and ends.
    """

    conversation: str
    texts: tuple[str, ...]
    fence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says, in the order shown. A null rating: the judge said not applicable."""

    ratings: tuple[float | None, ...] | None = None
    rationales: tuple[str, ...] | None = None
    verdict: str | None = None
    probability: float | None = None


class ParseFailure(Exception):
    """The answer cannot be read. `reason` tells the judge (and the user) what is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refusal(ParseFailure):
    """The judge declined to judge."""


class Protocol(ABC):
    """How to judge. Subclasses are built from conf/judge/prompt/NAME.yaml."""

    name: str
    aspect: str
    citation: str
    scale_min: float
    scale_max: float

    @abstractmethod
    def render(self, shown: Shown, *, structured: bool) -> tuple[Message, ...]:
        """The messages to send. Equal input gives equal messages."""

    @abstractmethod
    def parse(self, text: str, n: int) -> Reading:
        """What the answer says about n responses. Raises ParseFailure or Refusal, never guesses."""

    @abstractmethod
    def schema(self, n: int) -> Mapping[str, Any]:
        """JSON Schema of a structured answer about n responses."""


def fence(seed: int, prompt_id: str, texts: tuple[str, ...]) -> str:
    """12 hex digits that depend on the texts they fence, so that no text can know them.

    The same for every judge, run and order: a re-run asks the same.
    """
    return digest("fence", seed, prompt_id, sorted(texts))[:12]


def fenced(label: str, token: str, text: str) -> str:
    """One judged text between two lines that only we can write."""
    return f"<{label} {token}>\n{text}\n</{label} {token}>"


def compile_template(name: str, template: str, known: tuple[str, ...]) -> Any:
    """A sandboxed Jinja template. ConfigError for bad syntax or a variable that is not known."""
    from jinja2 import StrictUndefined, TemplateSyntaxError, meta
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    try:
        names = meta.find_undeclared_variables(environment.parse(template))
        unknown = names - set(known)
    except TemplateSyntaxError as error:
        raise ConfigError(
            f"judge.prompt.template of {name}, line {error.lineno}: {error.message}"
        ) from None
    if unknown:
        raise ConfigError(
            f"judge.prompt.template of {name} names {', '.join(sorted(unknown))}, "
            f"which does not exist; there are {', '.join(known)}"
        )
    if "responses" in known and "responses" not in names:
        raise ConfigError(
            f"judge.prompt.template of {name} shows no responses: write {{{{ responses }}}} where "
            "the judge is to see them"
        )
    return environment.from_string(template)
