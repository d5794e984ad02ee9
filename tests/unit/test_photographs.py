import numpy as np
import pytest

from vistazo.answers.photographs import photographs

PIXELS = np.stack([picture.pixels for picture in photographs(12, 128, 128)]).astype(np.float64)


def test_they_are_the_same_at_every_call_and_of_the_size_asked_for() -> None:
    again = np.stack([picture.pixels for picture in photographs(12, 128, 128)])
    np.testing.assert_array_equal(PIXELS, again)
    assert photographs(1, 30, 20)[0].pixels.shape == (30, 20, 3)


def test_large_ones_keep_their_proportions_and_cost_no_more() -> None:
    assert photographs(1, 500, 1000)[0].pixels.shape == (128, 256, 3)


def test_their_greys_are_those_of_photographs() -> None:
    """ImageNet: mean 115, deviation 70 of all pixels; the colours mostly go together."""
    assert PIXELS.mean() == pytest.approx(115, abs=15)
    assert PIXELS.std() == pytest.approx(65, abs=12)
    red, green = PIXELS[..., 0].ravel(), PIXELS[..., 1].ravel()
    assert 0.85 < np.corrcoef(red, green)[0, 1] < 0.99


def test_their_power_falls_with_the_frequency_as_that_of_photographs() -> None:
    """About as the frequency to the power of -2 to -3 (Field 1987: -2 at full sharpness)."""
    grey = PIXELS.mean(axis=-1)
    power = (np.abs(np.fft.fft2(grey - grey.mean(axis=(1, 2), keepdims=True))) ** 2).mean(axis=0)
    steps = np.fft.fftfreq(128) * 128
    frequency = np.hypot(*np.meshgrid(steps, steps))
    octaves = np.array([2, 4, 8, 16, 32])
    levels = [power[(frequency >= f / 1.4) & (frequency < f * 1.4)].mean() for f in octaves]
    slope = np.polyfit(np.log(octaves), np.log(levels), 1)[0]
    assert -3.2 < slope < -1.8
