"""What a training file says of the random changes to its pictures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vistazo.training.config_part import Fraction, Part

Strength = Annotated[float, Field(ge=0)]


class AugmentationConfig(Part):
    """Ranges of the random changes to training pictures. Zero turns one off."""

    unchanged: Fraction = Field(
        default=0.0,
        description="Share of the pictures that stay as they are. Some make the network better on "
        "pictures of its own collection, and worse on those of another.",
    )
    rotation_degrees: Strength = 10.0
    shift: Strength = Field(default=0.08, description="Of the side, either way.")
    zoom: Strength = Field(default=0.25, description="Powers of two, either way.")
    stretch: Strength = Field(
        default=0.15, description="Of the aspect ratio, powers of two, either way."
    )
    shear: Strength = 0.08
    flip: Fraction = Field(default=0.5, description="Chance of a left-right mirror image.")
    gamma: Strength = Field(default=0.6, description="Powers of two, either way.")
    contrast: Strength = Field(default=0.5, description="Powers of two about the mean, either way.")
    brightness: Strength = Field(default=0.15, description="Of the full range, either way.")
    colour: Strength = Field(
        default=0.0,
        exclude_if=lambda colour: colour == 0,
        description="Of each channel by itself, powers of two, either way: light of another "
        "colour, another camera.",
    )
    shading: Strength = Field(
        default=0.15, description="Slow change of exposure across the picture."
    )
    blur: Strength = Field(
        default=0.8, description="Share of a 3 x 3 mean mixed in, or taken out, which sharpens."
    )
    noise: Strength = Field(
        default=0.03, description="Largest standard deviation, of the full range."
    )
    border: Fraction = Field(
        default=0.3, description="Chance that part of the edge is black or grey."
    )
    erase: Fraction = Field(
        default=0.25, description="Chance of one rectangle without information."
    )
    foreign_border: Fraction = Field(
        default=0.5,
        description="Chance that what lies around the middle is another picture's: letters, "
        "exposure and framing there then say nothing about the label.",
    )
    foreign_border_width: Fraction = Field(
        default=0.25, lt=0.5, description="Largest, of the side, on each of the four sides."
    )
    foreign_patch: Fraction = Field(
        default=0.0, description="Chance, twice, of a small rectangle of another picture."
    )

    @property
    def of_one_picture(self) -> AugmentationConfig:
        """Without the changes that need a second picture."""
        return self.model_copy(update={"foreign_border": 0.0, "foreign_patch": 0.0})
