"""Labelled texts and rows: which cell means which label, and what is measured of the answers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from sample_models import row_model, text_model
from vistazo.errors import SettingsError
from vistazo.samples.classifier import SampleClassifier
from vistazo.training.labelled_samples import LabelledSamples, read_labelled
from vistazo.training.progress import Progress
from vistazo.training.report import measure_answers
from vistazo.training.sample_remarks import sample_remarks
from vistazo.training.sample_scores import (
    ScoredSamples,
    describe_samples,
    score_samples,
    write_mistakes,
)


def labelled(
    folder: Path, content: str, model: SampleClassifier, **columns: str
) -> LabelledSamples:
    path = folder / "data.csv"
    path.write_text(content, encoding="utf-8")
    return read_labelled(path, model, **columns)


def scored(folder: Path, content: str, model: SampleClassifier) -> ScoredSamples:
    return score_samples(model, labelled(folder, content, model), Progress(stream=io.StringIO()))


@pytest.mark.parametrize(
    ("classes", "card", "cells", "places"),
    [
        (("FALSE", "TRUE"), {}, ["TRUE", "FALSE"], [1, 0]),
        (("FALSE", "TRUE"), {}, ["true", " False "], [1, 0]),
        ((0, 1), {}, ["1", "0.0"], [1, 0]),
        ((0.0, 1.0), {}, ["1", "0"], [1, 0]),
        ((False, True), {}, ["True", "FALSE"], [1, 0]),
        ((0, 1), {"labels": ["lie", "truth"]}, ["truth", "0"], [1, 0]),
        ((0, 1), {"labels": ["1", "0"], "values": [7, 8]}, ["1", "0"], [0, 1]),
        (("a", "A"), {}, ["A", "a"], [1, 0]),
        (("90071992547409930", "90071992547409931"), {}, ["90071992547409931"], [1]),
    ],
)
def test_a_label_is_known_by_its_name_or_by_its_value(
    classes: tuple[object, ...],
    card: dict[str, object],
    cells: list[str],
    places: list[int],
    tmp_path: Path,
) -> None:
    rows = "".join(f"t,{cell}\n" for cell in cells)
    model = text_model(classes=classes, **card)  # type: ignore[arg-type]
    assert labelled(tmp_path, f"text,label\n{rows}", model).labels.tolist() == places


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("text,label\nt,MAYBE\nt,\n", {}, "has 'MAYBE', '', and the model's labels are FALSE, TR"),
        ("text,label\n", {}, "holds no rows"),
        ("text,a,b\nt,TRUE,TRUE\n", {}, "Which column of"),
        ("text,label\nt,TRUE\n", {"labels": "truth"}, "no column 'truth' (--label-column)"),
        ("text,label\nt,TRUE\n", {"texts": "body"}, "no column 'body' (--text-column)"),
    ],
)
def test_a_table_that_does_not_tell_is_refused_in_words(
    content: str, columns: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        labelled(tmp_path, content, text_model(), **columns)
    assert said in str(refused.value)


def test_the_column_of_the_labels_is_the_only_one_that_holds_them(tmp_path: Path) -> None:
    unnamed = labelled(tmp_path, "c,who,label,a,b\n1,me,LARGE,2,3\n", row_model(), groups="who")
    assert list(unnamed.samples) == [(1.0, 2.0, 3.0)]
    found = labelled(tmp_path, "c,species,a,b\n1,LARGE,2,3\n", row_model(("a", "b", "c")))
    assert list(found.samples) == [(2.0, 3.0, 1.0)]
    assert found.labels.tolist() == [2]


def test_equal_texts_are_one_group(tmp_path: Path) -> None:
    found = labelled(tmp_path, "text,label\na,TRUE\nb,TRUE\na,FALSE\n", text_model())
    assert found.groups.tolist() == [0, 1, 0]
    content = "text,label,source\na,TRUE,x\nb,TRUE,x\na,FALSE,y\n"
    assert labelled(tmp_path, content, text_model(), groups="source").groups.tolist() == [0, 0, 1]


TWELVE = "text,label\n" + "".join(
    f"{text} {number},{label}\n"
    for number in range(4)
    for text, label in (("true", "TRUE"), ("lie", "FALSE"), ("true true", "FALSE"))
)


def test_answers_are_measured_as_they_are_served(tmp_path: Path) -> None:
    model = text_model()
    found = scored(tmp_path, TWELVE, model)
    measured = measure_answers(found.answers)
    assert measured["texts"] == 12
    assert measured["texts_per_label"] == {"FALSE": 8, "TRUE": 4}
    assert measured["confusion"] == {
        "true_positives": 4,
        "false_negatives": 0,
        "true_negatives": 4,
        "false_positives": 4,
    }
    assert measured["accuracy"]["value"] == pytest.approx(8 / 12, abs=1e-4)
    assert measured["brier"]["value"] == pytest.approx((8 * 0.25**2 + 4 * 0.9**2) / 12, abs=1e-4)
    write_mistakes(found, tmp_path)
    mistakes = list(csv.reader((tmp_path / "mistakes.csv").read_text("utf-8").splitlines()))
    assert [row[:3] for row in mistakes[1:]] == [
        [number, "FALSE", "TRUE"] for number in ("3", "6", "9", "12")
    ]
    head = describe_samples(model, labelled(tmp_path, TWELVE, model), found)
    assert head["data"]["texts"] == 12


def test_a_threshold_of_the_card_counts(tmp_path: Path) -> None:
    strict = scored(tmp_path, TWELVE, text_model(output={"threshold": 0.8}))
    assert measure_answers(strict.answers)["confusion"]["true_positives"] == 0


def test_decision_values_have_no_figures_of_probabilities(tmp_path: Path) -> None:
    measured = measure_answers(scored(tmp_path, TWELVE, text_model(link="none")).answers)
    assert "brier" not in measured
    assert "expected_calibration_error" not in measured
    assert measured["auc"]["value"] == pytest.approx(0.5)
    assert measured["accuracy"]["value"] == pytest.approx(8 / 12, abs=1e-4)


def test_a_row_that_is_refused_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = "a,b,c,label\n9,0,0,SMALL\nx,0,0,SMALL\n0,9,0,MIDDLE\n0,0,9,LARGE\n"
    found = scored(tmp_path, rows, row_model(("a", "b", "c")))
    assert found.refused == 1
    assert found.rows.tolist() == [0, 2, 3]
    assert measure_answers(found.answers)["accuracy"]["value"] == 1


def test_remarks_say_what_looks_wrong(tmp_path: Path) -> None:
    swapped = TWELVE.replace("TRUE", "?").replace("FALSE", "TRUE").replace("?", "FALSE")
    answers = scored(tmp_path, swapped, text_model()).answers
    wrong = sample_remarks(answers, (0, 1), {"auc": {"value": 0.2, "high": 0.4, "low": 0.1}})
    assert ["wrong order" in remark for remark in wrong] == [True]
    same = scored(tmp_path, TWELVE.replace("lie", "true"), text_model()).answers
    (one,) = sample_remarks(same, (0, 1), {})
    assert one.startswith("TRUE is the answer for 12 of 12 texts, whatever their label.")
    assert np.array_equal(same.predicted, np.ones(12))
