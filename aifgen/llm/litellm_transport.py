"""Requests through litellm, which reaches every provider. Knows no store, limit or retry."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from aifgen.errors import (
    CallError,
    Filtered,
    ModelError,
    RateLimited,
    Rejected,
    ServerFault,
    Unreachable,
)
from aifgen.llm.endpoint import Endpoint, redact
from aifgen.llm.request import Completion, Request

NO_KEY = "not-needed"
"""Sent where no key is due: without one, litellm would pick the user's own from the environment."""

REFUSED_MODEL = re.compile(
    r"model.{0,80}(does not exist|not exist|not found|not supported|not a valid|unknown|no access)"
    r"|(invalid|unknown|no such) model|provider not provided",
    re.IGNORECASE,
)
NOBODY_THERE = re.compile(
    r"connection refused|cannot connect|connect call failed|name or service not known"
    r"|nodename nor servname|temporary failure in name resolution|no route to host|unreachable",
    re.IGNORECASE,
)


class LitellmTransport:
    """One process-wide litellm, imported at the first request (about 4 s of CPU)."""

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._checked: set[str] = set()
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
                **({"extra_body": extra} if extra else {}),
                **request.params,
            )
        except Exception as error:
            raise _ours(error, endpoint, base) from None
        return _completion(litellm, reply, request, time.monotonic() - began)

    async def _ready(self) -> Any:
        """litellm, imported once in a thread, so that rows and the terminal go on meanwhile."""
        if self._import is None:
            self._import = asyncio.ensure_future(asyncio.to_thread(_litellm))
        return await asyncio.shield(self._import)

    async def close(self) -> None:
        if self._import is None:
            return
        from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients

        await close_litellm_async_clients()  # type: ignore[no-untyped-call]

    def _say_what_is_dropped(self, litellm: Any, request: Request) -> None:
        """litellm leaves out what a provider would refuse; say so, once a model."""
        endpoint = request.endpoint
        if endpoint.id in self._checked:
            return
        self._checked.add(endpoint.id)
        try:
            taken = litellm.get_supported_openai_params(
                model=endpoint.model, custom_llm_provider=endpoint.provider
            )
        except Exception:
            return  # Unknown to its tables: the call itself will tell.
        asked = [*request.params, *(["response_format"] if request.response_format else [])]
        dropped = [name for name in asked if taken is not None and name not in taken]
        if dropped:
            self._notify(
                f"{endpoint.name}: {endpoint.provider} does not take {', '.join(dropped)} "
                f"for {endpoint.model}; left out or renamed"
            )


def _litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the network
    import litellm

    if not litellm.suppress_debug_info:
        litellm.suppress_debug_info = True
        litellm.telemetry = False
        for name in ("LiteLLM", "httpx", "openai"):
            logging.getLogger(name).setLevel(logging.ERROR)
    return litellm


def _completion(litellm: Any, reply: Any, request: Request, latency_s: float) -> Completion:
    try:
        choice = reply.choices[0]
        message = choice.message
        text = message.content
    except (AttributeError, IndexError, TypeError):
        raise ServerFault("the answer has no choices[0].message") from None
    usage = getattr(reply, "usage", None)
    read = getattr(usage, "prompt_tokens", None) if usage else None
    written = getattr(usage, "completion_tokens", None) if usage else None
    logprobs = getattr(choice, "logprobs", None)
    return Completion(
        text=text if isinstance(text, str) else "",
        finish_reason=str(choice.finish_reason or "stop"),
        input_tokens=read,
        output_tokens=written,
        latency_s=latency_s,
        usd=_usd(litellm, reply, request.endpoint, read, written),
        model=str(getattr(reply, "model", None) or request.endpoint.model),
        created=time.time(),
        reasoning=getattr(message, "reasoning_content", None) or None,
        logprobs=_plain(logprobs),
    )


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


def _ours(error: Exception, endpoint: Endpoint, base: str | None) -> Exception:
    """litellm's exception as one of ours, without a key and on one line."""
    litellm = _litellm()
    status = getattr(error, "status_code", None)
    reason = _reason(error)
    where = base or endpoint.provider
    who = f"{endpoint.name} ({endpoint.id})"
    if isinstance(error, litellm.Timeout):
        return ServerFault(f"no answer in time from {where}")
    if isinstance(error, litellm.RateLimitError) or status == 429:
        if "insufficient_quota" in reason or "exceeded your current quota" in reason:
            return ModelError(f"{who}: the account has no quota left: {reason}")
        return RateLimited(f"429: {reason}", retry_after=_retry_after(error))
    if status == 401 or isinstance(error, litellm.AuthenticationError):
        names = " or ".join(endpoint.key_env) or "api_key_env in the model's file"
        return ModelError(f"{who}: the key was not accepted (check {names}): {reason}")
    if status in (402, 403):
        return ModelError(f"{who}: the account may not use it ({status}): {reason}")
    if isinstance(error, litellm.ContentPolicyViolationError):
        return Filtered(f"content filter: {reason}")
    if isinstance(error, litellm.ContextWindowExceededError):
        return Rejected(f"the prompt does not fit the model's context: {reason}")
    if status == 404 or (status == 400 and REFUSED_MODEL.search(reason)):
        return ModelError(f"{where} does not serve {endpoint.model} ({endpoint.name}): {reason}")
    if NOBODY_THERE.search(_chain(error)):
        return Unreachable(f"nobody answers at {where}")
    if isinstance(error, litellm.APIConnectionError | litellm.InternalServerError):
        return ServerFault(f"{status or 'connection'}: {reason}", retry_after=_retry_after(error))
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 425):
        return Rejected(f"{status}: {reason}")
    if isinstance(error, CallError):
        return error
    return ServerFault(f"{status or type(error).__name__}: {reason}")


def _chain(error: BaseException | None) -> str:
    """The texts of an exception and of all that led to it."""
    texts: list[str] = []
    while error is not None and len(texts) < 10:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def _reason(error: Exception) -> str:
    """The provider's own words: one line of at most 300 characters, no key in it."""
    text = str(getattr(error, "message", None) or error)
    text = re.sub(r"^(litellm\.\w+:\s*)+", "", text)
    text = re.sub(r"^\w*(Exception|Error)\s*-\s*", "", text)
    text = redact(" ".join(text.split()))
    return text if len(text) <= 300 else text[:297] + "..."


def _retry_after(error: Exception) -> float | None:
    """Retry-After in seconds, given as seconds, milliseconds or a date."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if (value := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(value) / 1000)
        if (value := headers.get("retry-after")) is None:
            return None
        try:
            return max(0.0, float(value))
        except ValueError:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
