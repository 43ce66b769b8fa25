"""What each item counts for where people saw several samples that were drawn apart."""

from __future__ import annotations

import numpy as np
import pytest

from aifgen.compare.chances import together
from aifgen.review.sampling import Candidate, design, draw, probabilities


def test_one_sample_counts_by_its_chances() -> None:
    assert together([{0: 0.25, 2: 1.0}], 4).tolist() == pytest.approx(
        [0.25, np.nan, 1.0, np.nan], nan_ok=True
    )
    assert np.isnan(together([], 2)).all()


def test_items_that_were_sure_to_be_drawn_count_once() -> None:
    """All of a run, or all that flipped, beside a sample: of the rest the sample speaks alone."""
    flipped, drawn = {0: 1.0, 1: 1.0}, {1: 0.2, 2: 0.4}

    assert together([flipped, drawn], 3).tolist() == pytest.approx([1.0, 1.0, 0.4])


def test_two_samples_together_are_right_of_all() -> None:
    """Of 300 prompts 100 are hard, and one sample prefers them."""
    hard = np.arange(300) % 3 == 0
    among = [Candidate(f"p{k}", float(h), 0.0, False, "s") for k, h in enumerate(hard)]
    designs = [design("disagreement:60"), design("random:60")]
    chances = [probabilities(among, how) for how in designs]
    found, larger = [], []
    for seed in range(150):
        drawn = [np.flatnonzero(draw(among, how, seed)) for how in designs]
        parts = [
            {int(k): float(of[k]) for k in taken} for taken, of in zip(drawn, chances, strict=True)
        ]
        weight = 1 / together(parts, 300)
        found.append(np.nansum(weight[hard]) / np.nansum(weight))
        # The test can fail: the larger of the chances that are known.
        known = {k: max(of[k] for of in parts if k in of) for of in parts for k in of}
        rough = [(1 / chance, hard[k]) for k, chance in known.items()]
        larger.append(sum(w for w, h in rough if h) / sum(w for w, _ in rough))

    assert np.mean(found) == pytest.approx(1 / 3, abs=0.006)
    assert abs(np.mean(larger) - 1 / 3) > 0.012
