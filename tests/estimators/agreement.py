"""Files of a scikit-learn beside what we make of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.plan.plan import Plan
from vistazo.models.plan.stored import read_plan, write_plan

BAR = 1e-6
# Of points that are equally far, which are the nearest depends on the last bit of a distance: the
# rows of sparse counts that may differ.
_MOST_TIED = 2
_HAS_TIES = re.compile(r"Tfidf\+KNeighbors")
_ENCODED = ["none", "some", "very many"]
_HAS_PAIRS = re.compile(r"(Tfidf\+)?((Nu)?SVC|OneVsOneClassifier)\(")
_MOST_BYTES = 500_000_000


@dataclass(frozen=True)
class Written:
    """A file (or two) that an oracle wrote. ``expected`` are its own answers to ``samples``."""

    name: str
    folder: Path
    told: dict[str, Any]
    samples: list[Any]
    version: tuple[int, ...]

    @property
    def path(self) -> Path:
        return self.folder / self.told["files"][0]

    @property
    def beside(self) -> Path | None:
        return self.folder / self.told["files"][1] if len(self.told["files"]) > 1 else None

    @property
    def expected(self) -> dict[str, Any]:
        expected = dict(self.told["expected"])
        if self.told["bundle"] == "encoder_beside":
            expected["predict"] = [_ENCODED[each] for each in expected["predict"]]
        if _HAS_PAIRS.match(self.name) and self.version < (0, 21):
            expected["decision_function"] = None  # they depended on what else was asked with it
        if '"ovo"' in self.name:
            expected["decision_function"] = None  # one for each pair of classes, not for each class
        return expected

    @property
    def estimator(self) -> str:
        """The class that the case is about."""
        steps = self.name.partition("(")[0].split("+")
        return steps[1] if steps[0] == "Tfidf" else steps[0]

    def __str__(self) -> str:
        told = self.told
        return f"{told['name']} labels={told['labels']} {told['bundle']} {told['form']}"


def written_in(folder: Path) -> Iterator[Written]:
    told = json.loads((folder / "cases.json").read_text())
    version = tuple(int(part) for part in told["sklearn"].split(".")[:2])
    for case in told["cases"]:
        yield Written(case["name"], folder, case, told["samples"][case["samples"]], version)


def plan_of(written: Written, stored: Path) -> Plan:
    """The plan that a service would run: written, and read again. Raises ModelError."""
    beside = None if written.beside is None else read_objects(written.beside, _MOST_BYTES)
    write_plan(import_plan(read_objects(written.path, _MOST_BYTES), beside), stored)
    return read_plan(stored)


def disagreements(written: Written, plan: Plan) -> list[str]:
    """What differs from what scikit-learn answered, in words."""
    expected = written.expected
    found = plan.decide(_asked(written))
    labels = [plan.labels[each] for each in found.predicted]
    if _HAS_TIES.match(written.name):
        return _differing_rows(expected["predict_proba"], found.probabilities)
    told = _differing_labels(expected["predict"], labels)
    if plan.takes != written.told["takes"]:
        told.append(f"takes {plan.takes}")
    if expected["predict_proba"] is not None:
        told += _differing("probabilities", expected["predict_proba"], found.probabilities)
    elif found.probabilities is not None:
        told.append("probabilities where there are none")
    if expected["decision_function"] is not None:
        told += _differing("scores", _both(expected["decision_function"]), found.scores)
    return told


def _asked(written: Written) -> Any:
    if written.told["takes"] == "texts":
        return written.samples
    return np.array(written.samples, dtype=np.float64)  # None becomes NaN


def _differing_labels(expected: list[Any], found: list[Any]) -> list[str]:
    if [type(each) for each in expected] != [type(each) for each in found]:
        return [f"labels of another kind: {found[:2]!r} instead of {expected[:2]!r}"]
    n = sum(one != other for one, other in zip(expected, found, strict=True))
    return [f"{n} of {len(expected)} predictions differ"] if n else []


def _differing(what: str, expected: list[Any], found: Any) -> list[str]:
    wanted = np.array(expected, dtype=np.float64)
    if found is None:
        return [f"no {what}"]
    if wanted.shape != found.shape:
        return [f"{what} of shape {found.shape} instead of {wanted.shape}"]
    # One against the rest, no member for it: before 1.8 that was 0 / 0, since then it is 0.
    wanted = np.where(np.isnan(wanted) & (found == 0), 0, wanted)
    with np.errstate(invalid="ignore"):
        error = np.abs(wanted - found) / np.maximum(1, np.abs(wanted))
    error = np.where(wanted == found, 0, error)  # infinite ones too
    worst = float(np.nan_to_num(error, nan=np.inf, posinf=np.inf).max(initial=0))
    return [f"{what} differ by {worst:.2g}"] if worst > BAR else []


def _differing_rows(expected: list[Any], found: Any) -> list[str]:
    differ = (np.abs(np.array(expected) - found) > BAR).any(axis=1).sum()
    return [f"{differ} rows differ, more than equal distances explain"] * bool(differ > _MOST_TIED)


def _both(scores: list[Any]) -> list[Any]:
    alone = [each[0] if isinstance(each, list) and len(each) == 1 else each for each in scores]
    if alone and not isinstance(alone[0], list):
        return [[-each, each] for each in alone]
    return scores
