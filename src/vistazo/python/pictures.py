"""A model of pictures, asked by a program."""

from __future__ import annotations

import copy
import operator
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

import numpy as np
from PIL import Image

from vistazo.answers.explanation import overlay
from vistazo.classifier import Classifier
from vistazo.errors import CorruptImageError, InputError
from vistazo.pictures import EncodedImage, ImageLimits, open_image
from vistazo.pictures.bulk import in_threads
from vistazo.pictures.decode import refuse_another_frame, refuse_too_many_bytes
from vistazo.pictures.in_memory import held
from vistazo.pictures.reader import Prepared, prepared_of
from vistazo.python.answer import Answer, Explanation, answer_to_picture, explained_picture
from vistazo.python.asked import Several
from vistazo.python.door import Door


class AskedPictures:
    """``threads`` work at a time on several pictures."""

    takes = "pictures"

    def __init__(self, classifier: Classifier, limits: ImageLimits, threads: int) -> None:
        self._classifier, self._limits, self._threads = classifier, limits, threads
        self._door = Door()
        self.frame: int | None = None

    def at_frame(self, frame: int) -> AskedPictures:
        """Behind the same door."""
        other = copy.copy(self)
        other.frame = operator.index(frame)
        return other

    def is_several(self, given: object) -> TypeGuard[Several]:
        return isinstance(given, (list, tuple))

    def answer(self, given: object) -> Answer:
        """Raises InputError, RequestError, and TypeError for what is no picture at all."""
        with self._door.passed():
            ready = given
            if not isinstance(ready, Prepared):
                ready = self._prepared(opened(given, self._limits, self.frame))
            prediction = self._classifier.score(
                ready.pixels, appearance=ready.appearance, radiograph=ready.radiograph
            )
            return answer_to_picture(prediction, self._classifier.card.labels)

    def answers(self, given: Iterable[object]) -> Iterator[Answer | InputError]:
        taken = given if self.is_several(given) else map(self._taken, given)
        return in_threads(self._in_its_place, taken, self._threads)

    def explain(self, given: object, label: str | None) -> Explanation:
        """Raises as ``answer``, and UnknownLabelError."""
        with self._door.passed():
            self._classifier.check_label(label)
            image = opened(given, self._limits, self.frame)
            prediction, found = self._classifier.explain_prepared(self._prepared(image), label)
            picture = image.decode(at_least=(found.least_side_px, found.least_side_px))
            png = overlay(picture, found.evidence.grid, found.frame)
            answer = answer_to_picture(prediction, self._classifier.card.labels)
            return explained_picture(answer, found, png)

    def close(self) -> None:
        if self._door.close():
            self._classifier.close()

    def _prepared(self, image: EncodedImage) -> Prepared:
        # How many bytes it had is asked where they are read.
        return prepared_of(image, image.header.pixels, self._classifier.card.input)

    def _taken(self, given: object) -> object:
        """What stays as it is until a thread comes to it: a program may use one array for every
        picture, or go through the frames of one file. Prepared, it takes less memory than a copy.
        """
        if isinstance(given, (bytearray, memoryview)):
            return bytes(given)
        if not isinstance(given, (Image.Image, np.ndarray)):
            return given
        try:
            with self._door.passed():
                return self._prepared(opened(given, self._limits, self.frame))
        except InputError as error:
            return error.with_traceback(None)

    def _in_its_place(self, given: object) -> Answer | InputError:
        if isinstance(given, InputError):
            return given
        try:
            return self.answer(given)
        except InputError as error:
            return error.with_traceback(None)  # which holds the pixels, too


def opened(given: object, limits: ImageLimits, frame: int | None = None) -> EncodedImage:
    """Raises InputError where it is not accepted, and TypeError where it is no picture at all."""
    if isinstance(given, (str, os.PathLike)):
        return open_image(_read(Path(given), limits), limits, frame)
    if isinstance(given, (bytes, bytearray, memoryview)):
        return open_image(bytes(given), limits, frame)
    if isinstance(given, (Image.Image, np.ndarray)):
        refuse_another_frame(frame)
        return held(given, limits)
    raise TypeError(
        f"A {type(given).__name__} is no picture: give a path, the bytes of a file, a picture of "
        "Pillow, an array of NumPy, or a list of these."
    )


def _read(path: Path, limits: ImageLimits) -> bytes:
    """No more than a byte too many: what has no size, such as a pipe, may never end."""
    try:
        refuse_too_many_bytes(path.stat().st_size, limits)
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (OSError, ValueError) as error:  # a ValueError of a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise CorruptImageError(f"{path} cannot be read: {why}.") from error
