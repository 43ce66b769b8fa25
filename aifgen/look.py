"""One pass over the prompts: a run's very requests, held against the store. Sends nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from aifgen.errors import StoreError
from aifgen.estimate import GENERATE, JUDGE, Line, Usage
from aifgen.generate import generate
from aifgen.judging.examiner import Examiner
from aifgen.judging.example import Shot
from aifgen.judging.judge import judge
from aifgen.judging.panel import judge_row
from aifgen.judging.protocol import Shown, fence
from aifgen.judging.question import questions
from aifgen.llm import answers
from aifgen.llm.offline import Offline, nobody
from aifgen.llm.request import Completion, Request
from aifgen.llm.store import Store
from aifgen.parts import Parts
from aifgen.records import Prompt, Response, response_id, transcript

TELL_EVERY = 500
RECENT = 5000
"""Stored answers looked at for what a model's tokens are like where this run has none of it."""


class Look:
    """walk() fills `lines`. Memory: a number a request, and no text."""

    def __init__(self, made: Parts, store: Store) -> None:
        self._source, self._generators = made.source, made.generators
        # Without repairs: whether one is needed is known when the answer is there.
        self._panel = replace(made.panel, repair=False)
        roles = made.roles
        self._client = Offline(store, nobody, nobody, [r.endpoint for r in roles], seen=self._seen)
        others = recent(store.path)
        self.lines = [
            Line(
                GENERATE if role in made.generators else JUDGE,
                role,
                others.get((role.endpoint.identity, role.endpoint.model), Usage()),
            )
            for role in roles
        ]
        self._line = {line.asking.endpoint.name: line for line in self.lines}
        self._marking = any(value is not None for value in asdict(made.config.budget).values())
        self._keys: set[int] = set()
        self._templates: dict[tuple[int, int, tuple[Shot, ...]], int] = {}
        self.prompts = 0

    async def walk(self, tell: Callable[[int], None]) -> None:
        for prompt in self._source:
            await self._prompt(prompt)
            self.prompts += 1
            if self._marking:
                for line in self.lines:
                    line.marks.append(line.to_ask)
            if self.prompts % TELL_EVERY == 0:
                tell(self.prompts)

    async def _prompt(self, prompt: Prompt) -> None:
        responses, failures = await generate(self._client, self._generators, prompt)
        if failures:
            await self._in_part(prompt, responses)
            return
        await judge_row(self._client, self._panel, prompt, responses)

    def _seen(self, request: Request, answer: Completion | None) -> None:
        key = int(request.key[:15], 16)
        if key in self._keys:
            return  # A twin: asked for once.
        self._keys.add(key)
        line = self._line[request.endpoint.name]
        characters = sum(len(turn["content"]) for turn in request.messages)
        if answer is None:
            line.to_ask += 1
            line.characters += characters
        else:
            line.stored += 1
            line.usage.add(answer, characters)

    async def _in_part(self, prompt: Prompt, responses: tuple[Response, ...]) -> None:
        """Responses that are not all there: what shows a missing one can only be counted."""
        conversation = len(transcript(prompt.messages))
        there = {response.response_id: response for response in responses}
        row = [
            there.pop(name) if name in there else _blank(name, generator)
            for name, generator in self._ids(prompt)
        ]
        panel = self._panel
        shots = panel.examples.of(prompt, responses) if panel.examples else ()
        for examiners in panel.judges:
            line = self._line[examiners[0].asking.endpoint.name]
            for examiner in examiners:
                for question in questions(
                    panel.protocol.kind, [*there.values(), *row],
                    seed=panel.seed, prompt_id=prompt.prompt_id, both_orders=panel.both_orders,
                ):  # fmt: skip
                    times, shown = examiner.asking.samples, question.shown
                    blanks = [r for r in shown if r.key is None and not r.finish_reason]
                    if not blanks:
                        for sample in range(times):
                            await judge(
                                self._client, examiner, prompt, question, sample,
                                seed=panel.seed, repair=False, most_tokens=panel.most_tokens,
                                examples=shots,
                            )  # fmt: skip
                        continue
                    texts = sum(len(response.text) for response in shown)
                    line.to_ask += times
                    line.characters += times * (
                        self._template(examiner, len(shown), shots) + conversation + texts
                    )
                    for response in blanks:
                        line.blanks[response.generator] += times

    def _ids(self, prompt: Prompt) -> Iterator[tuple[str, str]]:
        """The ids that the generators' responses will have, each with its generator."""
        for generator in self._generators:
            for sample in range(generator.samples):
                yield response_id(prompt.prompt_id, generator.name, sample), generator.name

    def _template(self, examiner: Examiner, n: int, shots: tuple[Shot, ...]) -> int:
        """Characters of a judge's request without a conversation and without responses."""
        name = (id(examiner), n, shots)
        if name not in self._templates:
            texts = ("",) * n
            shown = Shown("", texts, fence(0, "", texts, ""), ("",), examples=shots)
            messages = examiner.asking.instruct(examiner.protocol.render(shown, examiner.means))
            self._templates[name] = sum(len(turn["content"]) for turn in messages)
        return self._templates[name]


def _blank(name: str, generator: str) -> Response:
    """Stands for a response that nobody has asked for yet."""
    return Response(
        prompt_id="", response_id=name, generator=generator, sample=0, model="", text="",
        text_digest=name, finish_reason="", input_tokens=None, output_tokens=None, latency_s=0.0,
        usd=None, key=None,
    )  # fmt: skip


def recent(path: Path) -> dict[tuple[str, str], Usage]:
    """What the newest answers of the store say of each endpoint and model."""
    select = (
        "SELECT endpoint, model, count(*), sum(length(text)), sum(output_tokens), sum(latency_s) "
        "FROM (SELECT * FROM answers ORDER BY rowid DESC LIMIT ?) "
        "WHERE output_tokens IS NOT NULL AND reasoning IS NULL GROUP BY endpoint, model"
    )
    try:
        with contextlib.closing(answers.opened(path)) as connection:
            rows = connection.execute(select, (RECENT,)).fetchall()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(answers.sentence(path, error)) from error
    return {
        (endpoint, model): Usage(n, characters, written, latency_s=latency_s)
        for endpoint, model, n, characters, written, latency_s in rows
    }
