"""What the pictures of one batch may take, charged in several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from hostile_pictures import begun_png
from vistazo.errors import RejectedUploadError
from vistazo.pictures import ImageLimits, workload
from vistazo.pictures.workload import Workload

DEEP = begun_png(16, 6, n_bytes=100)


def charged(load: Workload, number: int, data: bytes = DEEP) -> bool:
    sleep(0.002 * (3 - number))  # the last comes first
    try:
        load.charge(number, data)
    except RejectedUploadError:
        return False
    return True


def test_pictures_are_charged_in_their_order_whichever_thread_comes_first() -> None:
    load = Workload(ImageLimits())
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda number: charged(load, number), range(4))) == [
            True,
            False,
            False,
            False,
        ]


def test_a_picture_that_cannot_be_charged_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(data: bytes, frame: int | None) -> int:
        raise MemoryError

    load, work_of = Workload(ImageLimits()), workload.work_of
    monkeypatch.setattr(workload, "work_of", fail)
    with pytest.raises(MemoryError):
        load.charge(0, DEEP)
    monkeypatch.setattr(workload, "work_of", work_of)
    assert charged(load, 1)
