"""The files that belong together, and what each is called beside a model."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.models.fetch.partial import Bound
from vistazo.models.layers_text import MAX_BYTES
from vistazo.models.teachable_metadata import METADATA_NAME


@dataclass(frozen=True)
class Kind:
    """``beside`` is its file's name beside the model, where {stem} is the model's; {name} is the
    same without what says that it holds weights.
    """

    name: str
    beside: str
    bound: Bound


CARD = Kind("card", "{stem}.card.yaml", Bound(1_000_000))
LABELS = Kind("labels", "labels.txt", Bound(1_000_000))
LAYERS = tuple(
    Kind("layers", f"{{name}}{suffix}", Bound(MAX_BYTES)) for suffix in (".json", ".yaml")
)
WEIGHTS = ("{stem}.weights.h5", "{stem}.h5", "{stem}_weights.h5")
BASELINE = Kind("baseline", "{stem}.baseline.npz", Bound(50_000_000))
METADATA = Kind("metadata", METADATA_NAME, Bound(1_000_000))
