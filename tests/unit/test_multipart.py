from __future__ import annotations

import tempfile
import tracemalloc

from starlette.datastructures import UploadFile

from vistazo.api.multipart import content_of


def test_what_has_arrived_is_handed_over_and_not_copied() -> None:
    tracemalloc.start()
    with tempfile.SpooledTemporaryFile(1 << 30) as held:
        for _ in range(100):
            held.write(bytes(10_000))
        tracemalloc.reset_peak()
        content = content_of(UploadFile(held))
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert content == bytes(1_000_000)
    assert peak < 1_500_000
