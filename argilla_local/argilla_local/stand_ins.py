"""Stands in for what argilla-server imports but this server never uses, so that it need not be
installed. Knows names of modules; what works instead of Redis' queue stands in jobs.

Elasticsearch's and OpenSearch's clients give way to our engine. Sign-in through other sites
(OAuth), the Hugging Face Hub and webhooks would let the server talk to the network: they are off,
and switched_off answers whoever asks for them.
"""

from __future__ import annotations

import resource
import sys
from types import ModuleType
from typing import Any, NamedTuple

from argilla_local import jobs


class NotHere:
    """Something of a package that is not installed: it can be named, never used."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError(f"{type(self).__name__} is not part of this local Argilla")


class _Redis:
    """The server asks Redis for nothing but a sign of life once jobs run in its own process."""

    def ping(self) -> bool:
        return True


class _Process:
    """psutil.Process for /api/v1/status: 5.9, which upstream asks for, has no wheel for arm64."""

    def __init__(self, pid: int) -> None:
        pass

    def memory_info(self) -> _Memory:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return _Memory(peak if sys.platform == "darwin" else peak * 1024)


class _Memory(NamedTuple):
    rss: int
    """Bytes, at most so far."""


class _Timeout:
    def __init__(self, timeout: float) -> None:
        self.timeout = timeout


class _NoProviders:
    """argilla_server.security.authentication.oauth2.OAuth2Settings: nobody signs in elsewhere."""

    def __init__(self) -> None:
        self.providers: dict[str, Any] = {}
        self.allowed_workspaces: list[Any] = []


def _absent(name: str) -> type[NotHere]:
    return type(name, (NotHere,), {})


def _nothing(*_: Any, **__: Any) -> None:
    pass


OAUTH = "argilla_server.security.authentication.oauth2"
MODULES: dict[str, dict[str, Any]] = {
    "elasticsearch8": {"AsyncElasticsearch": _absent("AsyncElasticsearch"), "helpers": None},
    "opensearchpy": {"AsyncOpenSearch": _absent("AsyncOpenSearch"), "helpers": None},
    "psutil": {"Process": _Process},
    "redis": {"from_url": lambda *_, **__: _Redis()},
    "redis.cluster": {"RedisCluster": _absent("RedisCluster")},
    "redis.exceptions": {"ConnectionError": ConnectionError},
    "rq": {"Queue": jobs.Queue, "Retry": _nothing},
    "rq.decorators": {"job": jobs.job},
    "rq.job": {"Job": jobs.Job, "JobStatus": jobs.JobStatus, "Retry": _nothing},
    "rq.exceptions": {"NoSuchJobError": jobs.NoSuchJobError},
    "huggingface_hub": {},
    "huggingface_hub.utils": {"send_telemetry": _nothing},
    "httpx": {"Timeout": _Timeout, "Response": _absent("Response"), "post": _absent("post")},
    "standardwebhooks": {},
    "standardwebhooks.webhooks": {"Webhook": _absent("Webhook")},
    "argilla_server.contexts.hub": {
        "HubDataset": _absent("HubDataset"),
        "HubDatasetExporter": _absent("HubDatasetExporter"),
    },
    OAUTH: {
        "OAuth2Settings": _NoProviders,
        "OAuth2ClientProvider": _absent("OAuth2ClientProvider"),
    },
    f"{OAUTH}.settings": {"OAuth2Settings": _NoProviders},
}


def install() -> None:
    """To be called before argilla_server is imported. Packages that are installed are not asked."""
    for name, content in MODULES.items():
        module = ModuleType(name, f"A stand-in of argilla_local for {name}.")
        module.__dict__.update(content)
        module.__path__ = []
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent in MODULES:
            setattr(sys.modules[parent], last, module)
