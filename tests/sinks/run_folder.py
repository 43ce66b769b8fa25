"""A finished run's folder with the tables that sinks read at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aifgen.folder import TABLES
from aifgen.records import digest, schemas
from aifgen.tables import TableWriter

GENERATORS = ("llama3_70b", "llama3_8b")


def run_folder(
    folder: Path,
    prompts: int,
    *,
    generators: tuple[str, ...] = GENERATORS,
    judges: tuple[str, ...] = ("gpt4",),
    rating: Callable[[int, int, str], float | None] = lambda n, g, judge: float(1 + (n + g) % 5),
    content: Mapping[int, str] | None = None,
    missing: Callable[[int, int], bool] = lambda n, g: False,
    answer: str | None = None,
) -> Path:
    """`prompts` prompts, one response a generator, one rating a judge and response.

    rating(n, g, judge) is the rating of generator g's answer to prompt n; `content` replaces single
    prompts; missing(n, g) says that there is no such response; answer stands
    instead of what says whose a response is.
    """
    tables = {name: TableWriter(folder / f"{name}.parquet", schemas()[name]) for name in TABLES}
    for n in range(prompts):
        text = (content or {}).get(n, f"What is {n}?")
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
        tables["prompts"].add({"prompt_id": f"p{n}", "messages": messages, "extra": "{}"})
        there = [(g, name) for g, name in enumerate(generators) if not missing(n, g)]
        for _, name in reversed(there):
            made = response(n, name)
            tables["responses"].add(made if answer is None else {**made, "text": answer})
        for judge in judges:
            for g, name in there:
                tables["verdicts"].add(
                    {
                        "prompt_id": f"p{n}", "judge": judge, "protocol": "ultrafeedback",
                        "response_ids": [f"p{n}/{name}/0"], "rating": rating(n, g, judge),
                    }
                )  # fmt: skip
    for table in tables.values():
        table.close()
    return folder


def response(n: int, generator: str) -> dict[str, Any]:
    return {
        "prompt_id": f"p{n}", "response_id": f"p{n}/{generator}/0", "generator": generator,
        "sample": 0, "model": f"meta/{generator}", "text": f"**{generator}** says {n}",
        "text_digest": digest(n, generator), "finish_reason": "stop", "latency_s": 0.1, "key": "k",
    }  # fmt: skip
