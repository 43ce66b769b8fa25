"""The errors a user may meet, each printed as a sentence without a traceback; knows no cause."""

from __future__ import annotations


class AifgenError(Exception):
    """Something the user can act on. The text says what, where and how to fix it."""


class ConfigError(AifgenError):
    """The configuration cannot be run as written. Nothing was asked of any model."""


class DataError(AifgenError):
    """A source holds something that cannot be used; the text names the place."""


class ModelError(AifgenError):
    """A model cannot be used at all: no key, no endpoint, refused name, no weights.

    Asking again without a change would fail for every row, so the run stops.
    """


class StoreError(AifgenError):
    """The store of answers cannot be read or written (a full disk, a foreign file)."""


class SinkError(AifgenError):
    """A sink did not take the dataset; the run's folder still holds everything."""


class ReviewError(AifgenError):
    """The Argilla that people review in cannot be made, started, stopped or reached."""


class MissingPackage(AifgenError):
    """An optional package is needed: says which extra installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: "
            f"pip install 'aifgen[{extra}]'"
        )


class CallError(Exception):
    """One request did not bring an answer. A value for the row, never the end of a run.

    retryable: the same request may succeed later; retry_after is then the server's wish in seconds.
    """

    retryable = False

    def __init__(self, reason: str, *, retry_after: float | None = None, attempts: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.attempts = attempts


class RateLimited(CallError):
    """429: too many requests or tokens for now."""

    retryable = True


class ServerFault(CallError):
    """5xx, a cut connection, no answer in time, a body that is no JSON, an empty answer."""

    retryable = True


class Unreachable(ServerFault):
    """Nobody listens at the address (refused, unknown host)."""


class Adjusted(CallError):
    """A parameter was refused that the transport leaves out from now on: ask again at once."""

    retryable = True


class Rejected(CallError):
    """Final for this request: a malformed or filtered prompt, a context too long."""


class Filtered(Rejected):
    """The provider's content filter did not let the prompt or the answer pass."""


class Stopped(Exception):
    """The run is ending (Ctrl-C or a budget): this request was not sent, or not once more."""
