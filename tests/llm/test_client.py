"""The client against a real server: retries, limits, single flight, and when it gives up."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from aifgen.errors import (
    CallError,
    Filtered,
    ModelError,
    RateLimited,
    Rejected,
    Stopped,
    StoreError,
)
from aifgen.llm import client as room
from aifgen.llm import health
from aifgen.llm.client import Answer
from aifgen.llm.empty import EmptyAnswer
from aifgen.llm.endpoint import PROVIDERS, Endpoint, Provider
from aifgen.llm.request import Request
from aifgen.schema import Price, Structured, Weights
from tests.fakes.model_server import Behaviour, Call, Fault, ModelServer
from tests.fakes.tiny_disk import tiny_disk
from tests.llm.room import BareServer, about, asking, model, outcome, outcomes, run, stored, until

KEY = "sk-room-0123456789-secret"
SCHEMA = {
    "type": "object",
    "properties": {"rating": {"type": "integer"}},
    "required": ["rating"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of milliseconds, and a user who has a key for everything."""
    monkeypatch.setattr(room, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(room, "LONGEST_PAUSE_S", 0.05)
    for provider in PROVIDERS.values():
        for name in provider.keys:
            monkeypatch.setenv(name, "sk-users-own-key-for-elsewhere")


def first(fault: Fault) -> Callable[[Call], Fault | None]:
    """The first time that a request comes it goes wrong, then never again."""
    return lambda call: fault if call.attempt == 1 else None


def text(call: Call) -> str:
    return str(call.messages[-1]["content"])


def rows(folder: Path) -> int:
    connection = sqlite3.connect(folder / "answers.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    finally:
        connection.close()


def of_kind(found: list[Answer | Exception], kind: type[Any]) -> int:
    return sum(isinstance(one, kind) for one in found)


# One request that goes well, and what is sent


def test_an_answer_arrives_is_counted_and_is_stored(tmp_path: Path, server: ModelServer) -> None:
    server.default = Behaviour(text=lambda _: "Four of them.")
    served = model(server.url)
    asked = about(served, "How many are there?")

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            answer = await client.ask(asked)
            assert (answer.key, answer.stored, answer.attempts) == (asked.key, False, 1)
            found = answer.completion
            assert (found.text, found.finish_reason, found.model) == ("Four of them.", "stop", "m")
            assert (found.input_tokens, found.output_tokens) == (4, 3)
            assert (found.reasoning, found.logprobs) == (None, None)
            again = await client.ask(asked)
            assert (again.completion, again.stored, again.attempts) == (found, True, 0)
            report = client.meters["m"].report()
            assert report == {
                "sent": 1, "stored": 1, "limited": 0, "faults": 0,
                "input_tokens": 4, "output_tokens": 3, "usd": None,
            }  # fmt: skip
        async with asking(tmp_path, served) as client:
            later = await client.ask(asked)
            assert (later.completion, later.stored) == (found, True)

    run(test())
    assert server.count() == 1


def test_what_is_sent_is_what_was_asked_and_no_more(tmp_path: Path, server: ModelServer) -> None:
    served = model(
        server.url, structured=Structured.json_schema, extra_body={"top_k": 5, "t": {"on": True}}
    )
    params = {"temperature": 0.0, "top_p": 0.5, "max_tokens": 7, "seed": 3, "stop": ["X", "Y"]}
    asked = [
        about(served, "hi", params, answer_schema=SCHEMA),
        about(served, "hi", params, sample=2),
        about(served, "hi"),
    ]

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            for one in asked:
                await client.ask(one)

    run(test())
    plain = {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "top_k": 5,
        "t": {"on": True},
    }
    shape = {"name": "judgment", "schema": SCHEMA, "strict": True}
    assert [call.body for call in server.calls] == [
        {**plain, **params, "response_format": {"type": "json_schema", "json_schema": shape}},
        {**plain, **params, "seed": 5},
        plain,
    ]


@pytest.mark.parametrize(
    ("structured", "sent"),
    [(Structured.none, None), (Structured.json_object, {"type": "json_object"})],
)
def test_a_model_is_asked_for_the_form_that_it_takes(
    structured: Structured, sent: object, tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url, structured=structured)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served, answer_schema=SCHEMA))

    run(test())
    assert server.calls[0].body.get("response_format") == sent


def test_logprobs_come_only_where_they_are_asked_for(tmp_path: Path, server: ModelServer) -> None:
    server.default = Behaviour(text=lambda _: "Rating: 4")
    served = model(server.url, logprobs=True)
    with_odds = about(served, "b", {"logprobs": True, "top_logprobs": 2})

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            assert (await client.ask(about(served, "a"))).completion.logprobs is None
            odds = (await client.ask(with_odds)).completion.logprobs
            assert odds is not None
            assert [one["token"] for one in odds] == ["Rating:", " 4"]
            assert [t["token"] for t in odds[1]["top_logprobs"]] == [" 4", " 5"]
        async with asking(tmp_path, served) as client:
            assert (await client.ask(with_odds)).completion.logprobs == odds

    run(test())
    assert [call.body.get("logprobs") for call in server.calls] == [None, True]


# Faults that pass


def test_a_429_waits_as_long_as_the_server_says(tmp_path: Path, server: ModelServer) -> None:
    server.script(first(Fault(429, retry_after=0.4)))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            answer = await client.ask(about(served))
            assert answer.attempts == 2
            meter = client.meters["m"]
            assert (meter.sent, meter.limited, meter.faults) == (2, 1, 0)

    run(test())
    came = [call.received_at for call in server.calls]
    assert len(came) == 2
    assert came[1] - came[0] >= 0.4


def test_a_429_is_for_all_of_us(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url, max_concurrency=1)  # the second one waits for its turn
    server.script(lambda call: Fault(429, retry_after=0.4) if server.count() == 1 else None)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            found = await outcomes(client, [about(served, "a"), about(served, "b")])
            assert of_kind(found, Answer) == 2

    run(test())
    came = [call.received_at for call in server.calls]
    assert len(came) == 3
    assert came[1] - came[0] >= 0.4


PASSING: dict[str, Fault] = {
    **{str(status): Fault(status) for status in (408, 409, 500, 502, 503, 504, 529)},
    **{kind: Fault(kind) for kind in ("cut", "drop", "not_json", "html", "empty", "null")},
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_a_fault_that_passes_is_tried_again(
    provider: str, tmp_path: Path, server: ModelServer
) -> None:
    server.script(lambda call: PASSING[text(call)] if call.attempt == 1 else None)
    served = model(server.url, provider=provider)
    asked = [about(served, name) for name in PASSING]

    async def test() -> list[str]:
        async with asking(tmp_path, served) as client:
            answers = [await client.ask(one) for one in asked]
            assert [one.attempts for one in answers] == [2] * len(PASSING)
            meter = client.meters["m"]
            assert (meter.sent, meter.limited) == (2 * len(PASSING), 0)
            assert meter.faults == len(PASSING)
            return [one.completion.text for one in answers]

    said = run(test())
    assert server.count() == 2 * len(PASSING)
    assert stored(tmp_path, *asked) == said


def test_a_request_that_is_never_answered_is_given_up_and_sent_again(
    tmp_path: Path, server: ModelServer
) -> None:
    server.script(first(Fault("never")))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served, timeout_s=1.0) as client:
            assert (await client.ask(about(served))).attempts >= 2

    run(test())


def test_a_503_waits_as_long_as_the_server_says(tmp_path: Path, server: ModelServer) -> None:
    server.script(first(Fault(503, retry_after=0.3)))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served))

    run(test())
    came = [call.received_at for call in server.calls]
    assert came[1] - came[0] >= 0.3


def _storm(call: Call) -> Fault | None:
    """37 in 100 requests go wrong, whichever they are, at every attempt anew."""
    dice = blake2b(f"{text(call)}/{call.attempt}".encode()).digest()[0] * 100 // 256
    for share, fault in (
        (20, Fault(429)), (30, Fault(500)), (35, Fault("cut")), (37, Fault("not_json")),
    ):  # fmt: skip
        if dice < share:
            return fault
    return None


def test_in_a_storm_every_row_arrives_and_every_request_is_counted(
    tmp_path: Path, server: ModelServer
) -> None:
    server.script(_storm)
    served = model(server.url, max_concurrency=16)
    asked = [about(served, f"row {k}") for k in range(100)]

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            found = await outcomes(client, asked)
            assert of_kind(found, Answer) == 100
            meter = client.meters["m"]
            assert meter.sent == server.count() == 100 + meter.limited + meter.faults
            assert sum(one.attempts for one in found if isinstance(one, Answer)) == meter.sent
            assert (meter.in_flight, meter.answered) == (0, 100)

    run(test())
    assert server.count() > 130
    assert rows(tmp_path) == 100


# Faults that do not pass


def test_a_400_is_final_for_its_row_and_costs_no_other_anything(
    tmp_path: Path, server: ModelServer
) -> None:
    bad = Fault(400, message="That is malformed.", code="invalid_request")
    server.script(lambda call: bad if text(call) == "row 3" else None)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            found = await outcomes(client, [about(served, f"row {k}") for k in range(8)])
            refused = found.pop(3)
            assert type(refused) is Rejected
            assert (refused.reason, refused.attempts) == ("400: That is malformed.", 1)
            assert of_kind(found, Answer) == 7

    run(test())
    assert server.count() == 8
    assert rows(tmp_path) == 7


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(400), Filtered, "content filter: The response was filtered"),
        (
            Fault(
                400,
                message="This model's maximum context length is 8192 tokens. However, you "
                "requested 9000 tokens.",
                code="context_length_exceeded",
            ),
            Rejected,
            "does not fit the model's context: .*8192",
        ),
        (Fault(413, message="Too large."), Rejected, "413: Too large"),
        (Fault(422, message="No such field."), Rejected, "422: No such field"),
        (Fault(400, message="image_url is unreachable", code="x"), Rejected, "400: image_url is"),
    ],
    ids=["filter", "context", "413", "422", "unreachable in words"],
)
def test_what_the_server_refuses_is_final(
    fault: Fault,
    kind: type[Rejected],
    words: str,
    provider: str,
    tmp_path: Path,
    server: ModelServer,
) -> None:
    server.script(lambda _: fault)
    served = model(server.url, provider=provider)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            with pytest.raises(CallError, match=words) as caught:
                await client.ask(about(served))
            assert type(caught.value) is kind
            assert caught.value.attempts == 1

    run(test())
    assert (server.count(), rows(tmp_path)) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(401), r"m \(openai/m\): the key was not accepted \(check ROOM_KEY\): Incorrect"),
        (Fault(402), r"m \(openai/m\): the account may not use it \(402\): You exceeded"),
        (Fault(403, message="Not for you."), r"m \(openai/m\): .*may not .*\(403\): Not for you"),
        (Fault(404), r"http://127.* does not serve m \(m\): The model `m` does not exist"),
        (Fault(400, message="The model m does not exist", code="x"), "does not serve m"),
        (
            Fault(429, message="You exceeded your current quota.", code="insufficient_quota"),
            r"m \(openai/m\): the account has no quota left: You exceeded",
        ),
    ],
    ids=["401", "402", "403", "404", "400 no model", "429 no money"],
)
def test_a_model_that_cannot_be_used_is_said_at_once(
    fault: Fault,
    words: str,
    tmp_path: Path,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROOM_KEY", KEY)
    server.script(lambda _: fault)
    served = model(server.url, api_key_env="ROOM_KEY")

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            with pytest.raises(ModelError, match=words):
                await client.ask(about(served))

    run(test())
    assert (server.count(), rows(tmp_path)) == (1, 0)


def test_a_quota_that_comes_back_is_only_a_429(tmp_path: Path, server: ModelServer) -> None:
    # Gemini's words for a full minute: the quota's, and then when to come back.
    message = (
        "You exceeded your current quota, please check your plan and billing details. "
        + "For more information on this error, head to a page. " * 8
        + "Please retry in 0.3s."
    )
    server.script(first(Fault(429, message=message, code="rate_limit")))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            assert (await client.ask(about(served))).attempts == 2

    run(test())
    came = [call.received_at for call in server.calls]
    assert came[1] - came[0] >= 0.3


def test_an_answer_that_thinking_used_up_says_what_to_raise(
    tmp_path: Path, server: ModelServer
) -> None:
    server.default = Behaviour(text=lambda _: " \n", message={"reasoning_content": "Hm, so"})
    server.script(lambda _: Fault("length"))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            with pytest.raises(Rejected, match="raise max_tokens"):
                await client.ask(about(served))

    run(test())
    assert (server.count(), rows(tmp_path)) == (1, 0)


def test_a_model_that_has_nothing_to_say_is_asked_three_times(
    tmp_path: Path, server: ModelServer
) -> None:
    server.script(lambda call: Fault("empty") if text(call) == "hush" else None)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            found = await outcomes(client, [about(served, "hush"), about(served, "speak")])
            assert isinstance(found[0], EmptyAnswer)
            assert (found[0].attempts, found[0].retryable) == (3, True)
            assert isinstance(found[1], Answer)

    run(test())
    assert server.count() == 4
    assert rows(tmp_path) == 1


@pytest.mark.parametrize("what", [429, 500, "cut", "html", "empty", "null", "drop"])
def test_a_fault_is_never_stored(what: Any, tmp_path: Path, server: ModelServer) -> None:
    server.script(lambda _: Fault(what))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=0.0) as client:
            with pytest.raises(CallError) as caught:
                await client.ask(about(served))
            assert caught.value.retryable
            assert caught.value.attempts == 1
            server.script(None)
            assert not (await client.ask(about(served))).stored

    run(test())
    assert (server.count(), rows(tmp_path)) == (2, 1)


def test_trying_again_is_bounded_by_time(tmp_path: Path, server: ModelServer) -> None:
    server.script(lambda _: Fault(429))  # busy for ever
    served = model(server.url)

    async def test() -> float:
        clock = asyncio.get_running_loop().time
        async with asking(tmp_path, served, retry_s=0.5) as client:
            await outcome(client, about(served, "import litellm first"))
            began, before = clock(), server.count()
            with pytest.raises(RateLimited) as caught:
                await client.ask(about(served))
            assert caught.value.attempts == server.count() - before > 3
            return clock() - began

    assert run(test()) >= 0.4  # the next pause, of 0.05 at most, would have been too long


def test_a_server_cannot_make_us_wait_longer_than_we_would(
    tmp_path: Path, server: ModelServer
) -> None:
    server.script(lambda call: Fault(429, retry_after=86_400) if text(call) == "b" else None)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=20.0) as client:
            await client.ask(about(served, "a"))  # with the import of litellm behind us
            asked = asyncio.create_task(client.ask(about(served, "b")))
            await asyncio.wait([asked], timeout=5)
            assert asked.done()
            with pytest.raises(RateLimited, match="429: Rate limit"):
                await asked

    run(test())
    assert server.count() == 2


# The same request twice at once


def test_the_same_request_at_once_is_sent_once(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            flight = asyncio.create_task(outcomes(client, [about(served)] * 50))
            await asyncio.to_thread(server.wait_for_calls, 1)
            server.release()
            found = [one for one in await flight if isinstance(one, Answer)]
            assert len(found) == 50
            assert len({one.completion.text for one in found}) == 1
            assert sorted(one.attempts for one in found) == [0] * 49 + [1]
            assert sum(one.stored for one in found) == client.meters["m"].stored == 49

    run(test())
    assert server.count() == 1


@pytest.mark.parametrize(("status", "kind"), [(400, Rejected), (401, ModelError)])
def test_the_failure_of_one_reaches_its_twins(
    status: int, kind: type[Exception], tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url)
    server.script(lambda _: Fault(status, message="No.", code="x"))

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            assert of_kind(await outcomes(client, [about(served)] * 20), kind) == 20
            server.script(None)
            assert not (await client.ask(about(served))).stored  # a failure is not kept either

    run(test())
    assert server.count() == 2


def test_a_twin_that_gives_up_takes_nobody_along(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            leader, twin, other = (asyncio.create_task(client.ask(about(served))) for _ in range(3))
            await asyncio.to_thread(server.wait_for_calls, 1)
            twin.cancel()
            with pytest.raises(asyncio.CancelledError):
                await twin
            server.release()
            assert (await leader).completion == (await other).completion

    run(test())
    assert server.count() == 1


def test_twins_of_a_cancelled_request_are_told_that_it_was_not_answered(
    tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            leader, twin = (asyncio.create_task(client.ask(about(served))) for _ in range(2))
            await asyncio.to_thread(server.wait_for_calls, 1)
            leader.cancel()
            with pytest.raises(Stopped):
                await twin
            server.release()

    run(test())


# Limits


def test_no_more_are_in_flight_than_may_be(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url, max_concurrency=3)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            asked = asyncio.create_task(
                outcomes(client, [about(served, f"row {k}") for k in range(12)])
            )
            await asyncio.to_thread(server.wait_for_calls, 3)
            assert client.meters["m"].in_flight == 3
            server.release()
            assert of_kind(await asked, Answer) == 12

    run(test())
    assert server.peak_in_flight == 3


def peaks(tmp_path: Path, *served: Endpoint, rows: int = 6) -> list[Answer | Exception]:
    async def test() -> list[Answer | Exception]:
        async with asking(tmp_path, *served) as client:
            return await outcomes(
                client, [about(one, f"row {k}") for k in range(rows) for one in served]
            )

    return run(test())


def test_two_models_of_one_server_share_its_limit(tmp_path: Path, server: ModelServer) -> None:
    server.default = Behaviour(latency=0.02)
    big, small = (
        model(server.url, "big", max_concurrency=8),
        model(server.url, "small", max_concurrency=3, provider="hosted_vllm"),
    )
    assert of_kind(peaks(tmp_path, big, small), Answer) == 12
    assert server.peak_in_flight == 3  # the smaller one's


def test_two_servers_have_limits_of_their_own(tmp_path: Path, server: ModelServer) -> None:
    with ModelServer() as other:
        here, there = (model(one.url, max_concurrency=2) for one in (server, other))
        server.hold()
        other.hold()

        async def test() -> None:
            async with asking(tmp_path, here, there) as client:
                asked = asyncio.create_task(
                    outcomes(
                        client, [about(e, f"row {k}") for k in range(4) for e in (here, there)]
                    )
                )
                # All four at once, though neither server may have more than two.
                await asyncio.to_thread(server.wait_for_calls, 2)
                await asyncio.to_thread(other.wait_for_calls, 2)
                server.release()
                other.release()
                assert of_kind(await asked, Answer) == 8

        run(test())
        assert (server.peak_in_flight, other.peak_in_flight) == (2, 2)


def test_two_accounts_of_one_server_have_limits_of_their_own(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOM_KEY", KEY)
    ours, theirs = (
        model(server.url, "a", max_concurrency=2),
        model(server.url, "b", max_concurrency=2, api_key_env="ROOM_KEY"),
    )
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, ours, theirs) as client:
            asked = asyncio.create_task(
                outcomes(client, [about(e, f"row {k}") for k in range(4) for e in (ours, theirs)])
            )
            await asyncio.to_thread(server.wait_for_calls, 4)
            server.release()
            assert of_kind(await asked, Answer) == 8

    run(test())
    assert (server.peak("a"), server.peak("b")) == (2, 2)


def waits(tmp_path: Path, served: Endpoint) -> bool:
    """Whether the second of two requests is kept back (for a minute: nobody waits for its end)."""

    async def test() -> bool:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served, "a", {"max_tokens": 200}))
            second = asyncio.create_task(client.ask(about(served, "b", {"max_tokens": 200})))
            await asyncio.wait([second], timeout=0.5)
            kept_back = not second.done()
            client.stop()
            with contextlib.suppress(Stopped):
                await second
            return kept_back

    return run(test())


@pytest.mark.parametrize(
    ("limits", "expected"),
    [({"rpm": 1}, True), ({"rpm": 2}, False), ({"tpm": 4}, True), ({"tpm": 400}, False)],
)
def test_quotas_a_minute_are_kept(
    limits: dict[str, Any], expected: bool, tmp_path: Path, server: ModelServer
) -> None:
    server.default = Behaviour(text=lambda _: "Four of them.")  # and one word asked
    assert waits(tmp_path, replace(model(server.url), **limits)) is expected
    assert server.count("m") == (1 if expected else 2)


def test_tokens_a_minute_hold_where_the_server_counts_none(tmp_path: Path) -> None:
    with BareServer() as server:
        assert waits(tmp_path, model(server.url, tpm=100))


# Stopping


def test_stop_lets_what_is_in_flight_come_home_and_sends_nothing_more(
    tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url, max_concurrency=2)
    asked = [about(served, f"row {k}") for k in range(6)]
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            running = asyncio.create_task(outcomes(client, asked))
            await asyncio.to_thread(server.wait_for_calls, 2)
            client.stop()
            server.release()
            found = await running
            assert (of_kind(found, Answer), of_kind(found, Stopped)) == (2, 4)
            assert isinstance(await outcome(client, about(served, "later")), Stopped)
            # What is known costs nothing: it still comes.
            known = next(one for one in found if isinstance(one, Answer))
            again = await client.ask(next(one for one in asked if one.key == known.key))
            assert again.stored

    run(test())
    assert server.count() == 2
    assert rows(tmp_path) == 2


@pytest.mark.parametrize("fault", [Fault(429, retry_after=3600), Fault(503, retry_after=3600)])
def test_stop_reaches_who_waits_to_try_again(
    fault: Fault, tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url, max_concurrency=1)
    server.script(lambda _: fault)

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=7200) as client:
            asked = asyncio.create_task(outcome(client, about(served)))
            await until(lambda: client.meters["m"].limited + client.meters["m"].faults == 1)
            client.stop()
            assert isinstance(await asked, Stopped)

    run(test())


def test_stop_reaches_the_twins_of_who_waits(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url, max_concurrency=1)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            first_one = asyncio.create_task(outcome(client, about(served, "in flight")))
            await asyncio.to_thread(server.wait_for_calls, 1)
            waiting = asyncio.create_task(outcomes(client, [about(served, "b")] * 3))
            await asyncio.sleep(0)
            client.stop()
            server.release()
            assert of_kind(await waiting, Stopped) == 3
            assert isinstance(await first_one, Answer)

    run(test())


def test_a_cancelled_request_is_not_stored_and_frees_its_place(
    tmp_path: Path, server: ModelServer
) -> None:
    served = model(server.url, max_concurrency=1)
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            running = asyncio.create_task(client.ask(about(served, "a")))
            await asyncio.to_thread(server.wait_for_calls, 1)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            server.release()
            assert isinstance(await outcome(client, about(served, "b")), Answer)
            assert client.meters["m"].in_flight == 0

    run(test())
    assert stored(tmp_path, about(served, "a")) == [None]


def test_stop_holds_for_a_fault_that_comes_home_later(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url)
    server.script(lambda _: Fault(503, retry_after=3600))
    server.hold()

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=7200) as client:
            asked = asyncio.create_task(outcome(client, about(served)))
            await asyncio.to_thread(server.wait_for_calls, 1)
            client.stop()
            server.release()
            await asyncio.wait([asked], timeout=5)
            assert asked.done()
            assert isinstance(asked.result(), Stopped)

    run(test())


# When it gives up


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_an_address_where_nobody_is_stops_soon_and_is_named(provider: str, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    served = model(url, provider=provider)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            with pytest.raises(ModelError, match=rf"m .* cannot be used: nobody answers at {url}"):
                await client.ask(about(served))
            assert client.meters["m"].sent == health.UNREACHED_TRIES

    run(test())


def test_a_server_that_goes_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with ModelServer() as before:
        url, port = before.url, int(before.url.split(":")[2].split("/")[0])
        served = model(url)

        async def test() -> None:
            async with asking(tmp_path, served) as client:
                await client.ask(about(served, "a"))
                await asyncio.to_thread(before.close)
                asked = asyncio.create_task(outcome(client, about(served, "b")))
                await until(lambda: client.meters["m"].faults > health.UNREACHED_TRIES)
                with ModelServer(port=port) as after:
                    assert isinstance(await asked, Answer)
                    assert after.count() == 1

        run(test())


def test_an_endpoint_that_only_fails_is_given_up(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "HOPELESS_S", 0.0)
    server.script(lambda _: Fault(500, message="CUDA error"))
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            with pytest.raises(ModelError, match=r"m .* cannot be used: 500: CUDA error\. Nothing"):
                await client.ask(about(served))

    run(test())
    assert server.count() == health.HOPELESS_FAULTS


def test_an_endpoint_is_given_time_to_recover(tmp_path: Path, server: ModelServer) -> None:
    # As many faults in a row as mean its end, but not for as long.
    server.script(lambda call: Fault(500) if call.attempt <= 3 * health.HOPELESS_FAULTS else None)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served))

    run(test())


def test_busy_is_not_down(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOPELESS_S", "LOST_S"):
        monkeypatch.setattr(health, name, 0.0)
    most = 4 * health.HOPELESS_FAULTS
    server.script(lambda call: Fault(429) if call.attempt <= most and text(call) == "hi" else None)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served, "warm up"))
            assert (await client.ask(about(served))).attempts == most + 1

    run(test())


def test_slow_answers_on_their_way_speak_for_an_endpoint(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "HOPELESS_S", 0.0)  # as if the slow ones took minutes

    def rule(call: Call) -> Fault | None:
        if text(call) != "bad":
            return Fault(latency=1.5)
        return Fault(500) if call.attempt <= health.HOPELESS_FAULTS + 1 else None

    server.script(rule)
    served = model(server.url, max_concurrency=20)

    async def test() -> None:
        async with asking(tmp_path, served, adaptive=False) as client:
            slow = [about(served, f"row {k}") for k in range(19)]
            running = asyncio.create_task(outcomes(client, slow))
            await asyncio.to_thread(server.wait_for_calls, 19)
            bad = await client.ask(about(served, "bad"))
            assert bad.attempts == health.HOPELESS_FAULTS + 2
            assert of_kind(await running, Answer) == 19

    run(test())


def test_one_poisoned_prompt_beside_a_slow_answer_does_not_end_a_run(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In real seconds: max_concurrency 2, answers of 30 s (thinking, or a CPU), one prompt that is
    # always a 500. Its six faults within 20 s are all that was heard, so the model is "down".
    monkeypatch.setattr(health, "LOST_S", 0.3)
    server.script(lambda call: Fault(500) if text(call) == "bad" else Fault(latency=1.0))
    served = model(server.url, max_concurrency=2)

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=0.8) as client:
            await client.ask(about(served, "warm up"))
            slow = asyncio.create_task(client.ask(about(served, "slow")))
            await asyncio.to_thread(server.wait_for_calls, 2)
            bad = await outcome(client, about(served, "bad"))
            assert not (await slow).stored
            assert isinstance(bad, CallError)

    run(test())


def test_a_model_that_refuses_everything_is_given_up(tmp_path: Path, server: ModelServer) -> None:
    server.script(lambda _: Fault(400, message="temperature must be 1", code="x"))
    served = model(server.url, max_concurrency=4)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            found = await outcomes(client, [about(served, f"row {k}") for k in range(24)])
            assert of_kind(found, Rejected) == health.REFUSALS - 1
            ends = [one for one in found if isinstance(one, ModelError)]
            assert len(ends) == 24 - (health.REFUSALS - 1)
            assert f"refused each of the first {health.REFUSALS} requests: 400: temp" in str(
                ends[0]
            )

    run(test())


def test_a_model_that_answered_once_may_refuse_the_rest(
    tmp_path: Path, server: ModelServer
) -> None:
    bad = Fault(400, message="No.", code="x")
    server.script(lambda call: None if text(call) == "good" else bad)
    served = model(server.url)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served, "good"))
            found = await outcomes(client, [about(served, f"row {k}") for k in range(25)])
            assert of_kind(found, Rejected) == 25

    run(test())


def test_a_resumed_run_may_consist_of_refusals(tmp_path: Path, server: ModelServer) -> None:
    bad = Fault(400, message="No.", code="x")
    server.script(lambda call: None if text(call) == "good" else bad)
    served = model(server.url)

    async def test() -> list[Answer | Exception]:
        async with asking(tmp_path, served) as client:
            await client.ask(about(served, "good"))
            return await outcomes(client, [about(served, f"row {k}") for k in range(25)])

    assert of_kind(run(test()), Rejected) == 25
    assert of_kind(run(test()), Rejected) == 25  # the same command again: so it ended before


def test_a_full_disk_stops_the_asking(tmp_path: Path, server: ModelServer) -> None:
    server.default = Behaviour(text=lambda _: "word " * 20_000)
    with tiny_disk(tmp_path) as disk:
        served = model(server.url, max_concurrency=1)

        async def test() -> None:
            async with asking(disk, served) as client:
                found: Answer | Exception | None = None
                for k in range(1000):  # The disk is full after ten, and that is known soon after.
                    found = await outcome(client, about(served, f"row {k}"))
                    if isinstance(found, Exception):
                        break
                assert isinstance(found, StoreError)
                sent = server.count()
                with pytest.raises(StoreError, match="the disk is full"):
                    await client.ask(about(served, "one more"))
                assert server.count() == sent  # nothing is paid for that cannot be kept

        with pytest.raises(StoreError, match="the disk is full"):
            run(test())


# Secrets


STATUSES = (400, 401, 403, 404, 422, 429, 500, 503)


@pytest.mark.parametrize("variable", ["ROOM_API_KEY", "ROOM_ENTRANCE"])
@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_a_key_that_the_server_repeats_is_in_no_text_of_ours(
    provider: str,
    variable: str,
    tmp_path: Path,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, KEY)
    lines: list[str] = []
    served = model(server.url, provider=provider, api_key_env=variable)

    def rule(call: Call) -> Fault | None:
        status = int(text(call))
        return Fault(status, message="Your key?", code="x", echo_authorization=True)

    async def test() -> None:
        async with asking(tmp_path, served, retry_s=0.0, say=lines.append) as client:
            server.script(rule)
            for status in STATUSES:
                found = await outcome(client, about(served, str(status)))
                assert isinstance(found, CallError | ModelError)
                assert "Your key?" in str(found)
                assert "Bearer ***" in str(found)
                assert KEY not in repr(found)
                assert found.__cause__ is None
            server.script(None)
            assert isinstance(await outcome(client, about(served)), Answer)

    run(test())
    assert {call.headers["authorization"] for call in server.calls} == {f"Bearer {KEY}"}
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not any(KEY.encode() in content for content in files)
    assert KEY not in "".join(lines)


# Tokens and dollars


@pytest.mark.parametrize(
    ("settings", "usd"),
    [
        ({"price": Price(input=2.0, output=10.0)}, (4 * 2.0 + 3 * 10.0) / 1e6),
        ({"price": Price(input=0.0, output=0.0)}, 0.0),
        ({"price": Price(input=2.0)}, None),
        ({}, None),
    ],
    ids=["price", "free", "half a price", "unknown"],
)
def test_dollars_are_the_configs_or_unknown(
    settings: dict[str, Any], usd: float | None, tmp_path: Path, server: ModelServer
) -> None:
    server.default = Behaviour(text=lambda _: "Four of them.")
    # gpt-4o has a price in every list, but not at an address that is not OpenAI's.
    served = model(server.url, "gpt-4o", **settings)

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            answer = await client.ask(about(served, "How many are there?"))
            assert answer.completion.usd == pytest.approx(usd)
            total = client.meters.total()
            assert (total.input_tokens, total.output_tokens) == (4, 3)
            assert total.usd == pytest.approx(usd)

    run(test())


def test_at_its_own_address_a_model_has_the_listed_price_or_none(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of models that litellm does not know it says 0.0 (Hugging Face) or guesses by size (Together).
    for provider in ("openai", "huggingface", "together_ai"):
        monkeypatch.setitem(PROVIDERS, provider, Provider(server.url, ("OPENAI_API_KEY",)))
    server.default = Behaviour(text=lambda _: "Four of them.")
    listed = model(server.url, "gpt-4o")
    unlisted = [
        model(server.url, f"{provider}-nobody-7b", provider=provider)
        for provider in ("openai", "huggingface", "together_ai")
    ]

    async def test() -> None:
        async with asking(tmp_path, listed, *unlisted) as client:
            usd = [
                (await client.ask(about(one, "How many are there?"))).completion.usd
                for one in (listed, *unlisted)
            ]
            assert usd == [pytest.approx((4 * 2.5 + 3 * 10) / 1e6), None, None, None]
            assert client.meters["gpt-4o"].usd == usd[0]
            assert client.meters.total().usd is None  # never the part that is known

    run(test())


def test_stored_answers_cost_nothing_again(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url, price=Price(input=1.0, output=1.0))

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            for _ in range(3):
                await client.ask(about(served))
            once = client.meters["m"].report()
        async with asking(tmp_path, served) as client:
            await client.ask(about(served))
            assert client.meters["m"].report() == {
                **dict.fromkeys(once, 0), "stored": 1, "usd": 0.0,
            }  # fmt: skip
        assert (once["sent"], once["stored"]) == (1, 2)

    run(test())


# Embedded models


def test_an_embedded_model_is_served_on_demand_and_again_when_it_died(
    tmp_path: Path, server: ModelServer
) -> None:
    served = model("", "m", provider="hosted_vllm", weights=Weights(path="x.gguf"))
    calls: list[bool] = []

    async def serve(endpoint: Endpoint, again: bool) -> tuple[str, str]:
        assert endpoint is served
        calls.append(again)
        if again:
            return server.url, "key-of-the-new-server"
        return f"http://127.0.0.1:{free_port()}/v1", "key-of-the-dead-one"

    async def test() -> None:
        async with asking(tmp_path, served, serve=serve) as client:
            assert (await client.ask(about(served))).attempts == 2

    run(test())
    assert calls == [False, True]
    assert [call.headers["authorization"] for call in server.calls] == [
        "Bearer key-of-the-new-server"
    ]


# Other processes


def test_what_another_process_stored_is_not_asked(tmp_path: Path, server: ModelServer) -> None:
    served = model(server.url)
    asked: list[Request] = [about(served, f"row {k}") for k in range(5)]

    async def fill() -> None:
        async with asking(tmp_path, served) as client:
            await outcomes(client, asked[:3])

    async def test() -> None:
        async with asking(tmp_path, served) as client:
            async with asking(tmp_path, served) as other:
                await other.ask(asked[3])
            found = await outcomes(client, asked)
            assert [one.stored for one in found if isinstance(one, Answer)] == [True] * 4 + [False]

    run(fill())
    run(test())
    assert server.count() == 5
    assert None not in stored(tmp_path, *asked)
