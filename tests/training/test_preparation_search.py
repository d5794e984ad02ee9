from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from builders import BrightnessEngine, encoded, flat
from vistazo.engines.base import Head, Outputs, Probe
from vistazo.errors import CardError, SettingsError
from vistazo.models.accepted_headers import AcceptedHeaders
from vistazo.models.card import InputSpec
from vistazo.models.signature import ModelSignature
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import decode_size, prepare
from vistazo.training.found_card import calibrated, card_of
from vistazo.training.labelled import LabelledPictures, draw_labelled
from vistazo.training.preparation_search import SearchResult, search
from vistazo.training.preparations import CAFFE, TORCH, commonness
from vistazo.training.progress import Progress

Floats = NDArray[np.float32]
LIMITS = ImageLimits()
SIDE = 12
SOURCE = str(Path(__file__).parents[2] / "src")


def spec(**changes: Any) -> InputSpec:
    fields = {"height": SIDE, "width": SIDE, "colour": "rgb", "scale": "1/255", "antialias": False}
    return InputSpec.model_validate({**fields, **changes})


def write_noise(
    folder: Path, names: Sequence[str], count: int = 12, size: tuple[int, int] = (64, 48)
) -> LabelledPictures:
    """Pictures of noise, coarse and fine; nothing in common but the folder."""
    random = np.random.default_rng(0)
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
            fine = random.integers(-60, 61, (size[1], size[0], 3))
            pixels = np.clip(np.asarray(coarse.resize(size), np.int64) + fine, 0, 255)
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / name / f"{number}.png", compress_level=1)
    return draw_labelled(folder, LIMITS, Progress(stream=io.StringIO()))


class RememberingEngine:
    """Knows pictures by heart, as one preparation shows them: the surer, the more alike.

    ``order[unit]`` is the label of an output. Honours the engine's protocol.
    """

    head: Head | None = None
    probe: Probe | None = None

    def __init__(
        self,
        labelled: LabelledPictures,
        how: InputSpec,
        order: Sequence[int],
        activation: str = "softmax",
        *,
        mistaken: int | None = None,
    ) -> None:
        images = [
            prepare(open_image(picture.encoded(), LIMITS).decode(decode_size(how)), how)
            for picture in labelled.pictures
        ]
        self._known = np.stack(images).reshape(len(images), -1)
        self._spread = float(self._known.std())
        self._labels, self._order = labelled.labels.copy(), list(order)
        self._sharpness = 8
        if mistaken is not None:  # far too sure, and of every so many pictures it knows one wrong
            self._sharpness = 80
            self._labels[::mistaken] = (self._labels[::mistaken] + 1) % len(order)
        units = 1 if activation == "sigmoid" else len(order)
        self.signature = ModelSignature(
            how.height, how.width, how.channels, units, activation, None, 0, 1, "none"
        )

    def run(self, images: Floats) -> Outputs:
        given = images.reshape(len(images), 1, -1)
        distance = np.sqrt(((given - self._known) ** 2).mean(axis=2)) / self._spread
        nearest = np.stack(
            [distance[:, self._labels == label].min(axis=1) for label in self._order], axis=1
        )
        logits = -self._sharpness * nearest
        if self.signature.activation == "linear":
            return Outputs(logits.astype(np.float32), None)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
        chosen = scores[:, 1:] if self.signature.units == 1 else scores
        return Outputs(chosen.astype(np.float32), None)

    def close(self) -> None: ...


class SayingEngine:
    """Says of each picture what a function of its mean makes up."""

    head: Head | None = None
    probe: Probe | None = None

    def __init__(self, say: Callable[[Floats], Any], units: int, activation: str) -> None:
        self._say = say
        self.signature = ModelSignature(SIDE, SIDE, 3, units, activation, None, 0, 1, "none")

    def run(self, images: Floats) -> Outputs:
        return Outputs(np.asarray(self._say(images), np.float32), None)

    def close(self) -> None: ...


def find(engine: Any, labelled: LabelledPictures, **options: Any) -> SearchResult:
    return search(engine, labelled, LIMITS, progress=Progress(stream=io.StringIO()), **options)


PREPARATIONS = [
    {"scale": "1/127.5-1", "colour": "bgr"},
    {"scale": CAFFE, "colour": "bgr", "filter": "nearest", "antialias": True},
    {"filter": "lanczos", "antialias": True, "resize": "crop", "scale": "1/127.5-1"},
    pytest.param({"resize": "fit"}, marks=pytest.mark.longer),
    pytest.param({"scale": "none"}, marks=pytest.mark.longer),
    pytest.param({"scale": TORCH, "resize": "crop"}, marks=pytest.mark.longer),
    pytest.param({"filter": "box", "antialias": True}, marks=pytest.mark.longer),
]


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> LabelledPictures:
    return write_noise(tmp_path_factory.mktemp("noise"), ["a", "b", "c"])


@pytest.mark.parametrize("how", PREPARATIONS)
def test_the_preparation_of_training_and_the_order_of_the_labels_are_found(
    noise: LabelledPictures, how: dict[str, Any]
) -> None:
    result = find(RememberingEngine(noise, spec(**how), [2, 0, 1]), noise)
    assert result.chosen.spec == spec(**how)
    assert result.labels == ("c", "a", "b")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", "linear"])
def test_both_orders_of_two_labels_are_told_whatever_the_model_ends_in(
    activation: str, order: tuple[int, int], tmp_path: Path
) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 10)
    result = find(RememberingEngine(labelled, spec(), order, activation), labelled)
    assert result.labels == tuple(("no", "yes")[label] for label in order)
    kinds = {"sigmoid": "sigmoid", "softmax": "softmax", "linear": "logits"}
    assert result.kind == kinds[activation]


def by_chance(seed: int) -> Callable[[Floats], Floats]:
    """The same for the same picture, and nothing to do with its label."""

    def say(images: Floats) -> Floats:
        keys = (np.abs(images.reshape(len(images), -1)).sum(axis=1) * 997).astype(np.int64) + seed
        draws = [np.random.default_rng(abs(int(key))).exponential(size=3) ** 3 for key in keys]
        scores = np.array(draws)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), np.float32)

    return say


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.longer) for seed in range(1, 30))]
)
def test_of_a_model_at_chance_no_order_is_claimed(noise: LabelledPictures, seed: int) -> None:
    result = find(SayingEngine(by_chance(seed), 3, "softmax"), noise)
    assert result.labels is None
    assert result.doubts
    with pytest.raises(CardError, match="not certain"):
        card_of(result, Path("model.h5"), "0" * 64)


@pytest.mark.parametrize("value", [0.5, np.nan])
def test_of_a_model_that_always_says_the_same_no_order_is_claimed(
    value: float, tmp_path: Path
) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 6)
    engine = SayingEngine(lambda images: np.full((len(images), 1), value), 1, "sigmoid")
    assert find(engine, labelled).labels is None


def test_a_model_that_is_mostly_wrong_under_every_preparation_is_not_turned_round(
    tmp_path: Path,
) -> None:
    """That it is right on two in five is no reason to believe the other way round."""
    labelled = write_noise(tmp_path, ["no", "yes"], 30)
    known = RememberingEngine(labelled, spec(), (0, 1), "sigmoid")

    def say(images: Floats) -> Floats:
        scores = known.run(images).scores
        turned = np.random.default_rng(0).random(len(scores)) < 0.6
        return np.where(turned[:, np.newaxis], 1 - scores, scores)

    assert find(SayingEngine(say, 1, "sigmoid"), labelled).labels is None


def test_labels_that_are_known_are_taken_unless_the_pictures_contradict_them(
    noise: LabelledPictures,
) -> None:
    engine = RememberingEngine(noise, spec(), [2, 0, 1])
    assert find(engine, noise, labels=["c", "a", "b"]).labels == ("c", "a", "b")
    contradicted = find(engine, noise, labels=["a", "b", "c"])
    assert contradicted.labels is None
    assert "contradict" in contradicted.doubts[0]
    assert "given a, b, c; by the pictures " in contradicted.doubts[0]
    at_chance = find(SayingEngine(by_chance(0), 3, "softmax"), noise, labels=["b", "a", "c"])
    assert at_chance.labels == ("b", "a", "c")
    with pytest.raises(SettingsError, match="not the names of the folders"):
        find(engine, noise, labels=["a", "b", "d"])


def test_what_the_pictures_do_not_settle_is_said_and_the_more_common_is_taken(
    tmp_path: Path,
) -> None:
    """Even greys look the same through every filter; the mean alone decides."""
    for name, greys in (("DARK", range(10, 110, 5)), ("BRIGHT", range(150, 250, 5))):
        (tmp_path / name).mkdir()
        for grey in greys:
            (tmp_path / name / f"{grey}.png").write_bytes(encoded(flat(grey)))
    labelled = draw_labelled(tmp_path, LIMITS, Progress(stream=io.StringIO()))
    result = find(BrightnessEngine(), labelled)
    assert result.labels == ("DARK", "BRIGHT")
    assert commonness(result.chosen.spec) == 0
    assert result.chosen.spec.colour == "grey"


def test_a_hint_from_elsewhere_decides_what_the_pictures_leave_open(tmp_path: Path) -> None:
    """A model that takes the scale off again answers the same for every one."""
    labelled = write_noise(tmp_path, ["no", "yes"], 10)
    known = RememberingEngine(labelled, spec(), (0, 1), "sigmoid")

    def say(images: Floats) -> Floats:
        low, high = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
        unit = (images - low[:, None, None, None]) / (high - low)[:, None, None, None]
        return known.run(unit).scores

    engine = SayingEngine(say, 1, "sigmoid")
    hint = find(engine, labelled, lean=lambda of: commonness(of) + 9 * (of.scale == "none"))
    assert find(engine, labelled).chosen.spec.scale == "1/255"
    assert hint.chosen.spec.scale == "none"


def write_specks(folder: Path) -> LabelledPictures:
    """Dark or bright, with fine noise that says nothing of the label."""
    random = np.random.default_rng(0)
    for name, grey in (("DARK", 70), ("BRIGHT", 180)):
        (folder / name).mkdir()
        for number in range(12):
            pixels = grey + random.integers(-60, 61, (60, 60))
            image = Image.fromarray(pixels.astype(np.uint8))
            image.save(folder / name / f"{number}.png", compress_level=1)
    return draw_labelled(folder, LIMITS, Progress(stream=io.StringIO()))


def fine_detail(images: Floats) -> tuple[Floats, Floats]:
    """Means and variances of four channels, two of which look at neighbouring pixels."""
    grey = images[..., 0]
    across, down = np.diff(grey, axis=2), np.diff(grey, axis=1)
    wide = grey[:, ::4, ::4]
    channels = [part.reshape(len(images), -1) for part in (grey, across, down, wide)]
    means = np.stack([channel.mean(axis=1) for channel in channels], axis=1)
    return means, np.stack([channel.var(axis=1) for channel in channels], axis=1)


def memory_of(labelled: LabelledPictures, how: InputSpec, **fields: Any) -> Probe:
    """What a batch normalisation would remember of these pictures, prepared in this way."""
    images = [
        prepare(open_image(picture.encoded(), LIMITS).decode(decode_size(how)), how)
        for picture in labelled.pictures
    ]
    means, variances = fine_detail(np.stack(images))
    mean, variance = means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)
    about = {"layer": "bn", "is_frozen": False, "mean": mean, "variance": variance, **fields}
    return Probe(measure=fine_detail, **about)


@pytest.mark.parametrize("filter_name", ["nearest", "box"])
def test_the_resampling_that_answers_leave_open_is_what_the_model_remembers(
    filter_name: str, tmp_path: Path
) -> None:
    labelled, engine = write_specks(tmp_path), BrightnessEngine()
    how = engine_input(filter=filter_name, antialias=True)
    assert find(engine, labelled).chosen.spec.filter == "bilinear"
    engine.probe = memory_of(labelled, how)
    result = find(engine, labelled)
    assert result.chosen.spec == how
    assert result.heeded == "bn"
    assert result.labels == ("DARK", "BRIGHT")


@pytest.mark.parametrize(
    "fields", [{"is_frozen": True}, {"mean": np.full(4, 9.0)}, {"variance": np.full(4, 1e-9)}]
)
def test_a_memory_of_other_pictures_decides_nothing(fields: dict[str, Any], tmp_path: Path) -> None:
    labelled, engine = write_specks(tmp_path), BrightnessEngine()
    engine.probe = memory_of(labelled, engine_input(filter="nearest", antialias=True), **fields)
    result = find(engine, labelled)
    assert result.chosen.spec.filter == "bilinear"
    assert result.heeded is None


def engine_input(**changes: Any) -> InputSpec:
    fields = {"height": 8, "width": 8, "colour": "grey", "scale": "1/255"}
    return InputSpec.model_validate({**fields, **changes})


def test_square_pictures_leave_no_resize_open(tmp_path: Path) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 6, size=(40, 40))
    result = find(RememberingEngine(labelled, spec(), (0, 1), "sigmoid"), labelled)
    assert {trial.spec.resize for trial in result.trials} == {"stretch"}


def test_few_pictures_fit_no_temperature_and_no_threshold(noise: LabelledPictures) -> None:
    result = find(RememberingEngine(noise, spec(), [2, 0, 1]), noise)
    output = calibrated(result)
    assert (output.temperature, output.threshold) == (1.0, 0.5)


def test_many_pictures_fit_the_temperature_and_the_threshold(tmp_path: Path) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 60)
    engine = RememberingEngine(labelled, spec(), (0, 1), "sigmoid", mistaken=9)
    output = calibrated(find(engine, labelled))
    assert output.temperature > 2
    assert 0.02 <= output.threshold <= 0.98


def test_pictures_that_serving_would_refuse_are_let_in_by_the_card(tmp_path: Path) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 6, size=(130, 20))
    result = find(RememberingEngine(labelled, spec(), (0, 1), "sigmoid"), labelled)
    card = card_of(result, Path("my model (2).h5"), "0" * 64)
    assert card.name == "my-model--2"
    assert (card.input.min_side_px, card.input.max_aspect_ratio) == (20, 7)


def test_what_a_card_says_of_headers_stays_as_no_picture_tells_it(tmp_path: Path) -> None:
    labelled = write_noise(tmp_path, ["no", "yes"], 6)
    result = find(RememberingEngine(labelled, spec(), (0, 1), "sigmoid"), labelled)
    found = card_of(result, Path("model.h5"), "0" * 64)
    assert found.input.accepts is None
    accepts = AcceptedHeaders(modalities=("CR",))
    spec_before = found.input.model_copy(update={"accepts": accepts})
    earlier = found.model_copy(update={"input": spec_before})
    assert card_of(result, Path("model.h5"), "0" * 64, earlier).input.accepts == accepts


def test_copies_of_a_picture_are_no_evidence(tmp_path: Path) -> None:
    for name, grey in (("a", 10), ("b", 200)):
        (tmp_path / name).mkdir()
        for number in range(30):
            (tmp_path / name / f"{number}.png").write_bytes(encoded(flat(grey)))
    with pytest.raises(SettingsError, match="1 different pictures"):
        draw_labelled(tmp_path, LIMITS, Progress(stream=io.StringIO()))


def test_a_picture_with_two_labels_is_refused(tmp_path: Path) -> None:
    write_noise(tmp_path, ["a", "b"], 6)
    (tmp_path / "b" / "0.png").write_bytes((tmp_path / "a" / "0.png").read_bytes())
    with pytest.raises(SettingsError, match="same picture"):
        draw_labelled(tmp_path, LIMITS, Progress(stream=io.StringIO()))


def test_what_is_no_picture_is_left_out_and_named(tmp_path: Path) -> None:
    write_noise(tmp_path, ["a", "b"], 6)
    (tmp_path / "a" / "notes.txt").write_text("not a picture")
    said = io.StringIO()
    assert len(draw_labelled(tmp_path, LIMITS, Progress(stream=said))) == 12
    assert "notes.txt is left out" in said.getvalue()


@pytest.mark.parametrize(
    ("folders", "message"),
    [(["train", "test"], "parts of a data set"), (["one"], "at least two"), ([], "at least two")],
)
def test_folders_that_are_no_labels_are_refused(
    folders: list[str], message: str, tmp_path: Path
) -> None:
    for name in folders:
        (tmp_path / name).mkdir()
    with pytest.raises(SettingsError, match=message):
        draw_labelled(tmp_path, LIMITS, Progress(stream=io.StringIO()))


def test_more_folders_than_labels_are_refused(noise: LabelledPictures) -> None:
    with pytest.raises(SettingsError, match="tells 2 labels apart, but there are 3 folders"):
        find(SayingEngine(by_chance(0), 1, "sigmoid"), noise)


def test_an_interrupted_search_ends_its_threads_and_says_so(noise: LabelledPictures) -> None:
    runs = iter(range(20))

    def say(images: Floats) -> Floats:
        if next(runs, None) is None:
            raise KeyboardInterrupt
        return by_chance(0)(images)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        find(SayingEngine(say, 3, "softmax"), noise, threads=2)
    assert threading.active_count() == before


def test_the_search_needs_nothing_but_what_serving_needs() -> None:
    heavy = "{'tensorflow', 'keras', 'matplotlib', 'scipy', 'cv2'}"
    code = f"import sys, vistazo.cli.card; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "set()"
