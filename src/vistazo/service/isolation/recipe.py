"""How a picture is to be prepared, as it travels to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from vistazo.pictures.preparation import Preparation, Scale


@dataclass(frozen=True)
class _Constants:
    divide_by: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Recipe:
    """A ``Preparation``."""

    height: int
    width: int
    channels: int
    colour: Literal["grey", "rgb", "bgr"]
    resize: Literal["stretch", "fit", "crop"]
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
    antialias: bool
    equalize: bool
    pad_value: int
    scale: Scale

    @staticmethod
    def of(spec: Preparation) -> Recipe:
        how = spec.scale
        if not isinstance(how, str):
            how = _Constants(how.divide_by, how.mean, how.std)
        return Recipe(
            spec.height,
            spec.width,
            spec.channels,
            spec.colour,
            spec.resize,
            spec.filter,
            spec.antialias,
            spec.equalize,
            spec.pad_value,
            how,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(fields: Mapping[str, Any]) -> Recipe:
        how = fields["scale"]
        return Recipe(**{**fields, "scale": how if isinstance(how, str) else _Constants(**how)})
