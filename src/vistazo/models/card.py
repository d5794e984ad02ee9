"""The model card: what the weights alone cannot say.

A card is a YAML file beside the weights (``model.keras`` -> ``model.card.yaml``). Labels are never
guessed: a model without a card is not served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from vistazo.errors import CardError
from vistazo.models.strict_yaml import read_yaml

Colour = Literal["grey", "rgb", "bgr"]
Resize = Literal["stretch", "fit", "crop"]
Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
OutputKind = Literal["softmax", "sigmoid", "multilabel", "logits"]

_SPARSE_FILTERS = ("nearest", "bilinear", "bicubic")
MAX_CARD_BYTES = 1_000_000
MAX_SIDE_PX = 4096

# Stands in a card for what only a person knows.
TO_DO = "TODO"

_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$"
# It stays in view on a phone, above the picture: a few lines.
_MAX_NOTICE = 300

Language = Annotated[str, Field(pattern=_LANGUAGE)]
# Which of the two is known before either is tried, so that a fault is told once, of that one.
Notice = Annotated[
    Annotated[Annotated[str, Field(max_length=_MAX_NOTICE)], Tag("text")]
    | Annotated[
        dict[Language, Annotated[str, Field(min_length=1, max_length=_MAX_NOTICE)]],
        Tag("languages"),
    ],
    Discriminator(lambda notice: "languages" if isinstance(notice, dict) else "text"),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Standardization(_Part):
    """``(x / divide_by - mean) / std`` per channel, for x in 0..255 (torchvision, Caffe)."""

    divide_by: float = Field(1.0, gt=0, description="First divide the 0..255 values by this.")
    mean: tuple[float, ...] = Field(min_length=1, description="Then subtract, one per channel.")
    std: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        min_length=1, description="Then divide, one per channel."
    )


KnownScale = Literal["none", "1/255", "1/127.5-1"]
Scale = KnownScale | Standardization


class InputSpec(_Part):
    """How a picture becomes the array that the model was trained on."""

    height: int = Field(gt=0, le=MAX_SIDE_PX, description="Rows of the model's input, pixels.")
    width: int = Field(gt=0, le=MAX_SIDE_PX, description="Columns of the model's input, pixels.")
    colour: Colour = Field(description="Channels and their order: grey (1), rgb or bgr (3).")
    resize: Resize = Field(
        "stretch",
        description="stretch: ignore the aspect ratio; fit: keep it and pad (as PIL.ImageOps.pad; "
        "without antialias, or nearest, as tf.image.resize_with_pad); crop: keep it and cut the "
        "centre (as PIL.ImageOps.fit; else as Keras' crop_to_aspect_ratio).",
    )
    filter: Filter = Field(
        "bilinear",
        description="Resampling filter; nearest takes single pixels, as Keras' "
        "flow_from_directory does.",
    )
    antialias: bool = Field(
        default=True,
        description="true: the filter widens with the reduction, as in Pillow. false: it looks at "
        "neighbouring pixels only, as in tf.image.resize, Keras' image_dataset_from_directory and "
        "OpenCV (filter: nearest, bilinear or bicubic).",
    )
    pad_value: int = Field(0, ge=0, le=255, description="Grey level of the padding (resize: fit).")
    scale: Scale = Field(
        description="Values that the model sees: none (0..255), 1/255 (0..1), 1/127.5-1 (-1..1), "
        "or divide_by, mean and std."
    )
    min_side_px: int = Field(
        32, ge=1, description="A picture with a shorter side is refused, pixels."
    )
    max_aspect_ratio: float = Field(
        4.0,
        ge=1,
        description="A picture whose long side is more than this times the short one is refused.",
    )

    @property
    def channels(self) -> int:
        return 1 if self.colour == "grey" else 3

    @model_validator(mode="after")
    def _filter_can_be_without_antialias(self) -> Self:
        if not self.antialias and self.filter not in _SPARSE_FILTERS:
            raise ValueError(
                f"antialias: false goes with filter {', '.join(_SPARSE_FILTERS)}, "
                f"not with {self.filter}"
            )
        return self

    @model_validator(mode="after")
    def _constants_fit_the_channels(self) -> Self:
        if isinstance(self.scale, Standardization):
            for name, values in (("mean", self.scale.mean), ("std", self.scale.std)):
                if len(values) not in (1, self.channels):
                    raise ValueError(
                        f"scale.{name} has {len(values)} values; {self.colour} needs "
                        f"{self.channels}"
                    )
        return self


class OutputSpec(_Part):
    """What the model's numbers are, and how a decision is made from them."""

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
        if self.uncertain_band and not 0 <= self.uncertain_band[0] < self.uncertain_band[1] <= 1:
            raise ValueError("uncertain_band must be two rising probabilities, such as [0.4, 0.6]")
        return self


class ModelCard(_Part):
    """The meaning of a model's inputs and outputs, and what is known of its worth."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: str = Field(
        "", max_length=200, description="What people read above an answer; else the name."
    )
    language: Language = Field("en", description="Of the card's texts (BCP 47).")
    notice: Notice = Field(
        "",
        description="What people must read above every answer, such as for what a model must not "
        "be used: a text in the card's language, or one for each of several, {en: ..., es: ...}.",
    )
    version: str = Field(min_length=1, max_length=50)
    labels: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        min_length=2,
        description="In the order of the model's outputs. For one sigmoid unit: the "
        "label of 0, then the label of 1.",
    )
    positive: str | None = Field(
        None,
        description="Two classes: the label that threshold, sensitivity and specificity "
        "speak of; the second label where this is left out.",
    )
    input: InputSpec
    output: OutputSpec
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="Of the weights file; checked at start."
    )
    intended_use: str = Field("", description="What the model is for, and what it is not for.")
    population: str = Field("", description="Whose pictures it was trained on.")
    training_data: str = Field("", description="Source, size, split.")
    figures: dict[str, Any] = Field(
        default_factory=dict, description="Measured results, each with the data it was measured on."
    )
    limits: str = Field("", description="How it fails; what was not tested.")
    licence: str = Field("", description="Of the weights.")

    @model_validator(mode="after")
    def _labels_make_sense(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.positive is not None and self.positive not in self.labels:
            raise ValueError(f"positive is '{self.positive}', which is not among the labels")
        if self.positive is not None and not self.is_binary:
            raise ValueError("positive is for two classes only")
        if self.output.kind == "sigmoid" and len(self.labels) != 2:
            raise ValueError("a sigmoid unit has two labels: that of 0, then that of 1")
        return self

    @property
    def own_notice(self) -> str:
        """The notice in the card's language, else in the first that it is written in."""
        if isinstance(self.notice, str):
            return self.notice
        return self.notice.get(self.language) or next(iter(self.notice.values()), "")

    @property
    def is_binary(self) -> bool:
        return len(self.labels) == 2 and self.output.kind != "multilabel"

    @property
    def positive_index(self) -> int:
        """The place of the positive label; the second where the card names none."""
        return self.labels.index(self.positive) if self.positive is not None else 1

    @property
    def units(self) -> tuple[int, ...]:
        """How many numbers per picture the model may give."""
        if self.output.kind == "sigmoid":
            return (1,)
        if self.output.kind == "logits" and self.is_binary:
            return (1, 2)
        return (len(self.labels),)


def card_path(model_path: Path) -> Path:
    """Where the card of a model lies: ``dir/model.keras`` -> ``dir/model.card.yaml``."""
    return model_path.with_name(model_path.stem + ".card.yaml")


def read_card(path: Path) -> ModelCard:
    """Read and validate a card. Raises CardError, with one line for every field that is wrong."""
    text = _text_of(path)
    if text is None:
        raise CardError(
            f"There is no model card at {path}. Labels are never guessed: "
            "'vistazo inspect MODEL' prints a card to complete and save there."
        )
    return parse_card(text, str(path))


def find_card(path: Path) -> ModelCard | None:
    """The card in a file; None where there is none, or nothing in it but blanks and comments.

    Raises CardError as ``read_card``.
    """
    text = _text_of(path)
    return None if text is None or is_blank(text) else parse_card(text, str(path))


def is_blank(text: str) -> bool:
    """Whether a card says nothing at all, as one that a shell has just made for ``> FILE``."""
    lines = (line.strip() for line in text.splitlines())
    return all(not line or line.startswith("#") for line in lines)


def _text_of(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CARD_BYTES + 1)
        if len(data) > MAX_CARD_BYTES:
            raise CardError(f"The model card {path} is larger than {MAX_CARD_BYTES} bytes.")
        return data.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"The model card {path} cannot be read: {error}.") from error


def parse_card(text: str, source: str = "the card") -> ModelCard:
    """Validate a card given as YAML. Raises CardError."""
    if is_blank(text):
        raise CardError(f"{source} is empty. Complete it, or delete it.")
    try:
        document = read_yaml(text)
    except ValueError as error:
        raise CardError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise CardError(f"{source} is not a model card: it should be a list of 'field: value'.")
    open_fields = list(_still_to_do(document))
    if open_fields:
        raise CardError(f"{source} still says {TO_DO} at {', '.join(open_fields)}. Complete it.")
    return validate_card(document, source)


def _still_to_do(document: Mapping[Any, Any], prefix: str = "") -> Iterator[str]:
    for name, value in document.items():
        if value == TO_DO:
            yield f"{prefix}{name}"
        elif isinstance(value, dict) and not prefix:
            yield from _still_to_do(value, f"{name}.")


def validate_card(document: Mapping[str, object], source: str) -> ModelCard:
    """A card of these fields. Raises CardError, with one line for every field that is wrong."""
    try:
        return ModelCard.model_validate(document)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, fault['loc'])) or 'card'}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        ]
        raise CardError(f"{source} needs a correction:\n" + "\n".join(lines)) from error


def write_card(card: ModelCard, path: Path) -> None:
    """Write a card as YAML; what equals its default is left out."""
    document = card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")
