"""What may happen around a service that runs: its log, its disk, its clock, its descriptors."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from builders import encoded, film

pytestmark = pytest.mark.longer

FILM = {"file": ("film.jpeg", encoded(film(300, 300), "JPEG"))}


def test_a_log_that_nobody_reads_holds_up_nobody(running: Callable[..., Any]) -> None:
    """The service writes it into a pipe, which holds 64 kB."""
    with running() as service, httpx.Client(base_url=service.url, timeout=5) as client:
        long = {"X-Request-ID": "x" * 64}
        statuses = {client.get("/model", headers=long).status_code for _ in range(400)}
        assert statuses == {200}
        assert client.post("/predict", files=FILM).status_code == 200
        status, log = service.stop()
    assert status == 0
    assert len(log) > 50_000


def test_a_log_that_cannot_be_written_is_no_reason_not_to_serve(
    running: Callable[..., Any],
) -> None:
    full, (reads, gone) = os.open("/dev/full", os.O_WRONLY), os.pipe()
    os.close(reads)
    for log in (full, gone):
        with running(stderr=log) as service:
            os.close(log)
            assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200
            assert service.stop()[0] == 0
