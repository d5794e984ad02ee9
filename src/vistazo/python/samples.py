"""A model of texts or of rows of numbers, asked by a program."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from numbers import Real
from typing import TypeGuard

import numpy as np

from vistazo.errors import InputError, RequestError, SampleError
from vistazo.python.answer import Answer, Explanation, answer_to_sample, explained_text
from vistazo.python.asked import Several
from vistazo.python.door import Door
from vistazo.samples.bulk import Sample, checked, classify_each
from vistazo.samples.classifier import Row, SampleClassifier


class AskedSamples:
    def __init__(self, classifier: SampleClassifier, max_text_chars: int) -> None:
        self._classifier, self._max_chars = classifier, max_text_chars
        self._door = Door()

    @property
    def takes(self) -> str:
        return self._classifier.takes

    def is_several(self, given: object) -> TypeGuard[Several]:
        """A list of numbers is a row."""
        if not isinstance(given, (list, tuple)):
            return False
        return self.takes != "rows" or not given or not all(map(_is_number, given))

    def at_frame(self, frame: int) -> AskedSamples:
        """Raises RequestError."""
        raise RequestError(f"frame={frame}: a frame is of pictures only.")

    def answer(self, given: object) -> Answer:
        """Raises InputError, RequestError, and TypeError for what is no sample at all."""
        answer = next(self.answers([given]))
        if isinstance(answer, InputError):
            raise answer
        return answer

    def answers(self, given: Iterable[object]) -> Iterator[Answer | InputError]:
        with self._door.passed():
            samples = [self._sample(each, place) for place, each in enumerate(given)]
        labels = self._classifier.card.labels
        found = classify_each(self._classifier, samples, self._max_chars)
        while True:
            with self._door.passed():  # for each: who asks no more keeps nobody from closing
                each = next(found, None)
            if each is None:
                return
            yield each if isinstance(each, InputError) else answer_to_sample(each, labels)

    def explain(self, given: object, label: str | None) -> Explanation:
        """Raises as ``answer``, UnknownLabelError, and RequestError for rows of numbers."""
        if self.takes != "texts":
            raise RequestError("Of texts and pictures it can be said what spoke for a label.")
        with self._door.passed():
            text = checked(self._sample(given, 0), 0, self._max_chars)
            if isinstance(text, InputError):
                raise text
            prediction, found = self._classifier.explain(str(text), label)
        return explained_text(answer_to_sample(prediction, self._classifier.card.labels), found)

    def close(self) -> None:
        if self._door.close():
            self._classifier.close()

    def _sample(self, given: object, place: int) -> Sample | InputError:
        """Raises TypeError for what is no sample at all."""
        if self.takes == "rows":
            return _row(given, place)
        if isinstance(given, str):
            return given
        raise TypeError(f"A {type(given).__name__} is no text: give a str, or a list of them.")


def _row(given: object, place: int) -> Row | InputError:
    if isinstance(given, np.ndarray) and given.ndim == 1:
        given = given.tolist()
    if not isinstance(given, (list, tuple)):
        shape = f" of the shape {given.shape}" if isinstance(given, np.ndarray) else ""
        raise TypeError(
            f"A {type(given).__name__}{shape} is no row: give a list or an array of numbers, or a "
            "list of these."
        )
    if not all(map(_is_number, given)):
        return SampleError(f"Row {place + 1} holds something else than numbers and None.")
    return tuple(map(_number, given))


def _is_number(value: object) -> bool:
    return value is None or isinstance(value, Real)


def _number(value: float | None) -> float | None:
    """Of NumPy and pandas a missing number is a NaN."""
    return None if value is None or math.isnan(value) else float(value)
