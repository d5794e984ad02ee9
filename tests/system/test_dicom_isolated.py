"""DICOM files are decoded by a worker: it answers as this process would, and may die of one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from builders import card, encoded, flat
from dicom_files import CASES, OTHERS
from hostile_dicom import ATTACKS
from vistazo.errors import InputError, PictureTooCostlyError
from vistazo.pictures import ImageLimits, Picture
from vistazo.pictures.reader import DirectReader, PictureReader, Prepared
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy

pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(sys.platform != "linux", reason="workers are confined there"),
]

LIMITS = ImageLimits(max_bytes=1_000_000, max_pixels=16_000_000)
SPEC = card(input={"min_side_px": 1}).input
LOSSLESS = "jpeg lossless, first order, 12 of 16 bits"
# Of so few bytes that the making takes no time.
FILES = {
    **CASES,
    **OTHERS,
    **{name: lambda make=make: make(5_000) for name, make in ATTACKS.items()},
}


@pytest.fixture(scope="module")
def pool() -> Iterator[IsolatedReader]:
    reader = IsolatedReader(LIMITS, IsolationPolicy(workers=1, timeout_s=30))
    yield reader
    reader.close()


def outcome(read: Callable[[], Prepared]) -> tuple[object, ...]:
    try:
        found = read()
    except InputError as error:
        return error.code, str(error)
    return found.pixels.tobytes(), found.width, found.height, found.radiograph


def test_a_worker_answers_and_refuses_as_this_process_would(pool: IsolatedReader) -> None:
    direct, others = DirectReader(LIMITS), []
    for name, make in FILES.items():
        data = make()
        here = outcome(lambda data=data: direct.prepared(data, SPEC))
        if outcome(lambda data=data: pool.prepared(data, SPEC)) != here:
            others.append(name)
    assert others == []
    assert pool.ended == {}


def test_a_worker_tells_the_frames_of_one_file_apart(pool: IsolatedReader) -> None:
    data, direct = CASES["three frames"](), DirectReader(LIMITS)
    for frame in (1, 2, 2, 3, 1, None, 4, 2):
        here, there = seen_by(direct, data, frame), seen_by(pool, data, frame)
        assert here == there
        assert (here[0][0] == "rejected_upload") == (frame == 4)
    assert pool.ended == {}


def seen_by(reader: PictureReader, data: bytes, frame: int | None) -> list[tuple[object, ...]]:
    """In each of the ways to ask."""
    asked = (
        lambda: reader.prepared(data, SPEC, frame=frame),
        lambda: without_look(reader.picture(data, (48, 48), frame)),
        lambda: without_look(reader.preview(data, 32, frame)),
    )
    return [outcome(each) for each in asked]


def without_look(picture: Picture) -> Prepared:
    return Prepared(np.asarray(picture.pixels), picture.width, picture.height, None)


def test_a_worker_that_dies_of_a_file_is_replaced_and_the_file_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder with a hole stands in for GDCM."""
    dies = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    (tmp_path / "gdcm.py").write_text(dies)
    monkeypatch.syspath_prepend(str(tmp_path))
    reader = IsolatedReader(LIMITS, IsolationPolicy(workers=1, timeout_s=30))
    try:
        with pytest.raises(PictureTooCostlyError):
            reader.prepared(CASES[LOSSLESS](), SPEC)
        assert reader.prepared(encoded(flat(90, 64, 64)), SPEC).pixels.size
        shown = reader.prepared(CASES["12 of 16 bits"](), SPEC)
        assert np.isfinite(shown.pixels).all()
        deadline = time.monotonic() + 20
        while reader.ended != {"crashed": 2}:  # once more, in case another was meant
            assert time.monotonic() < deadline, reader.ended
            time.sleep(0.01)
    finally:
        reader.close()
