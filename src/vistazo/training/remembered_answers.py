"""What a model answers where its worth is known, kept so that later answers can be compared.

Of what a model has not learned from: it is surer of what it has, and later answers would seem to
have drifted from the first day.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from vistazo.answers.baseline_file import baseline_path, keep_reference
from vistazo.answers.likeness import preparation
from vistazo.answers.reference import Answered, Reference
from vistazo.classifier import Classifier
from vistazo.errors import InputError
from vistazo.loading import AnyClassifier
from vistazo.pictures.bulk import in_threads
from vistazo.samples.bulk import Sample, classify_each
from vistazo.samples.classifier import SampleClassifier, SamplePrediction
from vistazo.service.drift.quantities import quantities_of
from vistazo.texts.letters import Letters
from vistazo.training.checkpoint import replace_whole
from vistazo.training.collection import UNLABELLED, LabelledPicture
from vistazo.training.progress import Progress
from vistazo.training.served import ask

# As many as the smallest window of answers that is compared with them (``DriftSpec.window``).
FEWEST_ANSWERS = 50


def remember_pictures(
    classifier: Classifier,
    pictures: Sequence[LabelledPicture],
    threads: int,
    progress: Progress,
    *,
    seen: Collection[int] = (),
) -> Reference | None:
    """Send every picture through the classifier, as it is served, on all ``threads``.

    One that is refused is reported, and left out; None where fewer than FEWEST_ANSWERS are left,
    which is reported too. ``seen`` are the places of those from which the classifier's baseline
    was made: how like them they are says nothing of others, and is not counted.
    """
    answers: list[Answered] = []
    with contextlib.closing(in_threads(partial(ask, classifier), pictures, threads)) as found:
        for row, answer in enumerate(found):
            picture = pictures[row]
            if isinstance(answer, InputError):
                progress.say(f"{picture.name} is left out: {answer}")
            else:
                said, quantities = answer.decision.predicted_class, quantities_of(answer)
                if row in seen:
                    quantities.pop("likeness", None)
                answers.append(_answered(classifier, said, quantities, picture.label))
            progress.bar("remembering answers", row + 1, len(pictures))
    return _reference(classifier, answers, None, progress)


def remember_samples(
    classifier: SampleClassifier,
    samples: Sequence[Sample | InputError],
    labels: Sequence[int],
    progress: Progress,
    *,
    were_learned: bool = False,
) -> Reference | None:
    """As ``remember_pictures``; ``labels`` are places among the model's, or UNLABELLED.

    Where the model has learned from them (``were_learned``), neither how sure it is of them nor
    how many of their words it knows is counted, nor whether it is right.
    """
    letters = Letters.of([each for each in samples if isinstance(each, str)])
    answers: list[Answered] = []
    for row, answer in enumerate(classify_each(classifier, samples)):
        if isinstance(answer, InputError):
            progress.say(f"Number {row + 1} is left out: {answer}")
            continue
        quantities = quantities_of(_with_language(answer, samples[row], letters))
        if were_learned:
            for flattered in ("confidence", "known_words"):
                quantities.pop(flattered, None)
        label = UNLABELLED if were_learned else int(labels[row])
        answers.append(_answered(classifier, answer.decision.predicted_class, quantities, label))
        progress.bar("remembering answers", row + 1, len(samples))
    return _reference(classifier, answers, letters, progress)


def keep_answers(
    reference: Reference | None, model: Path, classifier: AnyClassifier, progress: Progress
) -> None:
    """Put them, where there are such, into the file beside the model, and say so.

    The baseline of pictures in that file stays as it is; the classifier was loaded with it. What
    could not be used is replaced.
    """
    if reference is None:
        return
    path, sha256, prepared, earlier = baseline_path(model), classifier.identity.sha256, "", None
    if isinstance(classifier, Classifier):
        prepared = preparation(classifier.card.input)
        earlier = path if classifier.baseline is not None else None
    replace_whole(path, lambda part: keep_reference(reference, part, sha256, prepared, earlier))
    progress.say(f"{path}: later answers are compared with {in_words(reference)}")


def in_words(reference: Reference) -> str:
    """How many answers, how many of them were right, and which quantities are known."""
    right = f", {reference.right} of {reference.judged} right" if reference.judged else ""
    return f"{reference.count} answers{right} ({', '.join(sorted(reference.quantities))})"


def _with_language(
    answer: SamplePrediction, sample: Sample | InputError, letters: Letters | None
) -> SamplePrediction:
    if letters is None or not isinstance(sample, str):
        return answer
    return replace(answer, language=letters.without(sample).familiarity(sample))


def _answered(
    classifier: AnyClassifier, said: str, quantities: Mapping[str, float], label: int
) -> Answered:
    place = classifier.card.labels.index(said)
    return Answered(place, quantities, None if label == UNLABELLED else place == label)


def _reference(
    classifier: AnyClassifier,
    answers: Sequence[Answered],
    letters: Letters | None,
    progress: Progress,
) -> Reference | None:
    if len(answers) < FEWEST_ANSWERS:
        progress.say(
            f"{len(answers)} answers are too few to tell drift by: at least {FEWEST_ANSWERS} are "
            "needed, a few hundred are better"
        )
        return None
    return Reference.of(classifier.card.labels, answers, letters)
