"""What both transports make of what a server says: the same answers, the same errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aifgen.errors import CallError, Filtered, ModelError, RateLimited, Rejected, ServerFault
from aifgen.llm.empty import EmptyAnswer
from aifgen.llm.http_transport import HttpTransport
from aifgen.llm.litellm_transport import LitellmTransport
from aifgen.llm.request import Completion, Headroom
from aifgen.llm.transports import Transports
from aifgen.schema import Price, Structured, Transport, Weights
from tests.conftest import ROOT, Bench
from tests.fakes.model_server import Behaviour, Fault, ModelServer
from tests.llm.room import (
    BareServer,
    about,
    answered,
    asking,
    model,
    outcome,
    refused,
    reply,
    run,
    sent,
    stored,
)

BOTH = [("http", "hosted_vllm"), ("litellm", "openai"), ("litellm", "hosted_vllm")]
both = pytest.mark.parametrize(("transport", "provider"), BOTH)
SCHEMA = {"type": "object", "properties": {"rating": {"type": "integer"}}}


# Which of them


def test_a_model_file_names_its_transport() -> None:
    transports = Transports(lambda line: None)
    url = "http://127.0.0.1:9/v1"
    assert isinstance(transports.of(model(url)), LitellmTransport)
    assert isinstance(transports.of(model(url, transport=Transport.http)), HttpTransport)
    embedded = model("", provider="hosted_vllm", weights=Weights(path="x.gguf"))
    assert isinstance(transports.of(embedded), HttpTransport)


ASK = """
import asyncio, sys
from aifgen.llm.request import Timeouts
from aifgen.llm.transports import Transports
from aifgen.schema import Transport, Weights
from tests.llm.room import about, model

async def ask(url):
    transports = Transports(print)
    named = model(url, transport=Transport.http)
    embedded = model("", provider="hosted_vllm", weights=Weights(path="x.gguf"))
    for endpoint, base in ((named, url), (embedded, url)):
        answer, _ = await transports.of(endpoint).send(about(endpoint), base, None, Timeouts())
        assert answer.text
    await transports.close()

asyncio.run(ask(sys.argv[1]))
assert "aiohttp" in sys.modules
print(sorted({"litellm", "openai", "httpx", "tiktoken"} & set(sys.modules)))
"""


def test_where_no_model_uses_it_litellm_is_not_loaded(server: ModelServer) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ASK, server.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr) == ("[]\n", "")
    assert server.count() == 2


RUN = """
import sys
from aifgen import app
status = app.main(sys.argv[1:])
print(status, sorted({"litellm", "openai", "httpx", "tiktoken"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("transport", "loaded"), [("http", False), ("litellm", True)])
def test_a_whole_run_loads_litellm_only_where_a_model_uses_it(
    transport: str, loaded: bool, bench: Bench, server: ModelServer
) -> None:
    bench.prompts(3)
    bench.model("gz", transport=transport)
    words = bench.words("progress=none", "sink=parquet", generators="gx,gz")
    ended = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=bench.path,
        env={**os.environ, **bench.env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    last = ended.stdout.splitlines()[-1]
    assert last.startswith("0 "), ended.stderr
    assert ("litellm" in last) is loaded
    assert server.count() == 3 * 2 + 3


# What is sent

PARAMS = {
    "temperature": 0.0, "top_p": 0.5, "max_tokens": 7, "seed": 3, "stop": ["X", "Y"],
    "logprobs": True, "top_logprobs": 2,
}  # fmt: skip


@pytest.mark.parametrize("provider", ["openai", "hosted_vllm", "huggingface", "together_ai"])
def test_the_same_is_sent(provider: str, server: ModelServer) -> None:
    served = model(
        server.url,
        "org/m",
        provider=provider,
        structured=Structured.json_schema,
        extra_body={"top_k": 5, "t": {"on": True}},
    )
    asked = [
        about(served, "hi", PARAMS, answer_schema=SCHEMA),
        about(served, "hi", PARAMS, sample=2),
        about(served, "Höre: 😀 \x00 \u2028", {"stop": ["é"]}),
        about(served),
    ]
    bodies = []
    for transport in ("litellm", "http"):
        answered(*asked, transport=transport)
        bodies.append([(call.path, call.body) for call in server.calls])
        server.calls.clear()
    assert bodies[1] == bodies[0]
    assert bodies[1][0][1]["seed"] == 3
    assert bodies[1][1][1]["seed"] == 5


def test_both_ways_have_one_key() -> None:
    url = "http://127.0.0.1:9/v1"
    for provider in ("openai", "hosted_vllm", "ollama", "ollama_chat"):
        ways = [model(url, provider=provider, transport=one) for one in Transport]
        assert len({about(way, "hi", PARAMS).key for way in ways}) == 1


# Answers


@both
def test_an_answer_is_all_that_the_server_said(transport: str, provider: str) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    with BareServer() as server:
        server.says("hi", reply("Four.", finish="length", usage=usage, model="m-2026"))
        served = model(server.url, provider=provider, price=Price(input=1e6, output=2e6))
        [one] = answered(about(served), transport=transport)
    assert 0 < one.latency_s < 30
    assert one.created > 1.7e9
    assert one == Completion(
        text="Four.",
        finish_reason="length",
        input_tokens=3,
        output_tokens=2,
        latency_s=one.latency_s,
        usd=3 * 1 + 2 * 2,
        model=one.model,
        created=one.created,
    )
    assert one.model.endswith("m-2026")


THINKING: dict[str, dict[str, Any]] = {
    "reasoning_content": {"message": {"reasoning_content": "Hm."}},
    "reasoning": {"message": {"reasoning": "Hm."}},
    "think tags": {"content": "<think>Hm.</think>Four."},
    "thinking tags": {"content": "<thinking>Hm.</thinking>Four."},
    "tags after a line": {"content": "\n<think>Hm.</think>Four."},
    "lines between": {"content": "<think>\nHm.\n</think>\n\nFour."},
    "only its end": {"content": "Hm.\n</think>\n\nFour."},
}


@both
def test_thinking_is_kept_apart_from_the_answer(transport: str, provider: str) -> None:
    with BareServer() as server:
        for form, fields in THINKING.items():
            server.says(form, reply(**{"content": "Four.", **fields}))
        served = model(server.url, provider=provider)
        found = answered(*(about(served, form) for form in THINKING), transport=transport)
    assert [(one.text, one.reasoning) for one in found] == [("Four.", "Hm.")] * len(THINKING)


def test_an_answer_that_speaks_of_tags_is_left_whole() -> None:
    texts = ["Close it with </think>.", "One <think>writes</think> so.", "<think>never closed"]
    with BareServer() as server:
        for text in texts:
            server.says(text, reply(text))
        served = model(server.url)
        found = answered(*(about(served, text) for text in texts))
    assert [(one.text, one.reasoning) for one in found] == [(text, None) for text in texts]


@pytest.mark.parametrize("transport", ["http", "litellm"])
def test_thinking_is_stored_with_the_answer(
    transport: str, tmp_path: Path, server: ModelServer
) -> None:
    server.default = Behaviour(text=lambda _: "Four.", message={"reasoning_content": "Hm."})
    served = model(server.url)

    async def test() -> list[Completion]:
        async with asking(tmp_path, served, transport=transport) as client:
            return [(await client.ask(about(served))).completion for _ in range(2)]

    assert [one.reasoning for one in run(test())] == ["Hm.", "Hm."]
    assert run(test())[0].reasoning == "Hm."  # from the disk
    assert server.count() == 1


ODDS = [
    {"token": " 4", "logprob": -0.5, "bytes": [32, 52],
     "top_logprobs": [{"token": " 4", "logprob": -0.5, "bytes": [32, 52]}]},
]  # fmt: skip


@both
def test_token_probabilities_arrive_as_they_were_sent(transport: str, provider: str) -> None:
    with BareServer() as server:
        whole = reply(" 4")
        whole["choices"][0]["logprobs"] = {"content": ODDS, "refusal": None}
        server.says("odds", whole)
        nothing: dict[str, object] = {"null": None, "empty": {"content": []}, "no": {}}
        for name, none in nothing.items():
            whole = reply(" 4")
            whole["choices"][0]["logprobs"] = none
            server.says(name, whole)
        served = model(server.url, provider=provider)
        asked = (about(served, name) for name in ("odds", "null", "empty", "no"))
        found = answered(*asked, transport=transport)
    assert [one.logprobs for one in found] == [ODDS, None, None, None]


USAGES: dict[str, tuple[dict[str, Any], tuple[int | None, int | None]]] = {
    "none": ({}, (None, None)),
    "null": ({"usage": None}, (None, None)),
    "both": ({"usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}, (3, 2)),
    "no words": ({"usage": {"prompt_tokens": 3, "completion_tokens": 0}}, (3, 0)),
    "zeros": ({"usage": {"prompt_tokens": 0, "completion_tokens": 0}}, (None, None)),
    "negative": ({"usage": {"prompt_tokens": -1, "completion_tokens": 2}}, (None, 2)),
    "huge": ({"usage": {"prompt_tokens": 2**70, "completion_tokens": 2}}, (None, 2)),
}


@both
def test_tokens_are_what_the_server_counted_or_unknown(transport: str, provider: str) -> None:
    with BareServer() as server:
        for name, (usage, _) in USAGES.items():
            server.says(name, reply(**usage))
        served = model(server.url, provider=provider, price=Price(input=1e6, output=1e6))
        found = answered(*(about(served, name) for name in USAGES), transport=transport)
    counted = dict(
        zip(USAGES, ((one.input_tokens, one.output_tokens) for one in found), strict=True)
    )
    assert counted == {name: tokens for name, (_, tokens) in USAGES.items()}
    assert [one.usd for one in found] == [None, None, 5.0, 3.0, None, None, None]


@both
def test_half_a_character_does_not_stop_the_store(
    transport: str, provider: str, tmp_path: Path
) -> None:
    with BareServer() as server:
        # A tokenizer that cut an emoji in two; the second one is whole, in JSON's two halves.
        body = b"""{"id": "1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "length", "message":
            {"role": "assistant", "content": "half \\ud83d and \\ud83d\\ude00",
             "reasoning_content": "\\ud83d"}}]}"""
        server.says("hi", body)
        served = model(server.url, provider=provider)

        async def test() -> None:
            async with asking(tmp_path, served, transport=transport) as client:
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


@both
def test_a_body_of_another_form_is_a_fault_that_may_pass(transport: str, provider: str) -> None:
    with BareServer() as server:
        for name, body in ODD.items():
            server.says(name, body)
        served = model(server.url, provider=provider)
        asked = (about(served, name) for name in ODD)
        found = dict(zip(ODD, sent(*asked, transport=transport), strict=True))
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


@both
def test_an_answer_without_a_word_is_none(transport: str, provider: str, tmp_path: Path) -> None:
    with BareServer() as server:
        for name, fields in WORDLESS.items():
            server.says(name, reply(**fields))
        served = model(server.url, provider=provider)
        asked = [about(served, name) for name in WORDLESS]

        async def test() -> None:
            async with asking(tmp_path, served, retry_s=0.0, transport=transport) as client:
                for one in asked:
                    assert isinstance(await outcome(client, one), EmptyAnswer)

        run(test())
    assert stored(tmp_path, *asked) == [None] * len(asked)


# Quotas


@both
def test_what_is_left_of_a_quota_is_read(transport: str, provider: str) -> None:
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1m2.5s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "20ms",
    }
    with BareServer() as server:
        server.says("told", reply(), 200, **headers)
        served = model(server.url, provider=provider)
        found = sent(about(served, "told"), about(served, "untold"), transport=transport)
    assert [one[1] for one in found if isinstance(one, tuple)] == [
        Headroom(59, 62.5, 0, 0.02),
        None,
    ]


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


def wishes(found: list[CallError], kind: type[CallError]) -> list[float | None]:
    assert all(type(one) is kind for one in found), found
    return [one.retry_after for one in found]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("transport", "provider"), [*BOTH, ("litellm", "huggingface")])
def test_the_servers_wish_is_read(transport: str, provider: str, status: int) -> None:
    body = {"error": {"message": "Slow down.", "code": "x"}}
    with BareServer() as server:
        for k, (headers, _) in enumerate(WISHES):
            server.says(str(k), body, status, **headers)
        served = model(server.url, provider=provider)
        asked = (about(served, str(k)) for k in range(len(WISHES)))
        found = refused(*asked, transport=transport)
    kind = RateLimited if status == 429 else ServerFault
    assert wishes(found, kind) == [seconds for _, seconds in WISHES]


@both
def test_the_servers_wish_is_read_from_its_words(transport: str, provider: str) -> None:
    with BareServer() as server:
        for words in WORDS:
            server.says(words, {"error": {"message": words, "code": "x"}}, 429)
        served = model(server.url, provider=provider)
        found = refused(*(about(served, words) for words in WORDS), transport=transport)
    assert wishes(found, RateLimited) == list(WORDS.values())


# Refusals

REFUSALS: dict[str, tuple[Fault, type[Exception], str]] = {
    "filter": (Fault(400), Filtered, "content filter: The response was filtered by the"),
    "flagged": (
        Fault(403, message="Your input was flagged."),
        Filtered,
        "content filter: Your input was flagged.",
    ),
    "too long": (
        Fault(400, message="This model's maximum context length is 8192 tokens.", code="x"),
        Rejected,
        "the prompt does not fit the model's context: This model's maximum context length is 8192",
    ),
    "too long at llama.cpp": (
        Fault(
            400,
            message="request (9 tokens) exceeds the available context size (4 tokens)",
            code="exceed_context_size_error",
        ),
        Rejected,
        "the prompt does not fit the model's context: request (9 tokens) exceeds",
    ),
    "never fits": (
        Fault(429, message="Request too large for m: Limit 100, Requested 200.", code="tokens"),
        Rejected,
        "429: Request too large for m",
    ),
    "413": (Fault(413, message="Too large."), Rejected, "413: Too large."),
    "422": (Fault(422, message="No such field."), Rejected, "422: No such field."),
    "400": (Fault(400, message="image_url is unreachable", code="x"), Rejected, "400: image_url"),
    "408": (Fault(408, message="Too slow."), ServerFault, "408: Too slow."),
    "409": (Fault(409, message="Busy."), ServerFault, "409: Busy."),
    "500": (Fault(500, message="Ouch."), ServerFault, "500: Ouch."),
    "401": (Fault(401), ModelError, "m ({id}): the key was not accepted (check ROOM_KEY): Inc"),
    "402": (Fault(402), ModelError, "m ({id}): the account may not use it (402): You exceeded"),
    "403": (Fault(403, message="No."), ModelError, "m ({id}): the account may not use it (403)"),
    "404": (Fault(404), ModelError, "{url} does not serve m (m): The model `m` does not exist"),
    "no such model": (
        Fault(400, message="The model m does not exist", code="x"),
        ModelError,
        "{url} does not serve m (m): The model m does not exist",
    ),
    "no money": (
        Fault(429, message="You exceeded your current quota.", code="insufficient_quota"),
        ModelError,
        "m ({id}): the account has no quota left: You exceeded",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
@both
def test_a_refusal_has_the_same_kind_and_words(
    transport: str, provider: str, name: str, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOM_KEY", "sk-of-this-room")
    fault, kind, words = REFUSALS[name]
    server.script(lambda _: fault)
    served = model(server.url, provider=provider, api_key_env="ROOM_KEY")
    with pytest.raises((CallError, ModelError)) as caught:
        raise refused(about(served), transport=transport)[0]
    assert type(caught.value) is kind
    assert str(caught.value).startswith(words.format(id=served.id, url=server.url))
    assert server.count() == 1


BODIES: dict[str, object] = {
    "OpenAI's": {"error": {"message": "CUDA\n  out of memory", "code": "x"}},
    "a string": {"error": "CUDA out of memory"},
    "bare": {"message": "CUDA out of memory"},
    "Google's": [{"error": {"message": "CUDA out of memory"}}],
}


@pytest.mark.parametrize(
    ("transport", "provider"), [*BOTH, ("litellm", "huggingface"), ("litellm", "groq")]
)
def test_a_reason_is_the_servers_words_on_one_line(transport: str, provider: str) -> None:
    with BareServer() as server:
        for name, body in BODIES.items():
            server.says(name, body, 500)
        server.says("long", {"error": {"message": "x" * 1000}}, 500)
        served = model(server.url, provider=provider)
        found = refused(*(about(served, n) for n in (*BODIES, "long")), transport=transport)
    assert [one.reason for one in found if isinstance(one, ServerFault)] == [
        *["500: CUDA out of memory"] * len(BODIES),
        "500: " + "x" * 297 + "...",
    ]


@both
def test_a_503_that_speaks_of_a_refused_connection_came_from_somebody(
    transport: str, provider: str, server: ModelServer
) -> None:
    words = "upstream connect error: connection refused"
    server.script(lambda _: Fault(503, message=words))
    [found] = refused(about(model(server.url, provider=provider)), transport=transport)
    assert type(found) is ServerFault  # Unreachable would end a run after three of them
    assert found.reason == f"503: {words}"
