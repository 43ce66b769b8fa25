"""human.parquet as `aifgen review pull` writes it, for tests of what reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aifgen.folder import HUMAN
from aifgen.records import digest, schemas
from aifgen.tables import TableWriter, read_rows


def answer(run: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """rows: prompt, by, question and value (best: the place of a response, or tie; rating and
    ranking: lists), and other columns of the table."""
    responses: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(run / "responses.parquet"):
        responses.setdefault(row["prompt_id"], []).append(row)
    asked = {row["prompt_id"]: row["messages"] for row in read_rows(run / "prompts.parquet")}
    table = TableWriter(run / HUMAN, schemas()["human"])
    for said in rows:
        more = {**said}
        prompt = more.pop("prompt")
        of = responses[prompt]
        ids = [one["response_id"] for one in of]
        value, question = more.pop("value", None), more.get("question")
        if question == "best":
            value = ids[value] if isinstance(value, int) else value
        elif question in ("rating", "ranking"):
            value = json.dumps(value)
        table.add(
            {
                "prompt_id": prompt, "prompt_digest": digest(asked[prompt]),
                "annotator": more.pop("by", "ann"),
                "value": value, "status": "submitted", "response_ids": ids,
                "text_digests": [one["text_digest"] for one in of], "shown": ids[::-1],
                "scale_min": 1.0 if question == "rating" else None,
                "scale_max": 5.0 if question == "rating" else None, **more,
            }
        )  # fmt: skip
    table.close()
