from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image, ImageOps

from builders import ramp
from vistazo.models.card import InputSpec
from vistazo.pictures import Picture
from vistazo.pictures.preprocessing import prepare, scale


def spec(**changes: Any) -> InputSpec:
    fields = {"height": 16, "width": 16, "colour": "grey", "scale": "none"}
    return InputSpec.model_validate({**fields, **changes})


PER_PICTURE = spec(colour="rgb", scale="per_picture")


def flat(value: int, width: int, height: int) -> Picture:
    return Picture(np.full((height, width), value, np.uint8))


SCALES: list[tuple[Any, float, float]] = [
    ("none", 0, 255),
    ("1/255", 0, 1),
    ("1/127.5-1", -1, 1),
    ({"divide_by": 255, "mean": [0.5], "std": [0.25]}, -2, 2),
]


@pytest.mark.parametrize(("how", "black", "white"), SCALES)
def test_scaling_takes_black_and_white_where_the_card_says(
    how: Any, black: float, white: float
) -> None:
    assert prepare(flat(0, 9, 9), spec(scale=how)) == pytest.approx(black)
    assert prepare(flat(255, 9, 9), spec(scale=how)) == pytest.approx(white)


def test_mean_and_std_may_differ_by_channel() -> None:
    how = {"mean": [10, 20, 30], "std": [1, 2, 4]}
    prepared = prepare(flat(50, 9, 9), spec(colour="rgb", scale=how))
    assert prepared[0, 0].tolist() == [40, 15, 5]


def test_per_picture_takes_off_a_pictures_own_mean_and_divides_by_its_own_deviation() -> None:
    pixels = np.array([[0, 40], [80, 200]], np.uint8)
    prepared = prepare(Picture(pixels), spec(height=2, width=2, scale="per_picture"))
    assert prepared[..., 0] == pytest.approx((pixels - 80.0) / np.std(pixels), abs=1e-5)
    assert prepared.dtype == np.float32


def test_equalized_pictures_are_the_same_whatever_the_exposure() -> None:
    grey = ramp(128, 96)
    dark = Picture((40 + grey * 0.3).astype(np.uint8))  # some levels fall together
    how = spec(equalize=True, height=96, width=128)
    apart = prepare(Picture(grey.astype(np.uint8)), how) - prepare(dark, how)
    assert np.abs(apart).max() < 8
    assert prepare(dark, how).std() > 2.5 * prepare(dark, spec(height=96, width=128)).std()


def test_equalizing_spreads_each_channel_by_itself_and_leaves_the_padding_alone() -> None:
    pixels = np.random.default_rng(0).integers(90, 110, (20, 40, 3), dtype=np.uint8)
    how = spec(equalize=True, colour="rgb", resize="fit", height=40, width=40, pad_value=77)
    prepared = prepare(Picture(pixels), how)
    assert (prepared[:10] == 77).all()
    expected = np.asarray(ImageOps.equalize(Image.fromarray(pixels)), np.float32)
    np.testing.assert_array_equal(prepared[10:30], expected)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_picture_stays_even_when_it_is_equalized(grey: int) -> None:
    assert prepare(flat(grey, 9, 9), spec(equalize=True)) == pytest.approx(grey)


def test_a_card_that_does_not_equalize_says_nothing_of_it() -> None:
    assert "equalize" not in spec().model_dump()
    assert spec(equalize=True).model_dump()["equalize"] is True


def test_per_picture_has_one_mean_for_all_channels_and_padding_counts() -> None:
    colours = prepare(Picture(np.full((9, 9, 3), (10, 20, 60), np.uint8)), PER_PICTURE)
    assert colours[0, 0] == pytest.approx((np.array([10, 20, 60]) - 30) / np.sqrt(1400 / 3))
    fitted = PER_PICTURE.model_copy(update={"resize": "fit", "pad_value": 100})
    padded = prepare(flat(200, 40, 20), fitted)
    assert padded[0, 0, 0] == pytest.approx(-1)  # half is padding, so 150 is the mean
    assert padded[8, 8, 0] == pytest.approx(1)


@pytest.mark.parametrize("grey", [0, 77, 255])
@pytest.mark.parametrize("side", [1, 16])
def test_an_even_picture_is_all_zero_and_not_divided_by_nothing(grey: int, side: int) -> None:
    even = prepare(flat(grey, 9, 9), spec(height=side, width=side, scale="per_picture"))
    assert (even == 0).all()


@settings(max_examples=25)
@given(
    pictures=arrays(
        np.float32,
        array_shapes(min_dims=4, max_dims=4, max_side=5),
        elements=st.floats(0, 255, width=32),
    )
)
def test_per_picture_of_a_batch_is_that_of_each_picture_and_always_finite(
    pictures: NDArray[np.float32],
) -> None:
    before, together = pictures.copy(), scale(pictures, "per_picture")
    assert np.isfinite(together).all()
    assert np.abs(together).max() <= 2 * np.sqrt(together[0].size) * 256
    for alone, picture in zip(together, pictures, strict=True):
        assert np.array_equal(alone, scale(picture, "per_picture"))
    assert np.array_equal(pictures, before)


def test_bgr_is_rgb_in_reverse() -> None:
    picture = Picture(np.full((9, 9, 3), (1, 2, 3), np.uint8))
    assert prepare(picture, spec(colour="rgb"))[0, 0].tolist() == [1, 2, 3]
    assert prepare(picture, spec(colour="bgr"))[0, 0].tolist() == [3, 2, 1]


def test_a_grey_picture_for_a_model_of_colours_is_as_if_it_had_come_in_colours() -> None:
    grey = ramp(160, 120).astype(np.uint8)
    of_colours = spec(colour="rgb", filter="bicubic", scale="1/255")
    both = Picture(grey), Picture(np.repeat(grey[:, :, np.newaxis], 3, axis=2))
    prepared = [prepare(picture, of_colours) for picture in both]
    assert np.array_equal(*prepared)


def test_stretch_uses_the_whole_picture() -> None:
    prepared = prepare(Picture(ramp(64, 32).astype(np.uint8)), spec())
    assert prepared[0].mean() < 10
    assert prepared[-1].mean() > 240


def test_fit_keeps_the_aspect_ratio_and_pads_both_sides_alike() -> None:
    prepared = prepare(flat(200, 40, 20), spec(resize="fit", pad_value=7))
    assert (prepared[:4] == 7).all()
    assert (prepared[4:12] == 200).all()
    assert (prepared[12:] == 7).all()


def test_crop_keeps_the_aspect_ratio_and_cuts_the_centre() -> None:
    pixels = np.zeros((20, 60), np.uint8)
    pixels[:, 20:40] = 100
    prepared = prepare(Picture(pixels), spec(resize="crop", filter="box"))
    assert (prepared == 100).all()


def test_reduction_averages_fine_detail_instead_of_aliasing_it() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (160, 80))
    prepared = prepare(Picture(stripes), spec())
    assert prepared == pytest.approx(127.5, abs=5)


def test_a_grey_of_more_than_8_bits_keeps_its_fine_steps() -> None:
    picture = Picture(np.full((9, 9), 100.3, np.float32))
    for colour in ("grey", "rgb"):
        assert prepare(picture, spec(colour=colour)) == pytest.approx(100.3)


@given(
    width=st.integers(1, 70),
    height=st.integers(1, 70),
    channels=st.sampled_from([1, 3]),
    is_deep=st.booleans(),
    colour=st.sampled_from(["grey", "rgb", "bgr"]),
    resize=st.sampled_from(["stretch", "fit", "crop"]),
    resampling=st.sampled_from(["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]),
)
def test_every_picture_and_card_give_the_shape_and_range_that_the_card_says(
    width: int, height: int, channels: int, is_deep: bool, colour: str, resize: str, resampling: str
) -> None:
    shape = (height, width) if channels == 1 else (height, width, 3)
    values = np.random.default_rng(0).integers(0, 256, shape)
    kind = np.float32 if is_deep and channels == 1 else np.uint8
    card = spec(height=24, width=10, colour=colour, resize=resize, filter=resampling, scale="1/255")
    prepared = prepare(Picture(values.astype(kind)), card)
    assert prepared.shape == (24, 10, card.channels)
    assert prepared.dtype == np.float32
    slack = 0.5 if kind is np.float32 else 0  # sharp filters overshoot where nothing clips
    assert prepared.min() >= -slack
    assert prepared.max() <= 1 + slack
