from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vistazo.pictures import ImageLimits
from vistazo.training.answers import Answers
from vistazo.training.collection import LabelledPicture
from vistazo.training.plots import FILES, draw_all
from vistazo.training.plots.chart import CHART_PX, counted, short
from vistazo.training.plots.mistakes import CELL_PX, COLUMNS, draw_mistakes
from vistazo.training.report import measure_answers


def _answers(pictures: int, labels: int, *, skill: float = 1.0) -> Answers:
    random = np.random.default_rng(0)
    truth = random.integers(0, labels, pictures)
    logits = random.normal(0, 1, (pictures, labels))
    logits[np.arange(pictures), truth] += skill
    powers = np.exp(logits)
    names = tuple(f"label ${k}" for k in range(labels))
    positive = 1 if labels == 2 else None
    said = powers / powers.sum(axis=1, keepdims=True)
    return Answers(said, truth, np.arange(pictures), names, positive, 0.5)


def _pictures(answers: Answers) -> list[LabelledPicture]:
    pixels = np.zeros((40, 60, 3), np.uint8)
    return [LabelledPicture(f"{k}.png", int(y), pixels) for k, y in enumerate(answers.labels)]


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The intervals are not what these tests are about."""
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 10)


@pytest.mark.parametrize(
    ("pictures", "labels", "skill"),
    [
        (60, 2, 1.0),
        (400, 45, 2.0),
        *(
            pytest.param(*other, marks=pytest.mark.longer)
            for other in ((60, 2, 20.0), (2, 2, 1.0), (90, 3, 1.0))
        ),
    ],
)
def test_any_number_of_labels_and_of_pictures_can_be_drawn(
    pictures: int, labels: int, skill: float, tmp_path: Path
) -> None:
    answers = _answers(pictures, labels, skill=skill)
    draw_all(answers, measure_answers(answers), _pictures(answers), ImageLimits(), tmp_path)
    for name in FILES[:-1]:
        assert _size(tmp_path / name) == CHART_PX
        assert (tmp_path / name).stat().st_size < 60_000


@pytest.mark.parametrize("label", [0, 1])
def test_pictures_of_one_label_alone_can_be_drawn(label: int, tmp_path: Path) -> None:
    said = np.array([[0.3, 0.7], [0.6, 0.4]])
    answers = Answers(said, np.full(2, label), np.arange(2), ("a", "b"), 1, 0.5)
    draw_all(answers, measure_answers(answers), _pictures(answers), ImageLimits(), tmp_path)


@pytest.mark.longer
def test_the_grid_of_mistakes_grows_with_them_up_to_twelve(tmp_path: Path) -> None:
    heights = {}
    for wrong in (0, 4, 5, 12, 13):
        said = np.full((20, 2), 0.5) + np.array([0.2, -0.2])
        truth = np.where(np.arange(20) < wrong, 1, 0)
        answers = Answers(said, truth, np.arange(20), ("a", "b"), 1, 0.5)
        draw_mistakes(answers, _pictures(answers), ImageLimits(), tmp_path / "mistakes.png")
        width, heights[wrong] = _size(tmp_path / "mistakes.png")
        assert width == COLUMNS * CELL_PX[0]
    assert heights[4] == heights[0] == heights[5] - CELL_PX[1]
    assert heights[13] == heights[12] == heights[4] + 2 * CELL_PX[1]


def test_mistakes_come_worst_first_and_right_answers_are_none() -> None:
    said = np.array([[0.9, 0.1], [0.45, 0.55], [0.2, 0.8], [0.58, 0.42], [0.05, 0.95]])
    truth = np.array([1, 0, 1, 1, 0])
    answers = Answers(said, truth, np.arange(5), ("a", "b"), 1, 0.5)
    assert answers.mistakes.tolist() == [4, 0, 3, 1]
    lenient = Answers(said, truth, np.arange(5), ("a", "b"), 1, 0.4)
    assert lenient.mistakes.tolist() == [4, 0, 1], "from the threshold on it is positive"


def test_mistakes_among_several_labels_are_sorted_by_what_was_left_for_the_truth() -> None:
    said = np.array([[0.5, 0.3, 0.2], [0.1, 0.5, 0.4], [0.3, 0.3, 0.4]])
    answers = Answers(said, np.array([1, 0, 2]), np.arange(3), ("a", "b", "c"), None, 0.5)
    assert answers.mistakes.tolist() == [1, 0]


def test_a_subtitle_counts_pictures_groups_and_labels() -> None:
    answers = Answers(np.eye(2)[[0, 1, 1]], np.array([0, 1, 1]), np.array([0, 1, 1]),
        ("a", "b"), 1, 0.5)  # fmt: skip
    assert counted(answers) == "3 pictures of 2 groups: a 1, b 2"
    assert counted(_answers(50, 30)) == "50 pictures, 30 labels"


def test_a_long_name_keeps_its_ends() -> None:
    assert short("a name that goes on and on.png", 11) == "a nam…n.png"
    assert short("a name", 11) == "a name"
