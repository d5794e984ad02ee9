"""What the numbers of a model's outputs are: one that classifies, and further ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

OutputKind = Literal["softmax", "sigmoid", "multilabel", "logits"]
NumberKind = Literal["value", "expectation"]
FURTHER_KINDS = "softmax, sigmoid, multilabel, logits, value, expectation or ignored"

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def check_band(band: tuple[float, float] | None) -> None:
    """Raises ValueError for an ``uncertain_band`` that is no interval of probabilities."""
    if band and not 0 <= band[0] < band[1] <= 1:
        raise ValueError("uncertain_band must be two rising probabilities, such as [0.4, 0.6]")


def is_of_classes(kind: object) -> bool:
    return kind in get_args(OutputKind)


def is_binary(kind: OutputKind, labels: Sequence[str]) -> bool:
    """Whether one of two labels is decided on, by a threshold."""
    return len(labels) == 2 and kind != "multilabel"


def units_of(kind: OutputKind, labels: Sequence[str]) -> tuple[int, ...]:
    """How many numbers per picture the model may give."""
    if kind == "sigmoid":
        return (1,)
    if kind == "logits" and is_binary(kind, labels):
        return (1, 2)
    return (len(labels),)


def check_labels(kind: OutputKind | None, labels: Sequence[str], positive: str | None) -> None:
    """Raises ValueError where labels do not make sense, or ``positive`` is none of two."""
    if len(set(labels)) != len(labels):
        raise ValueError("labels must differ from each other")
    if kind == "sigmoid" and len(labels) != 2:
        raise ValueError("a sigmoid unit has two labels: that of 0, then that of 1")
    if positive is not None and positive not in labels:
        raise ValueError(f"positive is '{positive}', which is not among the labels")
    if positive is not None and not (kind is None or is_binary(kind, labels)):
        raise ValueError("positive is for two classes only")


class Decided(_Part):
    """What numbers are that classify, and how a decision is made from them."""

    kind: OutputKind = Field(
        description="softmax: one probability per label; sigmoid: one unit, the probability of the "
        "positive label; multilabel: independent sigmoids; logits: the service applies the softmax "
        "(one unit: the sigmoid)."
    )
    threshold: float = Field(
        0.5, gt=0, lt=1, description="Positive from this probability on (two classes, multilabel)."
    )
    temperature: float = Field(
        1.0,
        gt=0,
        description="Logits are divided by this before they become probabilities "
        "(Guo et al. 2017, On Calibration of Modern Neural Networks).",
    )
    uncertain_band: tuple[float, float] | None = Field(
        None,
        description="Between these probabilities of the positive label the answer carries the "
        "warning 'uncertain'.",
    )

    @model_validator(mode="after")
    def _band_is_an_interval(self) -> Self:
        check_band(self.uncertain_band)
        return self


class OutputSpec(Decided):
    """What the model's numbers are, and how a decision is made from them."""

    name: Name | None = Field(
        None,
        exclude_if=lambda name: name is None,
        description="Of several outputs, that which the card's labels are of: its usual answer. By "
        "default the first that classifies. 'vistazo inspect' prints the names.",
    )

    @model_validator(mode="before")
    @classmethod
    def _classifies(cls, fields: object) -> object:
        if isinstance(fields, dict) and fields.get("kind") in ("value", "expectation"):
            raise ValueError(
                f"kind {fields['kind']} is for further outputs (more_outputs). A model of nothing "
                "but numbers cannot be served: it has to classify"
            )
        return fields


class ClassOutput(Decided):
    """A further output that classifies."""

    labels: tuple[Name, ...] = Field(
        (),  # a card puts its own in
        min_length=2,
        description="In the order of its numbers; by default the card's own. For one sigmoid unit: "
        "that of 0, then that of 1.",
    )
    positive: str | None = Field(
        None, description="Two classes: the label that threshold speaks of; by default the second."
    )

    @model_validator(mode="after")
    def _labels_make_sense(self) -> Self:
        check_labels(self.kind, self.labels, self.positive)
        return self

    @property
    def output(self) -> Decided:
        return self

    @property
    def is_binary(self) -> bool:
        return is_binary(self.kind, self.labels)

    @property
    def positive_index(self) -> int:
        return self.labels.index(self.positive) if self.positive is not None else 1

    @property
    def units(self) -> tuple[int, ...]:
        return units_of(self.kind, self.labels)


class NumberOutput(_Part):
    """A further output that is a number, such as an age: ``offset + scale * x``."""

    kind: NumberKind = Field(
        description="value: x is the one number itself; expectation: x is the mean of 0, 1, 2 ... "
        "weighted with the output's probabilities, as of an age in 101 classes (softmax)."
    )
    unit: str = Field("", max_length=50, description="Such as years.")
    scale: float = Field(1.0, description="Of the number; not 0.")
    offset: float = Field(0.0, description="Added to the number, once it is scaled.")

    @model_validator(mode="after")
    def _scale_is_none_that_forgets(self) -> Self:
        if self.scale == 0:
            raise ValueError("scale must not be 0: every picture would have one number")
        return self


class IgnoredOutput(_Part):
    """A further output that is not answered, such as an embedding."""

    kind: Literal["ignored"]


def _sort(said: object) -> str | None:
    """Which of the three a further output is, by its ``kind``; None where it says none of them."""
    kind = said.get("kind") if isinstance(said, dict) else getattr(said, "kind", None)
    if is_of_classes(kind):
        return "classes"
    return "number" if kind in get_args(NumberKind) else kind if kind == "ignored" else None


MoreOutput = Annotated[
    Annotated[ClassOutput, Tag("classes")]
    | Annotated[NumberOutput, Tag("number")]
    | Annotated[IgnoredOutput, Tag("ignored")],
    Discriminator(
        _sort,
        custom_error_type="kind",
        custom_error_message=f"kind must be {FURTHER_KINDS}",
    ),
]
MoreOutputs = dict[Name, MoreOutput]
