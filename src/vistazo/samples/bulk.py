"""Many samples, a part of them at a time: one that is refused does not stop the others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import cast

from vistazo.answers.explanation.words import WordEvidence
from vistazo.errors import InputError, SampleError
from vistazo.models.sample_card import RowCard
from vistazo.samples.classifier import Row, SampleClassifier, SamplePrediction
from vistazo.texts.limits import SampleLimits

Sample = str | Row

# Enough at once for NumPy, few enough for whoever waits, and for the memory.
PART = 100


def classify_each(
    classifier: SampleClassifier,
    samples: Sequence[Sample | InputError],
    max_text_chars: int = SampleLimits.max_text_chars,
) -> Iterator[SamplePrediction | InputError]:
    """In order, for each sample its prediction, or the reason why there is none.

    All are texts, or none is. An error among the samples is that reason.
    """
    for start in range(0, len(samples), PART):
        places = range(start, min(start + PART, len(samples)))
        part = [checked(samples[place], place, max_text_chars) for place in places]
        sound = [sample for sample in part if not isinstance(sample, InputError)]
        try:
            found = iter(_together(classifier, sound, start))
        except InputError:
            for place in places:
                yield _alone(classifier, part[place - start], place)
        else:
            for each in part:
                yield each if isinstance(each, InputError) else next(found)


def explain_each(
    classifier: SampleClassifier,
    texts: Sequence[Sample | InputError],
    max_text_chars: int = SampleLimits.max_text_chars,
) -> Iterator[tuple[SamplePrediction, WordEvidence] | InputError]:
    """Likewise, with the words of each text that spoke for its class."""
    for place, text in enumerate(texts):
        sound = checked(text, place, max_text_chars)
        if isinstance(sound, InputError):
            yield sound
            continue
        try:
            yield classifier.explain(str(sound), first=place)
        except InputError as error:
            yield error


def checked(sample: Sample | InputError, place: int, max_chars: int) -> Sample | InputError:
    """The sample in that place, or an error instead of what is never given to a model."""
    if isinstance(sample, str) and len(sample) > max_chars:
        return SampleError(
            f"Text {place + 1} has {len(sample)} characters. At most {max_chars} are accepted "
            "(MAX_TEXT_CHARS)."
        )
    if isinstance(sample, tuple) and not all(
        each is None or math.isfinite(each) for each in sample
    ):
        return SampleError(f"Row {place + 1} holds a number that is too large.")
    return sample


def names_of(classifier: SampleClassifier) -> tuple[str, ...]:
    """Of the numbers in a row: those of the card, else of the file; () where nobody named them."""
    card = classifier.card
    named = card.input.columns if isinstance(card, RowCard) else ()
    return named or classifier.signature.feature_names


def _together(
    classifier: SampleClassifier, samples: Sequence[Sample], first: int
) -> Sequence[SamplePrediction]:
    return classifier.classify(cast("Sequence[str] | Sequence[Row]", samples), first=first)


def _alone(
    classifier: SampleClassifier, sample: Sample | InputError, place: int
) -> SamplePrediction | InputError:
    if isinstance(sample, InputError):
        return sample
    try:
        return _together(classifier, [sample], place)[0]
    except InputError as error:
        return error
