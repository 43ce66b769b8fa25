"""Talking to an Argilla server: who we are there, datasets, records, people's responses.

Knows nothing of runs. Every error is a sentence without the key.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from aifgen.errors import ConfigError, MissingPackage, SinkError
from aifgen.review.record import Record

BAD_RECORD = {400, 413, 422, 500}
"""Statuses that may be one record's fault; any other one would meet the next record too."""
POSITION = re.compile(r"Record at position (\d+) is not valid")
SHOWN = 8
"""Names of datasets in a sentence."""
PAGE = 100
"""Records in one request: beyond it a server is slow enough to be taken for dead."""
Refused = tuple[str, str]
"""The id of a record that a server did not take, and why."""


class Argilla:
    """A signed-in client of the server at `url`. Raises ConfigError or SinkError.

    option: what stands before the name of an option in the user's words: "sink.argilla.", "--".
    """

    def __init__(self, url: str, key: str, option: str) -> None:
        try:
            import argilla
            import httpx
        except ImportError as error:
            raise MissingPackage(error.name or "argilla", "argilla", "Argilla") from error
        try:
            parts = urlsplit(url)
        except ValueError as error:
            raise ConfigError(
                f"the Argilla address is none ({error}): write http://HOST:PORT"
            ) from error
        self._prefix = option
        self._secrets = [secret for secret in (key, parts.password) if secret]
        # Without the user's name and password, which an address may hold.
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        self._argilla: Any = argilla
        logging.getLogger("argilla.sdk").setLevel(logging.CRITICAL)  # it says errors twice
        mend = f"ARGILLA_API_URL or {self.option('api_url')}"
        try:
            self._client: Any = argilla.Argilla(api_url=url, api_key=key, timeout=120, retries=1)
            self._me = self._client.me
        except argilla._exceptions.ArgillaCredentialsError as error:
            raise ConfigError(
                f"Argilla at {self.url} does not know this key: set ARGILLA_API_KEY to the "
                "one that My settings shows there"
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise SinkError(
                f"Argilla at {self.url} does not answer ({self._clean(error)}): start it "
                f"(a local one with aifgen review serve), or correct {mend}"
            ) from error
        except Exception as error:  # what a server that is no Argilla makes of the client
            raise SinkError(
                f"{self.url} does not answer like an Argilla server: correct {mend}"
            ) from error
        if self._me.role.value not in ("owner", "admin"):
            raise ConfigError(
                f"the Argilla key is that of {self._me.username}, whose role is "
                f"{self._me.role.value}: making and reading a dataset needs the key of an owner or "
                "admin"
            )

    def option(self, name: str) -> str:
        """An option as the user writes it."""
        return self._prefix + (name.replace("_", "-") if self._prefix == "--" else name)

    def spaces(self) -> dict[str, str]:
        """The ids of the workspaces, by name."""
        with self._speaking():
            return {str(space.name): str(space.id) for space in self._client.workspaces}

    def workspace(self, name: str | None) -> str:
        """`name`, or the only workspace there is."""
        there = sorted(self.spaces())
        if name in there:
            return str(name)
        if name is None and len(there) == 1:
            return there[0]
        what = "needs a name" if name is None else f"{name!r} is not there"
        raise ConfigError(
            f"{self.option('workspace')} {what}: {self.url} has {', '.join(there) or 'none'}"
        )

    def find(self, dataset: str, workspace: str) -> Any:
        """The dataset with its settings, or None."""
        with self._speaking(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the client warns of what is simply not there yet
            found = self._client.datasets(dataset, workspace=workspace)
            return found.get() if found else None

    def need(self, dataset: str, workspace: str, advice: str) -> Any:
        """The same; ConfigError where it is not there."""
        found = self.find(dataset, workspace)
        if found is not None:
            return found
        there = self.names(workspace)
        more = f" and {len(there) - SHOWN:,} more" if len(there) > SHOWN else ""
        raise ConfigError(
            f"the workspace {workspace!r} of {self.url} has no dataset {dataset!r} (it has "
            f"{', '.join(there[:SHOWN]) or 'none'}{more}): {advice}"
        )

    def has(self, dataset_id: str) -> bool:
        """Whether a dataset of this id is there."""
        with self._speaking():
            path = f"/api/v1/datasets/{dataset_id}"
            answer = self._client.api.http_client.get(path)
            if answer.status_code in (404, 422):
                return False
            answer.raise_for_status()
            return True

    def names(self, workspace: str) -> list[str]:
        """Of the datasets in a workspace, for a sentence."""
        with self._speaking(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sorted(str(one.name) for one in self._client.workspaces(workspace).datasets)

    def create(self, dataset: str, workspace: str, settings: Any) -> Any:
        with self._speaking():
            made = self._argilla.Dataset(dataset, workspace, settings, client=self._client)
            return made.create()

    def delete(self, dataset: Any) -> None:
        with self._speaking():
            dataset.delete()

    def change(self, dataset: Any, guidelines: str | None, min_submitted: int | None) -> None:
        """Of a dataset that is there, what is not null."""
        wanted: dict[str, Any] = {}
        if guidelines not in (None, dataset.guidelines):
            wanted["guidelines"] = guidelines
        if min_submitted not in (None, dataset.distribution.min_submitted):
            wanted["distribution"] = {"strategy": "overlap", "min_submitted": min_submitted}
        if wanted:
            path = f"/api/v1/datasets/{dataset.id}"
            with self._speaking():
                self._client.api.http_client.patch(path, json=wanted).raise_for_status()

    def link(self, dataset: Any) -> str:
        """Where people answer."""
        return f"{self.url}/dataset/{dataset.id}/annotation-mode"

    def records(self, dataset: Any) -> Iterator[Mapping[str, Any]]:
        """Every record as the server's JSON, with suggestions and people's responses.

        Read past the client, which drops the ranks of a ranking.
        """
        offset = 0
        while True:
            found = self._get(
                f"/api/v1/datasets/{dataset.id}/records",
                {"include": "responses,suggestions", "offset": offset, "limit": PAGE},
            )["items"]
            yield from found
            offset += len(found)
            if len(found) < PAGE:
                return

    def people(self, workspace: str) -> dict[str, str]:
        """The names of the users who may answer, by id: the workspace's, and for an owner all."""
        with self._speaking():
            space = self._client.workspaces(workspace)
        path = f"/api/v1/workspaces/{space.id}/users"
        if self._me.role.value == "owner":  # an owner answers without being in a workspace
            path = "/api/v1/users"
        return {user["id"]: user["username"] for user in self._get(path)["items"]}

    def progress(self, dataset: Any) -> Mapping[str, Any]:
        """total, completed, pending, and by user what they submitted, drafted and discarded."""
        path = f"/api/v1/datasets/{dataset.id}"
        found = self._get(f"{path}/progress")
        return {**found, "users": self._get(f"{path}/users/progress")["users"]}

    def send(self, dataset: Any, records: Sequence[Record]) -> list[Refused]:
        """Add or update by id. Returns what the server did not take.

        One bad record makes the server refuse the whole batch: it is sent again without the record
        that the server names, or, where it names none, halved.
        """
        asked = {question.name: str(question.id) for question in dataset.settings.questions}
        items = [_json(record, asked) for record in records]
        with self._speaking():
            try:
                self._upsert(dataset, items, asked)
                return []
            except self._argilla._exceptions.ArgillaAPIError as error:
                if error.status_code not in BAD_RECORD:
                    raise
                why = self._clean(error)
                if len(records) == 1:
                    return [(records[0].id, why)]
                named = POSITION.search(str(error))
        if named and (at := int(named[1])) < len(records):
            return [(records[at].id, why), *self.send(dataset, [*records[:at], *records[at + 1 :]])]
        half = len(records) // 2
        return [*self.send(dataset, records[:half]), *self.send(dataset, records[half:])]

    def close(self) -> None:
        self._client.http_client.close()

    def _upsert(
        self, dataset: Any, items: Sequence[Mapping[str, Any]], asked: Mapping[str, str]
    ) -> None:
        from argilla._exceptions import api_error_handler

        http = self._client.api.http_client

        @api_error_handler  # type: ignore[untyped-decorator]
        def put() -> list[Mapping[str, Any]]:
            path = f"/api/v1/datasets/{dataset.id}/records/bulk"
            answer = http.put(path, json={"items": items}).raise_for_status()
            found: list[Mapping[str, Any]] = answer.json()["items"]
            return found

        for item, there in zip(items, put(), strict=True):
            # The server keeps suggestions that a second push no longer makes: another judge's.
            wanted = {suggestion["question_id"] for suggestion in item["suggestions"]}
            stale = [
                s["id"] for s in there.get("suggestions") or () if s["question_id"] not in wanted
            ]
            if stale:
                path = f"/api/v1/records/{there['id']}/suggestions"
                http.delete(path, params={"ids": ",".join(stale)}).raise_for_status()

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        with self._speaking():
            answer = self._client.api.http_client.get(path, params=params)
            return answer.raise_for_status().json()

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Turns what the client and the network raise into a SinkError."""
        import httpx

        try:
            yield
        except (self._argilla._exceptions.ArgillaError, httpx.HTTPError) as error:
            raise SinkError(
                f"Argilla at {self.url} failed ({self._clean(error)}): run the same command again, "
                "nothing that is there is lost and no model is asked"
            ) from error

    def _clean(self, error: BaseException) -> str:
        """The server's own words in one line, without the key."""
        text = str(error.__cause__ or error)
        if "database or disk is full" in text:
            return "its disk is full: make room there"
        with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
            detail = json.loads(text[text.index("{") :])["detail"]
            text = detail if isinstance(detail, str) else detail["params"]["errors"][0]["msg"]
        text = re.sub(r"^Argilla SDK error: \w+: ", "", text)
        text = re.sub(r"^(Record at position \d+ is not valid because |Value error, )", "", text)
        text = re.sub(r"\[\{.*?'msg': '(.*?)'.*", r"\1", text, flags=re.S)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return " ".join(text.split())[:300] or type(error).__name__


def _json(record: Record, asked: Mapping[str, str]) -> dict[str, Any]:
    """A record as the server takes it. asked: the ids of the questions by name."""
    return {
        "external_id": record.id,
        "fields": record.fields,
        "metadata": record.metadata,
        "suggestions": [
            {
                "question_id": asked[question],
                "value": of.value,
                "agent": of.agent,
                "score": of.score,
                "type": "model",
            }
            for question, of in record.suggestions.items()
        ],
    }
