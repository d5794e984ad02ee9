"""What was seen to keep a service busy or to fill its memory, and must not any more."""

from __future__ import annotations

import struct
import time
import tracemalloc

import pytest

from costly_pictures import empty_blocks
from hostile_boxes import ATTACKS as BOXED_ATTACKS
from hostile_pictures import (
    ATTACKS,
    SOF0,
    SOI,
    SOS,
    begun_png,
    chunk,
    endless_scans,
    segment,
    sound,
)
from vistazo.errors import CorruptImageError, InputError, RejectedUploadError
from vistazo.pictures import ImageLimits, open_image

LIMITS = ImageLimits(max_pixels=16_000_000)
MB = 1_000_000
ALL_ATTACKS = {**ATTACKS, **BOXED_ATTACKS}


def send(data: bytes) -> None:
    try:
        open_image(data, LIMITS).decode(at_least=(224, 224))
    except InputError:
        return


@pytest.mark.parametrize("name", ALL_ATTACKS)
def test_a_hostile_picture_costs_little_time(name: str) -> None:
    data = ALL_ATTACKS[name](3 * MB)
    started = time.process_time()
    send(data)
    # A third of what may be sent, and a fifth of the second that it may take.
    assert time.process_time() - started < 0.2


@pytest.mark.parametrize("name", ALL_ATTACKS)
def test_a_hostile_picture_takes_little_memory(name: str) -> None:
    data = ALL_ATTACKS[name](MB // 4)
    tracemalloc.start()
    send(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MB


def test_a_jpeg_that_says_the_same_again_and_again_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(CorruptImageError, match="scans"):
        open_image(endless_scans(40), LIMITS)


def test_a_jpeg_of_more_scans_than_any_encoder_writes_is_refused_before_it_is_decoded() -> None:
    scans = [segment(SOS, bytes((1, 1, 0, band, band, 0))) + b"pixels" for band in range(64)]
    with pytest.raises(RejectedUploadError) as caught:
        open_image(sound(progressive=True).split(b"\xff\xc4")[0] + b"".join(scans), LIMITS)
    assert [rule.rule for rule in caught.value.broken] == ["max_scans"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("jpeg of empty comments", "max_segments"),
        ("jpeg of 0xFF fill", "max_fill_bytes"),
        ("jpeg of 0xFF fill in its pixels", "max_fill_bytes"),
        ("png of empty chunks", "max_chunks"),
    ],
)
def test_a_refusal_names_the_rule_that_is_broken(name: str, rule: str) -> None:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(ATTACKS[name](MB), LIMITS)
    assert [broken.rule for broken in caught.value.broken] == [rule]


def test_a_large_progressive_jpeg_of_full_colours_is_refused_for_the_memory_it_takes() -> None:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(begun(0xC2, sampling=0x11), LIMITS)
    assert [rule.rule for rule in caught.value.broken] == ["max_held_bytes"]
    assert open_image(begun(0xC2, sampling=0x22), LIMITS).header.width == 4000
    assert open_image(begun(SOF0, sampling=0x11), LIMITS).header.width == 4000


def test_so_is_one_of_several_scans_that_are_not_progressive() -> None:
    with pytest.raises(RejectedUploadError) as caught:
        open_image(begun(SOF0, sampling=0x11, in_scan=1), LIMITS)
    assert [rule.rule for rule in caught.value.broken] == ["max_held_bytes"]


def test_a_large_png_of_many_bits_is_refused_for_the_time_it_takes() -> None:
    """Its pixels take as long as they may: there is no time left for two megabytes of codes."""
    deep, usual = (16, 6), (8, 6)
    with pytest.raises(RejectedUploadError) as caught:
        open_image(begun_png(*deep, n_bytes=2 * MB), LIMITS)
    assert [rule.rule for rule in caught.value.broken] == ["max_work"]
    assert open_image(begun_png(*deep, n_bytes=MB), LIMITS).header.width == 4000
    assert open_image(begun_png(*usual, n_bytes=9 * MB), LIMITS).header.width == 4000


def test_a_png_of_far_more_data_than_pixels_is_refused_before_it_is_decoded() -> None:
    """A megabyte that says nothing takes 50 ms to go through."""
    small = sound("PNG")
    at = small.index(b"IDAT") - 4
    more = chunk(b"IDAT", empty_blocks(MB))
    with pytest.raises(CorruptImageError, match="more data than pixels"):
        open_image(small[:at] + more + small[at:], LIMITS)


def begun(frame: int, sampling: int, in_scan: int = 4) -> bytes:
    """The beginning of a JPEG of 4000 x 4000 pixels, CMYK; ``sampling`` is that of black."""
    components = b"".join(bytes((n, 0x11 if n < 4 else sampling, 0)) for n in (1, 2, 3, 4))
    scanned = b"".join(bytes((n, 0)) for n in range(1, in_scan + 1))
    end = 0 if frame == 0xC2 else 63
    return (
        SOI
        + segment(frame, struct.pack(">BHHB", 8, 4000, 4000, 4) + components)
        + segment(SOS, bytes((in_scan,)) + scanned + bytes((0, end, 0)))
    )
