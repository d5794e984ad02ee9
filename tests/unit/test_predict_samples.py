"""``vistazo predict`` of texts and rows, with models made by hand."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from builders import brightness_classifier
from sample_models import SHA256, row_model, text_model
from vistazo.answers.explanation.words import WordEvidence, WordWeight
from vistazo.cli import predict
from vistazo.errors import SampleError
from vistazo.samples import bulk
from vistazo.samples.classifier import SampleClassifier, SamplePrediction


class Done(NamedTuple):
    status: int
    printed: str
    said: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.printed)
        return found


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command with a model, on a file of this content."""

    def predicted(
        model: SampleClassifier, name: str, content: str, *arguments: str, stdin: str = ""
    ) -> Done:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(predict, "load_model", lambda *_: model)
        Path(name).write_text(content, encoding="utf-8")
        done = CliRunner().invoke(
            predict.command, [*arguments, name], input=stdin, standalone_mode=False
        )
        if done.exception is not None:
            return Done(2, done.stdout, str(done.exception))
        return Done(done.return_value, done.stdout, done.stderr)

    return predicted


def test_json_lines_are_the_objects_of_the_array(run: Any) -> None:
    texts = ("texts.json", '["true true lie", "a lie", "\\ud800"]')
    lines = run(text_model(), *texts, "--jsonl").printed.splitlines()
    assert [json.loads(line) for line in lines] == run(text_model(), *texts, "--json").answers


def test_json_is_an_array_with_one_text_a_line(run: Any) -> None:
    done = run(text_model(), "texts.json", '["true true lie", "a lie", "\\ud800"]', "--json")
    assert done.status == 0
    first, *lines, last = done.printed.splitlines()
    assert (first, last) == ("[", "]")
    by_line = [json.loads(line.removesuffix(",")) for line in lines]
    assert by_line == done.answers
    assert [answer["predicted_class"] for answer in by_line] == ["TRUE", "FALSE", "FALSE"]
    assert by_line[0]["probabilities"] == pytest.approx({"FALSE": 0.25, "TRUE": 0.75})
    assert by_line[0]["confidence"] == by_line[0]["probabilities"]["TRUE"]
    assert by_line[0]["warnings"] == []
    assert "scores" not in by_line[0]


def test_where_the_estimator_gives_no_probabilities_there_are_scores(run: Any) -> None:
    model = text_model(classes=(0, 1), link="none")
    (answer,) = run(model, "texts.txt", "true\n", "--json").answers
    assert answer["predicted_class"] == "1"
    assert answer["scores"] == {"0": -1.0986122886681098, "1": 1.0986122886681098}
    assert answer["confidence"] is None
    assert "probabilities" not in answer
    table = run(model, "texts.txt", "true\n", "--csv").printed
    by = "model,model_version,model_sha256,threshold"
    assert table.splitlines() == [
        f"text,predicted_class,confidence,score 0,score 1,in_distribution,warnings,error,{by}",
        f"1,1,,-1.0986122886681098,1.0986122886681098,,,,made,1,{SHA256},",
    ]


def test_a_label_is_no_formula_and_a_number_below_zero_stays_one(run: Any) -> None:
    model = text_model(classes=("=1+1", "@SUM(1)"), link="none")
    [row] = csv.DictReader(io.StringIO(run(model, "texts.txt", "true\n", "--csv").printed))
    assert row["predicted_class"] == "'@SUM(1)"
    assert float(row["score =1+1"]) < 0


def test_no_texts_are_an_empty_array(run: Any) -> None:
    assert run(text_model(), "texts.json", "[]", "--json").answers == []


def test_a_text_that_cannot_be_classified_is_reported_in_its_place(run: Any) -> None:
    done = run(text_model(), "texts.json", '["true", 7, "lie"]', "--json")
    assert done.status == 1
    assert [answer.get("predicted_class") for answer in done.answers] == ["TRUE", None, "FALSE"]
    assert done.answers[1] == {"code": "bad_sample", "error": "This is no text but a number."}
    printed = run(text_model(), "texts.json", '["true", 7, "lie"]', "--csv").printed
    table = list(csv.DictReader(io.StringIO(printed)))
    assert [row["text"] for row in table] == ["1", "2", "3"]
    assert table[1]["error"] == "This is no text but a number."


def test_a_row_that_the_model_refuses_does_not_stop_the_others(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PART", 3)
    done = run(row_model(), "rows.csv", "0,0,1\n0,2,0\n1,0,0\n4,0,0\n1,2\n0,,3\n0,0,9\n", "--json")
    assert done.status == 1
    found = [answer.get("predicted_class") for answer in done.answers]
    assert found == ["LARGE", "MIDDLE", "SMALL", "SMALL", None, None, "LARGE"]
    assert done.answers[4]["error"].startswith("Row 5: It has 2 numbers where the model takes 3")
    assert done.answers[5]["error"].startswith("Row 6: It lacks a number")


@pytest.mark.parametrize(
    "model", [row_model(("a", "b", "c")), row_model(input={"columns": ["a", "b", "c"]})]
)
def test_columns_are_taken_by_name(model: SampleClassifier, run: Any) -> None:
    done = run(model, "rows.csv", "c,a,b\n1,0,0\n0,1,0\n", "--json")
    assert [answer["predicted_class"] for answer in done.answers] == ["LARGE", "SMALL"]


def test_a_person_gets_a_line_a_text_without_what_a_terminal_obeys(run: Any) -> None:
    done = run(text_model(notice="Only a test."), "texts.json", '["true \\u001b[31m\\nso", ""]')
    assert done.printed.splitlines() == ["1  TRUE  75.0%  true ?[31m so", "2  FALSE  50.0%  "]
    assert done.said == "Only a test.\n"


def test_ctrl_c_prints_what_there_is(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PART", 1)
    model, real = text_model(), SampleClassifier.classify

    def interrupted(self: SampleClassifier, samples: Any, **more: Any) -> Any:
        if samples == ["stop"]:
            raise KeyboardInterrupt
        return real(self, samples, **more)

    monkeypatch.setattr(SampleClassifier, "classify", interrupted)
    done = run(model, "texts.txt", "true\nlie\nstop\ntrue\n", "--json")
    assert [answer["predicted_class"] for answer in done.answers] == ["TRUE", "FALSE"]


@pytest.mark.parametrize(
    ("model", "name", "said"),
    [
        (text_model(), "film.png", "takes texts, and film.png is no file of them"),
        (row_model(), "film.png", "takes rows of numbers, and film.png is no file of them"),
        (row_model(), "texts.txt", "no table"),
    ],
)
def test_a_file_of_another_kind_is_told_in_words(
    model: SampleClassifier, name: str, said: str, run: Any
) -> None:
    done = run(model, name, "x")
    assert done.status == 2
    assert said in done.said


def test_heatmaps_are_for_pictures(run: Any) -> None:
    done = run(text_model(), "texts.txt", "true\n", "--show-input", "here")
    assert done.status == 2
    assert "for pictures" in done.said


class Explaining(SampleClassifier):
    """Says of each word of a text that it weighs 1, or of a lie -1."""

    def explain(self, text: str, *_: Any, first: int = 0) -> tuple[SamplePrediction, WordEvidence]:
        if not text:
            raise SampleError(f"Text {first + 1} has no words.")
        (prediction,) = self.classify([text])
        weights = [(word, -1.0 if word == "lie" else 1.0) for word in text.split()]
        found = tuple(WordWeight(*each) for each in sorted(weights, key=lambda each: -each[1]))
        return prediction, WordEvidence("TRUE", "contributions", found)


@pytest.mark.parametrize("arguments", [("--explain", "--json"), ("--json", "--explain")])
def test_the_words_that_spoke_are_printed(arguments: tuple[str, ...], run: Any) -> None:
    model = text_model()
    model.__class__ = Explaining
    done = run(model, "texts.json", '["true lie true", ""]', *arguments)
    assert done.status == 1
    explanation = done.answers[0]["explanation"]
    assert explanation["method"] == "contributions"
    weights = [(word["word"], word["weight"]) for word in explanation["words"]]
    assert weights == [("true", 1), ("true", 1), ("lie", -1)]
    assert done.answers[1]["error"] == "Text 2 has no words."
    lines = run(model, "texts.txt", "true lie\n", "--explain").printed.splitlines()
    assert lines[1:] == ["   for TRUE: true +1", "   against TRUE: lie -1"]


def test_a_file_of_texts_is_no_picture(run: Any) -> None:
    done = run(brightness_classifier(), "texts.txt", "true\n")
    assert done.status == 2
    assert "takes pictures, and texts.txt is none" in done.said


def test_a_text_that_is_too_long_gets_an_error_alone(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_TEXT_CHARS", "5")
    done = run(text_model(), "texts.json", '["true", "true true", "lie"]', "--json")
    assert [answer.get("predicted_class") for answer in done.answers] == ["TRUE", None, "FALSE"]
    assert done.answers[1]["error"].startswith("Text 2 has 9 characters. At most 5")


def test_numbers_that_no_model_can_add_up_are_an_error_and_not_nan(run: Any) -> None:
    rows = "[[1, 0, 0], [1e999, 0, 0], [1e308, -1e308, 0]]"
    done = run(row_model(), "rows.json", rows, "--json")
    assert done.answers[0]["predicted_class"] == "SMALL"
    assert done.answers[1]["error"] == "Row 2 holds a number that is too large."
    assert "NaN" not in done.printed
