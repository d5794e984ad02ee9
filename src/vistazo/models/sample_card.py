"""The card of a model of texts, or of rows of numbers: samples, as scikit-learn calls both."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vistazo.models.card import Card
from vistazo.models.output_spec import check_band

# A path of its own, for a system that exists already.
ROUTE = r"^/[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$"
_FIELD = r"^[A-Za-z_][A-Za-z0-9_]*$"


def _is_plain(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("should be a text, a number, true or false")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("should be a number that is finite")
    return value


Value = Annotated[bool | int | float | str, BeforeValidator(_is_plain)]
# What the service's own paths begin with, those to come too.
_RESERVED = (
    "predict", "explain", "preview", "model", "health", "metrics", "drift", "feedback", "admin",
    "page", "docs", "redoc", "v2",
)  # fmt: skip
_RESERVED_BELOW = "/v1/models"  # the rest of /v1 was there to be taken


def is_reserved(path: str) -> bool:
    """Whether a path is, or lies below, one of the service's."""
    if path == _RESERVED_BELOW or path.startswith(f"{_RESERVED_BELOW}/"):
        return True
    return path.split("/")[1] in _RESERVED


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TextSpec(_Part):
    """Which texts look like those of training; others are answered with a warning."""

    min_known_share: float = Field(
        0.0, ge=0, le=1, description="Least share of a text's words that the model knows."
    )
    min_words: int = Field(1, ge=0, description="Fewest words of a text like those of training.")
    max_words: int | None = Field(None, ge=1, description="Most of them; by default any number.")


class RowSpec(_Part):
    """What the numbers of a row are."""

    columns: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        (), description="Their names, in order; where left out, those in the file."
    )


class SampleOutput(_Part):
    """How a decision is made. Where nothing is said, it is the estimator's own."""

    threshold: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Two classes: positive from this probability on.",
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


class _SampleCard(Card):
    output: SampleOutput = SampleOutput()
    route: str | None = Field(
        None,
        pattern=ROUTE,
        max_length=100,
        description="A path of its own beside /predict, such as /falsetrue: it answers with "
        "answer_field alone.",
    )
    answer_field: str = Field(
        "predictions", pattern=_FIELD, max_length=100, description="The one field of that answer."
    )
    values: tuple[Value, ...] | None = Field(
        None,
        description="What answer_field holds for each label, in their order, such as [0, 1]; by "
        "default the estimator's own classes_.",
    )

    @model_validator(mode="after")
    def _the_route_is_nobody_elses(self) -> Self:
        if self.route is not None and is_reserved(self.route):
            raise ValueError(f"route: the service itself has paths at {self.route}; name another")
        return self

    @model_validator(mode="after")
    def _there_is_a_value_for_each_label(self) -> Self:
        if self.values is not None and len(self.values) != len(self.labels):
            raise ValueError("values must be as many as labels")
        return self


class TextCard(_SampleCard):
    """The meaning of the inputs and outputs of a model of texts, and what is known of its worth."""

    task: Literal["text"] = "text"
    input: TextSpec = TextSpec()


class RowCard(_SampleCard):
    """The same of a model that takes rows of numbers."""

    task: Literal["rows"] = "rows"
    input: RowSpec = RowSpec()


SampleCard = TextCard | RowCard
