"""How far each judge is from what is known to be right: gold, else what most people say.

Knows verdicts as classes; what a judge costs or prefers is for others to say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aifgen.compare import counts as c
from aifgen.compare import winners
from aifgen.compare.figure import Bootstrap, Difference, Formula, Share, plain
from aifgen.compare.study import ABSENT, FAILED, TIE, Judge, Study

WHOSE = {"gold": "gold", "people": "what most people say", None: "nothing (no gold, no people)"}
YES_NO = ("False", "True")
WAYS = ("failures_wrong", "failures_tie", "failures_dropped")
MACRO = ("precision", "recall", "f1", "cohen_kappa")
COEFFICIENTS = ("cohen_kappa", "scott_pi", "krippendorff_alpha")
BINARY = ("mcc", "precision", "recall", "leniency")


def judges(study: Study, boot: Bootstrap) -> dict[str, dict[str, Any]]:
    """By judge: n, agreement and its coefficients over units with a verdict and a reference,
    accuracy and macro averages with failures counted three ways, and how many failures there are.

    The coefficients are held against scikit-learn and krippendorff in the tests. Without a
    reference every figure is null.
    """
    source, reference = study.reference()
    cluster = study.cluster[study.units.item]
    return {
        judge.name: {
            **_counts(judge, study.units.said[j]),
            **_figures(study, boot, study.units.said[j], reference, cluster, WHOSE[source]),
        }
        for j, judge in enumerate(study.judges)
    }


def coding(study: Study) -> str:
    """How verdicts are made numbers, for the method of every figure."""
    if study.units.kind == "pair":
        return "coded A (the item's first response), B, tie"
    return f"coded {', '.join(study.units.classes)}"


def _counts(judge: Judge, said: NDArray[Any]) -> dict[str, Any]:
    """failures: units that were asked and have no verdict; the others count judgments."""
    return {
        "asked": int((said != ABSENT).sum()),
        "failures": int((said == FAILED).sum()),
        "parse_failures": judge.parse_failures,
        "refused": judge.refused,
        "errors": judge.errors,
        "judgments": judge.judgments,
    }


def _figures(
    study: Study,
    boot: Bootstrap,
    said: NDArray[Any],
    reference: NDArray[Any],
    cluster: NDArray[Any],
    whose: str,
) -> dict[str, Any]:
    k = len(study.units.classes)
    pair = study.units.kind == "pair"
    asked = (said != ABSENT) & (reference >= 0)
    valid = asked & (said >= 0)
    over = f"against {whose}, over verdicts that could be read"
    table = f"{coding(study)}; {over}"
    found = boot.figures(
        cluster[valid],
        reference[valid].astype(np.int64) * k + said[valid],
        k * k,
        {
            "agreement": (c.same(k), f"share of equal verdicts, {table}"),
            "cohen_kappa": (c.cohen_kappa, f"Cohen's kappa, unweighted, {table}"),
            "scott_pi": (c.scott_pi, f"Scott's pi, {table}"),
            "krippendorff_alpha": (c.alpha, f"Krippendorff's alpha, nominal, {table}"),
            **_binary(study.units.classes, over),
            **_macro("failures_dropped", c.same(k), None, "failures dropped", table),
        },
    )
    seen = np.where(said == FAILED, k, said)[asked]
    found |= boot.figures(
        cluster[asked],
        reference[asked].astype(np.int64) * (k + 1) + seen,
        k * (k + 1),
        _wrong_and_tie(k, whose) if pair else _wrong(k, whose),
    )
    for name, why in _without_meaning(study).items():
        found.setdefault(name, plain(None, why, 0, 0))
    decided = valid & (said != TIE) & (reference != TIE)
    return {
        "n": int(valid.sum()),
        "agreement": found["agreement"],
        "agreement_decided": boot.rate(
            cluster[decided],
            said[decided] == reference[decided],
            f"share of equal verdicts where neither side is a tie, {over}",
        )
        if pair
        else plain(None, "labels have no tie; see agreement", 0, 0),
        **{name: found[name] for name in (*COEFFICIENTS, *BINARY)},
        **winners.kappas(study, boot, said, reference, over),
        "accuracy": {way: found[f"{way}.accuracy"] for way in WAYS},
        "macro": {way: {of: found[f"{way}.{of}"] for of in MACRO} for way in WAYS},
    }


def _binary(classes: tuple[str, ...], over: str) -> dict[str, tuple[Formula, str]]:
    if classes != YES_NO:
        return {}
    return {
        "mcc": (c.mcc, f"Matthews' correlation coefficient, {over}"),
        "precision": (Share((3,), (1, 3)), f"precision of True, {over}"),
        "recall": (Share((3,), (2, 3)), f"recall of True, {over}"),
        "leniency": (
            Difference((1,), (2,)),
            f"share of True by the judge less by the reference, {over}",
        ),
    }


def _wrong(k: int, whose: str) -> dict[str, tuple[Formula, str]]:
    right = Share(tuple(range(0, k * (k + 1), k + 2)))
    return _macro(
        "failures_wrong", right, c.with_failures, "a failure is wrong", f"against {whose}"
    )


def _wrong_and_tie(k: int, whose: str) -> dict[str, tuple[Formula, str]]:
    right = Share((*range(0, k * (k + 1), k + 2), k * (k + 1) - 1))
    tie = _macro(
        "failures_tie", right, c.failures_as_last, "a failure is a tie", f"against {whose}"
    )
    return _wrong(k, whose) | tie


def _macro(
    way: str, right: Share, turned: Any, how: str, against: str
) -> dict[str, tuple[Formula, str]]:
    """accuracy, macro precision, recall and F1, and kappa of the counts as `turned` gives them."""
    unread = 1 if turned is c.with_failures else 0

    def of(formula: Formula) -> Formula:
        return formula if turned is None else lambda counts: formula(turned(counts))

    over = "mean over the classes that anybody named, 0 where one has none (as scikit-learn)"
    kappa = "Cohen's kappa, unweighted" + (", failure a class of its own" if unread else "")
    return {
        f"{way}.accuracy": (right, f"share of equal verdicts, {how}, {against}"),
        **{
            f"{way}.{which}": (of(c.macro(which, unread)), f"{which}, {over}; {how}, {against}")
            for which in MACRO[:3]
        },
        f"{way}.cohen_kappa": (of(c.cohen_kappa), f"{kappa}; {how}, {against}"),
    }


def _without_meaning(study: Study) -> dict[str, str]:
    """Why a figure that is not there is not there."""
    if study.units.kind == "pair":
        one = "of labels only: which response stands first in an item means nothing"
    else:
        one = f"of the labels False and True only; here they are {', '.join(study.units.classes)}"
    tie = "labels have no tie to count a failure as"
    return {
        **dict.fromkeys(BINARY, one),
        **{f"failures_tie.{of}": tie for of in ("accuracy", *MACRO)},
    }
