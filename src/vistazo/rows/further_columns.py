"""The further outputs of a model in a table: a number is a column; classes are one for the label
and one for each probability.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vistazo.answers.further_outputs import Classes, OutputAnswer
from vistazo.classifier import Classifier
from vistazo.models.output_spec import ClassOutput, NumberOutput


@dataclass(frozen=True)
class FurtherColumns:
    """``outputs`` are the names of the outputs, and of each the labels, None for a number."""

    outputs: tuple[tuple[str, tuple[str, ...] | None], ...] = ()

    @staticmethod
    def of(classifier: Classifier) -> FurtherColumns:
        """In the order of the model; without what is ignored."""
        said, names = classifier.card.more_outputs, [of.name for of in classifier.signature.others]
        specs = ((name, said.get(name)) for name in names)
        return FurtherColumns(
            tuple(
                (name, spec.labels if isinstance(spec, ClassOutput) else None)
                for name, spec in specs
                if isinstance(spec, ClassOutput | NumberOutput)
            )
        )

    def names(self) -> Iterator[tuple[str, bool]]:
        """Of the columns, and whether each is text."""
        for name, labels in self.outputs:
            yield name, labels is not None
            for label in labels or ():
                yield f"{name}: {label}", False

    def cells(self, found: Mapping[str, Any]) -> Iterator[object]:
        """Of ``as_objects``, in the order of ``names``."""
        for name, labels in self.outputs:
            said = found[name]
            yield said["value"] if labels is None else said["predicted_class"]
            for label in labels or ():
                yield said["probabilities"][label]

    def read(self, cells: Sequence[Any]) -> dict[str, Any]:
        """``as_objects`` again, as far as the cells tell."""
        left, found = iter(cells), dict[str, Any]()
        for name, labels in self.outputs:
            first = next(left)
            if labels is None:
                found[name] = {"value": first}
            else:
                shares = {label: next(left) for label in labels}
                found[name] = {"predicted_class": first, "probabilities": shares}
        return found


def as_objects(answers: Mapping[str, OutputAnswer]) -> dict[str, dict[str, object]]:
    """For JSON, by name."""
    return {
        name: {
            "predicted_class": answer.decision.predicted_class,
            "confidence": answer.decision.confidence,
            "probabilities": answer.probabilities,
            "warnings": list(answer.decision.warnings),
        }
        if isinstance(answer, Classes)
        else {"value": answer.value, "unit": answer.unit}
        for name, answer in answers.items()
    }


def in_words(answers: Mapping[str, OutputAnswer]) -> str:
    """Of all but the first, which the usual answer is of: for people, on its line."""
    return "".join(f"  {name}: {_said(each)}" for name, each in [*answers.items()][1:])


def _said(answer: OutputAnswer) -> str:
    if isinstance(answer, Classes):
        decision = answer.decision
        doubt = f" ({', '.join(decision.warnings)})" if decision.warnings else ""
        return f"{decision.predicted_class} {decision.confidence:.1%}{doubt}"
    return f"{answer.value:.4g} {answer.unit}".rstrip()
