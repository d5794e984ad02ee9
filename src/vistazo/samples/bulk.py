"""Many samples, a part of them at a time: one that is refused does not stop the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from vistazo.errors import InputError
from vistazo.models.sample_card import RowCard
from vistazo.samples.classifier import Row, SampleClassifier, SamplePrediction

Sample = str | Row

# Enough at once for NumPy, few enough for whoever waits, and for the memory.
PART = 100
_ITS_NUMBER = re.compile(r"^(Text|Row) 1\b")


def classify_each(
    classifier: SampleClassifier, samples: Sequence[Sample | InputError]
) -> Iterator[SamplePrediction | InputError]:
    """In order, for each sample its prediction, or the reason why there is none.

    All are texts, or none is. An error among the samples is that reason.
    """
    for start in range(0, len(samples), PART):
        part = samples[start : start + PART]
        sound = [sample for sample in part if not isinstance(sample, InputError)]
        try:
            found = iter(_together(classifier, sound))
        except InputError:
            for place, sample in enumerate(part, start):
                yield _alone(classifier, sample, place)
        else:
            for sample in part:
                yield sample if isinstance(sample, InputError) else next(found)


def names_of(classifier: SampleClassifier) -> tuple[str, ...]:
    """Of the numbers in a row: those of the card, else of the file; () where nobody named them."""
    card = classifier.card
    named = card.input.columns if isinstance(card, RowCard) else ()
    return named or classifier.signature.feature_names


def renumbered(error: InputError, place: int) -> InputError:
    """Of a sample that was asked alone, as the first, and is at ``place`` of many."""
    error.args = (_ITS_NUMBER.sub(rf"\g<1> {place + 1}", str(error)),)
    return error


def _together(
    classifier: SampleClassifier, samples: Sequence[Sample]
) -> Sequence[SamplePrediction]:
    return classifier.classify(cast("Sequence[str] | Sequence[Row]", samples))


def _alone(
    classifier: SampleClassifier, sample: Sample | InputError, place: int
) -> SamplePrediction | InputError:
    if isinstance(sample, InputError):
        return sample
    try:
        return _together(classifier, [sample])[0]
    except InputError as error:
        return renumbered(error, place)
