"""The shipped model of news, on real articles where they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vistazo.models.compilation import EstimatorFiles
from vistazo.models.sample_card import TextCard
from vistazo.samples.classifier import SampleClassifier
from vistazo.samples.loading import SampleSource, load_sample_classifier

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "news"
MODEL = ARTIFACTS / "news.joblib"
ARTICLE = (
    "El gobierno presentó este martes un plan para mejorar el transporte público de la capital. "
    "De acuerdo con el informe, el proyecto incluye nuevas líneas de autobuses y la reparación de "
    "las estaciones más antiguas. El secretario explicó en conferencia de prensa que las obras "
    "comenzarán el próximo año y que el costo será cubierto con recursos federales. La oposición, "
    "por su parte, señaló que el plan no resuelve los problemas de los usuarios. "
)
ENGLISH = (
    "The government presented a plan on Tuesday to improve public transport in the capital. The "
    "project includes new bus lines and the repair of the oldest stations, according to a report "
    "that was seen by this newspaper. The opposition said that it does not solve the problems of "
    "those who use them every day, and asked for more money before the end of the year."
)


@pytest.fixture(scope="module")
def classifier(cache: Path) -> SampleClassifier:
    return load_sample_classifier(SampleSource(EstimatorFiles(MODEL), cache))


def test_it_is_small_and_its_card_says_what_it_is_for_and_how_it_fails(
    classifier: SampleClassifier,
) -> None:
    card = classifier.card
    assert MODEL.stat().st_size <= 8_000_000
    assert card.sha256 == classifier.identity.sha256
    assert all((card.intended_use, card.population, card.training_data, card.limits, card.licence))
    assert isinstance(card.notice, dict)
    assert set(card.notice) == {"en", "es"}


def test_its_own_route_says_0_for_fake_and_1_for_true(classifier: SampleClassifier) -> None:
    card = classifier.card
    assert isinstance(card, TextCard)
    assert (card.route, card.answer_field) == ("/falsetrue", "is_falsetrue")
    assert dict(zip(card.labels, card.values or (), strict=True)) == {"Fake": 0, "True": 1}
    assert classifier.signature.labels == (0, 1)


def test_the_figures_of_the_card_are_those_of_the_evaluation(classifier: SampleClassifier) -> None:
    evaluation = json.loads((ARTIFACTS / "evaluation.json").read_text(encoding="utf-8"))
    assert evaluation["model"]["sha256"] == classifier.identity.sha256
    shown = classifier.card.figures["cross_validation_on_groups_never_seen"]
    assert shown["accuracy"] == evaluation["unseen_groups"]["accuracy"]


def test_names_numbers_and_a_headline_in_capitals_change_nothing(
    classifier: SampleClassifier,
) -> None:
    written = (ARTICLE, f"PRESENTAN UN PLAN *NUMBER*\n{ARTICLE}", f"Peña Nieto 2018. {ARTICLE}")
    said = {each.decision.probabilities for each in classifier.classify(written)}
    assert len(said) == 1


def test_an_article_is_known_and_what_is_none_is_strange(classifier: SampleClassifier) -> None:
    texts = [ARTICLE, ENGLISH, ARTICLE[:100], "lorem ipsum dolor sit amet consectetur " * 20]
    found = [each.in_distribution for each in classifier.classify(texts)]
    assert [each is not None and each.verdict for each in found] == [True, False, False, False]


@pytest.mark.longer
def test_it_does_on_the_articles_of_development_what_its_evaluation_says(
    classifier: SampleClassifier, data: Path
) -> None:
    from vistazo.training.tables import read_table

    tables = [read_table(data / "news_es" / f"{part}.xlsx") for part in ("train", "development")]
    learned = set(tables[0].column("Text"))
    rows = dict(zip(tables[1].column("Text"), tables[1].column("Category"), strict=True))
    unseen = {str(text): label for text, label in rows.items() if text not in learned}
    said = classifier.classify(list(unseen))
    right = [
        each.decision.predicted_class == label
        for each, label in zip(said, unseen.values(), strict=True)
    ]
    evaluation = json.loads((ARTIFACTS / "evaluation.json").read_text(encoding="utf-8"))
    assert len(right) == evaluation["development"]["texts"]
    assert round(sum(right) / len(right), 4) == evaluation["development"]["accuracy"]["value"]
    strange = [each for each in said if each.in_distribution and not each.in_distribution.verdict]
    assert len(strange) <= 0.04 * len(said)
