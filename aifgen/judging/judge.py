"""One judge's judgment of one row: blind, shuffled, read, repaired once. Knows no other judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aifgen.errors import CallError, Filtered
from aifgen.judging.protocol import ParseFailure, Protocol, Reading, Refusal, Shown, fence
from aifgen.llm.asking import Asking
from aifgen.llm.client import Answer, Client
from aifgen.llm.request import request
from aifgen.records import Judgment, Message, Prompt, Response, digest, transcript

SHOWN_BACK = 4000
"""Characters of an unreadable answer that the judge is shown again."""


async def judge(
    client: Client,
    asking: Asking,
    protocol: Protocol,
    prompt: Prompt,
    responses: Sequence[Response],
    sample: int,
    *,
    seed: int,
    repair: bool,
) -> Judgment:
    """Ask one judge about all responses to a prompt. Never raises for an answer: see `status`."""
    shown = shown_order(seed, prompt.prompt_id, responses)
    texts = tuple(response.text for response in shown)
    token = fence(seed, prompt.prompt_id, texts)
    messages = asking.instruct(
        protocol.render(
            Shown(transcript(prompt.messages), texts, token),
            structured=asking.endpoint.structured.value != "none",
        )
    )
    empty = Judgment(
        judgment_id=f"{prompt.prompt_id}/{asking.name}/{protocol.aspect}/{sample}",
        prompt_id=prompt.prompt_id,
        judge=asking.name,
        protocol=protocol.name,
        aspect=protocol.aspect,
        sample=sample,
        response_ids=tuple(response.response_id for response in responses),
        order=tuple(response.response_id for response in shown),
        ratings=None,
        verdict=None,
        probability=None,
        scale_min=protocol.scale_min,
        scale_max=protocol.scale_max,
        rationales=None,
        raw=None,
        status="error",
        problem=None,
        input_tokens=None,
        output_tokens=None,
        latency_s=None,
        usd=None,
        key=None,
    )
    n = len(texts)

    async def ask(turns: tuple[Message, ...]) -> Answer:
        asked = request(
            asking.endpoint, turns, asking.params, answer_schema=protocol.schema(n), sample=sample
        )
        return await client.ask(asked)

    try:
        first = await ask(messages)
    except Filtered as error:
        return replace(empty, status="refused", problem=error.reason)
    except CallError as error:
        return replace(empty, problem=f"{error.reason} (after {error.attempts} attempts)")
    answers = [first]
    try:
        return _read(empty, protocol, answers, "ok")
    except ParseFailure as failure:
        why = failure
    if repair and not isinstance(why, Refusal):
        raw = first.completion.text
        turns = (
            *messages,
            Message(role="assistant", content=raw[:SHOWN_BACK]),
            Message(role="user", content=_complaint(why, first)),
        )
        try:
            answers.append(await ask(turns))
            return _read(empty, protocol, answers, "repaired")
        except ParseFailure as failure:
            why = failure
        except CallError:
            pass  # The first answer stays what it was: unreadable.
    status = "refused" if isinstance(why, Refusal) else "parse_failure"
    return replace(_billed(empty, answers), status=status, problem=_told(why, answers[-1]))


def shown_order(seed: int, prompt_id: str, responses: Sequence[Response]) -> list[Response]:
    """A permutation drawn from the seed, the row and the texts: names and judges do not matter."""
    return sorted(
        responses,
        key=lambda r: (digest("order", seed, prompt_id, r.text_digest), r.response_id),
    )


def _read(empty: Judgment, protocol: Protocol, answers: Sequence[Answer], status: str) -> Judgment:
    """The judgment that the last answer holds, ratings put back in the order of response_ids."""
    reading = protocol.parse(answers[-1].completion.text, len(empty.order))
    place = {shown: k for k, shown in enumerate(empty.order)}
    positions = [place[name] for name in empty.response_ids]
    unshuffled = Reading(
        ratings=reading.ratings and tuple(reading.ratings[k] for k in positions),
        rationales=reading.rationales and tuple(reading.rationales[k] for k in positions),
    )
    return replace(
        _billed(empty, answers),
        ratings=unshuffled.ratings,
        rationales=unshuffled.rationales,
        status=status,
    )


def _billed(empty: Judgment, answers: Sequence[Answer]) -> Judgment:
    """With the last raw answer, and the bill of all that were needed."""

    def total(field: str) -> float | None:
        values = [getattr(answer.completion, field) for answer in answers]
        return None if any(value is None for value in values) else sum(values)

    read, written = total("input_tokens"), total("output_tokens")
    return replace(
        empty,
        raw=answers[-1].completion.text,
        input_tokens=None if read is None else int(read),
        output_tokens=None if written is None else int(written),
        latency_s=total("latency_s"),
        usd=total("usd"),
        key=answers[-1].key,
    )


def _told(why: ParseFailure, answer: Answer) -> str:
    if answer.completion.finish_reason == "length":
        return f"{why.reason} (the answer was cut at max_tokens)"
    return why.reason


def _complaint(why: ParseFailure, answer: Answer) -> str:
    brief = " Keep every rationale to one short sentence." * (
        answer.completion.finish_reason == "length"
    )
    return (
        f"Your answer could not be read: {_told(why, answer)}. Give it once more, in exactly the "
        f"form that was asked for, and write nothing else.{brief}"
    )
