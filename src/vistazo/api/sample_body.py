"""Texts and rows of numbers out of JSON that can be read in one way only.

What a body may become is known before any of it is made: its brackets, commas and strings are
counted. A few bytes of JSON are else an object of a hundred: 2 MB of ``1,`` took 410 MB when they
were read into a schema, and 2 MB of ``[],`` 50 MB as plain lists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from vistazo.api.plain_json import STRING, parsed
from vistazo.errors import SampleError
from vistazo.samples.classifier import SampleClassifier
from vistazo.texts.limits import SampleLimits

Takes = Literal["texts", "rows"]

_FIELDS = {"texts": ("text", "texts"), "rows": ("row", "rows")}
HOW = {
    "texts": 'send JSON {"text": "..."}, or {"texts": ["...", "..."]}, as application/json',
    "rows": 'send JSON {"row": [1.5, 2]}, or {"rows": [[1.5, 2], [3, 4]]}, as application/json',
}
# So many strings, lists or values are no danger: a mistake of theirs is told in closer words.
_FREE = 10_000


@dataclass(frozen=True)
class Shape:
    """What the model takes; ``n_features`` numbers make a row, and one may be missing or not."""

    takes: Takes
    n_features: int = 0
    allows_missing: bool = False

    @staticmethod
    def of(classifier: SampleClassifier) -> Shape:
        signature = classifier.signature
        return Shape(classifier.takes, classifier.n_features, signature.allows_missing)


@dataclass(frozen=True)
class SentSamples:
    """As they were sent. ``first`` is the place of the first of them, ``is_one`` says that it was
    sent without a list.
    """

    shape: Shape
    limits: SampleLimits
    samples: Sequence[object]
    is_one: bool
    first: int = 0

    def __len__(self) -> int:
        return len(self.samples)

    def all(self) -> list[str] | list[list[float | None]]:
        """Raises SampleError for the first that is none."""
        if self.shape.takes == "texts":
            return [self.text(place) for place in range(len(self))]
        return [self.row(place) for place in range(len(self))]

    def only(self, place: int) -> SentSamples:
        """That one alone."""
        alone = [self.samples[place]]
        return SentSamples(self.shape, self.limits, alone, self.is_one, self.first + place)

    def text(self, place: int) -> str:
        """Raises SampleError."""
        text, most = self.samples[place], self.limits.max_text_chars
        if not isinstance(text, str):
            raise self._fault(place, f"is no string. {_please(self.shape)}")
        if len(text) > most:
            raise self._fault(place, f"has {len(text)} characters. At most {most} are accepted.")
        try:
            text.encode()
        except UnicodeEncodeError:
            said = "holds half of a character (a lone surrogate): send it as UTF-8."
            raise self._fault(place, said) from None
        return text

    def row(self, place: int) -> list[float | None]:
        """Raises SampleError."""
        row, n_features = self.samples[place], self.shape.n_features
        if not isinstance(row, list):
            raise self._fault(place, f"is no list. {_please(self.shape)}")
        if len(row) != n_features:
            raise self._fault(place, f"has {len(row)} numbers; the model takes {n_features}.")
        if None in row and not self.shape.allows_missing:
            raise self._fault(place, "lacks a number (null), and the model needs all of them.")
        if not all(number is None or isinstance(number, float) for number in row):
            raise self._fault(place, "holds something that is no number.")
        if not all(number is None or math.isfinite(number) for number in row):
            raise self._fault(place, "holds a number that is too large.")
        return row

    def _fault(self, place: int, said: str) -> SampleError:
        name = "Text" if self.shape.takes == "texts" else "Row"
        return SampleError(f"{name} {self.first + place + 1} {said}")


def read_samples(body: bytes, shape: Shape, limits: SampleLimits) -> SentSamples:
    """Raises RequestError for what is no JSON, or two readers may take for two things (RFC 8259
    section 4), and SampleError for JSON that is something else than samples.
    """
    _refuse_too_much(body, shape, limits)
    names = _FIELDS[shape.takes]
    found = parsed(body)
    if not isinstance(found, dict) or len(found) != 1 or next(iter(found)) not in names:
        raise SampleError(_what_is_wrong(found, shape))
    name, value = next(iter(found.items()))
    if name == names[0]:
        return SentSamples(shape, limits, [value], is_one=True)
    if not isinstance(value, list):
        raise SampleError(f"'{name}' is no list. {_please(shape)}")
    if not value:
        raise SampleError(f"'{name}' is an empty list. {_please(shape)}")
    if len(value) > limits.max_samples:
        raise SampleError(_too_many(shape, limits))
    return SentSamples(shape, limits, value, is_one=False)


def _refuse_too_much(body: bytes, shape: Shape, limits: SampleLimits) -> None:
    """Before any of it is made. Raises SampleError."""
    most = max(_FREE, limits.max_samples * (1 + shape.n_features))
    if sum(1 for _ in islice(STRING.finditer(body), most + 1)) > most:
        raise SampleError(_too_many(shape, limits))
    outline = STRING.sub(b'"', body)
    if max(outline.count(b"[") + outline.count(b"{"), outline.count(b",")) > most:
        raise SampleError(_too_many(shape, limits))


def _what_is_wrong(found: object, shape: Shape) -> str:
    """Without the names of fields that are not ours: they may be anything."""
    if not isinstance(found, dict):
        return f"The JSON is no object. {_please(shape)}"
    others = [name for takes, names in _FIELDS.items() if takes != shape.takes for name in names]
    if any(name in others for name in found):
        return f"This model takes {shape.takes}: {HOW[shape.takes]}."
    one, many = _FIELDS[shape.takes]
    if not any(name in (one, many) for name in found):
        return f"The JSON has no '{one}' and no '{many}'. {_please(shape)}"
    return f"The JSON has more than '{one}' or '{many}' alone. {_please(shape)}"


def _too_many(shape: Shape, limits: SampleLimits) -> str:
    numbers = f" of {shape.n_features} numbers" if shape.takes == "rows" else ""
    return (
        f"The body holds more than {limits.max_samples} {shape.takes}{numbers}, the most in one "
        "request. Send them in several."
    )


def _please(shape: Shape) -> str:
    return f"Please {HOW[shape.takes]}."
