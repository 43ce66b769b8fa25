"""The run's prompts, responses and ratings as an Argilla dataset, for people to look at.

Knows when; aifgen.review knows how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aifgen.errors import ConfigError, SinkError
from aifgen.records import PANEL, Row
from aifgen.review.ask import Ask, NothingToDraw, shape_asked
from aifgen.review.client import Argilla
from aifgen.review.place import alone, connect
from aifgen.review.push import mismatch, push, told
from aifgen.review.settings import USUAL, guidelines, settings
from aifgen.review.tables import most_responses
from aifgen.sinks.base import Sink

OPTION = "sink.argilla."


class ArgillaSink(Sink):
    """What `aifgen review push` does, at the end of a run; docs/review.md has every option. A run
    that stopped early is not pushed: people would work on prompts that change under them.

    api_url: else ARGILLA_API_URL, else the local server. The key is ARGILLA_API_KEY and never in
    the config.
    """

    takes_partial = False

    def __init__(
        self,
        dataset: str | None = None,
        workspace: str | None = None,
        api_url: str | None = None,
        prompt_as: str = "chat",
        blind: bool = False,
        ask: Sequence[str] = USUAL,
        sample: str = "all",
        by: str | None = None,
        seed: int = 0,
        guidelines: str | None = None,
        min_submitted: int | None = None,
    ) -> None:
        for name, value in (("api_url", api_url), ("guidelines", guidelines)):
            if not isinstance(value, str | None):
                raise ConfigError(f"{OPTION}{name} is {value!r}: give a text")
        if isinstance(ask, str) or not isinstance(ask, Sequence):
            raise ConfigError(f"{OPTION}ask is {ask!r}: give a list, as [rating,best,comment]")
        self._ask = Ask(
            dataset=dataset,
            workspace=workspace,
            prompt_as=prompt_as,
            blind=blind,
            questions=tuple(ask),
            sample=sample,
            by=by,
            seed=seed,
            guidelines=Path(guidelines).expanduser() if guidelines else None,
            min_submitted=min_submitted,
        )
        self._ask.check(lambda name: OPTION + name)
        self._api_url = api_url
        self._server: Argilla | None = None

    def open(self, folder: Path) -> None:
        """Sign in and look whether the dataset can be what the run needs, before any model call."""
        self._folder = folder
        self._server = connect(self._api_url, OPTION)
        self._space = self._server.workspace(self._ask.workspace)
        self._name = self._ask.dataset or folder.resolve().name
        recipe = _recipe(folder)
        self._check_by(recipe)
        shape, known = shape_asked(recipe, self._ask)
        guidelines(self._ask.guidelines, shape)
        there = self._server.find(self._name, self._space)
        if there is None:
            return
        # What the config in the folder does not say yet is taken to be as it is there: close asks
        # once more.
        slots = sum(field.name.startswith("response_") for field in there.settings.fields)
        if slots > shape.slots or there._model.status != "ready":
            return
        wanted = settings(shape, "-", 1)
        if problem := mismatch(self._server, there, wanted, self._space, ratings=known):
            raise ConfigError(problem)

    def _check_by(self, recipe: Mapping[str, Any]) -> None:
        judges = list((recipe.get("judge") or {}).get("models") or ())
        if (by := self._ask.by) is not None and judges and by not in (*judges, PANEL):
            raise ConfigError(f"{OPTION}by is {by!r}: the run's judges are {', '.join(judges)}")

    def write(self, row: Row) -> None:
        """Nothing yet: the records are made from the run's tables, which hold all responses."""

    def close(self, report: Mapping[str, Any]) -> str:
        if self._server is None:
            raise SinkError("the Argilla sink was not opened")
        try:
            if not most_responses(self._folder):
                return f"Argilla dataset {self._name}: nothing sent, no prompt has a response"
            with alone(self._folder):
                found = push(self._folder, self._server, report, _recipe(self._folder), self._ask)
            return told(found, self._server, self._folder)
        except NothingToDraw as error:
            return f"Argilla dataset {self._name}: nothing sent: {error}"
        finally:
            self.abort()

    def abort(self) -> None:
        """What was sent stays: it is right, and the next push completes it."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _recipe(folder: Path) -> Mapping[str, Any]:
    """The composed config; empty where the folder holds none yet."""
    import yaml

    path = folder / ".hydra" / "config.yaml"
    found = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
    return found if isinstance(found, dict) else {}
