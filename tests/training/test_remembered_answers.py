"""What a model answers where its worth is known is kept beside it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from builders import BrightnessEngine, brightness_classifier, evenness
from served_samples import reading_classifier, row_classifier
from training.labelled_pictures import tiny_config, write_flat_pictures
from vistazo.answers.baseline_file import read_baseline, read_reference, write_baseline
from vistazo.answers.likeness import preparation
from vistazo.classifier import Classifier
from vistazo.cli.baseline_line import baseline_line
from vistazo.errors import SampleError
from vistazo.training import held_out_answers
from vistazo.training.collection import UNLABELLED, LabelledPicture
from vistazo.training.progress import Progress
from vistazo.training.remembered_answers import keep_answers, remember_pictures, remember_samples
from vistazo.training.splits import Split

LABELS = ("DARK", "BRIGHT")


def quiet() -> Progress:
    return Progress(stream=io.StringIO())


def pictures(*labels: int, count: int = 60) -> list[LabelledPicture]:
    """Of rising brightness: half of them bright."""
    greys = np.linspace(10, 245, count).astype(np.uint8)
    return [
        LabelledPicture(f"{place}.png", labels[place % len(labels)], np.full((40, 50), grey))
        for place, grey in enumerate(greys)
    ]


def telling() -> Classifier:
    return brightness_classifier(BrightnessEngine(maps=True), baseline=evenness())


def test_of_pictures_it_is_kept_what_was_said_what_they_looked_like_and_what_was_right() -> None:
    found = remember_pictures(brightness_classifier(), pictures(1), 2, quiet())
    assert found is not None
    assert found.labels == LABELS
    assert found.answered.tolist() == [30, 30]
    assert (found.judged, found.right) == (60, 30)
    assert set(found.quantities) == {
        "aspect_ratio", "brightness", "confidence", "contrast", "sharpness", "size",
    }  # fmt: skip
    assert set(found.quantities["brightness"].counts.sum(axis=0).tolist()) <= {5, 6, 7}


def test_where_nobody_knows_the_label_nothing_is_judged() -> None:
    found = remember_pictures(brightness_classifier(), pictures(UNLABELLED), 1, quiet())
    assert found is not None
    assert (found.judged, found.right) == (0, 0)


def test_how_like_its_own_pictures_a_baseline_finds_them_does_not_count() -> None:
    found = remember_pictures(telling(), pictures(0), 1, quiet(), seen=range(20))
    assert found is not None
    assert found.quantities["likeness"].counts.sum() == 40
    assert found.quantities["brightness"].counts.sum() == 60


def test_what_is_refused_is_left_out_and_told(tmp_path: Path) -> None:
    said = io.StringIO()
    broken = LabelledPicture("broken.png", 0, tmp_path / "nowhere.png")
    progress = Progress(stream=said)
    found = remember_pictures(brightness_classifier(), [*pictures(0), broken], 1, progress)
    assert found is not None
    assert found.count == 60
    assert "broken.png is left out" in said.getvalue()


def test_too_few_answers_are_no_reference() -> None:
    said = io.StringIO()
    few = pictures(0, count=49)
    assert remember_pictures(brightness_classifier(), few, 1, Progress(stream=said)) is None
    assert "49 answers are too few" in said.getvalue()


def test_of_texts_the_letters_are_kept_too() -> None:
    texts = [f"es verdad que llueve {'mucho ' * (place % 7)}" for place in range(60)]
    asked = [*texts, SampleError("none")]
    found = remember_samples(reading_classifier(), asked, [1] * 60 + [0], quiet())
    assert found is not None
    assert (found.count, found.judged, found.right) == (60, 60, 60)
    assert set(found.quantities) == {"confidence", "known_words", "language", "length"}
    assert found.letters is not None
    assert set(found.letters.alphabet) == set("".join(texts)) - {" "}


def test_the_familiarity_of_a_text_is_measured_by_the_others() -> None:
    """To itself each is the most familiar, and later ones would seem foreign."""
    text = "es verdad"
    found = remember_samples(reading_classifier(), [text] * 60, [UNLABELLED] * 60, quiet())
    assert found is not None
    assert found.letters is not None
    measured, _ = found.quantities["language"].edges
    assert measured == found.letters.without(text).familiarity(text)
    assert measured < (found.letters.familiarity(text) or 0)


def test_of_texts_that_were_learned_from_nothing_is_kept_that_flatters() -> None:
    texts = ["es verdad"] * 60
    found = remember_samples(reading_classifier(), texts, [1] * 60, quiet(), were_learned=True)
    assert found is not None
    assert set(found.quantities) == {"language", "length"}
    assert found.judged == 0


def test_of_rows_of_numbers_the_mix_of_answers_is_kept() -> None:
    rows = [(2.0, 1.0), (1.0, 2.0)] * 30
    found = remember_samples(row_classifier(), rows, [1, 0] * 30, quiet())
    assert found is not None
    assert found.answered.tolist() == [30, 30]
    assert (found.letters, found.right) == (None, 60)


def test_the_baseline_in_the_same_file_stays_as_it_is(tmp_path: Path) -> None:
    model, classifier = tmp_path / "m.keras", telling()
    path = tmp_path / "m.baseline.npz"
    write_baseline(evenness(), path)
    with np.load(path) as stored:
        before = {name: stored[name].tobytes() for name in stored}
    for _ in range(2):
        found = remember_pictures(classifier, pictures(0, 1), 1, quiet())
        keep_answers(found, model, classifier, quiet())
    with np.load(path) as stored:
        after = {name: stored[name].tobytes() for name in stored}
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"reference"}
    spec, sha256 = classifier.card.input, classifier.identity.sha256
    assert read_reference(path, sha256, LABELS, spec) is not None
    assert read_baseline(path, sha256, 64, spec) is not None
    [line] = baseline_line(model, sha256, LABELS, spec, (8, 8, 1))
    assert "tells strange pictures; tells drift from 60 answers, 30 of 60 right (" in line


def test_a_file_of_a_model_of_texts_holds_the_answers_alone(tmp_path: Path) -> None:
    classifier, model = reading_classifier(), tmp_path / "news.joblib"
    found = remember_samples(classifier, ["es verdad"] * 60, [1] * 60, quiet())
    keep_answers(found, model, classifier, quiet())
    labels, sha256 = classifier.card.labels, classifier.identity.sha256
    assert read_reference(tmp_path / "news.baseline.npz", sha256, labels) is not None
    [line] = baseline_line(model, sha256, labels)
    assert "tells drift from 60 answers" in line
    [line] = baseline_line(model, "f" * 64, labels)
    assert "of no use" in line
    assert not list(baseline_line(tmp_path / "other.joblib", sha256, labels))


def test_a_run_remembers_what_it_held_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config(
        write_flat_pictures(
            tmp_path / "data", {"CLEAR": [*range(90)], "SHADOW": [*range(160, 250)]}
        )
    )
    names = tuple(f"{label}/picture-{n}.png" for label in config.labels for n in range(90))
    rows = np.arange(180)
    split = Split(rows[rows % 3 == 0], rows[rows % 3 == 1], rows[rows % 3 == 2])
    classifier = brightness_classifier(labels=list(config.labels))

    @contextlib.contextmanager
    def opened(_: Path) -> Iterator[Classifier]:
        yield classifier

    monkeypatch.setattr(held_out_answers, "as_served", opened)
    held_out_answers.remember_held_out(config, names, split, tmp_path / "m.keras", quiet())
    found = read_reference(tmp_path / "m.baseline.npz", "0" * 64, config.labels)
    assert found is not None
    assert (found.count, found.judged) == (120, 120)
    assert found.right == 120
    with np.load(tmp_path / "m.baseline.npz") as stored:
        assert str(stored["prepared"]) == preparation(classifier.card.input)
