"""What a card says to the service that serves its model: what is watched, shown and counted."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vistazo.models.words import Phrase

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DriftSpec(_Part):
    """When what is asked and answered has changed so much that somebody is told."""

    window: int = Field(250, ge=50, le=5_000, description="How many answers are looked at at once.")
    psi: float = Field(
        0.25,
        gt=0,
        description="Population stability index from which a quantity has changed, where chance is "
        "ruled out as well: 0.1 is usually called a small change, 0.25 a large one.",
    )
    ignore: tuple[str, ...] = Field(
        (), description="Quantities that are not watched, such as size."
    )
    class_share: dict[str, tuple[Share, Share]] = Field(
        default_factory=dict,
        description="Least and greatest share of the answers that a label may have, such as "
        "{PNEUMONIA: [0.3, 0.9]}; by default about what it had in the baseline.",
    )

    @model_validator(mode="after")
    def _shares_rise(self) -> Self:
        for label, (least, most) in self.class_share.items():
            if least > most:
                raise ValueError(f"class_share of '{label}' must rise, such as [0.3, 0.9]")
        return self


class PageSpec(_Part):
    """How the page works with this model."""

    ask: bool = Field(
        default=False,
        description="true: pictures are sent by the button Predict; false: as soon as they are "
        "chosen.",
    )
    example_credit: Phrase = Field(
        default="",
        description="Whose work the picture beside the model is that the page offers to try, "
        "MODEL.example.jpeg: a text, or {en: ..., es: ...}.",
    )


class CostSpec(_Part):
    """What errors cost, for two classes: a part in production is of the positive label or not."""

    currency: str = Field(min_length=1, max_length=10, description="Such as EUR.")
    false_accept: float = Field(
        ge=0, description="Of one that is of the positive label, and passes for the other."
    )
    false_reject: float = Field(ge=0, description="Of one that is not, and is called positive.")
    positive_share: Share = Field(description="Share of positives where the model is used, 0..1.")
