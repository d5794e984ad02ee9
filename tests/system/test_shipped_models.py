"""The shipped models of leaves, parts and kinds of picture, on drawings and on photographs."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from vistazo.answers.baseline_file import read_reference
from vistazo.classifier import Classifier
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.card import ModelCard
from vistazo.models.card_file import TEXTS, card_path, find_card_of, read_card
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.training.config import read_config
from vistazo.training.drawn.documents import draw_document
from vistazo.training.drawn.parts import draw_part
from vistazo.training.report import _PARTS_ON_THE_CARD, file_sha256

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
LEAVES = ARTIFACTS / "leaves" / "leaves.keras"
PARTS = ARTIFACTS / "parts" / "trained_best_model2.h5"
PICTURES = ARTIFACTS / "pictures" / "finalModel.keras"
NEWS_CARD = ARTIFACTS / "news" / "news.card.yaml"
ALL_CARDS = sorted(ARTIFACTS.glob("*/*.card.yaml"))
TOLD = (
    "title", "notice", "made_for", "intended_use", "population", "training_data", "limits",
    "licence",
)  # fmt: skip
# The small model of leaves, without a baseline, is the only one that is left out.
CARDS = [path for path in ALL_CARDS if path.name != "leaves_small.card.yaml"]
MODELS = pytest.mark.parametrize("model", [LEAVES, PARTS, PICTURES], ids=lambda path: path.stem)


@MODELS
def test_it_is_small_and_its_card_says_what_it_is_for_and_how_it_fails(model: Path) -> None:
    card = read_card(card_path(model))
    assert model.stat().st_size <= 8_000_000
    assert card.sha256 == file_sha256(model)


@pytest.mark.parametrize("path", ALL_CARDS, ids=lambda path: path.stem)
def test_a_card_says_all_that_people_read_in_english_and_in_spanish(path: Path) -> None:
    card = find_card_of(path, TEXTS) if path == NEWS_CARD else read_card(path)
    assert card is not None
    texts = [getattr(card, name) for name in TOLD] + [*card.label_titles.values()]
    assert all(set(text) == {"en", "es"} and all(text.values()) for text in texts)
    assert all(text["en"] != text["es"] for text in texts[: len(TOLD)])
    assert set(card.label_titles) == set(card.labels)
    assert min(map(len, card.limits.values())) > 200


@MODELS
def test_training_again_writes_the_texts_that_the_shipped_card_has(model: Path) -> None:
    config, card = read_config(model.with_name("training.yaml")), read_card(card_path(model))
    assert config.weights_file == model.name
    assert dict(config.card) == {name: getattr(card, name) for name in dict(config.card)}


@MODELS
def test_the_figures_of_the_card_are_those_of_the_evaluation(model: Path) -> None:
    evaluation = json.loads(model.with_name("evaluation.json").read_text(encoding="utf-8"))
    card = read_card(card_path(model))
    assert evaluation["model"]["sha256"] == card.sha256
    parts = {told: part for part, told in _PARTS_ON_THE_CARD.items()}
    for told, group in card.figures.items():
        assert group.items() <= evaluation[parts.get(told, told)].items()


@pytest.mark.parametrize("card_file", CARDS, ids=lambda path: path.name)
def test_its_baseline_holds_answers_whose_mix_its_card_allows(card_file: Path) -> None:
    """Else drift would be told from the first hundred answers on, to the very pictures of the
    baseline.
    """
    is_of_texts = card_file == NEWS_CARD
    card = find_card_of(card_file, TEXTS) if is_of_texts else read_card(card_file)
    assert card is not None
    stem = card_file.name.removesuffix(".card.yaml")
    spec = card.input if isinstance(card, ModelCard) else None
    baseline = card_file.with_name(f"{stem}.baseline.npz")
    reference = read_reference(baseline, str(card.sha256), card.labels, spec)
    assert reference is not None
    shares = dict(zip(card.labels, reference.answered / reference.count, strict=True))
    assert card.drift.class_share
    for label, (least, most) in card.drift.class_share.items():
        assert least <= shares[label] <= most


def test_what_is_made_of_leaves_keeps_their_licence_and_names_whose_they_are() -> None:
    for model in (LEAVES, PICTURES):
        licences = read_card(card_path(model)).licence
        beside = model.with_name("LICENSE").read_text(encoding="utf-8")
        for said in (*licences.values(), beside):
            assert "PlantVillage" in said
            assert re.search("Hughes (and|y)", said.replace("\n", " "))
        assert all("CC BY-SA 3.0" in licence for licence in licences.values())
        assert "creativecommons.org/licenses/by-sa/3.0" in beside


def test_the_photographs_that_forbid_it_left_nothing() -> None:
    assert {path.name for path in PARTS.parent.glob("*cast*")} == {"casting.yaml"}


def _load(model: Path, cache: Path) -> Classifier:
    return load_classifier(ModelSource(model, None, cache), DirectReader(ImageLimits()))


def _answer(classifier: Classifier, picture: Image.Image) -> tuple[str, bool]:
    """The label, and whether the picture is of a kind that the model knows."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    answer = classifier.classify(buffer.getvalue())
    assert answer.in_distribution is not None
    return answer.decision.predicted_class, answer.in_distribution.verdict


def test_drawn_parts_are_sorted_and_a_page_is_no_part(cache: Path) -> None:
    parts = _load(PARTS, cache)
    assert PARTS.with_name("labels.txt").read_text().split() == list(parts.card.labels)
    assert parts.card.costs is not None
    sound = [_answer(parts, draw_part(seed, is_sound=True)) for seed in range(900_000, 900_006)]
    faulty = [_answer(parts, draw_part(seed, is_sound=False)) for seed in range(900_000, 900_006)]
    assert sound.count(("ok", True)) >= 5
    assert faulty.count(("defective", True)) >= 5
    assert not _answer(parts, draw_document(900_000))[1]


def test_the_kinds_of_picture_that_are_drawn_are_told(cache: Path) -> None:
    kinds = _load(PICTURES, cache)
    assert (kinds.card.input.height, kinds.card.input.width) == (500, 720)
    assert kinds.card.page.ask
    assert _answer(kinds, draw_document(900_000)) == ("document", True)
    assert _answer(kinds, draw_part(900_000, is_sound=True, side_px=240)) == ("part", True)


def test_a_drawn_part_is_no_leaf(cache: Path) -> None:
    assert not _answer(_load(LEAVES, cache), draw_part(900_000, is_sound=True))[1]


@pytest.mark.parametrize("label", ["Apple_scab", "Black_rot", "Cedar_apple_rust", "healthy"])
def test_most_leaves_are_told(cache: Path, data: Path, label: str) -> None:
    leaves = _load(LEAVES, cache)
    photographs = sorted((data / "leaves" / label).iterdir())[::20]
    answers = [_answer(leaves, Image.open(photograph)) for photograph in photographs]
    assert answers.count((label, True)) >= 0.8 * len(photographs)


def test_the_small_model_of_leaves_is_data_and_answers_with_the_same_labels(
    cache: Path, data: Path
) -> None:
    small = _load(LEAVES.with_name("leaves_small.pkl"), cache)
    assert small.card.labels == read_card(card_path(LEAVES)).labels
    rot = sorted((data / "leaves" / "Black_rot").iterdir())[::20]
    said = [small.classify(photograph.read_bytes()).decision.predicted_class for photograph in rot]
    assert said.count("Black_rot") >= 0.6 * len(rot)
