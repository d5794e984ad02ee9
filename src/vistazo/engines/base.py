"""What every engine does, and nothing of what a model means."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vistazo.models.signature import ModelSignature


@dataclass(frozen=True, eq=False)
class Outputs:
    """Of one forward pass over n images.

    ``scores`` is float32 (n, k); ``features``, the last spatial map, is float32 (n, fh, fw, fc), or
    None where the model has none. ``others`` are the rows of the signature's other outputs, side by
    side: float32 (n, m), or None where there are none.
    """

    scores: NDArray[np.float32]
    features: NDArray[np.float32] | None
    others: NDArray[np.float32] | None = None


def outputs_of(tensors: Sequence[NDArray[np.float32]], *, has_features: bool) -> Outputs:
    """``tensors`` are the scores, the features where there are any, and the other outputs."""
    features, others = (tensors[1], tensors[2:]) if has_features else (None, tensors[1:])
    joined = np.concatenate(others, axis=1) if others else None
    return Outputs(tensors[0], features, joined)


def further_tensors(signature: ModelSignature) -> list[str]:
    """What the other outputs are called in a compiled model, in their order."""
    return [output.tensor for output in signature.others]


def together(outputs: Sequence[Outputs]) -> Outputs:
    """Of one pass after the other, as if they had been one."""
    scores = np.concatenate([each.scores for each in outputs])
    maps = [each.features for each in outputs if each.features is not None]
    others = [each.others for each in outputs if each.others is not None]
    return Outputs(
        scores, np.concatenate(maps) if maps else None, np.concatenate(others) if others else None
    )


def part_of(outputs: Outputs, rows: slice) -> Outputs:
    """Of some of the images."""
    features, others = outputs.features, outputs.others
    return Outputs(
        outputs.scores[rows],
        None if features is None else features[rows],
        None if others is None else others[rows],
    )


# Logits (m, k) of feature maps (m, fh, fw, fc), m >= 1: the scores before the last activation.
Head = Callable[[NDArray[np.float32]], NDArray[np.float32]]


_NUMBERS_AT_ONCE, _MOST_MAPS = 4_000_000, 64  # 16 MB; as many as the cells of a heatmap


def maps_at_once(shape: Sequence[int]) -> int:
    """Of how many maps (fh, fw, fc) a head is asked at once: what was tried before it is served."""
    return max(1, min(_MOST_MAPS, _NUMBERS_AT_ONCE // math.prod(shape)))


@dataclass(frozen=True, eq=False)
class Probe:
    """A batch normalisation near the input, and what reaches it.

    ``mean`` and ``variance`` (c,) are those of its channels over the pictures of training, as the
    file holds them: nothing says that they are sound. ``is_frozen``: they are of an earlier
    training than that of the scores. ``measure`` gives the same two of each of float32 images
    (n, h, w, c), n >= 1: twice (n, c).
    """

    layer: str
    is_frozen: bool
    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    measure: Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True)
class Runtime:
    """What runs a model: a library, on a ``device`` (``cpu``), with numbers of a ``precision``."""

    engine: str
    version: str
    device: str = "cpu"
    precision: str = "float32"


class Engine(Protocol):
    @property
    def signature(self) -> ModelSignature: ...

    @property
    def runtime(self) -> Runtime: ...

    @property
    def head(self) -> Head | None:
        """What the model does after its last spatial map; None where it cannot run by itself."""
        ...

    @property
    def probe(self) -> Probe | None:
        """None where no batch normalisation is near the input, or it cannot be looked at."""
        ...

    def run(self, images: NDArray[np.float32]) -> Outputs:
        """Score float32 images (n, h, w, c), n >= 1. May be called from several threads."""
        ...

    def interrupt(self) -> None:
        """End the runs that are going on, with an error, where the engine can; no later ones."""
        ...

    def close(self) -> None: ...
