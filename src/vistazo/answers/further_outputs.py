"""What a model of several outputs says beside its usual answer: classes, and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.decision import Decision, decide
from vistazo.errors import InputError
from vistazo.models.output_spec import ClassOutput, MoreOutput, NumberOutput
from vistazo.models.outputs import OutputSignature


@dataclass(frozen=True)
class Classes:
    """What was decided, and the labels of its probabilities."""

    labels: tuple[str, ...]
    decision: Decision

    @property
    def probabilities(self) -> dict[str, float]:
        return dict(zip(self.labels, self.decision.probabilities, strict=True))


@dataclass(frozen=True)
class Number:
    """A ``value`` in a ``unit``, which may be empty."""

    value: float
    unit: str


OutputAnswer = Classes | Number


@dataclass(frozen=True)
class FurtherOutputs:
    """Reads the rows of the outputs ``of`` a model, side by side, as its card ``says``."""

    of: Sequence[OutputSignature]
    says: Mapping[str, MoreOutput]

    @property
    def width(self) -> int:
        """Numbers per picture."""
        return sum(output.units for output in self.of)

    def read(self, row: NDArray[np.float32]) -> dict[str, OutputAnswer]:
        """By name, of one picture's (width,); without what is ignored.

        Raises InputError where a number is none.
        """
        return {
            name: _classes(part, spec) if isinstance(spec, ClassOutput) else _number(part, spec)
            for name, part, spec in self._heeded(row)
        }

    def _heeded(
        self, row: NDArray[np.float32]
    ) -> Iterator[tuple[str, NDArray[np.float32], ClassOutput | NumberOutput]]:
        at = 0
        for output in self.of:
            part, spec = row[at : at + output.units], self.says.get(output.name)
            at += output.units
            if isinstance(spec, ClassOutput | NumberOutput):
                _check_finite(part)
                yield output.name, part, spec


def _classes(scores: NDArray[np.float32], spec: ClassOutput) -> Classes:
    return Classes(spec.labels, decide(scores, spec))


def _number(scores: NDArray[np.float32], spec: NumberOutput) -> Number:
    values = np.asarray(scores, dtype=np.float64)
    with np.errstate(all="ignore"):  # what becomes of it is looked at
        x = np.arange(len(values)) @ values / values.sum() if len(values) > 1 else values[0]
        value = np.asarray(spec.offset + spec.scale * x)
    _check_finite(value)
    return Number(float(value), spec.unit)


def _check_finite(numbers: NDArray[np.floating]) -> None:
    if not np.isfinite(numbers).all():
        raise InputError(
            "The model has no finite answer to this picture: its weights may be damaged."
        )
