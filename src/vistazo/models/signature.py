"""What a model file shows of itself, without its card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from vistazo.models.outputs import OutputSignature

TEACHABLE_MACHINE = "teachable_machine"

_KEY = "vistazo.models.signature"
_SIZES = 7  # height, width, channels and units; three of the last map
_PRECISIONS = ("float32", "int8")


@dataclass(frozen=True)
class ModelSignature:
    """Input and output of a model, read from its file.

    ``activation`` is that of the last layer: ``softmax``, ``sigmoid``, ``linear``, another Keras
    name, or ``unknown``. ``features`` is (height, width, channels) of the last spatial map, or None
    where the model has none.

    ``scale`` is how pictures have to be scaled, as in a card, where layers of the model itself show
    it (``scale_why`` says which); None where they do not. ``origin`` names the tool that is known
    to have made the model: ``teachable_machine``, or empty. ``precision`` is that of most of its
    numbers.

    Of a model of several outputs ``output`` is the name of the one that is meant by ``units`` and
    ``activation``; empty where it has no name. ``others`` are further ones, and ``no_rows`` the
    names of those that are no row of numbers per picture, such as maps: they are not computed.
    """

    height: int
    width: int
    channels: int
    units: int
    activation: str
    features: tuple[int, int, int] | None
    weights: int
    layers: int
    framework: str
    scale: str | None = None
    scale_why: str = ""
    origin: str = ""
    precision: str = "float32"
    output: str = ""
    others: tuple[OutputSignature, ...] = ()
    no_rows: tuple[str, ...] = ()

    @property
    def has_several(self) -> bool:
        return bool(self.others or self.no_rows)

    def is_sound(self) -> bool:
        """Whether every field is of its kind: a file may say that it was written here."""
        sizes = (self.height, self.width, self.channels, self.units, *(self.features or (1, 1, 1)))
        numbers = (*sizes, self.weights, self.layers)
        known = (self.activation, self.framework, self.scale_why, self.origin, self.scale or "")
        texts = (*known, self.output, *self.no_rows)
        return (
            all(type(number) is int for number in numbers)
            and all(isinstance(text, str) for text in texts)
            and self.precision in _PRECISIONS
            and len(sizes) == _SIZES
            and min(sizes) > 0
            and all(output.is_sound() for output in self.others)
        )

    def to_metadata(self) -> dict[str, str]:
        """As the text properties of an ONNX file."""
        return {_KEY: json.dumps(asdict(self), sort_keys=True)}

    @staticmethod
    def from_metadata(properties: Mapping[str, str]) -> ModelSignature | None:
        """None where the properties hold no signature, or none that this version wrote."""
        try:
            fields = json.loads(properties[_KEY])
            features = fields["features"]
            fields["features"] = tuple(features) if features is not None else None
            others = fields.get("others", ())
            fields["others"] = tuple(OutputSignature(**output) for output in others)
            fields["no_rows"] = tuple(fields.get("no_rows", ()))
            signature = ModelSignature(**fields)
            return signature if signature.is_sound() else None
        except (KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class LayerRow:
    """One layer: its path through nested models, its output per picture, its number of weights."""

    name: str
    class_name: str
    output: tuple[int | None, ...] | None
    weights: int


@dataclass(frozen=True)
class Description:
    """A file, and whether it can be served: no ``signature`` where ``problems`` say why not."""

    kind: str
    framework: str
    signature: ModelSignature | None
    layers: tuple[LayerRow, ...]
    problems: tuple[str, ...]

    def to_json(self) -> str:
        signature = self.signature and self.signature.to_metadata()
        return json.dumps(asdict(self) | {"signature": signature})

    @staticmethod
    def from_json(text: str) -> Description:
        """What ``to_json`` wrote. Raises KeyError, TypeError, ValueError for anything else."""
        fields = json.loads(text)
        rows = [
            row | {"output": row["output"] and tuple(row["output"])} for row in fields["layers"]
        ]
        return Description(
            kind=fields["kind"],
            framework=fields["framework"],
            signature=ModelSignature.from_metadata(fields["signature"] or {}),
            layers=tuple(LayerRow(**row) for row in rows),
            problems=tuple(fields["problems"]),
        )
