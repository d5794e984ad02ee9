"""A model of several outputs: what its card says of them, and what is answered."""

from __future__ import annotations

import contextlib
import io
import json
import random
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import yaml

from builders import (
    BrightnessEngine,
    brightness_classifier,
    card,
    encoded,
    film,
    layer,
    signature,
    write_keras_archive,
)
from command_line import run_here
from vistazo.answers.further_outputs import Classes, FurtherOutputs, Number
from vistazo.cli.card import _check_outputs
from vistazo.engines.base import Outputs
from vistazo.errors import (
    CardError,
    HostileModelError,
    InputError,
    ModelError,
    UnsupportedModelError,
)
from vistazo.models.agreement import disagreements
from vistazo.models.card import ModelCard
from vistazo.models.card_file import parse_card, validate_card, write_card
from vistazo.models.conclusions import draft_card
from vistazo.models.draft_text import draft_text
from vistazo.models.drafting import CardHints
from vistazo.models.keras_import import convert, read_signature
from vistazo.models.output_spec import ClassOutput
from vistazo.models.outputs import OutputSignature, first_place, unique
from vistazo.models.signature import ModelSignature

AGE = OutputSignature("age", 1, "linear")
DECADE = OutputSignature("decade", 3, "softmax")
SMILE = OutputSignature("smile", 1, "sigmoid")
VECTOR = OutputSignature("vector", 2, "unknown")
OF_FACES = replace(signature(card()), output="gender", others=(AGE, DECADE, SMILE, VECTOR))
MORE: dict[str, Any] = {
    "age": {"kind": "value", "unit": "years", "scale": 100, "offset": 1},
    "decade": {"kind": "expectation", "unit": "years", "scale": 10},
    "smile": {"kind": "sigmoid", "labels": ["no", "yes"], "threshold": 0.9, "temperature": 2},
    "vector": {"kind": "ignored"},
}


def faults(more: dict[str, Any], of: ModelSignature = OF_FACES, **output: Any) -> str:
    return " ".join(disagreements(card(more_outputs=more, output=output), of))


def test_each_output_is_read_as_the_card_says() -> None:
    further = FurtherOutputs(OF_FACES.others, card(more_outputs=MORE).more_outputs)
    row = np.array([0.3, 0.1, 0.1, 0.8, 0.95, np.nan, 7], np.float32)
    told = further.read(row)
    assert list(told) == ["age", "decade", "smile"], "what is ignored is not even looked at"
    age, decade, smile = told.values()
    assert age == Number(pytest.approx(31), "years")
    assert decade == Number(pytest.approx(17), "years")
    assert isinstance(smile, Classes)
    odds = (0.95 / 0.05) ** 0.5
    assert smile.decision.probabilities[1] == pytest.approx(odds / (1 + odds))
    assert smile.decision.predicted_class == "no", "by a threshold of its own"


@pytest.mark.parametrize("number", [np.nan, np.inf, 3e38])
def test_an_output_that_is_no_number_is_an_error(number: float) -> None:
    more = {"age": {"kind": "value", "scale": 1e300}}
    further = FurtherOutputs((AGE,), card(more_outputs=more).more_outputs)
    with pytest.raises(InputError, match="no finite answer"):
        further.read(np.array([number], np.float32))


def test_a_card_that_says_what_each_output_is_agrees() -> None:
    assert not faults(MORE)
    assert not faults(MORE, name="gender")
    assert not faults({**MORE, "map": {"kind": "ignored"}}, replace(OF_FACES, no_rows=("map",)))


@pytest.mark.parametrize(
    ("name", "said", "words"),
    [
        ("age", None, "does not say what the model's output 'age' is"),
        ("height", {"kind": "ignored"}, "has 'height'; .* are: age, decade, smile, vector"),
        ("age", {"kind": "expectation"}, "age .* needs several probabilities; the model gives 1"),
        ("decade", {"kind": "value"}, "decade .* needs one number; the model gives 3"),
        ("decade", {"kind": "softmax", "labels": ["a", "b"]}, "decade has 2 labels .* gives 3"),
        ("smile", {"kind": "softmax", "labels": ["a", "b"]}, "which needs 2 numbers; .* gives 1"),
        ("age", {"kind": "sigmoid", "labels": ["a", "b"]}, "age .* ends in 'linear'"),
    ],
)
def test_a_card_that_says_otherwise_is_told_what_to_correct(
    name: str, said: object, words: str
) -> None:
    more = {key: value for key, value in {**MORE, name: said}.items() if value is not None}
    assert re.search(words, faults(more))


def test_a_map_can_but_be_ignored() -> None:
    of = replace(OF_FACES, no_rows=("map",))
    assert "output 'map' is" in faults(MORE, of)
    assert "no row of numbers" in faults({**MORE, "map": {"kind": "value"}}, of)
    assert "more_outputs has 'age'; the model's further outputs are: none" in faults(
        {"age": {"kind": "ignored"}}, replace(OF_FACES, others=())
    )
    assert "the model's output is 'gender'" in faults(MORE, name="age_2")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"output": {"kind": "value"}}, "nothing but numbers cannot be served"),
        ({"more_outputs": {"age": {"kind": "number"}}}, "kind must be softmax, .* or ignored"),
        ({"more_outputs": {"age": {}}}, "kind must be softmax, .* or ignored"),
        ({"more_outputs": {"age": {"kind": "value", "scale": 0}}}, "scale must not be 0"),
        ({"more_outputs": {"age": {"kind": "value", "units": "m"}}}, "units"),
        ({"more_outputs": {"s": {"kind": "softmax", "labels": ["a", "a"]}}}, "differ"),
        ({"more_outputs": {"s": {"kind": "sigmoid", "labels": ["a", "b", "c"]}}}, "two labels"),
        ({"output": {"name": "s"}, "more_outputs": {"s": {"kind": "ignored"}}}, "both"),
    ],
)
def test_a_card_that_makes_no_sense_is_told_where(change: dict[str, Any], words: str) -> None:
    document = card().model_dump(mode="json")
    document["output"] |= change.get("output", {})
    document["more_outputs"] = change.get("more_outputs", {})
    with pytest.raises(CardError, match=words):
        validate_card(document, "the card")


def test_labels_that_are_the_card_s_own_need_not_be_said_again() -> None:
    of_plates = card(more_outputs={"second": {"kind": "softmax"}, "age": {"kind": "value"}})
    second = of_plates.more_outputs["second"]
    assert isinstance(second, ClassOutput)
    assert second.labels == of_plates.labels == ("DARK", "BRIGHT")


def test_a_card_of_several_outputs_reads_as_it_was_written(tmp_path: Path) -> None:
    of_faces = card(more_outputs=MORE, output={"name": "gender"})
    write_card(of_faces, tmp_path / "c.yaml")
    assert parse_card((tmp_path / "c.yaml").read_text("utf-8")) == of_faces
    assert "more_outputs" not in card().model_dump()
    assert "name" not in card().model_dump()["output"]


def test_a_signature_of_several_outputs_reads_as_it_was_written() -> None:
    of = replace(OF_FACES, no_rows=("map",))
    assert ModelSignature.from_metadata(of.to_metadata()) == of
    for fault in (replace(AGE, units=0), replace(AGE, units=1.5), replace(AGE, name=3)):  # type: ignore[arg-type]
        assert ModelSignature.from_metadata(replace(of, others=(fault,)).to_metadata()) is None


def test_the_first_output_that_classifies_is_the_usual_one() -> None:
    assert first_place([AGE, VECTOR, SMILE, DECADE], None) == 2
    assert first_place([AGE, VECTOR], None) == 1
    assert first_place([AGE, AGE], None) == 0
    assert first_place([AGE, SMILE], "age") == 0
    with pytest.raises(CardError, match=r"'years'.*age, smile"):
        first_place([AGE, SMILE], "years")
    assert unique(["a", "a_1", "a", "a"]) == ("a", "a_1", "a_2", "a_3")


def test_a_draft_says_what_is_left_to_say_of_each_output() -> None:
    of = replace(OF_FACES, no_rows=("a: map",), scale="none")
    draft = draft_card(Path("faces.h5"), "0" * 64, of, CardHints(labels=("F", "M")), None)
    with pytest.raises(CardError, match=r"more_outputs\.age: 1 number.*kind: value") as error:
        draft.complete()
    assert "setup" not in str(error.value), "pictures tell nothing of them"
    text = draft_text(draft)
    document = yaml.safe_load(text)
    assert document["output"]["name"] == "gender"
    assert document["more_outputs"]["a: map"] == {"kind": "ignored"}
    assert "decade: TODO  # 3 numbers, through 'softmax': " in text
    with pytest.raises(CardError, match=r"TODO at more_outputs\.age, more_outputs\.decade"):
        parse_card(text)
    document["more_outputs"] |= MORE
    assert not list(disagreements(ModelCard.model_validate(document), of))


def write_heads(path: Path, heads: dict[str, tuple[int, str]]) -> Path:
    """A ``.keras`` file without Keras: of the mean of 8 x 8 every head has its numbers."""
    layers: list[dict[str, Any]] = [
        layer("InputLayer", "pixels", batch_shape=[None, 8, 8, 1]),
        layer("GlobalAveragePooling2D", "mean"),
        *(
            layer("Dense", name, units=units, activation=activation)
            for name, (units, activation) in heads.items()
        ),
    ]
    for each, source in zip(layers[1:], ["pixels", *["mean"] * len(heads)], strict=True):
        history = {"keras_history": [source, 0, 0], "shape": [], "dtype": "float32"}
        tensor = {"class_name": "__keras_tensor__", "config": history}
        each["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}]
    ends = {"input_layers": [["pixels", 0, 0]], "output_layers": [[name, 0, 0] for name in heads]}
    config = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for place, (units, _) in enumerate(heads.values()):
            of = f"layers/dense{f'_{place}' if place else ''}/vars"
            file[f"{of}/0"] = np.linspace(1, units, units, dtype=np.float32).reshape(1, units)
            file[f"{of}/1"] = np.zeros((units,), np.float32)
    write_keras_archive(path, config, weights.getvalue())
    return path


HEADS = {"age": (1, "linear"), "gender": (1, "sigmoid"), "mood": (3, "softmax")}


def test_a_picture_is_answered_by_every_output_that_is_not_ignored() -> None:
    engine = BrightnessEngine(others=(AGE, SMILE))
    more = {"age": {"kind": "ignored"}, "smile": MORE["smile"]}
    prediction = brightness_classifier(engine, more_outputs=more).classify(encoded(film()))
    assert list(prediction.outputs) == ["light", "smile"]
    assert prediction.outputs["light"] == Classes(("DARK", "BRIGHT"), prediction.decision)
    ignored = {name: {"kind": "ignored"} for name in more}
    alone = brightness_classifier(BrightnessEngine(others=(AGE, SMILE)), more_outputs=ignored)
    assert alone.classify(encoded(film())).outputs == {}


def test_the_command_line_goes_from_the_file_to_answers(tmp_path: Path) -> None:
    def asked(*command: str, status: int = 0) -> str:
        done = run_here(command, {"CACHE_DIR": str(tmp_path / "cache")}, tmp_path)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    write_heads(tmp_path / "m.keras", HEADS)
    drawn = asked("inspect", "m.keras", status=1)
    assert "gives      gender: 1 (sigmoid); age: 1 (linear); mood: 3 (softmax)" in drawn
    for name, said in (
        ("labels", "[F, M]"),
        ("scale", "1/255"),
        ("age", "{kind: value, unit: years, scale: 100}"),
        ("mood", "{kind: softmax, labels: [sad, calm, glad]}"),
    ):
        assert f"{name}: TODO" in drawn
        drawn = drawn.replace(f"{name}: TODO", f"{name}: {said}")
    (tmp_path / "m.card.yaml").write_text(drawn, "utf-8")
    (tmp_path / "film.png").write_bytes(encoded(film()))
    assert "age: 49.8 years  mood: glad 50.6%" in asked("predict", "--model", "m.keras", "film.png")
    told = asked("convert", "m.keras", "m.onnx", "--output", "mood")
    assert told.splitlines()[1:] == [
        "  scores: mood",
        "  outputs/age: 1 (linear)",
        "  outputs/gender: 1 (sigmoid)",
    ]


def test_pictures_with_labels_tell_nothing_of_further_outputs() -> None:
    with pytest.raises(CardError, match=r"tell of 'gender' alone, not what age, .* mean"):
        _check_outputs(Path("m.h5"), OF_FACES, None)
    _check_outputs(Path("m.h5"), OF_FACES, card(more_outputs=MORE))


def test_an_output_that_is_never_a_number_is_found_before_it_is_served() -> None:
    engine = BrightnessEngine(others=(AGE,))
    engine.run = lambda _: Outputs(np.full((1, 1), 0.5), None, np.full((1, 1), np.inf))  # type: ignore[method-assign]
    classifier = brightness_classifier(engine, more_outputs={"age": MORE["age"]})
    with pytest.raises(UnsupportedModelError, match="infinite or undefined"):
        classifier.warm_up()
    engine.run = lambda _: Outputs(np.full((1, 1), 0.5), None, np.zeros((1, 2)))  # type: ignore[method-assign]
    with pytest.raises(UnsupportedModelError, match="other outputs than its file says"):
        classifier.warm_up()


def test_thousands_of_outputs_are_refused(tmp_path: Path) -> None:
    heads = {f"h{place}": (1, "sigmoid") for place in range(257)}
    with pytest.raises(HostileModelError, match="257 outputs; at most 256"):
        read_signature(write_heads(tmp_path / "m.keras", heads))


def other_ends(rng: random.Random, end: object) -> object:
    """Other outputs than a file has: twice, nested, named, of no layer, or no outputs at all."""
    ends = [end, [end, end], {"b": end, "a": [end]}, [["mean", 0, 1]], ["gone", 0, 0], [], {}, 3]
    return rng.choice(ends)


@pytest.mark.parametrize(
    "count", [60, pytest.param(2_000, marks=pytest.mark.longer)], ids=["few", "many"]
)
@pytest.mark.timeout(600)
def test_damaged_heads_give_a_model_or_one_of_our_errors(count: int, tmp_path: Path) -> None:
    """Byte by byte in the text of the configuration, and in what it says of its outputs."""
    with zipfile.ZipFile(write_heads(tmp_path / "m.keras", HEADS)) as archive:
        sound = {name: archive.read(name) for name in archive.namelist()}
    damaged, read = tmp_path / "damaged.keras", 0
    for number in range(count):
        rng = random.Random(number)  # noqa: S311 - the same each time
        config = json.loads(sound["config.json"])
        ends = config["config"]["output_layers"]
        ends[:] = [other_ends(rng, end) if rng.random() < 0.2 else end for end in ends]
        text = bytearray(json.dumps(config).encode())
        for _ in range(rng.choice([0, 0, 1, 4])):
            text[rng.randrange(len(text))] = rng.randrange(32, 127)
        with zipfile.ZipFile(damaged, "w") as archive:
            for name, content in (sound | {"config.json": bytes(text)}).items():
                archive.writestr(name, content)
        with contextlib.suppress(ModelError):  # any other error is a fault
            signature = convert(damaged, tmp_path / "out.onnx", with_evidence=True)
            assert ModelSignature.from_metadata(signature.to_metadata()) == signature
            read += 1
    assert 0.1 < read / count < 0.9, read
