"""The 60 prompts that ship with aifgen, in the layout of DIBT/10k_prompts_ranked."""

from __future__ import annotations

from pathlib import Path

from aifgen.sources.jsonl import JsonlSource


class SampleSource(JsonlSource):
    """A JSON-lines file that is always there."""

    def __init__(self, limit: int | None = None, shuffle: bool = False, seed: int = 0) -> None:
        path = Path(__file__).with_name("sample.jsonl")
        super().__init__(str(path), limit=limit, shuffle=shuffle, seed=seed)
