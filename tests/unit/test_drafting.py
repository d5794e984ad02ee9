from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from vistazo.errors import CardError, UnsupportedModelError
from vistazo.models.card_file import parse_card
from vistazo.models.conclusions import card_name, draft_card
from vistazo.models.draft_text import draft_text
from vistazo.models.drafting import CardDraft, CardHints, check_hints
from vistazo.models.labels import FoundLabels
from vistazo.models.signature import TEACHABLE_MACHINE, ModelSignature

MODEL = Path("folder/keras_model.h5")
SHA256 = "0123456789abcdef" * 4
COLOUR_MODEL = ModelSignature(
    height=224,
    width=200,
    channels=3,
    units=2,
    activation="softmax",
    features=None,
    weights=0,
    layers=1,
    framework="keras 2.4.0",
)
SCALED = replace(COLOUR_MODEL, scale="none", scale_why="in the model, 'rescaling' takes 0..255")
ITS = replace(COLOUR_MODEL, width=224, origin=TEACHABLE_MACHINE)


def beside(*labels: str) -> FoundLabels:
    return FoundLabels(labels, Path("folder/labels.txt"))


TWO = beside("NORMAL", "PNEUMONIA")


def drafted(
    signature: ModelSignature = SCALED, found: FoundLabels | None = TWO, **hints: Any
) -> CardDraft:
    return draft_card(MODEL, SHA256, signature, CardHints(**hints), found)


def why(draft: CardDraft, field: str) -> str:
    return next(known.why for known in draft.conclusions if known.field == field)


def test_labels_beside_a_model_that_scales_by_itself_make_a_card() -> None:
    draft = drafted()
    card = draft.complete()
    assert card.labels == ("NORMAL", "PNEUMONIA")
    assert (card.input.height, card.input.width, card.input.colour) == (224, 200, "rgb")
    assert (card.input.scale, card.input.resize, card.output.kind) == ("none", "stretch", "softmax")
    assert (card.name, card.version) == ("keras_model", "01234567")
    assert "labels.txt" in why(draft, "labels")
    assert "'rescaling'" in why(draft, "input.scale")


def test_the_environment_makes_a_card() -> None:
    grey = replace(COLOUR_MODEL, channels=1, units=1, activation="sigmoid")
    hints = {"labels": ("A", "B"), "scale": "1/255", "resize": "fit", "input_size": (224, 200)}
    card = drafted(grey, None, **hints).complete()
    assert (card.labels, card.output.kind, card.input.colour) == (("A", "B"), "sigmoid", "grey")
    assert (card.input.scale, card.input.resize) == ("1/255", "fit")
    assert drafted(COLOUR_MODEL, colour="bgr", scale="none").complete().input.colour == "bgr"


def test_a_teachable_machine_export_is_prepared_as_its_sample_code_does() -> None:
    spec = drafted(ITS).complete().input
    assert (spec.scale, spec.resize, spec.filter) == ("1/127.5-1", "crop", "lanczos")
    assert "Teachable Machine" in why(drafted(ITS), "input.scale")


@pytest.mark.parametrize(
    ("activation", "units", "kind"),
    [
        ("softmax", 2, "softmax"),
        ("sigmoid", 1, "sigmoid"),
        ("sigmoid", 2, "multilabel"),
        ("linear", 2, "logits"),
        ("linear", 1, "logits"),
    ],
)
def test_the_last_activation_says_what_the_numbers_are(
    activation: str, units: int, kind: str
) -> None:
    signature = replace(SCALED, activation=activation, units=units)
    assert drafted(signature).complete().output.kind == kind


def test_what_is_missing_is_listed_with_each_way_to_give_it() -> None:
    draft = drafted(replace(COLOUR_MODEL, activation="tanh"), None)
    assert draft.missing == ("labels", "input.scale", "output.kind")
    with pytest.raises(CardError) as told:
        draft.complete()
    for words in ("LABELS=", "folder/labels.txt", "SCALE=1/255", "setup", "inspect", "'tanh'"):
        assert words in str(told.value)
    assert "Labels are never guessed" in str(told.value)


def test_a_scale_that_is_found_later_completes_the_card() -> None:
    draft = drafted(COLOUR_MODEL)
    assert draft.missing == ("input.scale",)
    assert draft.complete(**{"input.scale": "none"}).input.scale == "none"
    later = draft.concluding("input.scale", "1/255", "the weights remember it")
    assert later.missing == ()
    assert later.complete().input.scale == "1/255"
    assert why(later, "input.scale") == "the weights remember it"


def test_an_empty_card_is_told_of() -> None:
    draft = draft_card(
        MODEL, SHA256, SCALED, CardHints(), None, empty_card=Path("folder/keras_model.card.yaml")
    )
    with pytest.raises(CardError, match=r"keras_model\.card\.yaml is empty"):
        draft.complete()


@pytest.mark.parametrize(
    ("signature", "found", "hints", "said"),
    [
        (SCALED, beside("A", "B", "C"), {}, r"labels\.txt gives 3 labels.*model gives 2 numbers"),
        (SCALED, None, {"labels": ("A", "B", "C")}, "LABELS gives 3 labels.*gives 2"),
        (replace(SCALED, units=1, activation="sigmoid"), beside("A"), {}, "that of 0 and then"),
        (SCALED, TWO, {"labels": ("PNEUMONIA", "NORMAL")}, r"LABELS says.*labels\.txt says"),
        (SCALED, TWO, {"input_size": (200, 224)}, "INPUT_SIZE says 200x224.*fixed to 224x200"),
        (SCALED, TWO, {"colour": "grey"}, "COLOUR says grey.*3 channels"),
        (replace(SCALED, channels=1), TWO, {"colour": "rgb"}, "COLOUR says rgb.*1 channels"),
    ],
)
def test_two_that_disagree_are_both_named(
    signature: ModelSignature, found: FoundLabels | None, hints: dict[str, Any], said: str
) -> None:
    with pytest.raises(CardError, match=f"(?s){said}"):
        drafted(signature, found, **hints)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"channels": 4}, "4 channels"), ({"units": 1}, "1 for every picture")],
)
def test_a_model_that_no_card_fits_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UnsupportedModelError, match=said):
        drafted(replace(SCALED, **changes))


def test_a_scale_of_the_environment_beats_that_of_the_file_and_the_doubt_is_told() -> None:
    draft = drafted(SCALED, scale="1/255")
    assert draft.complete().input.scale == "1/255"
    assert "although none" in why(draft, "input.scale")


def test_pictures_as_small_as_the_model_are_let_in() -> None:
    assert drafted(replace(SCALED, height=28, width=28)).complete().input.min_side_px == 28
    assert drafted().complete().input.min_side_px == 32


@pytest.mark.parametrize(
    ("hints", "said"),
    [
        ({"labels": ("PNEUMONIA", "NORMAL")}, "LABELS says 2 labels"),
        ({"scale": "none"}, "SCALE says none, the card says 1/127.5-1"),
        ({"resize": "fit"}, "RESIZE says fit"),
        ({"colour": "bgr"}, "COLOUR says bgr"),
        ({"input_size": (1, 2)}, "INPUT_SIZE says 1x2, the card says 224x224"),
    ],
)
def test_a_card_and_a_variable_that_disagree_are_both_named(
    hints: dict[str, Any], said: str
) -> None:
    card = drafted(ITS).complete()
    with pytest.raises(CardError, match=rf"(?s)my\.card\.yaml.*{said}"):
        check_hints(card, CardHints(**hints), Path("my.card.yaml"))
    same = CardHints(card.labels, "1/127.5-1", "rgb", "crop", (224, 224))
    check_hints(card, same, Path("my.card.yaml"))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my model (2).h5", "my-model--2"),
        ("neumonía.keras", "neumon-a"),
        ("___.h5", "model"),
        ("模型.h5", "model"),
        ("a" * 200 + ".h5", "a" * 100),
    ],
)
def test_any_file_name_gives_a_name_that_a_card_may_have(file: str, name: str) -> None:
    assert card_name(Path(file)) == name
    signature, place = SCALED, Path(file)
    assert draft_card(place, SHA256, signature, CardHints(), TWO).complete().name == name


LABELS = ("no", "1", "a: b", "# x", "[", "neumonía")


def test_a_draft_that_lacks_nothing_is_a_card_as_text() -> None:
    draft = drafted(replace(SCALED, units=6), beside(*LABELS))
    card = parse_card(draft_text(draft))
    assert card == draft.complete()


def test_a_draft_that_lacks_something_is_valid_yaml_and_says_what_is_to_do() -> None:
    text = draft_text(drafted(COLOUR_MODEL, None))
    assert yaml.safe_load(text)["labels"] == "TODO"
    assert "labels: TODO  # 2, in the order of the model's outputs" in text
    with pytest.raises(CardError, match=r"TODO at labels, input\.scale"):
        parse_card(text)
