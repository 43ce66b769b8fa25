"""What litellm does on the way: retries of its own, parameters it drops, words it makes up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aifgen.errors import CallError, ModelError, RateLimited, ServerFault
from aifgen.llm.client import Answer, EmptyAnswer
from aifgen.llm.endpoint import PROVIDERS
from aifgen.llm.litellm_transport import LitellmTransport
from aifgen.llm.request import Completion, Request
from aifgen.schema import Price, Structured
from tests.conftest import ROOT
from tests.fakes.model_server import Behaviour, Fault, ModelServer
from tests.llm.room import BareServer, about, asking, model, outcome, reply, run, stored

SCHEMA = {"type": "object", "properties": {"rating": {"type": "integer"}}}


def sent(*requests: Request, said: list[str] | None = None) -> list[Completion | CallError]:
    """What one transport makes of requests, one after another."""

    async def test() -> list[Completion | CallError]:
        transport = LitellmTransport((said if said is not None else []).append)
        found: list[Completion | CallError] = []
        try:
            for one in requests:
                endpoint = one.endpoint
                try:
                    answer = await transport.send(one, endpoint.api_base, endpoint.key(), 30.0)
                except CallError as error:
                    found.append(error)
                else:
                    found.append(answer)
        finally:
            await transport.close()
        return found

    return run(test())


def answered(*requests: Request) -> list[Completion]:
    found = sent(*requests)
    assert all(isinstance(one, Completion) for one in found), found
    return [one for one in found if isinstance(one, Completion)]


# One request is one request

AT_A_BASE = [
    *sorted(set(PROVIDERS) - {"gemini", "cohere", "ollama"}),
    "perplexity", "sambanova", "hyperbolic", "baseten", "novita",
]  # fmt: skip


@pytest.mark.parametrize("provider", AT_A_BASE)
def test_litellm_tries_nothing_again_by_itself(provider: str, server: ModelServer) -> None:
    # For deepinfra and others it forgets max_retries=0: three requests, of which we know one.
    server.script(lambda _: Fault(500))
    served = model(server.url, provider=provider)
    assert isinstance(sent(about(served))[0], ServerFault)
    assert server.count() == 1
    assert "max_retries" not in server.calls[0].body


def test_hugging_face_is_sent_what_was_asked_and_no_more(server: ModelServer) -> None:
    served = model(server.url, "org/m", provider="huggingface")
    answered(about(served, "hi", {"temperature": 0.5}))
    assert server.calls[0].body == {
        "model": "org/m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
    }


# What is left out is said

ALL = {"temperature": 0.0, "top_p": 0.5, "max_tokens": 9, "seed": 1, "stop": ["X"]}


def test_what_a_model_does_not_take_is_left_out_and_said_once(server: ModelServer) -> None:
    # litellm knows this name and keeps from it what OpenAI would refuse, here as there.
    judge = model(server.url, "gpt-5", structured=Structured.json_schema)
    said: list[str] = []
    asked = [about(judge, f"row {k}", ALL, answer_schema=SCHEMA) for k in range(3)]
    assert all(isinstance(one, Completion) for one in sent(*asked, said=said))
    assert said == ["gpt-5: openai does not take temperature, top_p, stop for gpt-5; left out"]
    body = server.calls[0].body
    assert {"temperature", "top_p", "stop", "max_tokens"} & set(body) == set()
    assert body["max_completion_tokens"] == 9  # renamed is not left out
    assert body["seed"] == 1
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA


def test_a_model_that_is_asked_in_two_ways_says_what_each_of_them_loses(
    server: ModelServer,
) -> None:
    served = model(server.url, "gpt-5")
    said: list[str] = []
    generator = about(served, "a", {"max_tokens": 9})
    judge = about(served, "b", {"max_tokens": 9, "temperature": 0.0})
    other_judge = about(served, "c", {"temperature": 0.0, "stop": ["X"]})
    sent(generator, judge, other_judge, judge, said=said)
    assert said == [
        "gpt-5: openai does not take temperature for gpt-5; left out",
        "gpt-5: openai does not take stop for gpt-5; left out",
    ]


def test_a_form_that_a_provider_does_not_take_is_said(server: ModelServer) -> None:
    judge = model(
        server.url, "command-r", provider="cohere_chat", structured=Structured.json_schema
    )
    said: list[str] = []
    with pytest.raises(ModelError):  # our server does not speak Cohere's language
        sent(about(judge, answer_schema=SCHEMA), said=said)
    assert said == ["command-r: cohere_chat does not take response_format for command-r; left out"]


def test_a_model_that_takes_everything_is_told_nothing(server: ModelServer) -> None:
    said: list[str] = []
    for provider in ("openai", "hosted_vllm"):
        served = model(server.url, provider=provider, structured=Structured.json_schema)
        sent(about(served, "hi", ALL, answer_schema=SCHEMA), said=said)
        body = server.calls[-1].body
        assert {name: body[name] for name in ALL} == ALL
    assert said == []


# Thinking

THINKING: dict[str, dict[str, Any]] = {
    "reasoning_content": {"message": {"reasoning_content": "Hm."}},
    "reasoning": {"message": {"reasoning": "Hm."}},
    "think tags": {"content": "<think>Hm.</think>Four."},
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_thinking_is_kept_apart_from_the_answer(provider: str) -> None:
    with BareServer() as server:
        for form, fields in THINKING.items():
            server.says(form, reply(**{"content": "Four.", **fields}))
        served = model(server.url, provider=provider)
        found = answered(*(about(served, form) for form in THINKING))
    assert [(one.text, one.reasoning) for one in found] == [("Four.", "Hm.")] * len(THINKING)


def test_thinking_is_stored_with_the_answer(tmp_path: Path, server: ModelServer) -> None:
    server.default = Behaviour(text=lambda _: "Four.", message={"reasoning_content": "Hm."})
    served = model(server.url)

    async def test() -> list[Completion]:
        async with asking(tmp_path, served) as client:
            return [(await client.ask(about(served))).completion for _ in range(2)]

    assert [one.reasoning for one in run(test())] == ["Hm.", "Hm."]
    assert run(test())[0].reasoning == "Hm."  # from the disk
    assert server.count() == 1


# Bodies that are not as they should be


USAGES: dict[str, tuple[dict[str, Any], tuple[int | None, int | None]]] = {
    "none": ({}, (None, None)),
    "null": ({"usage": None}, (None, None)),
    "both": ({"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}, (3, 2)),
    "no words": ({"usage": {"prompt_tokens": 3, "completion_tokens": 0}}, (3, 0)),
    "negative": ({"usage": {"prompt_tokens": -1, "completion_tokens": 2}}, (None, 2)),
    "huge": ({"usage": {"prompt_tokens": 2**70, "completion_tokens": 2}}, (None, 2)),
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_tokens_are_what_the_server_counted_or_unknown(provider: str) -> None:
    with BareServer() as server:
        for name, (usage, _) in USAGES.items():
            server.says(name, reply(**usage))
        served = model(server.url, provider=provider, price=Price(input=1e6, output=1e6))
        found = answered(*(about(served, name) for name in USAGES))
    counted = dict(
        zip(USAGES, ((one.input_tokens, one.output_tokens) for one in found), strict=True)
    )
    assert counted == {name: tokens for name, (_, tokens) in USAGES.items()}
    assert [one.usd for one in found] == [None, None, 5.0, 3.0, None, None]


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_half_a_character_does_not_stop_the_store(provider: str, tmp_path: Path) -> None:
    with BareServer() as server:
        # A tokenizer that cut an emoji in two; the second one is whole, in JSON's two halves.
        body = b"""{"id": "1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "length", "message":
            {"role": "assistant", "content": "half \\ud83d and \\ud83d\\ude00",
             "reasoning_content": "\\ud83d"}}]}"""
        server.says("hi", body)
        served = model(server.url, provider=provider)

        async def test() -> None:
            async with asking(tmp_path, served) as client:
                answer = await client.ask(about(served))
                assert answer.completion.text == "half \ufffd and 😀"
                assert answer.completion.reasoning == "\ufffd"

        run(test())
    assert stored(tmp_path, about(served)) == ["half \ufffd and 😀"]


ODD: dict[str, object] = {
    "no choice": {"id": "1", "object": "chat.completion", "model": "m", "choices": []},
    "null choices": {"id": "1", "object": "chat.completion", "model": "m", "choices": None},
    "no choices": {"id": "1"},
    "null message": {"id": "1", "choices": [{"index": 0, "message": None}]},
    "a list": [1, 2],
    "a string": "hi",
    "null": None,
    "nothing": b"",
    "half": b'{"id": "1", "choices": [{"mess',
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_a_body_of_another_form_is_a_fault_that_may_pass(provider: str) -> None:
    with BareServer() as server:
        for name, body in ODD.items():
            server.says(name, body)
        served = model(server.url, provider=provider)
        found = dict(zip(ODD, sent(*(about(served, name) for name in ODD)), strict=True))
    for name, one in found.items():
        assert isinstance(one, ServerFault), name
        assert "Traceback" not in one.reason, name
        assert one.reason == one.reason.strip() != "", name


WORDLESS: dict[str, dict[str, Any]] = {
    "refusal": {"content": None, "message": {"refusal": "I cannot."}},
    "tools": {"content": None, "message": {"tool_calls": []}},
    "empty": {"content": ""},
    "blank": {"content": "\n\t "},
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
def test_an_answer_without_a_word_is_none(provider: str, tmp_path: Path) -> None:
    with BareServer() as server:
        for name, fields in WORDLESS.items():
            server.says(name, reply(**fields))
        served = model(server.url, provider=provider)
        asked = [about(served, name) for name in WORDLESS]

        async def test() -> None:
            async with asking(tmp_path, served, retry_s=0.0) as client:
                for one in asked:
                    assert isinstance(await outcome(client, one), EmptyAnswer)

        run(test())
    assert stored(tmp_path, *asked) == [None] * len(asked)


# When to come back

WISHES: list[tuple[dict[str, str], float | None]] = [
    ({"Retry-After": "7"}, 7.0),
    ({"Retry-After": "0.5"}, 0.5),
    ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
    ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ({"Retry-After": "-5"}, 0.0),
    ({"Retry-After": "soon"}, None),
    ({"Retry-After": "nan"}, None),
    ({"Retry-After": "inf"}, None),
    ({"Retry-After": "1e999"}, None),
    ({"Retry-After": ""}, None),
    ({}, None),
]
WORDS = {
    "Rate limit reached. Please try again in 1.2s.": 1.2,
    "Rate limit reached. Please try again in 20ms.": 0.02,
    "Rate limit reached. Please try again in 1m30s.": 90.0,
    "Quota exceeded. Please retry in 34.5s.": 34.5,
    "Try again in a while.": None,
}


def wishes(found: list[Completion | CallError], kind: type[CallError]) -> list[float | None]:
    assert all(isinstance(one, kind) for one in found), found
    return [one.retry_after for one in found if isinstance(one, CallError)]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("provider", ["openai", "hosted_vllm", "huggingface"])
def test_the_servers_wish_is_read(provider: str, status: int) -> None:
    body = {"error": {"message": "Slow down.", "code": "x"}}
    with BareServer() as server:
        for k, (headers, _) in enumerate(WISHES):
            server.says(str(k), body, status, **headers)
        served = model(server.url, provider=provider)
        found = sent(*(about(served, str(k)) for k in range(len(WISHES))))
    kind = RateLimited if status == 429 else ServerFault
    assert wishes(found, kind) == [seconds for _, seconds in WISHES]


def test_the_servers_wish_is_read_from_its_words() -> None:
    with BareServer() as server:
        for words in WORDS:
            server.says(words, {"error": {"message": words, "code": "x"}}, 429)
        served = model(server.url)
        found = sent(*(about(served, words) for words in WORDS))
    assert wishes(found, RateLimited) == list(WORDS.values())


# Words


BODIES: dict[str, object] = {
    "OpenAI's": {"error": {"message": "CUDA\n  out of memory", "code": "x"}},
    "a string": {"error": "CUDA out of memory"},
    "bare": {"message": "CUDA out of memory"},
    "Google's": [{"error": {"message": "CUDA out of memory"}}],
}


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm", "huggingface", "groq"])
def test_a_reason_is_the_servers_words_on_one_line(provider: str) -> None:
    with BareServer() as server:
        for name, body in BODIES.items():
            server.says(name, body, 500)
        server.says("long", {"error": {"message": "x" * 1000}}, 500)
        served = model(server.url, provider=provider)
        found = sent(*(about(served, name) for name in (*BODIES, "long")))
    assert [one.reason for one in found if isinstance(one, ServerFault)] == [
        *["500: CUDA out of memory"] * len(BODIES),
        "500: " + "x" * 297 + "...",
    ]


def test_a_503_that_speaks_of_a_refused_connection_came_from_somebody(
    server: ModelServer,
) -> None:
    words = "upstream connect error: connection refused"
    server.script(lambda _: Fault(503, message=words))
    found = sent(about(model(server.url)))[0]
    assert type(found) is ServerFault  # Unreachable would end a run after three of them
    assert found.reason == f"503: {words}"


# Closing


def test_one_process_runs_again_and_again(tmp_path: Path, server: ModelServer) -> None:
    """A sweep: each run has a loop and a transport of its own; litellm's clients are shared."""
    for turn in range(4):
        served = [model(server.url), model(server.url, provider="hosted_vllm")]
        assert len(answered(*(about(one, f"row {turn}") for one in served))) == 2

    async def within_one_loop() -> None:
        for turn in range(3):
            async with asking(tmp_path, *served) as client:
                for k, one in enumerate(served):
                    assert isinstance(await outcome(client, about(one, f"{turn} {k}")), Answer)

    run(within_one_loop())
    assert server.count() == 8 + 6


def test_closing_what_was_never_used_loads_nothing() -> None:
    script = (
        "import asyncio, sys\n"
        "from aifgen.llm.litellm_transport import LitellmTransport\n"
        "asyncio.run(LitellmTransport(print).close())\n"
        "assert 'litellm' not in sys.modules\n"
    )
    python(script)


def python(script: str, *words: str, options: tuple[str, ...] = ()) -> tuple[str, str]:
    """What a new process prints, on either channel."""
    ended = subprocess.run(
        [sys.executable, *options, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout, ended.stderr


WORK = """
import asyncio, sys
from pathlib import Path
from tests.fakes.model_server import Fault, ModelServer
from tests.llm.room import about, asking, model, outcome

async def work(server, folder):
    served = [model(server.url, provider=p, max_concurrency=4) for p in ("openai", "hosted_vllm")]
    async with asking(folder, *served, retry_s=0.0) as client:
        asked = [about(one, f"{one.provider} {k}") for one in served for k in range(4)]
        found = await asyncio.gather(*(outcome(client, one) for one in asked))
        assert [type(one).__name__ for one in found] == KINDS * 2, found
        # Ctrl-C: cancelled while the answers are on their way.
        server.hold()
        last = [asyncio.create_task(client.ask(about(one, one.provider))) for one in served]
        await asyncio.to_thread(server.wait_for_calls, server.count() + 2)
        for task in last:
            task.cancel()
        await asyncio.gather(*last, return_exceptions=True)
        server.release()

KINDS = ["Answer", "ServerFault", "Rejected", "ServerFault"]
FAULTS = {"1": Fault(500), "2": Fault(422), "3": Fault("cut")}
with ModelServer() as server:
    server.script(lambda call: FAULTS.get(call.messages[0]["content"].split()[-1]))
    for turn in range(2):
        asyncio.run(work(server, Path(sys.argv[1]) / str(turn)))
print("done")
"""


def test_it_leaves_nothing_open_and_prints_nothing(tmp_path: Path) -> None:
    options = ("-X", "dev", "-W", "ignore", "-W", "always::ResourceWarning")
    out, errors = python(WORK, str(tmp_path), options=options)
    assert out == "done\n"
    lines = errors.splitlines()
    assert [line for line in lines if "Executing <" not in line] == []  # asyncio: a slow callback


START = """
import asyncio, socket, sys
from pathlib import Path
from tests.fakes.model_server import ModelServer
from tests.llm.room import about, asking, model

names, resolve = [], socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **others: (
    names.append(host), resolve(host, *more, **others))[1]
turns = 0

async def tick():
    global turns
    while True:
        turns += 1
        await asyncio.sleep(0.001)

async def cancelled(server, folder):
    served = model(server.url)
    async with asking(folder, served) as client:
        asked = asyncio.create_task(client.ask(about(served)))
        while "litellm" not in sys.modules:
            await asyncio.sleep(0)
        ticking = asyncio.create_task(tick())
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert not hasattr(sys.modules["litellm"], "acompletion")  # it is still at it
    ticking.cancel()

async def again(server, folder):
    served = model(server.url)
    async with asking(folder, served) as client:
        return (await client.ask(about(served))).attempts

with ModelServer() as server:
    asyncio.run(cancelled(server, Path(sys.argv[1])))
    assert turns > 10, turns
    assert asyncio.run(again(server, Path(sys.argv[1]))) == 1
assert set(names) <= {"127.0.0.1"}, names
print("done")
"""


def test_its_import_holds_up_nobody_asks_no_network_and_may_be_left_early(tmp_path: Path) -> None:
    # Ctrl-C in the first seconds: two threads in one import would leave half a module behind.
    assert python(START, str(tmp_path)) == ("done\n", "")
