"""What a report says of an answer."""

import numpy as np

from builders import brightness_classifier, card, encoded, flat
from vistazo.answers.decision import decide
from vistazo.answers.further_outputs import Classes, Number
from vistazo.classifier import ModelIdentity, Prediction
from vistazo.pictures.radiograph import Radiograph
from vistazo.reports.said import SaidNumber, Statement
from vistazo.reports.statement import statement

IDENTITY = ModelIdentity("brightness", "1.0.0", "0" * 64)


def test_two_labels_come_with_the_one_that_was_decided_on_and_the_threshold() -> None:
    classifier = brightness_classifier()
    said = statement(classifier.classify(encoded(flat(240))), classifier.card)
    [classes] = said.classes
    assert [label for label, _ in classes.probabilities] == ["DARK", "BRIGHT"]
    assert (classes.predicted, classes.positive) == ("BRIGHT", "BRIGHT")
    assert classes.threshold == classifier.card.output.threshold
    assert said.explained == "BRIGHT"
    assert said.is_usual


def test_of_independent_labels_none_is_predicted_and_those_above_the_threshold_are_told() -> None:
    the_card = card(labels=["A", "B", "C"], output={"kind": "multilabel"}, positive=None)
    prediction = Prediction(decide(np.array([0.9, 0.2, 0.6], np.float32), the_card), IDENTITY)
    [classes] = statement(prediction, the_card).classes
    assert classes.predicted is None
    assert classes.positive is None
    assert classes.reached == ("A", "C")


def test_of_a_thousand_labels_the_most_probable_are_told() -> None:
    labels = [f"label {number}" for number in range(1000)]
    the_card = card(labels=labels, output={"kind": "softmax"}, positive=None)
    scores = np.linspace(0, 1, 1000, dtype=np.float32) / 500
    [classes] = statement(Prediction(decide(scores, the_card), IDENTITY), the_card).classes
    assert len(classes.probabilities) == 100
    assert classes.probabilities[0][0] == "label 999"
    assert classes.labels_in_all == 1000


def test_each_of_several_outputs_is_told() -> None:
    more = {
        "kind_of": {"kind": "softmax", "labels": ["x", "y", "z"]},
        "age": {"kind": "value", "unit": "years"},
    }
    the_card = card(more_outputs=more)
    decision = decide(np.array([0.1, 0.9], np.float32), the_card)
    further = decide(np.array([0.1, 0.2, 0.7], np.float32), the_card.more_outputs["kind_of"])
    outputs = {
        "usual": Classes(the_card.labels, decision),
        "kind_of": Classes(("x", "y", "z"), further),
        "age": Number(4.5, "years"),
    }
    said = statement(Prediction(decision, IDENTITY, outputs=outputs), the_card)
    assert [each.output for each in said.classes] == ["usual", "kind_of"]
    assert said.classes[1].predicted == "z"
    assert said.numbers == (SaidNumber("age", 4.5, "years"),)


def test_warnings_are_sentences_and_the_frame_is_told() -> None:
    classifier = brightness_classifier()
    found = classifier.classify(encoded(flat(240)))
    warned = Prediction(
        decision=type(found.decision)((0.4, 0.6), "BRIGHT", 0.6, ("uncertain", "brand_new")),
        model=IDENTITY,
        radiograph=Radiograph(frame=2, frames=5),
    )
    said = statement(warned, classifier.card, "DARK")
    assert said.warnings[0].startswith("Warning (uncertain): The probability is")
    assert said.warnings[1] == "Warning (brand_new): brand new"
    assert (said.frame, said.frames, said.explained, said.is_usual) == (2, 5, "DARK", False)


def test_it_travels_as_it_is() -> None:
    the_card = card(more_outputs={"age": {"kind": "value", "unit": "años"}})
    decision = decide(np.array([0.1, 0.9], np.float32), the_card)
    outputs = {"a": Classes(the_card.labels, decision), "age": Number(4.5, "años")}
    said = statement(Prediction(decision, IDENTITY, outputs=outputs), the_card)
    assert Statement.from_json(said.as_json()) == said
