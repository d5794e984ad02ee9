"""The model card: what the weights alone cannot say. Labels are never guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from vistazo.models.accepted_headers import AcceptedHeaders
from vistazo.models.output_spec import (
    ClassOutput,
    MoreOutputs,
    OutputSpec,
    check_labels,
    is_binary,
    is_of_classes,
    units_of,
)
from vistazo.models.serving_card import CostSpec, DriftSpec, PageSpec
from vistazo.models.words import Language, Notice, Phrase, Prose, spoken

Colour = Literal["grey", "rgb", "bgr"]
Resize = Literal["stretch", "fit", "crop"]
Filter = Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]

_SPARSE_FILTERS = ("nearest", "bilinear", "bicubic")
MAX_SIDE_PX = 4096


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Standardization(_Part):
    """``(x / divide_by - mean) / std`` per channel, for x in 0..255 (torchvision, Caffe)."""

    divide_by: float = Field(1.0, gt=0, description="First divide the 0..255 values by this.")
    mean: tuple[float, ...] = Field(min_length=1, description="Then subtract, one per channel.")
    std: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        min_length=1, description="Then divide, one per channel."
    )


KnownScale = Literal["none", "1/255", "1/127.5-1", "per_picture"]
# In brackets, so that a fault can be told without them: no field is called so.
Scale = Annotated[
    Annotated[KnownScale, Tag("(known)")] | Annotated[Standardization, Tag("(constants)")],
    Discriminator(lambda how: "(constants)" if isinstance(how, dict | _Part) else "(known)"),
]


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
    equalize: bool = Field(
        default=False,
        exclude_if=lambda equalize: not equalize,
        description="true: the grey levels of the resized picture, 0..255, are spread evenly, each "
        "channel by itself (histogram equalization, as PIL.ImageOps.equalize), so that exposure "
        "and a machine's tone curve count for nothing.",
    )
    pad_value: int = Field(0, ge=0, le=255, description="Grey level of the padding (resize: fit).")
    scale: Scale = Field(
        description="Values that the model sees: none (0..255), 1/255 (0..1), 1/127.5-1 (-1..1), "
        "per_picture (less the picture's own mean, by its own deviation, padding included, as "
        "tf.image.per_image_standardization), or divide_by, mean and std."
    )
    min_side_px: int = Field(
        32, ge=1, description="A picture with a shorter side is refused, pixels."
    )
    max_aspect_ratio: float = Field(
        4.0,
        ge=1,
        description="A picture whose long side is more than this times the short one is refused.",
    )
    accepts: AcceptedHeaders | None = Field(
        None,
        exclude_if=lambda accepts: accepts is None,
        description="What the header of a DICOM file may say; by default it is not looked at.",
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


Label = Annotated[str, Field(min_length=1, max_length=200)]


class Card(_Part):
    """What every model's card says, whatever the model takes."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    title: Phrase = Field(
        "",
        description="What people read above an answer; else the name. As all texts of a card: in "
        "its language, or in each of several, {en: ..., es: ...}.",
    )
    language: Language = Field("en", description="Of the card's texts (BCP 47).")
    notice: Notice = Field(
        "",
        description="What people must read above every answer, such as for what a model must not "
        "be used.",
    )
    made_for: Phrase = Field(
        "",
        description="Of what the model takes, in a few words that can follow 'for': chest X-rays "
        "of children of one to five years. Stands where pictures are added, and beside answers.",
    )
    version: str = Field(min_length=1, max_length=50)
    labels: tuple[Label, ...] = Field(
        min_length=2,
        description="In the order of the model's outputs. For one sigmoid unit: the "
        "label of 0, then the label of 1. For a file of scikit-learn: in that of its classes_.",
    )
    label_titles: dict[Label, Phrase] = Field(
        default_factory=dict,
        description="What people read in place of a label, of all or some: {PNEUMONIA: {en: "
        "Pneumonia, es: Neumonía}}. Programs get the labels themselves.",
    )
    positive: str | None = Field(
        None,
        description="Two classes: the label that threshold, sensitivity and specificity "
        "speak of; the second label where this is left out.",
    )
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="Of the weights file; checked at start."
    )
    intended_use: Prose = Field("", description="What the model is for, and what it is not for.")
    population: Prose = Field("", description="Whose pictures or texts it was trained on.")
    training_data: Prose = Field("", description="Source, size, split.")
    figures: dict[str, Any] = Field(
        default_factory=dict, description="Measured results, each with the data it was measured on."
    )
    limits: Prose = Field("", description="How it fails; what was not tested.")
    licence: Prose = Field("", description="Of the weights.")
    drift: DriftSpec = Field(default_factory=DriftSpec, exclude_if=lambda it: it == DriftSpec())
    page: PageSpec = Field(default_factory=PageSpec, exclude_if=lambda it: it == PageSpec())
    costs: CostSpec | None = Field(None, exclude_if=lambda it: it is None)

    @model_validator(mode="after")
    def _what_is_served_fits_the_labels(self) -> Self:
        if unknown := [label for label in self.drift.class_share if label not in self.labels]:
            raise ValueError(f"drift.class_share has '{unknown[0]}', which is not among the labels")
        if self.costs is not None and not self.is_binary:
            raise ValueError("costs are for two classes only")
        check_label_titles(self.label_titles, self._answered_labels)
        return self

    @model_validator(mode="after")
    def _labels_make_sense(self) -> Self:
        check_labels(None, self.labels, self.positive)
        if self.positive is not None and not self.is_binary:
            raise ValueError("positive is for two classes only")
        return self

    @property
    def _answered_labels(self) -> tuple[str, ...]:
        """Those of all outputs."""
        return self.labels

    @property
    def own_notice(self) -> str:
        """The notice in the card's language, else in the first that it is written in."""
        return spoken(self.notice, self.language, self.language)

    @property
    def is_binary(self) -> bool:
        return len(self.labels) == 2

    @property
    def positive_index(self) -> int:
        """The place of the positive label; the second where the card names none."""
        return self.labels.index(self.positive) if self.positive is not None else 1


def check_label_titles(titles: Mapping[str, object], labels: Sequence[str]) -> None:
    """Raises ValueError for the title of what is no label."""
    if unknown := [label for label in titles if label not in labels]:
        raise ValueError(f"label_titles has '{unknown[0]}', which is not among the labels")


def _lacks_labels(spec: object) -> bool:
    return isinstance(spec, dict) and is_of_classes(spec.get("kind")) and "labels" not in spec


class ModelCard(Card):
    """What the numbers of a model of pictures mean, and what is known of its worth."""

    task: Literal["image"] = "image"
    input: InputSpec
    output: OutputSpec
    more_outputs: MoreOutputs = Field(
        default_factory=dict,
        exclude_if=lambda more: not more,
        description="What the model's further outputs mean, each by its own name: "
        "{age: {kind: value, unit: years}}. Each has to be there, if only as {kind: ignored}.",
    )

    @model_validator(mode="before")
    @classmethod
    def _labels_of_outputs_are_by_default_its_own(cls, fields: object) -> object:
        more = fields.get("more_outputs") if isinstance(fields, dict) else None
        if not isinstance(fields, dict) or not isinstance(more, dict):
            return fields
        labels = {"labels": fields.get("labels")}
        told = {name: labels | spec if _lacks_labels(spec) else spec for name, spec in more.items()}
        return {**fields, "more_outputs": told}

    @model_validator(mode="after")
    def _labels_fit_the_output(self) -> Self:
        check_labels(self.output.kind, self.labels, self.positive)
        if self.output.name is not None and self.output.name in self.more_outputs:
            raise ValueError(f"'{self.output.name}' is both output.name and in more_outputs")
        return self

    @property
    def _answered_labels(self) -> tuple[str, ...]:
        more = self.more_outputs.values()
        further = [label for spec in more if isinstance(spec, ClassOutput) for label in spec.labels]
        return (*self.labels, *further)

    @property
    def is_binary(self) -> bool:
        return is_binary(self.output.kind, self.labels)

    @property
    def units(self) -> tuple[int, ...]:
        """How many numbers per picture the model may give."""
        return units_of(self.output.kind, self.labels)
