"""What a training run is: a YAML file, validated before any work starts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from vistazo.errors import SettingsError
from vistazo.models.card import InputSpec, check_label_titles
from vistazo.models.faults import fault_lines
from vistazo.models.serving_card import CostSpec, DriftSpec, PageSpec
from vistazo.models.strict_yaml import read_yaml
from vistazo.models.words import Language, Notice, Phrase, Prose
from vistazo.training.augmentation_config import AugmentationConfig
from vistazo.training.config_part import Fraction, Part
from vistazo.training.data_config import DataConfig, UnlikeConfig, names_are_free

_FEWEST_FOLDS = 2
Blocks = Annotated[int, Field(ge=1, le=8)]
_Config = TypeVar("_Config", bound=BaseModel)


class SplitConfig(Part):
    """How many of each label's pictures training does not see."""

    validation: Fraction = Field(
        default=0.1, gt=0, description="For calibration and the threshold."
    )
    holdout: Fraction = Field(default=0.12, gt=0, description="For the figures, and for no choice.")
    seed: int = Field(
        default=0, ge=0, description="Kept apart from the run's seed: a new run, same split."
    )
    fold: tuple[int, int] | None = Field(
        default=None,
        exclude_if=lambda fold: fold is None,
        description="[k, n]: hold out the k-th of n equal parts, for cross-validation; holdout "
        "is then not used.",
    )

    @field_validator("fold")
    @classmethod
    def _is_one_of_several(cls, fold: tuple[int, int] | None) -> tuple[int, int] | None:
        if fold is not None and not 1 <= fold[0] <= fold[1] >= _FEWEST_FOLDS:
            raise ValueError("a fold is [k, n] with 1 <= k <= n and n >= 2")
        return fold

    @property
    def held_out(self) -> tuple[float, float]:
        """The part of each label's pictures, 0..1 in the order that the seed gives, held out."""
        if self.fold is None:
            return 0.0, self.holdout
        part, parts = self.fold
        return (part - 1) / parts, part / parts

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> Self:
        low, high = self.held_out
        if self.validation + high - low > 0.8:
            raise ValueError("validation and holdout together take more than 0.8 of the pictures")
        return self


class NetworkConfig(Part):
    """A residual network: stages of doubling width, each half the side of the one before."""

    width: int = Field(default=32, ge=2, le=256, description="Filters of the first stage.")
    stages: int = Field(default=4, ge=1, le=6)
    blocks: Annotated[
        Annotated[Blocks, Tag("(number)")] | Annotated[tuple[Blocks, ...], Tag("(each)")],
        Discriminator(lambda said: "(each)" if isinstance(said, list | tuple) else "(number)"),
    ] = Field(default=1, description="Residual blocks of every stage, or of each: [1, 2, 2, 1].")
    members: int = Field(
        default=1, ge=1, le=8, description="Networks trained side by side, then joined."
    )
    dropout: Fraction = 0.3
    stride: Literal[2, 4] = Field(
        default=2,
        exclude_if=lambda stride: stride == 2,
        description="Step of the first convolution, pixels: 4 for large pictures of large things.",
    )

    @model_validator(mode="after")
    def _every_stage_has_blocks(self) -> Self:
        if len(self.blocks_of_stages) != self.stages:
            raise ValueError(f"blocks should be one number, or {self.stages}: one for each stage")
        return self

    @property
    def blocks_of_stages(self) -> tuple[int, ...]:
        return (self.blocks,) * self.stages if isinstance(self.blocks, int) else self.blocks


class FitConfig(Part):
    epochs: int = Field(default=18, ge=1)
    batch: int = Field(default=64, ge=2, description="Pictures per step.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Peak; a cosine takes it to zero.")
    warmup_epochs: float = Field(default=1.0, ge=0)
    weight_decay: float = Field(default=0.02, ge=0, description="Decoupled, as in AdamW.")
    label_smoothing: Fraction = 0.1
    balance_classes: bool = Field(
        default=True,
        description="Weigh pictures so that every label counts the same (prior 1/labels).",
    )
    average_decay: Fraction = Field(
        default=0.995,
        description="Per step; of the exponential average of weights that is shipped.",
    )


class ThresholdConfig(Part):
    """How the operating point is found on validation pictures."""

    views: int = Field(
        default=8,
        ge=0,
        description="Augmented views of each validation picture that join the plain one, so "
        "that the point holds where pictures look a little different. 0: the plain pictures only.",
    )
    sensitivity: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="Share of the positives, among all views, that the threshold has to find. "
        "Without it, the threshold is where sensitivity and specificity meet.",
    )
    uncertain_band: bool = True


class BaselineConfig(Part):
    """What the baseline, which tells strange pictures, learns from beside the training pictures."""

    unlike: Annotated[dict[str, UnlikeConfig], AfterValidator(names_are_free)] = Field(
        default_factory=dict,
        description="By name, kinds of picture that the model was not made for and that are too "
        "like its own to be told without examples.",
    )

    def under(self, home: Path) -> BaselineConfig:
        """The same, with folders from ``home`` on."""
        unlike = {
            name: kind.model_copy(update={"folder": (home / kind.folder).resolve()})
            for name, kind in self.unlike.items()
        }
        return self.model_copy(update={"unlike": unlike})


class CardTexts(Part):
    """What a person has to say; copied to the model card as it stands."""

    title: Phrase = ""
    language: Language = "en"
    notice: Notice = ""
    made_for: Phrase = ""
    label_titles: dict[str, Phrase] = Field(default_factory=dict)
    intended_use: Prose = ""
    population: Prose = ""
    training_data: Prose = ""
    limits: Prose = ""
    licence: Prose = ""
    drift: DriftSpec = Field(default_factory=DriftSpec)
    page: PageSpec = Field(default_factory=PageSpec)
    costs: CostSpec | None = None

    def check_labels(self, labels: Sequence[str]) -> None:
        """Raises ValueError for what no card with these labels may say: before a run, not after."""
        if unknown := [label for label in self.drift.class_share if label not in labels]:
            raise ValueError(f"card.drift.class_share has '{unknown[0]}', which is no label")
        if self.costs is not None and len(labels) != 2:
            raise ValueError("card.costs are for two labels only")
        check_label_titles(self.label_titles, labels)


class TrainingConfig(Part):
    task: Literal["image"] = "image"
    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    file: str | None = Field(
        default=None,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.(keras|h5)$",
        description="What the weights are called, where not NAME.keras; .h5: Keras' older format.",
    )
    version: str = "1.0.0"
    seed: int = Field(default=0, ge=0)
    labels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=2)
    positive: str | None = None
    data: DataConfig
    input: InputSpec
    splits: SplitConfig = Field(default_factory=SplitConfig)
    network: NetworkConfig = Field(default_factory=NetworkConfig)
    fit: FitConfig = Field(default_factory=FitConfig)
    augmentation: AugmentationConfig = Field(default_factory=AugmentationConfig)
    threshold: ThresholdConfig = Field(default_factory=ThresholdConfig)
    baseline: BaselineConfig = Field(default_factory=BaselineConfig)
    card: CardTexts = Field(default_factory=CardTexts)

    @model_validator(mode="after")
    def _labels_make_sense(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.positive is not None and (not self.is_binary or self.positive not in self.labels):
            raise ValueError("positive must be one of two labels")
        self.card.check_labels(self.labels)
        return self

    @model_validator(mode="after")
    def _figures_have_one_name_each(self) -> Self:
        if twice := sorted({*self.data.other} & {*self.baseline.unlike}):
            raise ValueError(f"data.other and baseline.unlike both have '{twice[0]}'")
        return self

    @property
    def weights_file(self) -> str:
        return self.file or f"{self.name}.keras"

    @property
    def is_binary(self) -> bool:
        return len(self.labels) == 2

    @property
    def positive_index(self) -> int:
        return self.labels.index(self.positive) if self.positive is not None else 1

    @property
    def recipe_sha256(self) -> str:
        """Of all that decides the weights: a checkpoint fits only its own recipe."""
        recipe = self.model_dump_json(
            include={"seed", "labels", "input", "splits", "network", "fit", "augmentation"},
            exclude={"input": {"accepts"}},
        )
        return hashlib.sha256(recipe.encode()).hexdigest()


def read_config(path: Path, data: Path | None = None) -> TrainingConfig:
    """Read a training file; ``data`` takes the place of the folder it trains on.

    Raises SettingsError, with one line for every field that is wrong.
    """
    config, home = read_fields(path, TrainingConfig), path.parent.absolute()
    folder = data.absolute() if data is not None else home / config.data.folder
    other = {
        name: entry.model_copy(update={"folder": (home / entry.folder).resolve()})
        for name, entry in config.data.other.items()
    }
    moved = config.data.model_copy(update={"folder": folder.resolve(), "other": other})
    return config.model_copy(update={"data": moved, "baseline": config.baseline.under(home)})


def read_fields(path: Path, kind: type[_Config]) -> _Config:
    """The fields of a training file, of one kind. Raises as ``read_config``."""
    try:
        return kind.model_validate(_document(path))
    except ValidationError as error:
        lines = fault_lines(error, "file")
        raise SettingsError(f"{path} needs a correction:\n" + "\n".join(lines)) from error


def task_of(path: Path) -> str:
    """What the model of a training file takes: ``image`` or ``text``. Raises SettingsError."""
    return str(_document(path).get("task", "image"))


def _document(path: Path) -> dict[object, object]:
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The training file {path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"The training file {path} should be a list of 'field: value'.")
    return document
