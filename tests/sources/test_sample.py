"""The shipped prompts: there, unique, in the layout of DIBT/10k_prompts_ranked."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifgen.sources.sample import SampleSource

DIBT = {
    "quality", "metadata", "avg_rating", "num_responses", "agreement_ratio", "raw_responses",
    "kind", "cluster_description", "topic",
}  # fmt: skip


def test_sixty_unique_prompts_in_dibts_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prompts = SampleSource()
    assert prompts.check().total == 60
    assert prompts.duplicates == 0
    assert all(set(prompt.extra) == DIBT for prompt in prompts)


def test_it_takes_the_options_of_every_source() -> None:
    some = SampleSource(limit=7, shuffle=True, seed=3)
    assert some.check().total == 7
    assert list(some) == list(SampleSource(shuffle=True, seed=3))[:7] != list(SampleSource())[:7]
