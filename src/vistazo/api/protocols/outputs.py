"""The tensors of an answer: which there are, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.further_outputs import Classes, OutputAnswer
from vistazo.api.protocols.given_answer import GivenAnswer
from vistazo.api.protocols.inference_request import InferenceRequest, WantedOutput
from vistazo.classifier import Classifier
from vistazo.errors import RequestError
from vistazo.loading import AnyClassifier
from vistazo.models.output_spec import ClassOutput, NumberOutput

SCORES, LABELS, LIKENESS, WARNINGS = "scores", "labels", "likeness", "warnings"
HEATMAP, WORDS = "heatmap", "words"


@dataclass(frozen=True, eq=False)
class OutputTensor:
    """``values`` are numbers, FP32 or FP64, or BYTES: of texts, or of files, which JSON has in
    base64.
    """

    name: str
    values: NDArray[np.floating] | list[bytes]
    shape: tuple[int, ...]
    are_files: bool = False

    @property
    def datatype(self) -> str:
        if isinstance(self.values, list):
            return "BYTES"
        return "FP64" if self.values.dtype == np.float64 else "FP32"


@dataclass(frozen=True)
class NamedOutput:
    """As the model's page has it: ``shape`` with -1 for the number of answers."""

    name: str
    datatype: str
    shape: tuple[int, ...]


def outputs_of(served: AnyClassifier) -> list[NamedOutput]:
    """Those that may be asked for, first the one that is answered where none is."""
    several = (-1, len(served.card.labels))
    # An estimator's decision values may be larger than FP32 has them.
    kind = "FP32" if isinstance(served, Classifier) else "FP64"
    named = [NamedOutput(SCORES, kind, several), NamedOutput(LABELS, "BYTES", (-1,))]
    if not isinstance(served, Classifier):
        texts = served.takes == "texts"
        likeness = [NamedOutput(LIKENESS, "FP32", (-1,))] if texts else []
        words = [NamedOutput(WORDS, "BYTES", (-1,))] if texts else []
        return [*named, *likeness, NamedOutput(WARNINGS, "BYTES", (-1,)), *words]
    if served.baseline is not None:
        named.append(NamedOutput(LIKENESS, "FP32", (-1,)))
    named += [NamedOutput(WARNINGS, "BYTES", (-1,)), NamedOutput(HEATMAP, "BYTES", (-1,))]
    known = {each.name for each in named}
    return [*named, *(each for each in _further(served) if each.name not in known)]


def _further(served: Classifier) -> list[NamedOutput]:
    """Of a model of several outputs, those that its card heeds, and the one of the scores."""
    found = []
    for each in served.signature.others:
        spec = served.card.more_outputs.get(each.name)
        if isinstance(spec, ClassOutput):
            found.append(NamedOutput(each.name, "FP32", (-1, len(spec.labels))))
        if isinstance(spec, NumberOutput):
            found.append(NamedOutput(each.name, "FP64", (-1,)))
    main = NamedOutput(served.signature.output, "FP32", (-1, len(served.card.labels)))
    return [main, *found] if found else []


def wanted_of(asked: InferenceRequest, served: AnyClassifier) -> tuple[WantedOutput, ...]:
    """``scores`` where none are named, and the evidence too where that is asked for.

    Raises RequestError for one that there is not.
    """
    known = {each.name: each.datatype for each in outputs_of(served)}
    wanted = asked.outputs or (WantedOutput(SCORES, asked.is_binary, is_default=True),)
    names = {each.name for each in wanted}
    for name in names:
        if name not in known:
            raise RequestError(f"There is no output '{name[:100]}'. There are {', '.join(known)}.")
    if any(each.n_classes is not None and each.name != SCORES for each in wanted):
        raise RequestError(f"A 'classification' is of '{SCORES}' alone.")
    evidence = HEATMAP if isinstance(served, Classifier) else WORDS
    if asked.explains and evidence not in known:
        raise RequestError("What spoke for a label is said of pictures and texts, not of rows.")
    if asked.explains and evidence not in names:
        wanted = (*wanted, WantedOutput(evidence, asked.is_binary))
    return tuple(replace(each, datatype=known[each.name]) for each in wanted)


def is_evidence(name: str) -> bool:
    return name in (HEATMAP, WORDS)


def tensor_of(
    wanted: WantedOutput, answers: Sequence[GivenAnswer], labels: Sequence[str]
) -> OutputTensor:
    """Raises RequestError where the model has nothing to put there."""
    name, count = wanted.name, (len(answers),)
    if wanted.is_default and not all(each.scores for each in answers):
        name = LABELS  # of an estimator that says no more
    if name == LABELS:
        return OutputTensor(name, [each.label.encode() for each in answers], count)
    if name == WARNINGS:
        return OutputTensor(name, [",".join(each.warnings).encode() for each in answers], count)
    if is_evidence(name):
        evidence = [each.evidence or b"" for each in answers]
        return OutputTensor(name, evidence, count, are_files=name == HEATMAP)
    if name == LIKENESS:
        found = [each.likeness for each in answers]
        return _numbers(wanted, [each for each in found if each is not None], len(answers))
    if name != SCORES:
        further = [_figures(each.further[name]) for each in answers]
        return _numbers(wanted, further, len(answers))
    scores = _numbers(wanted, [each.scores for each in answers if each.scores], len(answers))
    return scores if wanted.n_classes is None else _classified(scores, wanted.n_classes, labels)


def _figures(answer: OutputAnswer) -> tuple[float, ...] | float:
    return answer.decision.probabilities if isinstance(answer, Classes) else answer.value


def _numbers(
    wanted: WantedOutput, values: Sequence[tuple[float, ...] | float], n_answers: int
) -> OutputTensor:
    if len(values) < n_answers:
        raise RequestError(f"This model has no '{wanted.name}'. Ask for '{LABELS}'.")
    kind: type[np.floating] = np.float64 if wanted.datatype == "FP64" else np.float32
    array: NDArray[np.floating] = np.asarray(values, dtype=kind)
    return OutputTensor(wanted.name, array, array.shape)


def _classified(scores: OutputTensor, n_classes: int, labels: Sequence[str]) -> OutputTensor:
    """The highest ones, as VALUE:INDEX:LABEL (Triton's classification extension)."""
    values = np.asarray(scores.values)
    count = min(n_classes, values.shape[1])
    said = [
        f"{row[at]:f}:{at}:{labels[at]}".encode()
        for row in values
        for at in np.argsort(-row, kind="stable")[:count]
    ]
    return OutputTensor(scores.name, said, (len(values), count))
