"""What once kept a service busy or filled its memory, sent to a real one of the small plan.

A second of CPU time is what each may take of all its processes together, and 60 MB; a large picture
that is accepted 90 MB.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from costly_pictures import JpegRecipe, PngRecipe
from hostile_pictures import ATTACKS, compressed_texts, large, png_with
from hostile_uploads.forms import Form, plain_form
from measured_service import SMALL_BYTES, MeasuredService, serving
from vistazo.service.small_plan import SETTINGS

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]

_MOST_BYTES = 9_800_000
_BAR_S, _BAR_MB, _BAR_OF_ACCEPTED_MB = 1.0, 60.0, 90.0
_REST_S = 2.0
_PIXELS = 12_000_000


@pytest.fixture(scope="module")
def service() -> Iterator[MeasuredService]:
    with serving(SETTINGS, SMALL_BYTES) as started:
        first = plain_form([large("L", 400), PngRecipe().made(100_000)])
        answered(started, posted(first, "/predict/batch"))
        yield started
        assert started.is_up
        assert started.kills() == 0


def posted(form: Form, path: str = "/predict", declared: str = "") -> bytes:
    declared = declared or f"Content-Length: {len(form.body)}"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{declared}\r\n"
    return f"{head}Content-Type: {form.content_type}\r\n\r\n".encode() + form.body


def answered(service: MeasuredService, wire: bytes) -> int:
    """The status."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        with suppress(ConnectionError):  # it may be refused in the middle
            connection.sendall(wire)
        said = b""
        while part := connection.recv(65_536):
            said += part
    return int(said.split(b" ", 2)[1])


def cost(service: MeasuredService, wire: bytes) -> tuple[int, float, float]:
    """The status, CPU time in seconds, and growth beyond what is held at rest in MB."""
    time.sleep(_REST_S)
    before_s, before_mb = service.cpu_s(), sum(service.resident_mb())
    service.forget_peaks()
    status = answered(service, wire)
    return status, service.cpu_s() - before_s, service.peaks_mb() - before_mb


def together(picture: Callable[[], bytes]) -> bytes:
    return posted(plain_form([picture()] * 16), "/predict/batch")


def crossed(n_bytes: int) -> bytes:
    """Both lengths, and more behind the smaller one."""
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (n_bytes, bytes(n_bytes))
    both = "Content-Length: 1\r\nTransfer-Encoding: chunked"
    return posted(Form("multipart/form-data; boundary=x", chunk), declared=both)


def attack(name: str) -> bytes:
    return posted(plain_form([ATTACKS[name](_MOST_BYTES)]))


ROWS: dict[str, Callable[[], bytes]] = {
    **{name: partial(attack, name) for name in ATTACKS},
    "row 3, two lengths": partial(crossed, 31_000_000),
    "row 5, large CMYK": lambda: posted(plain_form([large("CMYK", 3000)])),
    "row 5, large CMYK, progressive": lambda: posted(
        plain_form([large("CMYK", 3000, progressive=True)])
    ),
    "row 5, a batch of texts": lambda: together(lambda: png_with(compressed_texts())),
    "row 5, a batch of deep PNGs": lambda: together(lambda: PngRecipe().made(_PIXELS)),
    "row 5, a batch of grey PNGs": lambda: together(
        lambda: PngRecipe(kind=(8, 0, 1), is_interlaced=False).made(_PIXELS)
    ),
    "row 5, a batch of progressive JPEGs": lambda: together(
        lambda: JpegRecipe(share=0.001).made(_PIXELS)
    ),
    "row 9, a charset": lambda: posted(
        Form("multipart/form-data; boundary=x; charset=unicode_escape", plain_form([b"x"]).body)
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_costs_a_second_and_60_mb_at_most(service: MeasuredService, name: str) -> None:
    status, cpu_s, megabytes = cost(service, ROWS[name]())
    bar_mb = _BAR_OF_ACCEPTED_MB if status == 200 else _BAR_MB
    assert status in range(200, 500)
    assert (cpu_s <= _BAR_S, megabytes <= bar_mb) == (True, True), (status, cpu_s, megabytes)
