"""Workers that decode: they answer as this process would, and whatever ends one, the service lives.

Real processes, real signals.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from builders import card, encoded, flat
from dicom_files import CASES, OTHERS
from hostile_boxes import ATTACKS as BOXED_ATTACKS
from hostile_boxes import written
from hostile_pictures import ATTACKS, large, seconds_to_prepare
from vistazo.errors import InputError, NotReadyError, PictureTooCostlyError, RejectedUploadError
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.isolation.exchange import DefectError
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

LIMITS = ImageLimits(max_bytes=1_000_000, max_pixels=16_000_000)
SPEC = card().input  # 8 x 8, grey
BY_ITSELF = card(input={"scale": "per_picture"}).input
DICOM = (
    "12 of 16 bits",
    "implicit little endian, 8 bits",
    "deflated, 12 of 16 bits",
    "explicit big endian, 16 bits",
    "rle, rgb",
    "jpeg baseline, ybr_full_422",
    "jpeg lossless, first order, 16 bits",
    "jpeg-ls, 12 of 16 bits",
    "jpeg 2000, rgb",
    "three frames, extended offsets",
    "orientation R\\H",
)
LARGE = large("RGB", 3000)
ALL_ATTACKS = {**ATTACKS, **BOXED_ATTACKS}
SLOW = large("RGB", 2400, progressive=True)
COLOURS = card(
    input={
        "colour": "bgr",
        "resize": "fit",
        "antialias": False,
        "scale": {"divide_by": 255, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.2, 0.3]},
    }
).input


@contextmanager
def workers(count: int = 1, timeout_s: float = 30, **policy: Any) -> Iterator[IsolatedReader]:
    pool = IsolatedReader(LIMITS, IsolationPolicy(count, timeout_s, **policy))
    try:
        yield pool
    finally:
        pool.close()


@pytest.fixture(scope="module")
def pool() -> Iterator[IsolatedReader]:
    with workers() as pool:
        yield pool


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def open_files() -> set[str]:
    return {link.name for link in Path("/proc/self/fd").iterdir()}


def answers(pool: IsolatedReader) -> bool:
    found = pool.prepared(PICTURES["colour PNG"], SPEC).pixels
    return np.array_equal(found, DirectReader(LIMITS).prepared(PICTURES["colour PNG"], SPEC).pixels)


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ramp(mode: str = "L", width: int = 120, height: int = 90) -> Image.Image:
    values = np.linspace(0, 255, width * height).reshape(height, width)
    if mode == "I;16":
        return Image.fromarray((values * 257).astype(np.uint16))
    return Image.fromarray(values.astype(np.uint8)).convert(mode)


def on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(ramp("RGB"), "JPEG", exif=exif)


PICTURES = {
    "grey JPEG": encoded(ramp(), "JPEG"),
    "progressive JPEG": encoded(ramp("RGB"), "JPEG", progressive=True),
    "CMYK JPEG": encoded(ramp("CMYK"), "JPEG"),
    "JPEG on its side": on_its_side(),
    "colour PNG": encoded(ramp("RGB")),
    "PNG of 16 bits": encoded(ramp("I;16")),
    "PNG with transparency": encoded(ramp("RGBA")),
    "large grey JPEG": encoded(ramp("L", 1200, 900), "JPEG"),
    "BMP": written("BMP"),
    "TIFF": written("TIFF", compression="tiff_lzw"),
    "TIFF of 16 bits": encoded(ramp("I;16"), "TIFF"),
    "WebP": written("WEBP"),
    "WebP with transparency": written("WEBP", "RGBA", lossless=True),
    "AVIF": written("AVIF"),
    "animated AVIF": b"\0\0\0\x14ftypavis\0\0\0\0avif",
    "nothing": b"",
    "another format": b"GIF89a" + bytes(100),
    "too many bytes": bytes(1_000_001),
    "too many pixels": encoded(flat(0, 4001, 4001)),
    "too small and too long": encoded(flat(0, 200, 3)),
    "cut short": encoded(ramp("RGB", 400, 400), "JPEG")[:3000],
    "damaged": encoded(ramp("RGB", 400, 400))[:200] + bytes(1000),
    **{name: make(20_000) for name, make in ALL_ATTACKS.items()},
    **{f"DICOM, {name}": CASES[name]() for name in DICOM},
    **{f"DICOM, {name}": make() for name, make in OTHERS.items()},
}


def outcome(read: Callable[[], Any]) -> tuple[object, ...]:
    try:
        found = read()
    except InputError as error:
        broken = error.broken if isinstance(error, RejectedUploadError) else ()
        return type(error), error.code, str(error), broken
    pixels = found.pixels
    seen = getattr(found, "appearance", None)
    # How sums are rounded depends on where in memory a picture comes to lie.
    looks = tuple(round(each, 4) for each in astuple(seen)) if seen is not None else ()
    told = getattr(found, "radiograph", None)
    return pixels.dtype, pixels.shape, pixels.tobytes(), found.width, found.height, looks, told


def test_a_worker_answers_and_refuses_as_this_process_would(pool: IsolatedReader) -> None:
    here = DirectReader(LIMITS)
    for name, data in PICTURES.items():
        for spec in (SPEC,) if name in ALL_ATTACKS else (SPEC, COLOURS, BY_ITSELF):
            expected = outcome(lambda: here.prepared(data, spec))  # noqa: B023
            assert outcome(lambda: pool.prepared(data, spec)) == expected, name  # noqa: B023
        expected = outcome(lambda: here.picture(data, (32, 32)))  # noqa: B023
        assert outcome(lambda: pool.picture(data, (32, 32))) == expected, name  # noqa: B023
        expected = outcome(lambda: here.preview(data, 300))  # noqa: B023
        assert outcome(lambda: pool.preview(data, 300)) == expected, name  # noqa: B023
    assert pool.ended == {}
    assert len(pool.pids) == 1


def test_a_worker_has_no_secret_no_socket_and_few_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "secret")
    with socket.create_server(("127.0.0.1", 0)) as listener, workers() as pool:
        listener.set_inheritable(True)
        pool.start()
        pool.wait_until_warm()
        process = Path(f"/proc/{pool.pids[0]}")
        assert "secret" not in (process / "environ").read_text(encoding="utf-8")
        files = [str(link.readlink()) for link in (process / "fd").iterdir()]
        assert not any("socket" in file for file in files)
        limits = (process / "limits").read_text(encoding="ascii")
        for name in ("Max core file size", "Max file size", "Max processes"):
            line = next(line for line in limits.splitlines() if line.startswith(name))
            assert line.removeprefix(name).split()[:2] == ["0", "0"]
        assert (process / "oom_score_adj").read_text(encoding="ascii").strip() == "500"


def test_a_signal_to_everybody_on_the_terminal_ends_no_worker(pool: IsolatedReader) -> None:
    pool.wait_until_warm()
    (pid,) = pool.pids
    assert os.getsid(pid) != os.getsid(0)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert answers(pool)
    assert pool.pids == [pid]


def test_a_defect_of_ours_is_told_by_its_place_and_costs_no_worker(pool: IsolatedReader) -> None:
    unknown = SPEC.model_copy(update={"filter": "unknown"})
    with pytest.raises(DefectError, match=r"^KeyError at preprocessing\.py:\d+$"):
        pool.prepared(PICTURES["grey JPEG"], unknown)
    assert answers(pool)
    assert pool.ended == {}


def test_a_picture_that_takes_too_long_ends_with_its_worker_and_the_next_is_answered() -> None:
    with workers(timeout_s=seconds_to_prepare(SLOW, SPEC) / 3) as pool:
        pool.wait_until_warm()
        first = pool.pids
        started = time.monotonic()
        with pytest.raises(PictureTooCostlyError, match="smaller"):
            pool.prepared(SLOW, SPEC)
        assert time.monotonic() - started < 2
        wait_until(lambda: pool.pids and pool.pids != first)
        assert pool.ended == {"timeout": 1}
        pool.wait_until_warm()
        assert not is_running(first[0])


def test_a_picture_that_takes_too_much_memory_is_refused_and_its_worker_replaced() -> None:
    with workers(spare_bytes=-50_000_000) as pool:
        assert answers(pool)
        with pytest.raises(PictureTooCostlyError, match="smaller"):
            pool.picture(LARGE, (4000, 4000))
        wait_until(lambda: pool.ended == {"memory": 1})
        assert answers(pool)


@pytest.mark.longer
def test_a_large_jpeg_that_is_asked_for_again_takes_no_more_memory(pool: IsolatedReader) -> None:
    for _ in range(3):
        assert pool.picture(LARGE, (2000, 2000)).pixels.shape == (4000, 3000, 3)


@pytest.mark.longer
def test_a_picture_that_takes_too_much_cpu_ends_with_its_worker() -> None:
    data = LARGE
    with workers(cpu_s=-0.999) as pool:  # of a process that has used a second before, nothing
        while not pool.ended:
            with contextlib.suppress(PictureTooCostlyError):
                pool.picture(data, (2000, 2000))
        wait_until(lambda: pool.ended == {"cpu": 1})


@pytest.mark.longer
def test_whoever_kills_workers_costs_nobody_his_answer() -> None:
    here, films = DirectReader(LIMITS), [encoded(flat(grey, 900, 900)) for grey in range(40)]
    expected = [here.prepared(film, SPEC).pixels for film in films]
    with workers(2) as pool, ThreadPoolExecutor(2) as callers:
        pool.wait_until_warm()
        answers = [callers.submit(pool.prepared, film, SPEC) for film in films]
        for done in (5, 15, 25):
            wait_until(lambda: sum(answer.done() for answer in answers) >= done)  # noqa: B023
            os.kill(pool.pids[0], signal.SIGKILL)
        for answer, wanted in zip(answers, expected, strict=True):
            np.testing.assert_array_equal(answer.result().pixels, wanted)
        wait_until(lambda: pool.ended == {"killed": 3})
        wait_until(lambda: len(pool.pids) == 2)


@pytest.mark.longer
def test_all_workers_may_be_killed_again_and_again_even_while_they_start() -> None:
    film = encoded(flat(90, 900, 900), compress_level=0)
    expected = DirectReader(LIMITS).prepared(film, SPEC).pixels
    with workers(2) as pool, ThreadPoolExecutor(3) as callers:
        answers = [callers.submit(pool.prepared, film, SPEC) for _ in range(200)]
        for _ in range(10):
            for _ in range(2):
                for pid in pool.pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.03)  # others have begun to start, and see no picture yet
            # Those that were hit twice have their answers before they could be hit again.
            enough = min(len(answers), sum(answer.done() for answer in answers) + 15)
            wait_until(lambda: sum(answer.done() for answer in answers) >= enough)  # noqa: B023
        for answer in answers:
            np.testing.assert_array_equal(answer.result().pixels, expected)


def test_one_that_was_killed_while_idle_is_replaced_at_once() -> None:
    with workers() as pool:
        pool.wait_until_warm()
        (first,) = pool.pids
        os.kill(first, signal.SIGSEGV)
        wait_until(lambda: pool.pids not in ([], [first]))
        assert pool.ended == {"crashed": 1}
        assert answers(pool)


_LIMITED = """
import resource
from builders import card, encoded, flat
from vistazo.pictures import ImageLimits
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy
resource.setrlimit(resource.RLIMIT_CPU, (500, 500))
resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, 3_000_000_000))
pool = IsolatedReader(ImageLimits(), IsolationPolicy(1, 30))
print(pool.prepared(encoded(flat(3)), card().input).pixels.shape)
pool.close()
"""


@pytest.mark.longer
def test_a_service_that_is_limited_itself_has_workers_all_the_same() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _LIMITED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout == "(8, 8, 1)\n", said.stderr


def test_a_worker_that_is_stopped_is_ended_when_its_time_is_over() -> None:
    with workers(timeout_s=0.5) as pool:
        pool.wait_until_warm()
        os.kill(pool.pids[0], signal.SIGSTOP)
        with pytest.raises(PictureTooCostlyError):  # more than a pipe holds: nobody reads it
            pool.prepared(encoded(flat(3, 900, 900), compress_level=0), SPEC)
        wait_until(lambda: pool.ended == {"timeout": 1})
        assert answers(pool)


def test_one_that_talks_nonsense_is_ended_and_another_one_answers() -> None:
    with workers() as pool:
        pool.wait_until_warm()
        fds = Path(f"/proc/{pool.pids[0]}/fd")
        pipe = next(each for each in fds.iterdir() if _is_answering(each))
        pipe.write_bytes(b"\xff" * 100)
        assert answers(pool)
        wait_until(lambda: pool.ended == {"garbled": 1})


def _is_answering(descriptor: Path) -> bool:
    flags = (descriptor.parents[1] / "fdinfo" / descriptor.name).read_text(encoding="ascii")
    is_written = int(flags.split("flags:")[1].split()[0], 8) & os.O_WRONLY
    return bool(is_written) and str(descriptor.readlink()).startswith("pipe:")


def test_closing_ends_a_job_that_runs_and_nothing_is_left() -> None:
    before = open_files()
    threads = threading.active_count()
    with workers() as pool, ThreadPoolExecutor(1) as callers:
        pool.wait_until_warm()
        pids = pool.pids
        running = callers.submit(pool.prepared, SLOW, SPEC)
        time.sleep(0.02)
        pool.close()
        with pytest.raises(NotReadyError):
            running.result()
        with pytest.raises(NotReadyError):
            pool.prepared(PICTURES["grey JPEG"], SPEC)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)  # no zombie either
    assert open_files() == before
    assert threading.active_count() == threads
    assert pool.ended == {}


_SERVICE = """
import sys, json, threading
from hostile_pictures import large
from vistazo.pictures import ImageLimits
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy
pool = IsolatedReader(ImageLimits(), IsolationPolicy(2, 60))
pool.wait_until_warm()
data = large("CMYK", 2400, progressive=True)
threading.Thread(target=pool.picture, args=(data, (4000, 4000))).start()
print(json.dumps(pool.pids), flush=True)
sys.stdin.read()
"""


def test_workers_end_with_a_service_that_is_killed_even_in_the_middle_of_a_picture() -> None:
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-c", _SERVICE]
    with subprocess.Popen(
        command, stdin=-1, stdout=-1, env={**os.environ, "PYTHONPATH": path}
    ) as service:
        assert service.stdout is not None
        pids = json.loads(service.stdout.readline())
        time.sleep(0.2)
        assert all(is_running(pid) for pid in pids)
        service.kill()
    started = time.monotonic()
    wait_until(lambda: not any(is_running(pid) for pid in pids))
    assert time.monotonic() - started < 1


def test_a_broken_installation_says_so_and_does_not_try_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with workers() as pool:
        with pytest.raises(NotReadyError, match="log"):
            pool.wait_until_warm()
        assert 3 <= pool.ended["exited"] <= 4
