"""People's answers about a run, written by hand as `aifgen review pull` writes them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aifgen.records import digest, schemas
from aifgen.tables import TableWriter, read_rows


def write_human(run: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """RUN/human.parquet. A row needs prompt_id, question and value; a list becomes JSON. What is
    left out is filled in: one annotator, submitted, a scale of 1 to 5, the run's own responses."""
    there: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for response in read_rows(run / "responses.parquet"):
        there[response["prompt_id"]].append(response)
    path = run / "human.parquet"
    answers = []
    for row in rows:
        mine = there[row["prompt_id"]]
        ids = [response["response_id"] for response in mine]
        scale = (1.0, 5.0) if row["question"] == "rating" else (None, None)
        made = {
            "annotator": "p1",
            "status": "submitted",
            "response_ids": ids,
            "text_digests": [response["text_digest"] for response in mine],
            "shown": ids,
            "scale_min": scale[0],
            "scale_max": scale[1],
            "submitted_at": datetime(2026, 1, 1, tzinfo=UTC),
            "inclusion_probability": 1.0,
            "sample": "all",
            **row,
        }
        if isinstance(made["value"], list):
            made["value"] = json.dumps(made["value"])
        answers.append(made)
    pq.write_table(pa.Table.from_pylist(answers, schemas()["human"]), path)
    return path


def write_run(run: Path, texts: Sequence[Sequence[str]], ask: Callable[[int], str]) -> Path:
    """The tables of a run that answers are put beside: prompts r0, r1, ... with the responses of
    generators gx, gy, ..."""
    prompts, answers = (TableWriter(run / f"{name}.parquet", schemas()[name])
                        for name in ("prompts", "responses"))  # fmt: skip
    for k, of in enumerate(texts):
        prompts.add({"prompt_id": f"r{k}", "messages": [{"role": "user", "content": ask(k)}]})
        for letter, text in zip("xyzuvw", of, strict=False):
            answers.add({
                "prompt_id": f"r{k}", "response_id": f"r{k}/g{letter}/0",
                "generator": f"g{letter}", "text": text, "text_digest": digest(text),
            })  # fmt: skip
    prompts.close()
    answers.close()
    return run


def rated(prompt_id: str, *ratings: float | None, **more: Any) -> dict[str, Any]:
    return {"prompt_id": prompt_id, "question": "rating", "value": list(ratings), **more}


def best(prompt_id: str, value: str, **more: Any) -> dict[str, Any]:
    return {"prompt_id": prompt_id, "question": "best", "value": value, **more}
