"""How a picture is to be, and to be prepared, as it travels to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from vistazo.pictures.claims import Accepted, HeaderBounds
from vistazo.pictures.preparation import Preparation, Scale
from vistazo.pictures.shape import ShapeBounds


@dataclass(frozen=True)
class _Constants:
    divide_by: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Asked(Preparation, ShapeBounds, Protocol):
    """Of a card's input what a worker has to know."""

    @property
    def accepts(self) -> Accepted | None: ...


@dataclass(frozen=True)
class Recipe:
    """What was ``Asked``."""

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
    min_side_px: int
    max_aspect_ratio: float
    accepts: HeaderBounds | None = None

    @staticmethod
    def of(spec: Asked) -> Recipe:
        how = spec.scale
        if not isinstance(how, str):
            how = _Constants(how.divide_by, how.mean, how.std)
        accepts = None if spec.accepts is None else HeaderBounds.of(spec.accepts)
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
            spec.min_side_px,
            spec.max_aspect_ratio,
            accepts,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(fields: Mapping[str, Any]) -> Recipe:
        how, accepts = fields["scale"], fields["accepts"]
        scale = how if isinstance(how, str) else _Constants(**how)
        bounds = None if accepts is None else HeaderBounds(**accepts)
        return Recipe(**{**fields, "scale": scale, "accepts": bounds})
