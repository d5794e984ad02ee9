"""What a training run on texts is: a YAML file with ``task: text``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from vistazo.models.sample_card import Value
from vistazo.training.config import CardTexts, read_fields
from vistazo.training.config_part import Part

Column = Annotated[str, Field(min_length=1)]


class TextDataConfig(Part):
    """Which tables (.xlsx, .csv, .json), and what stands where in them."""

    file: Path = Field(description="What is learned from. Relative to the config file.")
    development: Path | None = Field(
        None, description="A second table, which is only measured on; with the same columns."
    )
    text: tuple[Column, ...] = Field(
        min_length=1, description="The columns that make up a text, joined by a line break."
    )
    label: Column
    groups: tuple[Column, ...] = Field(
        (),
        description="Rows that agree in any of these columns belong together (a paper, an author) "
        "and are never split. Of links the host counts, of other cells letters and digits.",
    )


class VectorizerConfig(Part):
    """Options of scikit-learn's TfidfVectorizer, under its own names."""

    token_pattern: str = r"(?u)\b\w\w+\b"  # noqa: S105 - words, not a secret
    strip_accents: Literal["ascii", "unicode"] | None = None
    lowercase: bool = True
    ngram_range: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 1)
    min_df: int = Field(1, ge=1)
    binary: bool = False
    use_idf: bool = True
    sublinear_tf: bool = False

    @field_validator("token_pattern")
    @classmethod
    def _is_an_expression(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"token_pattern is no regular expression: {error}") from error
        return pattern


class LogisticRegressionConfig(Part):
    """An option of scikit-learn's LogisticRegression, under its own name."""

    C: float = Field(1.0, gt=0)


class TextCardTexts(CardTexts):
    """What a person has to say, and the route that the model gets."""

    route: str | None = None
    answer_field: str = "predictions"
    values: tuple[Value, ...] | None = None


class TextTrainingConfig(Part):
    task: Literal["text"]
    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    version: str = "1.0.0"
    seed: int = Field(default=0, ge=0)
    labels: tuple[Column, Column]
    positive: str | None = None
    data: TextDataConfig
    vectorizer: VectorizerConfig = Field(default_factory=VectorizerConfig)
    logistic_regression: LogisticRegressionConfig = Field(default_factory=LogisticRegressionConfig)
    folds: int = Field(
        default=10, ge=2, description="In each, whole groups are held out, to calibrate on."
    )
    card: TextCardTexts = Field(default_factory=TextCardTexts)

    @model_validator(mode="after")
    def _labels_make_sense(self) -> Self:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels must differ from each other")
        if self.positive is not None and self.positive not in self.labels:
            raise ValueError("positive must be one of two labels")
        self.card.check_labels(self.labels)
        return self

    @property
    def positive_index(self) -> int:
        return self.labels.index(self.positive) if self.positive is not None else 1


def read_text_config(path: Path, data: Path | None = None) -> TextTrainingConfig:
    """Read a training file; ``data`` is another folder for the tables that it names.

    Raises SettingsError, with one line for every field that is wrong.
    """
    config = read_fields(path, TextTrainingConfig)

    def found(file: Path) -> Path:
        return data.absolute() / file.name if data else (path.parent.absolute() / file).resolve()

    development = config.data.development
    moved = config.data.model_copy(
        update={
            "file": found(config.data.file),
            "development": None if development is None else found(development),
        }
    )
    return config.model_copy(update={"data": moved})
