"""``vistazo.load`` and what it gives, as Python programs use it."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageSequence

import vistazo
from builders import (
    BrightnessEngine,
    brightness_classifier,
    encoded,
    evenness,
    film,
    flat,
    png_header_only,
    ramp,
    write_brightness_model,
)
from sample_models import row_model, text_model
from vistazo.api import schemas
from vistazo.classifier import Classifier
from vistazo.engines.base import Outputs
from vistazo.errors import (
    CorruptImageError,
    InputError,
    ModelNotFoundError,
    RejectedUploadError,
    RequestError,
    SampleError,
    SettingsError,
    UnknownLabelError,
    UploadTooLargeError,
)
from vistazo.pictures import ImageLimits
from vistazo.python.load import LoadOptions
from vistazo.python.model import Model
from vistazo.python.pictures import AskedPictures
from vistazo.python.samples import AskedSamples
from vistazo.samples.classifier import SampleClassifier
from vistazo.service.settings import Settings

_ON_ITS_SIDE = 6


def of_pictures(classifier: Classifier | None = None, limits: ImageLimits | None = None) -> Model:
    classifier = classifier or brightness_classifier()
    return Model(classifier, AskedPictures(classifier, limits or ImageLimits(), threads=2))


def of_samples(classifier: SampleClassifier, max_text_chars: int = 100) -> Model:
    return Model(classifier, AskedSamples(classifier, max_text_chars))


def test_to_import_it_loads_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import vistazo\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(names - sys.stdlib_module_names)"
    )
    path = str(Path(vistazo.__file__).parents[1])
    told = subprocess.check_output([sys.executable, "-c", program], env={"PYTHONPATH": path})
    assert told.decode() == "{'vistazo'}\n"


def test_every_name_that_is_promised_has_a_type_and_is_there() -> None:
    stub = ast.parse(Path(vistazo.__file__).with_suffix(".pyi").read_text())
    [promised] = [
        ast.literal_eval(line.value)
        for line in stub.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "__all__"
    ]
    assert {"__version__", *promised} == set(dir(vistazo))
    assert all(getattr(vistazo, name).__name__ == name for name in promised)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        vistazo.lod  # type: ignore[attr-defined] # noqa: B018


def pictures() -> dict[str, Image.Image]:
    grey = film(400, 300)
    colours = Image.merge("RGB", (grey, flat(90, 400, 300), grey.transpose(Image.Transpose(1))))
    see_through = colours.copy()
    see_through.putalpha(grey)
    return {
        "grey": film(),
        "large": grey,
        "colours": colours,
        "palette": colours.quantize(16),
        "see_through": see_through,
        "16 bits": Image.fromarray((ramp() * 257).astype(np.uint16)),
        "black and white": grey.convert("1"),
    }


@pytest.mark.parametrize("kind", pictures())
@pytest.mark.parametrize("colour", ["grey", "rgb"])
def test_a_picture_gets_one_answer_in_whatever_way_it_comes(
    kind: str, colour: str, tmp_path: Path
) -> None:
    picture = pictures()[kind]
    model = of_pictures(brightness_classifier(input={"colour": colour}))
    (tmp_path / "film.png").write_bytes(encoded(picture))
    answer = model.predict(str(tmp_path / "film.png"))
    assert model.predict(tmp_path / "film.png") == answer
    assert model.predict(encoded(picture)) == answer
    assert model.predict(picture) == answer
    assert model.predict(Image.open(tmp_path / "film.png")) == answer
    if picture.mode != "P":  # whose array holds numbers of colours
        assert model.predict(np.asarray(picture)) == answer
    assert 0.2 < answer.probabilities["BRIGHT"] < 0.8


def test_the_fields_of_an_answer_are_called_as_over_http() -> None:
    http = {*schemas.Answer.model_fields, "scores"}
    assert {field.name for field in fields(vistazo.Answer)} < http
    of = brightness_classifier(BrightnessEngine(maps=True), baseline=evenness())
    answer = of_pictures(of).predict(flat(230))
    assert answer.predicted_class == "BRIGHT"
    assert list(answer.probabilities) == ["DARK", "BRIGHT"]
    assert answer.confidence == answer.probabilities["BRIGHT"]
    assert answer.in_distribution is not None
    assert answer.in_distribution.verdict
    assert (answer.model.name, answer.model.version) == ("brightness", "1.0.0")
    assert of_pictures(of).predict(film()).warnings == ("out_of_distribution",)


def test_a_picture_of_pillow_is_turned_as_its_exif_says_and_left_as_it_is() -> None:
    exif = Image.Exif()
    exif[274] = _ON_ITS_SIDE
    data = encoded(film(400, 300), "JPEG", exif=exif)
    picture = Image.open(io.BytesIO(data))
    model = of_pictures(brightness_classifier(input={"colour": "grey", "resize": "crop"}))
    frames = [model.explain(each).frame for each in (picture, data, film(400, 300))]
    assert [(frame.left, frame.top > 0.1) for frame in frames[:2]] == [(0, True)] * 2
    assert (frames[2].left > 0.1, frames[2].top) == (True, 0)
    assert picture.size == (400, 300)


def test_what_has_too_many_pixels_is_refused_before_it_is_loaded() -> None:
    model = of_pictures(limits=ImageLimits(max_pixels=10_000))
    lazy = Image.open(io.BytesIO(png_header_only(300, 300)))
    for picture in (lazy, np.zeros((300, 300), np.uint8)):
        with pytest.raises(RejectedUploadError, match="at most 10000 in all"):
            model.predict(picture)
    with pytest.raises(CorruptImageError):
        of_pictures().predict(lazy)  # it is the loading that finds nothing in it


def test_the_rules_of_the_card_are_those_of_a_file() -> None:
    with pytest.raises(RejectedUploadError) as refused:
        of_pictures().predict(np.zeros((60, 3), np.uint8))
    assert [rule.rule for rule in refused.value.broken] == ["min_side_px"]
    with pytest.raises(RejectedUploadError, match="times the shorter one"):
        of_pictures().predict(np.zeros((50, 2000), np.uint8))


def test_pillows_own_limit_of_the_program_is_not_told_as_damage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, model = io.BytesIO(), of_pictures()
    film().save(frames, "TIFF", save_all=True, append_images=[film()])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    for picture in (encoded(film()), encoded(film(), "JPEG"), frames.getvalue()):
        with pytest.raises(RejectedUploadError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS = None"):
            model.predict(picture)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((60, 80)), "float64"),
        (np.zeros((60, 80), np.int64), "int64"),
        (np.zeros((60, 80, 3), np.uint16), "uint16"),
        (np.zeros((60, 80), object), "object"),
        (np.zeros((2, 60, 80, 3), np.uint8), r"\(2, 60, 80, 3\)"),
        (np.zeros((60, 80, 2), np.uint8), r"\(60, 80, 2\)"),
        (np.zeros(60, np.uint8), r"\(60,\)"),
        (np.zeros((0, 80), np.uint8), "no pixel"),
        (Image.new("F", (80, 60)), "mode 'F'"),
        (Image.new("I", (80, 60)), "mode 'I'"),
    ],
)
def test_what_could_mean_several_things_is_refused(array: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        of_pictures().predict(array)


def test_arrays_of_one_channel_and_of_other_layouts_are_the_same_picture() -> None:
    greys = ramp().astype(np.uint8)
    model = of_pictures()
    answer = model.predict(greys)
    layouts: list[NDArray[Any]] = [greys[:, :, np.newaxis], np.asfortranarray(greys)]
    layouts += [np.repeat(greys, 2, axis=1)[:, ::2]]
    assert model.predict(layouts) == [answer] * 3
    deep = greys.astype(np.uint16) * 257
    assert model.predict(deep.astype(">u2")) == model.predict(deep)
    assert model.predict(deep).confidence == pytest.approx(answer.confidence, abs=1e-3)
    assert model.predict(greys > 127).confidence == pytest.approx(0.5, abs=0.02)


def test_the_answers_to_a_list_are_in_order_and_the_first_fault_is_told_with_its_place() -> None:
    model = of_pictures()
    answers = model.predict([flat(grey) for grey in range(10, 250, 10)])
    brightness = [answer.probabilities["BRIGHT"] for answer in answers]
    assert brightness == sorted(brightness)
    assert len(set(brightness)) == 24
    assert model.predict([]) == []
    with pytest.raises(CorruptImageError) as refused:
        model.predict([flat(10), b"", flat(20), "not there.png"])
    assert refused.value.__notes__ == ["This is number 2 of 4."]


def test_of_many_pictures_one_that_is_refused_does_not_stop_the_others() -> None:
    given = (flat(200) if number % 2 else b"text" for number in range(100))
    found = list(of_pictures().predict_each(given))
    assert [isinstance(each, InputError) for each in found] == [True, False] * 50


def test_what_a_program_uses_again_for_the_next_picture_is_answered_as_it_was() -> None:
    model, greys = of_pictures(), [10, 240, 60, 200]
    expected = [model.predict(flat(grey)) for grey in greys]
    frames, buffer = io.BytesIO(), np.empty((60, 80), np.uint8)
    pictures = [flat(grey) for grey in greys]
    pictures[0].save(frames, "TIFF", save_all=True, append_images=pictures[1:])

    def camera() -> Iterator[NDArray[np.uint8]]:
        for grey in greys:
            buffer[:] = grey
            yield buffer

    def closed() -> Iterator[Image.Image]:
        for grey in greys:
            with Image.open(io.BytesIO(encoded(flat(grey)))) as picture:
                yield picture

    file = bytearray()

    def files() -> Iterator[bytearray]:
        for grey in greys:
            file[:] = encoded(flat(grey))
            yield file

    sequence = ImageSequence.Iterator(Image.open(frames))
    for given in (sequence, camera(), closed(), files()):
        assert list(model.predict_each(given)) == expected
    refused = list(model.predict_each(iter([flat(10), np.zeros((60, 80)), Image.new("F", (9, 9))])))
    assert [isinstance(each, InputError) for each in refused] == [False, True, True]


def test_a_file_that_is_too_large_or_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(b"x" * 2000)
    with pytest.raises(UploadTooLargeError, match="at most 1000"):
        of_pictures(limits=ImageLimits(max_bytes=1000)).predict(tmp_path / "large.png")
    with pytest.raises(UploadTooLargeError, match="has 1001 bytes"):
        of_pictures(limits=ImageLimits(max_bytes=1000)).predict("/dev/zero")
    for place in (tmp_path / "none.png", tmp_path, "no\0name.png"):
        with pytest.raises(CorruptImageError, match="cannot be read"):
            of_pictures().predict(place)


def test_what_is_no_sample_at_all_is_a_type_error() -> None:
    for model, given in (
        (of_pictures(), 3),
        (of_pictures(), None),
        (of_samples(text_model()), b"true"),
        (of_samples(row_model()), "1, 2"),
        (of_samples(row_model()), np.zeros((2, 3))),
    ):
        with pytest.raises(TypeError, match="give a"):
            model.predict(given)  # type: ignore[call-overload]


def test_an_explanation_has_the_map_and_a_picture_to_keep(tmp_path: Path) -> None:
    model = of_pictures(brightness_classifier(BrightnessEngine(maps=True)))
    for given in (film(), encoded(film())):
        found = model.explain(given, "BRIGHT")
        assert (found.label, found.grid.ndim, found.words) == ("BRIGHT", 2, ())
        found.save(tmp_path / "heat.png")
        with Image.open(tmp_path / "heat.png") as drawn:
            assert drawn.size == (80, 60)
    with pytest.raises(UnknownLabelError, match="GREY"):
        model.explain(film(), "GREY")


def test_texts_are_answered_one_or_several_and_explained() -> None:
    model = of_samples(text_model())
    assert model.takes == "texts"
    answer = model.predict("true true lie")
    assert (answer.predicted_class, answer.confidence) == ("TRUE", pytest.approx(0.75))
    assert model.predict(["true true lie", "lie"]) == [answer, model.predict("lie")]
    found = model.explain("true true lie")
    assert found.answer == answer
    assert found.words[0].word == "true"
    with pytest.raises(RequestError, match="in 'words'"):
        found.save("nowhere.png")
    for ask in (model.predict, model.explain):
        with pytest.raises(SampleError, match="At most 100"):
            ask("true " * 50)
    refused = list(model.predict_each(["true", "lie " * 50, "lie"]))
    assert [isinstance(each, SampleError) for each in refused] == [False, True, False]


def test_a_list_of_numbers_is_one_row_and_a_list_of_rows_several() -> None:
    model = of_samples(row_model())
    answer = model.predict([1.0, 5, 2])
    assert answer.predicted_class == "MIDDLE"
    assert model.predict(np.array([1, 5, 2])) == answer
    assert model.predict([(1, 5, 2), np.array([1.0, 5, 2], np.float32)]) == [answer, answer]
    for row, said in (
        ([1.0, None, 2], "needs all of them"),
        ([1.0, float("nan"), 2], "needs all of them"),
        ([1.0, float("inf"), 2], "too large"),
        ([1.0, 2], "3 numbers"),
        ([[1, "5", 2]], "something else than numbers"),
    ):
        with pytest.raises(SampleError, match=said):
            model.predict(row)
    with pytest.raises(RequestError, match="Of texts and pictures"):
        model.explain(np.array([1, 5, 2]))


def test_where_an_estimator_gives_no_probabilities_there_are_scores() -> None:
    answer = of_samples(text_model(link="none")).predict("true")
    assert (answer.confidence, answer.probabilities) == (None, {})
    assert answer.scores["TRUE"] > 0


class Entered(BrightnessEngine):
    def __init__(self, gate: threading.Event) -> None:
        super().__init__(gate)
        self.entered = threading.Event()

    def run(self, images: NDArray[np.float32]) -> Outputs:
        self.entered.set()
        return super().run(images)


def test_a_model_is_closed_once_what_runs_has_ended() -> None:
    gate = threading.Event()
    engine = Entered(gate)
    model, answers = of_pictures(brightness_classifier(engine)), []
    asking = threading.Thread(target=lambda: answers.append(model.predict(film())))
    asking.start()
    assert engine.entered.wait(30)
    closing = threading.Thread(target=model.close)
    closing.start()
    assert not engine.is_closed
    gate.set()
    asking.join()
    closing.join()
    assert len(answers) == 1
    assert engine.is_closed
    model.close()
    for ask in (model.predict, model.explain):
        with pytest.raises(RequestError, match="was closed"):
            ask(film())
    with of_samples(text_model()) as other:
        pass
    with pytest.raises(RequestError, match="was closed"):
        other.predict("true")


def test_a_model_of_texts_is_closed_for_what_was_asked_before_too() -> None:
    model = of_samples(text_model())
    asked = model.predict_each(["true", "lie", "true"])
    assert isinstance(next(asked), vistazo.Answer)
    model.close()  # does not wait for who asks no more
    with pytest.raises(RequestError, match="was closed"):
        next(asked)


def test_the_options_are_settings() -> None:
    assert set(LoadOptions.__annotations__) < set(Settings.model_fields)
    with pytest.raises(TypeError, match=r"takes no 'thread'\. It takes model_weights"):
        vistazo.load(thread=2)  # type: ignore[call-arg]
    with pytest.raises(SettingsError, match=r"THREADS.*'0'"):
        vistazo.load(threads=0)
    with pytest.raises(ModelNotFoundError):
        vistazo.load("nowhere.h5")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_not_the_default_model(empty: str) -> None:
    with pytest.raises(SettingsError, match="an empty 'path'"):
        vistazo.load(empty)
    with pytest.raises(SettingsError, match="an empty 'model_card'"):
        vistazo.load("nowhere.h5", model_card=empty)


def test_a_file_is_loaded_with_what_is_said_of_it_and_without_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PATH", "nowhere.h5")
    monkeypatch.setenv("THREADS", "many")
    file = write_brightness_model(tmp_path / "m.keras")
    (tmp_path / "m.card.yaml").unlink()
    with vistazo.load(file, labels=("NIGHT", "DAY"), scale="1/255", cache_dir=tmp_path) as model:
        answer = model.predict(flat(230))
    assert (answer.predicted_class, model.labels) == ("DAY", ("NIGHT", "DAY"))
    assert model.takes == "pictures"
    assert json.dumps(model.card)
    assert repr(model).startswith("<vistazo.Model m ")
