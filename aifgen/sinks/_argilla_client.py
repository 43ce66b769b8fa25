"""Talking to an Argilla server: who we are there, finding a dataset, sending records.

Knows nothing of runs. Every error is a sentence without the key.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from aifgen.errors import ConfigError, MissingPackage, SinkError
from aifgen.sinks._argilla_records import Record

BAD_RECORD = {400, 413, 422, 500}
"""Statuses that may be one record's fault; any other one would meet the next record too."""


class Server:
    """A signed-in client of the Argilla at `url`. Raises ConfigError or SinkError."""

    def __init__(self, url: str, key: str) -> None:
        try:
            import argilla
            import httpx
        except ImportError as error:
            raise MissingPackage(error.name or "argilla", "argilla", "sink=argilla") from error
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ConfigError(
                f"the Argilla address is none ({error}): write http://HOST:PORT"
            ) from error
        self._secrets = [secret for secret in (key, parts.password) if secret]
        # Without the user's name and password, which an address may hold.
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._argilla: Any = argilla
        try:
            self._client: Any = argilla.Argilla(api_url=url, api_key=key, timeout=120, retries=1)
            me = self._client.me
        except argilla._exceptions.ArgillaCredentialsError as error:
            raise ConfigError(
                f"Argilla at {self.url} does not know this key: set ARGILLA_API_KEY to the "
                "one that My settings shows there"
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise SinkError(
                f"Argilla at {self.url} does not answer ({self._clean(error)}): start it, or "
                "correct ARGILLA_API_URL or sink.argilla.api_url"
            ) from error
        except Exception as error:  # what a server that is no Argilla makes of the client
            raise SinkError(
                f"{self.url} does not answer like an Argilla server: correct ARGILLA_API_URL or "
                "sink.argilla.api_url"
            ) from error
        if me.role.value not in ("owner", "admin"):
            raise ConfigError(
                f"the Argilla key is that of {me.username}, whose role is {me.role.value}: making "
                "a dataset needs the key of an owner or admin"
            )

    def workspace(self, name: str | None) -> str:
        """`name`, or the only workspace there is."""
        with self._speaking():
            there = sorted(str(space.name) for space in self._client.workspaces)
        if name in there:
            return name
        if name is None and len(there) == 1:
            return there[0]
        what = "needs a name" if name is None else f"{name!r} is not there"
        raise ConfigError(
            f"sink.argilla.workspace {what}: {self.url} has {', '.join(there) or 'none'}"
        )

    def find(self, dataset: str, workspace: str) -> Any:
        """The dataset with its settings, or None."""
        with self._speaking(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client warns of what is simply not there yet
            found = self._client.datasets(dataset, workspace=workspace)
            return found.get() if found else None

    def create(self, dataset: str, workspace: str, settings: Any) -> Any:
        with self._speaking():
            made = self._argilla.Dataset(dataset, workspace, settings, client=self._client)
            return made.create()

    def send(self, dataset: Any, records: Sequence[Record]) -> list[tuple[str, str]]:
        """Add or update by id. Returns (id, reason) of the records that the server did not take.

        One bad record makes the server refuse the whole batch: then they are sent one by one.
        """
        models = [self._model(dataset, record) for record in records]
        with self._speaking():
            try:
                self._upsert(dataset, models)
                return []
            except self._argilla._exceptions.ArgillaAPIError as error:
                if error.status_code not in BAD_RECORD:
                    raise
                if len(records) == 1:
                    return [(records[0].id, self._clean(error))]
        return [bad for record in records for bad in self.send(dataset, [record])]

    def close(self) -> None:
        self._client.http_client.close()

    def _upsert(self, dataset: Any, models: Sequence[Any]) -> None:
        api, asked = self._client.api, dataset.settings.schema
        stored, _ = api.records.bulk_upsert(dataset.id, models)
        for model, there in zip(models, stored, strict=True):
            # The server keeps suggestions that a second push no longer makes: another judge's.
            wanted = {str(asked[suggestion.question_name].id) for suggestion in model.suggestions}
            stale = [str(s.id) for s in there.suggestions if str(s.question_id) not in wanted]
            if stale:
                path = f"/api/v1/records/{there.id}/suggestions"
                api.http_client.delete(path, params={"ids": ",".join(stale)}).raise_for_status()

    def _model(self, dataset: Any, record: Record) -> Any:
        rg = self._argilla
        suggestions = [
            rg.Suggestion(question, value, agent=agent)
            for question, (value, agent) in record.suggestions.items()
        ]
        made = rg.Record(
            id=record.id, fields=record.fields, metadata=record.metadata, suggestions=suggestions,
            _dataset=dataset,
        )  # fmt: skip
        return made.api_model()

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turns what the client and the network raise into a SinkError."""
        import httpx

        try:
            yield
        except (self._argilla._exceptions.ArgillaError, httpx.HTTPError) as error:
            raise SinkError(
                f"Argilla at {self.url} did not take the dataset ({self._clean(error)}): run the "
                "same command again, it updates what is there and asks no model"
            ) from error

    def _clean(self, error: BaseException) -> str:
        """The server's own words in one line, without the key."""
        text = str(error.__cause__ or error)
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
            detail = json.loads(text[text.index("{") :])["detail"]
            text = detail if isinstance(detail, str) else detail["params"]["errors"][0]["msg"]
        text = re.sub(r"^Argilla SDK error: \w+: ", "", text)
        text = re.sub(r"^(Record at position \d+ is not valid because |Value error, )", "", text)
        text = re.sub(r"\[\{.*?'msg': '(.*?)'.*", r"\1", text, flags=re.S)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())[:300] or type(error).__name__
