"""The nearest vectors; without a server."""

from __future__ import annotations

import numpy as np
import pytest
from argilla_local.similarity import nearest


def test_against_numpy() -> None:
    random = np.random.default_rng(0)
    vectors, target = random.normal(size=(50, 8)), random.normal(size=8)
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(target)
    scores = (1 + vectors @ target / norms) / 2
    found = nearest(enumerate(vectors.tolist()), target.tolist(), at_most=10)
    assert [key for key, _ in found] == list(np.argsort(-scores)[:10])
    assert [score for _, score in found] == pytest.approx(sorted(scores)[::-1][:10])
    above = nearest(enumerate(vectors.tolist()), target.tolist(), at_most=50, threshold=0.6)
    assert {key for key, _ in above} == set(np.flatnonzero(scores >= 0.6))


def test_null_vectors_and_other_lengths() -> None:
    rows = [("null", [0.0, 0.0]), ("short", [1.0]), ("same", [2.0, 0.0])]
    assert nearest(rows, [1.0, 0.0], at_most=9) == [("same", 1.0), ("null", 0.5)]
