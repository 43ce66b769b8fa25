"""Requests through litellm, which reaches every provider. Knows no store, limit or retry."""

from __future__ import annotations

import asyncio
import logging
import os
import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from aifgen.errors import ServerFault
from aifgen.llm.endpoint import Endpoint
from aifgen.llm.litellm_faults import ours
from aifgen.llm.request import Completion, Request

NO_KEY = "not-needed"
"""Sent where no key is due: without one, litellm would pick the user's own from the environment."""


class LitellmTransport:
    """One process-wide litellm, imported at the first request (about 4 s of CPU)."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._checked: set[tuple[str, tuple[str, ...]]] = set()
        self._said: set[tuple[str, str]] = set()
        self._import: asyncio.Future[Any] | None = None

    async def send(
        self, request: Request, base: str | None, key: str | None, timeout_s: float
    ) -> Completion:
        litellm = await self._ready()
        endpoint = request.endpoint
        self._say_what_is_dropped(litellm, request)
        extra: dict[str, Any] = dict(endpoint.extra_body)
        began = time.monotonic()
        try:
            reply = await litellm.acompletion(
                model=endpoint.id,
                messages=[dict(message) for message in request.messages],
                api_base=base,
                api_key=key or NO_KEY,
                timeout=timeout_s,
                num_retries=0,
                max_retries=0,
                drop_params=True,
                response_format=request.response_format,
                **_once(litellm, endpoint.provider),
                **({"extra_body": extra} if extra else {}),
                **request.params,
            )
        except Exception as error:
            raise ours(litellm, error, endpoint, base, key) from None
        return _completion(litellm, reply, request, time.monotonic() - began)

    async def _ready(self) -> Any:
        """litellm, imported once in a thread, so that rows and the terminal go on meanwhile."""
        if self._import is None:
            self._import = asyncio.ensure_future(asyncio.to_thread(_litellm))
        return await asyncio.shield(self._import)

    async def close(self) -> None:
        if self._import is None:
            return
        try:
            litellm = await self._import  # Two threads that import it at once break it for good.
        except Exception:
            return  # Whoever asked was told.
        from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients

        await close_litellm_async_clients()  # type: ignore[no-untyped-call]
        # Else the next run in this process (a sweep) is handed a client that is closed.
        litellm.in_memory_llm_clients_cache.flush_cache()

    def _say_what_is_dropped(self, litellm: Any, request: Request) -> None:
        """litellm leaves out what a provider would refuse; say so, once a model and parameter."""
        endpoint = request.endpoint
        asked = dict(request.params)
        if request.response_format:
            asked["response_format"] = deepcopy(dict(request.response_format))
        if (checked := (endpoint.id, tuple(asked))) in self._checked:
            return
        self._checked.add(checked)

        def sent(params: dict[str, Any]) -> Any:
            return litellm.get_optional_params(
                model=endpoint.model,
                custom_llm_provider=endpoint.provider,
                drop_params=True,
                **params,
            )

        try:
            whole = sent(asked)
            dropped = [
                name
                for name in asked
                if (endpoint.id, name) not in self._said
                and sent({other: value for other, value in asked.items() if other != name}) == whole
            ]
        except Exception:
            return  # Unknown to its tables: the call itself will tell.
        if dropped:
            self._said.update((endpoint.id, name) for name in dropped)
            self._notify(
                f"{endpoint.name}: {endpoint.provider} does not take {', '.join(dropped)} "
                f"for {endpoint.model}; left out"
            )


def _litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the network
    # litellm's models of providers' answers make pydantic warn of its own workings.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"pydantic\.")
    import litellm

    if not litellm.suppress_debug_info:
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        for name in ("LiteLLM", "httpx", "openai"):
            logging.getLogger(name).setLevel(logging.ERROR)
    return litellm


def _once(litellm: Any, provider: str) -> dict[str, Any]:
    """What makes `max_retries=0` hold: litellm loses it for some (deepinfra, sambanova: three
    requests instead of one) and sends it to Hugging Face in the body."""
    if provider == "huggingface":
        return {"additional_drop_params": ["max_retries"]}
    if provider in litellm.openai_compatible_providers:
        return {"allowed_openai_params": ["max_retries"]}
    return {}


def _completion(litellm: Any, reply: Any, request: Request, latency_s: float) -> Completion:
    try:
        choice = reply.choices[0]
        message = choice.message
        text = message.content
    except (AttributeError, IndexError, TypeError):
        raise ServerFault("the answer has no choices[0].message") from None
    usage = getattr(reply, "usage", None)
    read = _tokens(getattr(usage, "prompt_tokens", None))
    written = _tokens(getattr(usage, "completion_tokens", None))
    if not read and not written:
        read = written = None  # litellm writes zeros where the server said nothing.
    logprobs = getattr(choice, "logprobs", None)
    return Completion(
        text=_clean(text) if isinstance(text, str) else "",
        finish_reason=str(choice.finish_reason or "stop"),
        input_tokens=read,
        output_tokens=written,
        latency_s=latency_s,
        usd=_usd(litellm, reply, request.endpoint, read, written),
        model=str(getattr(reply, "model", None) or request.endpoint.model),
        created=time.time(),
        reasoning=_clean(getattr(message, "reasoning_content", None) or "") or None,
        logprobs=_plain(logprobs),
    )


def _tokens(count: Any) -> int | None:
    """A token count that can be one; no column of a table holds more than 63 bits."""
    return count if isinstance(count, int) and 0 <= count < 2**63 else None


def _clean(text: str) -> str:
    """The text with halves of surrogate pairs replaced: no UTF-8 file or table can hold them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(logprobs: Any) -> list[Any] | None:
    content = getattr(logprobs, "content", None)
    return [token.model_dump() for token in content] if content else None


def _usd(
    litellm: Any, reply: Any, endpoint: Endpoint, read: int | None, written: int | None
) -> float | None:
    """The config's price, else litellm's table at the provider's own address, else unknown."""
    price = endpoint.price
    if price.input is not None and price.output is not None:
        if read is None or written is None:
            return None
        return (read * price.input + written * price.output) / 1e6
    listed = endpoint.id in litellm.model_cost or endpoint.model in litellm.model_cost
    if not endpoint.own_base or not listed:
        return None  # completion_cost says 0.0 of models that it does not know.
    try:
        return float(litellm.completion_cost(completion_response=reply, model=endpoint.id))
    except Exception:
        return None
