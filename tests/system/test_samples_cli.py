"""The command line with a file of scikit-learn, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import builders
from documents import text_of
from estimator_files import estimator, linear, pipeline, spam_words, vectorizer, write_estimator
from vistazo.models.card_file import TEXTS, parse_card_of

Vistazo = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_estimator(spam_words(), tmp_path / "mail.joblib")
    write_estimator(vectorizer(["free", "meeting", "money"]), tmp_path / "vectorizer.pkl")
    write_estimator(linear([2.0, -3.0, 1.0], -0.5), tmp_path / "model.pkl")
    (tmp_path / "texts.json").write_text('["free money", "a meeting", "ñandú"]')
    (tmp_path / "labelled.csv").write_text(
        "Text,Category\n" + "free money,1\na meeting,0\nfree meeting,1\nhello,0\n" * 4
    )
    return tmp_path


def test_a_model_and_its_vectorizer_in_two_files_answer_a_list_of_texts(
    folder: Path, vistazo: Vistazo
) -> None:
    done = vistazo(
        "predict", "--json", "texts.json",
        cwd=folder, MODEL_PATH="model.pkl", VECTORIZER_PATH="vectorizer.pkl",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line.strip(",")) for line in done.stdout.splitlines()[1:-1]]
    assert lines == json.loads(done.stdout)
    assert [answer["predicted_class"] for answer in lines] == ["1", "0", "0"]
    assert lines[0]["probabilities"]["1"] == pytest.approx(0.924141819978757, abs=1e-12)


def said(table: str) -> list[dict[str, str]]:
    """Without which file it was."""
    rows = csv.DictReader(io.StringIO(table))
    return [{name: cell for name, cell in row.items() if "model" not in name} for row in rows]


@pytest.mark.longer
def test_the_same_from_one_file_from_standard_input_and_converted(
    folder: Path, vistazo: Vistazo
) -> None:
    arguments = ("predict", "--csv", "texts.json")
    as_two = vistazo(
        *arguments, "--model", "model.pkl", "--vectorizer", "vectorizer.pkl", cwd=folder
    )
    as_one = vistazo(*arguments, "--model", "mail.joblib", cwd=folder)
    done = vistazo("convert", "model.pkl", "mail.npz", "--vectorizer", "vectorizer.pkl", cwd=folder)
    assert "mail.npz: texts -> 2 labels, scikit-learn 1.5.2" in done.stdout
    converted = vistazo(*arguments, "--model", "mail.npz", cwd=folder)
    of_two, of_one, of_converted = (said(done.stdout) for done in (as_two, as_one, converted))
    assert of_two == of_one == of_converted
    assert len(of_one) == 3
    assert as_one.stdout.startswith("text,predicted_class,confidence,0,1,")
    refused = vistazo("convert", "mail.joblib", "mail.onnx", cwd=folder)
    assert refused.returncode == 2
    assert "no like in ONNX" in refused.stderr


@pytest.mark.longer
def test_inspect_shows_the_steps_and_prints_a_card_that_can_be_saved(
    folder: Path, vistazo: Vistazo
) -> None:
    done = vistazo("inspect", "mail.joblib", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "#   takes      texts" in done.stdout
    assert "1. CountVectorizer: 3 terms" in done.stdout
    assert "2. LogisticRegression" in done.stdout
    assert parse_card_of(done.stdout, TEXTS).labels == ("0", "1")
    card = yaml.safe_load(done.stdout) | {"labels": ["ham", "spam"], "route": "/spam"}
    (folder / "mail.card.yaml").write_text(yaml.safe_dump(card))
    agrees = vistazo("inspect", "mail.joblib", cwd=folder)
    assert agrees.returncode == 0
    assert "mail.card.yaml agrees" in agrees.stdout
    table = vistazo("predict", "texts.json", cwd=folder, MODEL_PATH="mail.joblib")
    assert table.stdout.splitlines()[0].startswith("1  spam  92.4%  free money")
    (folder / "mail.card.yaml").write_text(yaml.safe_dump(card | {"labels": ["1", "0"]}))
    differs = vistazo("inspect", "mail.joblib", cwd=folder)
    assert differs.returncode == 1
    assert "does not agree" in differs.stdout


@pytest.mark.longer
def test_inspect_says_in_words_what_stands_in_the_way(folder: Path, vistazo: Vistazo) -> None:
    alone = vistazo("inspect", "vectorizer.pkl", cwd=folder)
    assert alone.returncode == 1
    assert "cannot be served: CountVectorizer makes numbers of texts" in alone.stdout
    write_estimator(estimator("LinearRegression", coef_=[1.0]), folder / "line.pkl")
    assert "predicts a number" in vistazo("inspect", "line.pkl", cwd=folder).stdout
    (folder / "none.pkl").write_bytes(b"nothing of the kind")
    broken = vistazo("inspect", "none.pkl", cwd=folder)
    assert broken.returncode == 2
    assert "Traceback" not in broken.stderr


@pytest.mark.longer
def test_evaluate_writes_figures_plots_and_the_numbers_of_the_mistakes(
    folder: Path, vistazo: Vistazo
) -> None:
    done = vistazo("evaluate", "mail.joblib", "labelled.csv", "--out", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["texts", "16"] in rows
    assert ["accuracy", "0.7500"] in [row[:2] for row in rows]
    names = {path.name for path in (folder / "out").iterdir()}
    plots = {"roc.png", "precision_recall.png", "reliability.png", "confusion.png"}
    assert names == {*plots, "mistakes.csv", "evaluation.json"}
    written = json.loads((folder / "out" / "evaluation.json").read_text())
    assert written["all"]["groups"] == 4
    assert "free" not in (folder / "out" / "mistakes.csv").read_text()
    asked = ("evaluate", "mail.joblib", "labelled.csv", "--require", "accuracy=0.8")
    shut = vistazo(*asked, cwd=folder)
    assert shut.returncode == 3
    assert "  NOT MET  accuracy >= 0.8: 0.7500" in shut.stdout


@pytest.mark.longer
def test_two_models_of_texts_are_compared_and_one_of_pictures_is_no_match(
    folder: Path, vistazo: Vistazo
) -> None:
    write_estimator(
        pipeline(vectorizer(["free", "meeting", "money"]), linear([2.0, 3.0, 1.0], -0.5)),
        folder / "bad.joblib",
    )
    texts = "".join(f"free money {n},1\na meeting {n},0\n" for n in range(20))
    (folder / "many.csv").write_text(f"text,label\n{texts}")
    done = vistazo("compare", "mail.joblib", "bad.joblib", "many.csv", cwd=folder)
    assert done.returncode == 3, done.stderr
    assert "40 texts in 40 groups. 0: 20, 1: 20" in done.stdout
    assert "B is worse: the AUC of B is" in done.stdout
    builders.write_brightness_model(folder / "mine.keras")
    other = vistazo("compare", "mail.joblib", "mine.keras", "many.csv", cwd=folder)
    assert other.returncode == 2
    assert "A takes texts, and B takes pictures" in other.stderr


@pytest.mark.longer
def test_setup_says_what_it_is_and_the_next_command(folder: Path, vistazo: Vistazo) -> None:
    bare = vistazo("setup", "model.pkl", cwd=folder)
    assert bare.returncode == 0, bare.stderr
    assert "rows of 3 numbers" in bare.stdout
    assert "--vectorizer vectorizer.pkl" in bare.stdout
    whole = vistazo("setup", "model.pkl", "--vectorizer", "vectorizer.pkl", cwd=folder)
    assert "Next: MODEL_PATH=model.pkl VECTORIZER_PATH=vectorizer.pkl" in whole.stdout
    told = vistazo("card", "mail.joblib", "labelled.csv", cwd=folder)
    assert told.returncode == 2
    assert "A file of scikit-learn" in told.stderr


def fifteen_times(folder: Path) -> None:
    rows = ["free money,1", "a meeting,0", "free meeting,1", "hello,0"] * 15
    (folder / "more.csv").write_text("\n".join(["Text,Category", *rows]))
    (folder / "bare.csv").write_text("\n".join(["Text", *(row[:-2] for row in rows)]))


def test_what_a_model_of_texts_answers_is_remembered_from_a_table(
    folder: Path, vistazo: Vistazo
) -> None:
    fifteen_times(folder)
    known = vistazo("baseline", "mail.joblib", "more.csv", cwd=folder)
    assert known.returncode == 0, known.stderr
    assert "compared with 60 answers, 45 of 60 right" in known.stderr
    for wrong in (["more.csv", "bare.csv"], ["--training", "mail.yaml"], []):
        assert vistazo("baseline", "mail.joblib", *wrong, cwd=folder).returncode == 2


@pytest.mark.longer
def test_a_table_without_labels_does_too_and_one_of_few_texts_does_not(
    folder: Path, vistazo: Vistazo
) -> None:
    few = vistazo("baseline", "mail.joblib", "labelled.csv", cwd=folder)
    assert few.returncode == 2
    assert "Give a table of at least 50 texts" in few.stderr
    fifteen_times(folder)
    unknown = vistazo("baseline", "mail.joblib", "bare.csv", cwd=folder)
    assert "compared with 60 answers (confidence, known_words, language, length)" in unknown.stderr
    shown = vistazo("inspect", "mail.joblib", cwd=folder).stdout
    assert "#   baseline   mail.baseline.npz: tells drift from 60 answers" in shown


@pytest.mark.longer
def test_the_curl_of_the_page_on_texts_is_answered(
    folder: Path, running: Callable[..., Any]
) -> None:
    line = next(line for line in text_of("texts.md").splitlines() if line.startswith("curl -H"))
    with running(MODEL_PATH=str(folder / "mail.joblib")) as service:
        command = shlex.split(line.replace("http://localhost:8000", service.url))
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len(json.loads(done.stdout)["results"]) == 2
