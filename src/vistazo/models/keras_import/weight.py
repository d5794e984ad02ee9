"""One array of a model file, whatever keeps it: HDF5, or the shards of TensorFlow.js."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.errors import UnreadableModelError
from vistazo.models.keras_import.file_faults import FILE_FAULTS, reason_of


@dataclass(frozen=True, eq=False)
class Weight:
    """Its shape is known; ``load`` gets its numbers, and is called when they are asked for.

    ``is_quantized``: whole numbers that stand for something else, whose scale is kept elsewhere.
    """

    name: str
    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]]
    is_quantized: bool = False

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def read(self) -> NDArray[np.float32]:
        """The numbers as float32, whatever precision the file keeps."""
        try:
            with np.errstate(over="ignore"):
                return np.asarray(self.load(), dtype=np.float32)
        except FILE_FAULTS as error:
            raise UnreadableModelError(
                f"The weight '{self.name}' cannot be read: {reason_of(error)}. The file is damaged "
                "or was not copied whole."
            ) from error
