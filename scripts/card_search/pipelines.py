"""How people prepare pictures for training: the frameworks' own code, none of Vistazo's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image, ImageOps

Floats = NDArray[np.float32]
Read = Callable[[Path, "Pipeline"], Any]


@dataclass(frozen=True)
class Pipeline:
    """``read`` makes an array of 0..255 of a file, ``scale`` what the model sees."""

    read: str
    scale: str
    side: int = 64
    is_grey: bool = False

    @property
    def channels(self) -> int:
        return 1 if self.is_grey else 3

    def load(self, files: Sequence[Path]) -> Floats:
        arrays = [np.asarray(READERS[self.read](file, self), np.float32) for file in files]
        pixels = np.stack(arrays).reshape(len(files), self.side, self.side, self.channels)
        return np.asarray(SCALES[self.scale](pixels), np.float32)


def _decoded(file: Path, how: Pipeline) -> Any:
    return tf.io.decode_image(file.read_bytes(), channels=how.channels, expand_animations=False)


def _with_tensorflow(file: Path, how: Pipeline) -> Any:
    """What ``image_dataset_from_directory`` and the tutorials of ``tf.data`` do."""
    return tf.image.resize(_decoded(file, how), (how.side, how.side))


def _cropped_by_keras(file: Path, how: Pipeline) -> Any:
    """``image_dataset_from_directory(crop_to_aspect_ratio=True)``."""
    pixels = np.asarray(_decoded(file, how), np.float32)
    return keras.preprocessing.image.smart_resize(pixels, (how.side, how.side))


def _padded_by_tensorflow(file: Path, how: Pipeline) -> Any:
    return tf.image.resize_with_pad(_decoded(file, how), how.side, how.side)


def _with_load_img(file: Path, how: Pipeline) -> Any:
    """``ImageDataGenerator.flow_from_directory``."""
    mode = "grayscale" if how.is_grey else "rgb"
    size = (how.side, how.side)
    return keras.utils.img_to_array(keras.utils.load_img(file, color_mode=mode, target_size=size))


def _with_opencv(file: Path, how: Pipeline) -> Any:
    """``cv2.imread`` gives BGR, and many leave it so."""
    import cv2

    mode = cv2.IMREAD_GRAYSCALE if how.is_grey else cv2.IMREAD_COLOR
    return cv2.resize(cv2.imread(str(file), mode), (how.side, how.side))


def _opened(file: Path, how: Pipeline) -> Image.Image:
    return Image.open(file).convert("L" if how.is_grey else "RGB")


def _with_pillow(file: Path, how: Pipeline) -> Any:
    return _opened(file, how).resize((how.side, how.side), Image.Resampling.BILINEAR)


def _like_teachable_machine(file: Path, how: Pipeline) -> Any:
    """As in the sample code that comes with an export."""
    return ImageOps.fit(_opened(file, how), (how.side, how.side), Image.Resampling.LANCZOS)


READERS: dict[str, Read] = {
    "tf.image.resize": _with_tensorflow,
    "crop_to_aspect_ratio": _cropped_by_keras,
    "resize_with_pad": _padded_by_tensorflow,
    "flow_from_directory": _with_load_img,
    "OpenCV": _with_opencv,
    "Pillow bilinear": _with_pillow,
    "Teachable Machine": _like_teachable_machine,
}
SCALES: dict[str, Callable[[Floats], Any]] = {
    "none": lambda x: x,
    "1/255": lambda x: x / 255,
    "1/127.5-1": lambda x: x / 127.5 - 1,
    "caffe": lambda x: keras.applications.vgg16.preprocess_input(x.copy()),
    "torch": lambda x: keras.applications.densenet.preprocess_input(x.copy()),
}
