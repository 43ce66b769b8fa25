"""A protocol as one YAML file says it: a template and an answer format. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aifgen.errors import ConfigError
from aifgen.judging.formats import registry
from aifgen.judging.formats.base import Format, Kind, Reading, Scale
from aifgen.judging.measures import scale_of
from aifgen.judging.protocol import Means, Protocol, Shown
from aifgen.judging.showing import EXAMPLES, REFERENCES, RESPONSES, placed, variables
from aifgen.judging.template import Template
from aifgen.records import Message

Wanted = Literal["none", "optional", "required"]
OURS = ("conversation", EXAMPLES, "n", "low", "high", "structured", "fence", "answer")
ODDS = "logprob_token"
"""The format that reads the odds of a token and no text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One way of asking: where the endpoint serves log probabilities, there may be another."""

    answer: Format
    template: Template
    params: Mapping[str, Any]


class Templated(Protocol):
    """Asks with a template, reads with a format; every key of the YAML file is an argument here.

    answer: a format's name, or a mapping that describes one of the user's own. with_logprobs:
    {answer, template, max_tokens}, used where the model file says `logprobs: true`. variables:
    further names that the template may use. ConfigError for whatever cannot be meant.
    """

    def __init__(
        self,
        *,
        name: str,
        kind: Kind,
        aspect: str,
        answer: str | Mapping[str, Any] | Format,
        template: str,
        citation: str,
        scale: Mapping[str, Any] | None = None,
        reference: Wanted = "none",
        system: str | None = None,
        with_logprobs: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.aspect, self.citation = str(name), str(aspect), str(citation or "")
        self.kind, self.reference = kind, reference
        self._system = system
        self._choice("kind", kind, get_args(Kind))
        self._choice("reference", reference, get_args(Wanted))
        self._variables = dict(variables or {})
        found = self._format(answer)
        if found.name == ODDS:
            raise ConfigError(
                f"judge.prompt.answer of {name} is {ODDS}, which reads no text: put it into "
                "judge.prompt.with_logprobs, beside an answer for endpoints without logprobs"
            )
        self.scale = self._scale(scale, found)
        if wrong := found.misfit(self.scale):
            raise ConfigError(f"judge.prompt.answer of {name}: {wrong}")
        self._text = Asked(found, self._template(template), {})
        self._odds = self._with_logprobs(with_logprobs) if with_logprobs else self._text
        self.takes_examples = not found.labelled
        self.ties = found.ties and self._odds.answer.ties
        self._schemas: dict[tuple[bool, int], Mapping[str, Any] | None] = {}
        for structured in (False, True):
            for logprobs in (False, True):
                self._try(Means(structured, logprobs))

    def render(self, shown: Shown, means: Means) -> tuple[Message, ...]:
        asked = self._asked(means)
        text = self._filled(asked, shown, means)
        system = (Message(role="system", content=self._system),) if self._system else ()
        return (*system, Message(role="user", content=text))

    def parse(self, text: str, n: int, means: Means) -> Reading:
        return self._asked(means).answer.read(text, n, self.scale)

    def schema(self, n: int, means: Means) -> Mapping[str, Any] | None:
        key = (means.logprobs, n)
        if key not in self._schemas:
            self._schemas[key] = self._asked(means).answer.schema(n, self.scale)
        return self._schemas[key]

    def tokens(self, means: Means) -> Mapping[str, float]:
        return self._asked(means).answer.tokens(self.scale)

    def params(self, means: Means) -> Mapping[str, Any]:
        return self._asked(means).params

    def brief(self, means: Means) -> bool:
        return self._asked(means).answer.brief

    def tokens_only(self, means: Means) -> bool:
        return self._asked(means).answer.name == ODDS

    def _asked(self, means: Means) -> Asked:
        return self._odds if means.logprobs else self._text

    def _filled(self, asked: Asked, shown: Shown, means: Means) -> str:
        """Examples stand where the template says, else before the conversation or the texts."""
        values, names = self._values(asked, shown, means), asked.template.names
        if EXAMPLES in names and EXAMPLES not in self._variables:
            return asked.template.render(values)
        examples = str(values.pop(EXAMPLES))
        if EXAMPLES in self._variables:
            values[EXAMPLES] = self._variables[EXAMPLES]
        if not examples:
            return asked.template.render(values)
        mark = f"<examples {shown.fence}>"  # which no text can hold
        first = next(name for name in ("conversation", *RESPONSES[self.kind]) if name in names)
        values[first] = f"{mark}{values[first]}"
        return placed(asked.template.render(values), mark, examples)

    def _values(self, asked: Asked, shown: Shown, means: Means) -> dict[str, Any]:
        n = len(shown.texts)
        structured = means.structured and self.schema(n, means) is not None
        values = {
            **self._variables,
            **variables(self.kind, shown),
            "structured": structured,
            "answer": asked.answer.wording(n, self.scale, structured=structured),
        }
        if self.scale:
            values["low"], values["high"] = _plain(self.scale.low), _plain(self.scale.high)
        return values

    def _choice(self, key: str, value: str, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            raise ConfigError(
                f"judge.prompt.{key} of {self.name} is {value}; it must be {', '.join(allowed)}"
            )

    def _format(self, answer: str | Mapping[str, Any] | Format) -> Format:
        if isinstance(answer, Mapping):
            found = registry.custom(answer)
        else:
            found = answer if isinstance(answer, Format) else registry.find(str(answer))
        if found.kind != self.kind:
            raise ConfigError(
                f"judge.prompt.kind of {self.name} is {self.kind}, but its answer, {found.name}, "
                f"is of kind {found.kind}: set kind: {found.kind}, or choose another answer"
            )
        return found

    def _scale(self, node: Mapping[str, Any] | None, answer: Format) -> Scale | None:
        if self.kind == "pair":
            if node is not None:
                raise ConfigError(
                    f"judge.prompt.scale of {self.name} is set, but a pair has no ratings: set "
                    "scale: null"
                )
            return None
        if node is None and answer.scale is not None:
            return answer.scale
        return scale_of(self.name, node)

    def _template(self, text: str) -> Template:
        scaled = self.scale is not None
        known = [
            *(word for word in OURS if scaled or word not in ("low", "high")),
            *RESPONSES[self.kind],
            *(REFERENCES if self.reference != "none" else ()),
        ]
        # Examples of one's own, in a protocol of one's own, keep their name.
        clash = set(known) & set(self._variables) - {EXAMPLES}
        if clash:
            raise ConfigError(
                f"judge.prompt.variables of {self.name} sets {', '.join(sorted(clash))}, which "
                "aifgen sets itself: give it another name"
            )
        return Template(self.name, text, [*known, *self._variables])

    def _with_logprobs(self, node: Mapping[str, Any]) -> Asked:
        keys = ("answer", "template", "max_tokens")
        cap = node.get("max_tokens")
        whole = cap is None or (type(cap) is int and cap > 0)
        if not {"answer", "template"} <= set(node) <= set(keys) or not whole:
            raise ConfigError(
                f"judge.prompt.with_logprobs of {self.name} has {', '.join(node)}; it must have "
                "answer and template, and may have max_tokens, a whole number"
            )
        params = {} if cap is None else {"max_tokens": cap}
        return Asked(self._format(node["answer"]), self._template(node["template"]), params)

    def _try(self, means: Means) -> None:
        """Fill the template in with invented texts, so that its faults cost no call."""
        asked = self._asked(means)
        n = {"ratings": 3, "rating": 1, "pair": 2}[self.kind]
        texts = tuple(f"text{k}.of.a.trial" for k in range(n))
        given = ("reference.of.a.trial",)
        for references in [given] if self.reference != "optional" else [given, ()]:
            shown = Shown("Hm?", texts, "0" * 12, references if self.reference != "none" else ())
            filled = self._filled(asked, shown, means)
            if not all(text in filled for text in texts):
                word = " and ".join(f"{{{{ {w} }}}}" for w in RESPONSES[self.kind][-2:])
                if self.kind == "pair":
                    word += " (or {{ responses }})"
                raise ConfigError(
                    f"{asked.template.where} shows no responses: write {word} where the judge is "
                    "to see them"
                )
            if shown.references and given[0] not in filled:
                raise ConfigError(
                    f"{asked.template.where} shows no reference, but judge.prompt.reference is "
                    f"{self.reference}: write {{{{ references }}}}, or set reference: none"
                )


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value
