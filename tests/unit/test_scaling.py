"""A hand-made batch normalisation on the pixels, so that what it should remember is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import BrightnessEngine, card
from vistazo.answers.photographs import photographs
from vistazo.answers.scaling import (
    CAFFE,
    TORCH,
    doubt_scale,
    scale_evidence,
    scale_name,
    scale_warning,
)
from vistazo.engines.base import Probe
from vistazo.models.card import InputSpec, Scale
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import prepare

Floats = NDArray[np.float32]

PLAIN: list[Scale] = ["none", "1/255", "1/127.5-1"]
ALL: list[Scale] = [*PLAIN, TORCH, CAFFE]
SIDE = 32


def spec(scale: Scale, colour: str = "rgb") -> InputSpec:
    return card(
        input={"height": SIDE, "width": SIDE, "colour": colour, "scale": scale}, output={}
    ).input


def measure(images: Floats) -> tuple[Floats, Floats]:
    return images.mean(axis=(1, 2)), images.var(axis=(1, 2))


def training_pictures() -> list[Picture]:
    """Others than the code makes by itself: a gradient with noise, somewhat green."""
    random, rows = np.random.default_rng(3), np.linspace(30, 210, SIDE)[:, np.newaxis, np.newaxis]
    noise = random.normal(0, 45, (30, SIDE, SIDE, 3)) + np.array([-20, 15, 0])
    return [Picture(np.clip(rows + one, 0, 255).astype(np.uint8)) for one in noise]


TRAINING = training_pictures()


class RememberingEngine(BrightnessEngine):
    """What its probe says is all that is asked of it."""

    def __init__(self, mean: Floats, variance: Floats, *, is_frozen: bool = False) -> None:
        super().__init__()
        self.measured = 0
        self.probe: Any = Probe("memory", is_frozen, mean, variance, self.measure)

    def measure(self, images: Floats) -> tuple[Floats, Floats]:
        self.measured += len(images)
        return measure(images)


def trained(
    the_spec: InputSpec, pictures: Sequence[Picture] = TRAINING, share: float = 0.0
) -> RememberingEngine:
    """``share`` of the statistics is still what they began with."""
    means, variances = measure(np.stack([prepare(picture, the_spec) for picture in pictures]))
    variance = variances.mean(axis=0) + means.var(axis=0)
    return RememberingEngine(
        ((1 - share) * means.mean(axis=0)).astype(np.float32),
        ((1 - share) * variance + share).astype(np.float32),
    )


def colour_of(scale: Scale) -> str:
    return "bgr" if scale == CAFFE else "rgb"


@pytest.mark.parametrize("share", [0.0, 0.3], ids=["long training", "short training"])
@pytest.mark.parametrize("scale", ALL, ids=scale_name)
def test_pictures_of_its_own_kind_tell_how_a_model_was_trained(scale: Scale, share: float) -> None:
    own = spec(scale, colour_of(scale))
    engine = trained(own, share=share)
    for card_says in ALL:
        says = spec(card_says, own.colour)
        evidence = scale_evidence(engine, says, TRAINING)
        assert evidence is not None
        assert evidence.verdict == scale
        assert evidence.fits[0].distance < 0.2  # the share is tried in steps
        warning = scale_warning(evidence, says)
        if card_says == scale:
            assert warning is None
        elif warning is None:
            assert share, "a short training leaves some cards possible"
        else:
            assert f"'{scale_name(card_says)}'" in warning
            assert f"Set input.scale in the card to '{scale_name(scale)}'" in warning


@pytest.mark.parametrize("scale", PLAIN)
def test_without_pictures_a_wrong_card_is_doubted_and_a_right_one_is_not(scale: Scale) -> None:
    engine = trained(spec(scale), photographs(40, SIDE, SIDE)[12:])
    assert doubt_scale(engine, spec(scale)) is None
    for wrong in PLAIN:
        assert (doubt_scale(engine, spec(wrong)) is None) == (wrong == scale)


def cut_out_on_black() -> list[Picture]:
    """Most of each picture is black, as where leaves were cut out: little like a photograph."""
    inside = np.zeros((SIDE, SIDE, 1), np.uint8)
    inside[8:24, 8:24] = 1
    return [Picture(picture.pixels * inside) for picture in TRAINING]


@pytest.mark.parametrize("scale", ["1/255", "1/127.5-1"])
def test_pictures_unlike_any_photograph_do_not_hide_a_card_that_is_absurd(scale: Scale) -> None:
    engine = trained(spec(scale), cut_out_on_black())
    evidence = scale_evidence(engine, spec(scale))
    assert evidence is not None
    assert evidence.verdict is None
    assert evidence.fits[0].distance > 1.5
    assert doubt_scale(engine, spec(scale)) is None
    told = doubt_scale(engine, spec("none"))
    assert told is not None
    assert f"'{scale}'" in told.rpartition("Set input.scale")[2]


def test_a_right_card_costs_one_look_at_a_dozen_pictures() -> None:
    engine = trained(spec("1/255"))
    assert doubt_scale(engine, spec("1/255")) is None
    assert engine.measured == 12


def test_a_wrong_order_of_the_colours_is_told_where_the_pictures_show_it() -> None:
    engine = trained(spec("1/255", "bgr"))
    evidence = scale_evidence(engine, spec("1/255"), TRAINING)
    assert evidence is not None
    assert evidence.colour == "bgr"
    assert "input.colour in the card to 'bgr'" in str(scale_warning(evidence, spec("1/255")))
    assert scale_warning(evidence, spec("1/255", "bgr")) is None


def test_grey_pictures_say_nothing_of_the_order_of_the_colours() -> None:
    grey = [Picture(picture.pixels[:, :, 1]) for picture in TRAINING]
    evidence = scale_evidence(trained(spec("1/255"), grey), spec("1/255"), grey)
    assert evidence is not None
    assert (evidence.verdict, evidence.colour) == ("1/255", None)


def test_a_grey_model_is_tried_with_grey_pictures_alone() -> None:
    own = spec("1/127.5-1", "grey")
    evidence = scale_evidence(trained(own), own, TRAINING)
    assert evidence is not None
    assert {fit.colour for fit in evidence.fits} == {"grey"}
    assert evidence.verdict == "1/127.5-1"


def test_where_nothing_fits_well_there_is_no_verdict_and_no_warning() -> None:
    engine = RememberingEngine(np.full(3, 7, np.float32), np.full(3, 5, np.float32))
    for scale in PLAIN:
        evidence = scale_evidence(engine, spec(scale), TRAINING)
        assert evidence is not None
        assert evidence.verdict is None
        assert scale_warning(evidence, spec(scale)) is None
        assert doubt_scale(engine, spec(scale)) is None


def test_a_card_that_rightly_says_per_picture_is_not_doubted_and_one_that_should_is() -> None:
    own = spec("per_picture", "grey")
    engine = trained(own)
    assert scale_warning(scale_evidence(engine, own, TRAINING), own) is None
    assert doubt_scale(engine, own) is None
    assert doubt_scale(engine, spec("none", "grey")) is not None


def test_an_own_scale_of_the_card_that_fits_is_not_doubted() -> None:
    own = TORCH.model_copy(update={"mean": (0.5, 0.6, 0.5), "std": (0.3, 0.3, 0.3)})
    evidence = scale_evidence(trained(spec(own)), spec(own), TRAINING)
    assert evidence is not None
    assert evidence.fits[0].scale == own
    assert scale_warning(evidence, spec(own)) is None


def test_a_frozen_layer_remembers_another_training_and_gives_no_verdict() -> None:
    engine = trained(spec("1/127.5-1"))
    engine.probe = replace(engine.probe, is_frozen=True)
    evidence = scale_evidence(engine, spec("1/255"), TRAINING)
    assert evidence is not None
    assert (evidence.singled_out, evidence.verdict) == ("1/127.5-1", None)
    assert scale_warning(evidence, spec("1/255")) is None
    assert doubt_scale(engine, spec("1/255")) is None


@pytest.mark.parametrize(
    ("mean", "variance"),
    [
        ([0, 0, 0], [1, 1, 1]),
        ([0, 0, 0], [0, 0, 0]),
        ([0.4, 0.4, 0.4], [0, 0, 0.1]),
        ([0.4, 0.4, 0.4], [0.1, -0.1, 0.1]),
        ([0.4, np.nan, 0.4], [0.1, 0.1, 0.1]),
        ([0.4, 0.4, 0.4], [0.1, np.inf, 0.1]),
    ],
    ids=["never trained", "all zero", "mostly zero", "negative", "no number", "infinite"],
)
def test_statistics_that_are_no_use_give_neither_a_verdict_nor_a_warning(
    mean: list[float], variance: list[float]
) -> None:
    engine = RememberingEngine(np.array(mean, np.float32), np.array(variance, np.float32))
    for scale in PLAIN:
        assert scale_evidence(engine, spec(scale), TRAINING) is None
        assert doubt_scale(engine, spec(scale)) is None


def test_activations_that_are_no_numbers_give_neither_a_verdict_nor_a_warning() -> None:
    engine = trained(spec("1/255"))
    nothing = np.full((1, 3), np.nan, np.float32)
    engine.probe = replace(engine.probe, measure=lambda _: (nothing, nothing))
    assert scale_evidence(engine, spec("none"), TRAINING) is None
    assert doubt_scale(engine, spec("none")) is None


def test_an_engine_without_a_probe_gives_no_evidence() -> None:
    assert scale_evidence(BrightnessEngine(), spec("1/255"), TRAINING) is None
    assert doubt_scale(BrightnessEngine(), spec("1/255")) is None
