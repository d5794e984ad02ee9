"""Two models are asked the same, and their answers mean the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import builders
from sample_models import row_model, text_model
from training.labelled_pictures import write_flat_pictures
from vistazo.classifier import Classifier
from vistazo.errors import InputError, SettingsError
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.labelled_samples import read_labelled
from vistazo.training.paired import paired_figures
from vistazo.training.pairing import Pair, check_labels, pair_of_pictures, pair_of_samples
from vistazo.training.progress import Progress
from vistazo.training.selection import select_all

LABELS = ("DARK", "BRIGHT")
GREYS = {"DARK": [10, 60, 160], "BRIGHT": [240, 200, 100]}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 10)
    monkeypatch.setattr("vistazo.training.paired.SWAPS", 10)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_flat_pictures(tmp_path / "pictures", GREYS)


def asked(a: Classifier, b: Classifier, folder: Path) -> Pair:
    return pair_of_pictures(
        (a, b), select_all(folder, a.card.labels), 1, Progress(stream=io.StringIO())
    )


def asked_samples(a: SampleClassifier, b: SampleClassifier, content: str, folder: Path) -> Pair:
    path = folder / "data.csv"
    path.write_text(content, encoding="utf-8")
    read = read_labelled(path, a), read_labelled(path, b)
    return pair_of_samples((a, b), read, Progress(stream=io.StringIO()))


class InvertedEngine(builders.BrightnessEngine):
    def run(self, images):  # type: ignore[no-untyped-def]
        return super().run(1 - images)


def test_labels_in_another_order_are_the_same_answers(folder: Path) -> None:
    a = builders.brightness_classifier()
    b = builders.brightness_classifier(InvertedEngine(), labels=["BRIGHT", "DARK"])
    found = asked(a, b, folder)
    assert found.b.probabilities == pytest.approx(found.a.probabilities, abs=1e-6)
    assert (found.b.predicted == found.a.predicted).all()
    assert found.b.positive == found.a.positive == 1
    assert paired_figures(found.a, found.b, ())["auc"].difference.value == 0


def test_each_decides_by_its_own_card(folder: Path) -> None:
    strict = builders.brightness_classifier(output={"threshold": 0.7})
    found = paired_figures(*_answers(asked(builders.brightness_classifier(), strict, folder)), ())
    assert found["auc"].difference.value == 0
    assert (found["specificity"].a, found["specificity"].b) == pytest.approx((2 / 3, 1))


def test_sensitivity_is_of_the_same_label_whatever_b_calls_positive(folder: Path) -> None:
    other = builders.brightness_classifier(positive="DARK")
    found = asked(builders.brightness_classifier(), other, folder)
    assert found.a.positive == found.b.positive == 1
    figures = paired_figures(*_answers(found), ())
    assert figures["sensitivity"].difference.value == 0


def test_a_picture_that_one_refuses_is_left_out_of_both(folder: Path) -> None:
    builders.flat(20, 40, 40).save(folder / "DARK" / "small.png")
    (folder / "BRIGHT" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    b = builders.brightness_classifier(input={"min_side_px": 50})
    found = asked(builders.brightness_classifier(), b, folder)
    assert (found.given, found.refused_by_a, found.refused_by_b) == (8, 1, 2)
    assert found.left_out == 2
    assert len(found.a) == len(found.b) == 6
    picky = builders.brightness_classifier(input={"min_side_px": 61})
    (folder / "DARK" / "picture-0.png").unlink()
    with pytest.raises(InputError):
        asked(builders.brightness_classifier(), picky, folder)


def test_models_of_other_labels_are_told_apart() -> None:
    check_labels(LABELS, LABELS[::-1])
    with pytest.raises(SettingsError, match=r"A has the labels DARK, BRIGHT, and B has dark, BR"):
        check_labels(LABELS, ("dark", "BRIGHT"))
    with pytest.raises(SettingsError, match="in whatever order"):
        check_labels(LABELS, (*LABELS, "GREY"))


ROWS = "a,b,c,label\n9,0,0,SMALL\n0,9,0,MIDDLE\n0,0,9,LARGE\n0,x,9,LARGE\n"


def test_rows_are_read_as_each_model_names_its_numbers(tmp_path: Path) -> None:
    a, b = row_model(("a", "b", "c")), row_model(("a", "c", "b"))
    found = asked_samples(a, b, ROWS, tmp_path)
    assert found.left_out == found.refused_by_a == 1
    figures = paired_figures(found.a, found.b, ("accuracy",))
    assert (figures["accuracy"].a, figures["accuracy"].b) == pytest.approx((1, 1 / 3))
    assert "balanced_accuracy" not in figures


def test_texts_that_are_equal_are_one_group_and_kinds_of_numbers_may_differ(tmp_path: Path) -> None:
    content = "text,label\ntrue,TRUE\ntrue,TRUE\nlie,FALSE\n"
    found = asked_samples(text_model(), text_model(link="none"), content, tmp_path)
    assert found.a.groups.tolist() == [0, 0, 1]
    figures = paired_figures(found.a, found.b, ("auc",))
    assert figures["auc"].difference.value == 0
    assert "brier" not in figures


def test_a_table_that_the_two_read_otherwise_is_refused(tmp_path: Path) -> None:
    a = text_model(classes=(0, 1), labels=["no", "yes"], values=[0, 1])
    b = text_model(classes=(1, 0), labels=["no", "yes"], values=[1, 0])
    with pytest.raises(SettingsError, match="label of number 1 is yes as A reads it, and no as B"):
        asked_samples(a, b, "text,label\ntrue,1\nlie,0\n", tmp_path)


def _answers(found: Pair):  # type: ignore[no-untyped-def]
    return found.a, found.b
