"""Whether a compiled model says what the framework says: the largest difference of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.framework import Framework
from vistazo.engines.onnx_session import open_session
from vistazo.errors import UnreadableModelError
from vistazo.models.signature import ModelSignature

TOLERANCE = 1e-4

_IMAGES, _SCORES = "images", "scores"
_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))
_OF_EACH_RANGE, _PATCHES, _SHARE_OF_NOISE = 3, 4, 0.3


@dataclass(frozen=True)
class Agreement:
    """Over ``pictures`` and all outputs.

    ``lowest`` and ``highest`` are of the framework's scores: a ``difference`` is to be seen beside
    them. ``same_class`` counts the pictures with the same highest score in each output.
    """

    pictures: int = 0
    difference: float = 0.0
    lowest: float = np.inf
    highest: float = -np.inf
    same_class: int = 0

    @property
    def is_within(self) -> bool:
        """A difference that is not a number is none."""
        return self.difference <= TOLERANCE * max(1.0, self.highest - self.lowest)

    def and_of(
        self, said: Iterable[NDArray[np.float32]], framework: Iterable[NDArray[np.float32]]
    ) -> Agreement:
        """With one more picture: both answers, each output (k,)."""
        pairs = list(zip(said, framework, strict=True))
        return Agreement(
            self.pictures + 1,
            # maximum, not max: it hands on what is not a number
            float(np.max([self.difference, *(_largest(a, b) for a, b in pairs)])),
            float(np.min([self.lowest, *(b.min() for _, b in pairs)])),
            float(np.max([self.highest, *(b.max() for _, b in pairs)])),
            self.same_class + all(a.argmax() == b.argmax() for a, b in pairs),
        )


def _largest(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(np.abs(a - b).max())


def agreement(
    compiled: Path, framework: Framework, images: Iterable[NDArray[np.float32]]
) -> Agreement:
    """Ask both about each image (h, w, c). Raises UnreadableModelError where outputs differ."""
    session = open_session(compiled)
    signature = ModelSignature.from_metadata(session.get_modelmeta().custom_metadata_map)
    others = signature.others if signature is not None else ()
    names, found = [_SCORES, *(output.tensor for output in others)], Agreement()
    for image in images:
        said = [one.reshape(-1) for one in session.run(names, {_IMAGES: image[None]})]
        told = _rows(framework.scores(image[None]), signature)
        if [one.shape for one in said] != [one.shape for one in told]:
            raise UnreadableModelError(
                f"{framework} gives {[len(one) for one in told]} scores, the compiled model "
                f"{[len(one) for one in said]}: they are not the same model."
            )
        found = found.and_of(said, told)
    return found


def _rows(
    told: Mapping[str, NDArray[np.float32]], signature: ModelSignature | None
) -> list[NDArray[np.float32]]:
    """Of one image: the framework's outputs in the order of the compiled model."""
    if signature is None or not signature.has_several:
        return [one[0] for one in told.values()]
    names = [signature.output, *(output.name for output in signature.others)]
    return [told[name][0] for name in names if name in told]


def random_images(height: int, width: int, channels: int) -> Iterator[NDArray[np.float32]]:
    """Coarse patches under noise, in the ranges that models are trained on; the same each time.

    Noise alone looks the same everywhere, which tells layers apart badly.
    """
    rng = np.random.default_rng(0)
    rows, columns = (np.arange(side) * _PATCHES // side for side in (height, width))
    for low, high in _RANGES:
        for _ in range(_OF_EACH_RANGE):
            patches = rng.uniform(low, high, (_PATCHES, _PATCHES, channels))
            noise = rng.uniform(low, high, (height, width, channels))
            mixed = (1 - _SHARE_OF_NOISE) * patches[rows][:, columns] + _SHARE_OF_NOISE * noise
            yield mixed.astype(np.float32)
