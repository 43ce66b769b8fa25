"""What litellm raises, as one of our errors in the provider's own words. Knows no request."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
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


def ours(
    litellm: Any, error: Exception, endpoint: Endpoint, base: str | None, key: str | None
) -> Exception:
    """litellm's exception as one of ours, without a key and on one line."""
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
