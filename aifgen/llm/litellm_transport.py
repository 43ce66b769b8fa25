"""Requests through litellm, which reaches every provider. Knows no store, limit or retry."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from email.utils import parsedate_to_datetime
from typing import Any

from aifgen.errors import (
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
FILTERED = {"content_filter", "content_policy_violation"}
NO_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota", re.IGNORECASE)
COME_BACK = re.compile(
    r"(?:retry|try again) in (?:(\d+)m ?)?(\d+(?:\.\d+)?) ?(ms|s)", re.IGNORECASE
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
            raise _ours(error, endpoint, base, key) from None
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


def _ours(error: Exception, endpoint: Endpoint, base: str | None, key: str | None) -> Exception:
    """litellm's exception as one of ours, without a key and on one line."""
    litellm = _litellm()
    status = getattr(error, "status_code", None)
    said, codes = _said(error)
    reason = _reason(error, said, key)
    patience = _retry_after(error, said)
    where = base or endpoint.provider
    who = f"{endpoint.name} ({endpoint.id})"
    if isinstance(error, litellm.Timeout):
        return ServerFault(f"no answer in time from {where}")
    if isinstance(error, litellm.RateLimitError) or status == 429:
        # Gemini says "exceeded your current quota" of a minute's quota too, and when to come back.
        if "insufficient_quota" in codes or (NO_QUOTA.search(said) and patience is None):
            return ModelError(f"{who}: the account has no quota left: {reason}")
        return RateLimited(f"429: {reason}", retry_after=patience)
    if status == 401 or isinstance(error, litellm.AuthenticationError):
        names = " or ".join(endpoint.key_env) or "api_key_env in the model's file"
        return ModelError(f"{who}: the key was not accepted (check {names}): {reason}")
    if status in (402, 403):
        return ModelError(f"{who}: the account may not use it ({status}): {reason}")
    if isinstance(error, litellm.ContentPolicyViolationError) or codes & FILTERED:
        return Filtered(f"content filter: {reason}")
    if isinstance(error, litellm.ContextWindowExceededError):
        return Rejected(f"the prompt does not fit the model's context: {reason}")
    if status == 404 or (status == 400 and REFUSED_MODEL.search(reason)):
        return ModelError(f"{where} does not serve {endpoint.model} ({endpoint.name}): {reason}")
    if _response(error) is None and NOBODY_THERE.search(_chain(error)):
        return Unreachable(f"nobody answers at {where}")
    if isinstance(error, litellm.APIConnectionError | litellm.InternalServerError):
        return ServerFault(f"{status or 'connection'}: {reason}", retry_after=patience)
    if isinstance(status, int) and 400 <= status < 500 and status not in (408, 409, 425):
        return Rejected(f"{status}: {reason}")
    return ServerFault(f"{status or type(error).__name__}: {reason}", retry_after=patience)


def _links(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and all that led to it."""
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _chain(error: BaseException) -> str:
    return "\n".join(f"{type(link).__name__}: {link}" for link in _links(error))


def _response(error: BaseException) -> Any:
    """The HTTP response behind an exception, null where none came (litellm makes up empty ones)."""
    for link in _links(error):
        response = getattr(link, "response", None)
        if getattr(response, "headers", None):
            return response
    return None


def _said(error: Exception) -> tuple[str, set[str]]:
    """The provider's own words, as OpenAI, Anthropic and Google put them, and its error codes."""
    try:
        body = _response(error).json()
        body = body[0] if isinstance(body, list) else body
        found = body.get("error", body)
        if isinstance(found, str):
            return found, set()
        codes = {found[name] for name in ("code", "type") if isinstance(found.get(name), str)}
        if isinstance(found.get("message"), str):
            return found["message"], codes
    except Exception:
        pass  # No response, or a body of another form: litellm's words will do.
    text = str(getattr(error, "message", None) or error)
    text = re.sub(r"^(litellm\.)?(\w*(Error|Exception)\w*(:|\s+-)\s+)+", "", text)
    return text.partition("Traceback (most recent call last)")[0], set()


def _reason(error: Exception, said: str, key: str | None) -> str:
    """What the provider said: one line of at most 300 characters, no key in it."""
    text = said.replace(key, "***") if key else said
    text = redact(" ".join(text.split())) or type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."


def _retry_after(error: Exception, said: str) -> float | None:
    """When to come back, in seconds: by header (seconds, milliseconds, a date), else in words."""
    headers = getattr(_response(error), "headers", None) or {}
    try:
        if (value := headers.get("retry-after-ms")) is not None:
            return _wait(float(value) / 1000)
        if (value := headers.get("retry-after")) is not None:
            try:
                return _wait(float(value))
            except ValueError:
                return _wait(parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        pass
    if found := COME_BACK.search(said):
        minutes, amount, unit = found.groups()
        return int(minutes or 0) * 60 + float(amount) / (1000 if unit == "ms" else 1)
    return None


def _wait(seconds: float) -> float | None:
    return max(0.0, seconds) if math.isfinite(seconds) else None
