"""The comparison of a study: every statistic put in its place. Knows no file and no page."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from aifgen import __version__
from aifgen.compare import (
    agreement,
    annotators,
    calibrate,
    cautions,
    cells,
    cost,
    effect,
    estimates,
    generators,
    headline,
    humans,
    length,
    own,
    pairs,
    position,
    ratings,
)
from aifgen.compare.figure import Bootstrap
from aifgen.compare.study import Study

SCHEMA_VERSION = 1
LIBRARIES = ("numpy", "scipy", "statsmodels", "evalica")


def comparison(
    study: Study,
    *,
    seed: int = 0,
    resamples: int = 1000,
    wanted: float = 0.9,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """What comparison.json holds (docs/comparison.schema.json).

    seed, resamples: of every bootstrap. wanted: the agreement that `calibration` looks for. tell:
    hears what is being computed.
    """
    boot = Bootstrap(resamples, seed)
    tell("agreement")
    judges = agreement.judges(study, boot)
    tell("bias")
    for part in (position.position, length.length, own.own):
        _join(judges, part(study, boot))
    tell("costs")
    priced = cost.cost(study, boot, {name: of["agreement"] for name, of in judges.items()})
    _join(judges, priced["judges"])
    tell("pairs of judges")
    between = pairs.pairs(study, boot)
    for name, effects in effect.dataset_effect(study, boot).items():
        between[name]["dataset_effect"] = effects
    tell("people")
    people = humans.humans(study, boot)
    people["judges"] = annotators.replaceable(study, boot)
    estimated = estimates.estimates(study)
    tell("generators")
    ranking = generators.generators(study, boot)
    tell("subsets")
    by_subset = cells.cells(study, boot)
    tell("ratings")
    rated = ratings.ratings(study, boot)
    tell("thresholds")
    calibrated = calibrate.calibrate(study, boot, wanted=wanted)
    reference, _ = study.reference()
    found = {
        "schema_version": SCHEMA_VERSION,
        "sources": list(study.sources),
        "kind": study.units.kind,
        "classes": list(study.units.classes),
        "n_items": study.items,
        "n_units": len(study.units),
        "n_clusters": study.clusters,
        "reference": reference,
        "seed": seed,
        "resamples": resamples,
        "notes": [*study.notes, *cautions.cautions(study)],
        "judges": {
            judge.name: {
                "judge": judge.judge,
                "protocol": judge.protocol,
                "model": judge.model,
                "family": judge.family,
                **judges[judge.name],
            }
            for judge in study.judges
        },
        "pairs": between,
        "humans": people,
        "estimates": estimated,
        **ranking,
        "cells": by_subset,
        "ratings": rated,
        "cost": priced["cost"],
        "calibration": calibrated,
        "versions": {"aifgen": __version__, **{name: version(name) for name in LIBRARIES}},
    }
    return {"headline": headline.headline(found), **found}


def _join(judges: dict[str, dict[str, Any]], more: dict[str, dict[str, Any]]) -> None:
    for name, figures in more.items():
        judges[name] |= figures
