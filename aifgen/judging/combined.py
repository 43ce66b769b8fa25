"""Several protocols asked one by one whose ratings are averaged. Knows no answer and no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from aifgen.errors import ConfigError
from aifgen.judging.measures import weights_of
from aifgen.judging.protocol import Protocol


class Combined(Protocol):
    """parts: protocols by their aspects. weights: what each counts in the mean; 1 if unsaid.

    All parts rate in the same way on one scale. Whoever judges asks `parts`, never this one.
    """

    def __init__(
        self,
        *,
        name: str,
        aspect: str,
        parts: Mapping[str, Protocol],
        weights: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.aspect = name, aspect
        found = dict(parts)
        if not found:
            raise ConfigError(f"judge.prompt.parts of {name} is empty: name the protocols it is of")
        for key, part in found.items():
            if not isinstance(part, Protocol) or part.parts != (part,):
                raise ConfigError(f"judge.prompt.parts.{key} of {name} is no protocol of one part")
            if part.aspect != key:
                raise ConfigError(
                    f"judge.prompt.parts.{key} of {name} rates the aspect {part.aspect}: a part is "
                    f"named by its aspect, so set judge.prompt.parts.{key}.aspect={key}"
                )
        first, *others = found.values()
        for part in others:
            if (part.kind, part.scale) != (first.kind, first.scale):
                raise ConfigError(
                    f"judge.prompt.parts of {name} do not go together: {first.name} and "
                    f"{part.name} differ in kind or scale, so their ratings have no mean"
                )
        if first.kind == "pair":
            raise ConfigError(
                f"judge.prompt.parts of {name} compare pairs, whose verdicts have no mean: choose "
                "protocols that give ratings"
            )
        self.kind, self.scale = first.kind, first.scale
        self.takes_examples = all(part.takes_examples for part in found.values())
        wanted = {part.reference for part in found.values()}
        self.reference = next(w for w in ("required", "optional", "none") if w in wanted)
        self.citation = "\n".join(dict.fromkeys(part.citation for part in found.values()))
        self._parts = tuple(found.values())
        self._weights = weights_of(f"judge.prompt.weights of {name}", weights, found)

    @property
    def parts(self) -> tuple[Protocol, ...]:
        return self._parts

    @property
    def weights(self) -> Mapping[str, float]:
        return self._weights

    def render(self, *_: object) -> NoReturn:
        raise NotImplementedError("its parts are asked")

    def parse(self, *_: object) -> NoReturn:
        raise NotImplementedError("its parts are asked")

    def schema(self, *_: object) -> NoReturn:
        raise NotImplementedError("its parts are asked")
