import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vistazo.errors import HostileModelError, ModelError, UnsupportedModelError
from vistazo.models import bounded_child
from vistazo.models.bounded_child import LoadingPolicy, Task, ask, room_bytes
from vistazo.models.process_memory import family_bytes, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a process is bounded on Linux")

SOURCES = Path(bounded_child.__file__).parents[2]
BOUNDED = """
import json, sys, os
from vistazo.models.bounded_child import Room, bound_memory, bound_time, write_answer
asked = json.loads(sys.argv[1])
bound_time(Room.of(asked), asked["parent"])
left = bound_memory(Room.of(asked))
"""

Child = Callable[..., Mapping[str, object]]


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """A child that does what ``code`` says."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    file = tmp_path / "film.onnx"
    file.write_bytes(b"x")

    def run(
        code: str,
        policy: LoadingPolicy | None = None,
        is_cancelled: Callable[[], bool] = bounded_child.never,
    ) -> Mapping[str, object]:
        (tmp_path / "someones_child.py").write_text(BOUNDED + code)
        task = Task("Reading film.onnx", file, policy or LoadingPolicy(), is_cancelled)
        return ask("someones_child", {}, task)

    return run


@pytest.mark.parametrize(
    "code",
    ["os.kill(os.getpid(), 11)", "os.abort()", "print('{not json')", "print(3)"],
    ids=["crashes", "aborts", "answers nonsense", "answers a number"],
)
def test_a_child_that_does_not_live_to_answer_is_an_error_and_not_a_crash_here(
    code: str, child: Child
) -> None:
    with pytest.raises(HostileModelError, match=r"Reading film\.onnx crashed .*damaged or hostile"):
        child(code)


def test_where_memory_is_short_the_child_goes_before_all_others(child: Child) -> None:
    code = "write_answer({'first': open('/proc/self/oom_score_adj').read()})"
    assert str(child(code)["first"]).strip() == "1000"


def test_a_child_that_waits_for_ever_is_ended_at_its_deadline(child: Child) -> None:
    started = time.monotonic()
    with pytest.raises(UnsupportedModelError, match=r"longer than 0\.4 s.*MODEL_TIMEOUT_S"):
        child("import time; time.sleep(60)", LoadingPolicy(timeout_s=0.4))
    assert time.monotonic() - started < 5


def test_a_child_is_ended_as_soon_as_nobody_wants_its_answer(child: Child, tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = f"open({str(told)!r}, 'w').write(str(os.getpid())); import time; time.sleep(60)"
    with pytest.raises(ModelError, match="was stopped"):
        child(code, is_cancelled=lambda: told.exists() and bool(told.read_text()))
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_a_child_that_grows_beyond_its_room_is_told_in_megabytes(child: Child) -> None:
    code = """
try:
    held = bytearray(2 * left)
except MemoryError:
    write_answer({"beyond": left})
"""
    with pytest.raises(UnsupportedModelError, match=r"more than \d{4} MB, the most that a model"):
        child(code)
    resident = resident_bytes()
    small = LoadingPolicy(container_bytes=resident + 100_000_000)
    with pytest.raises(UnsupportedModelError, match=r"than \d\d MB, .* left of the container's"):
        child(code, small)


@pytest.mark.parametrize(
    "code", ["raise MemoryError", "os.kill(os.getpid(), 9)"], ids=["raised", "killed by the kernel"]
)
def test_a_child_that_ends_for_want_of_memory_is_said_to_be_too_large(
    code: str, child: Child
) -> None:
    with pytest.raises(UnsupportedModelError, match="takes more than 2000 MB"):
        child(code)


def test_the_clock_and_the_processor_are_bounded_without_a_parent_that_looks(child: Child) -> None:
    code = """
import resource, signal
write_answer({"cpu_s": resource.getrlimit(resource.RLIMIT_CPU)[0], "alarm_s": signal.alarm(0)})
"""
    assert child(code, LoadingPolicy(timeout_s=7)) == {"cpu_s": 7, "alarm_s": 8}


def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    (tmp_path / "someones_child.py").write_text(
        f"{BOUNDED}open({str(told)!r}, 'w').write(str(os.getpid()))\nimport time; time.sleep(60)"
    )
    code = (
        "import pathlib; from vistazo.models.bounded_child import *;"
        f"ask('someones_child', {{}}, Task('x', pathlib.Path({str(tmp_path)!r}), LoadingPolicy()))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{tmp_path}"}
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not (told.exists() and told.read_text()):
        time.sleep(0.01)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while _is_running(int(told.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(int(told.read_text()))


def _is_running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_the_room_is_what_is_left_of_the_container_and_no_more_than_any_model_may_take(
    tmp_path: Path,
) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(bytes(1000))
    most = room_bytes(file, None, 0)
    assert most == (2000 << 20) + 3 * 1000
    assert room_bytes(file, 64_000_000_000, 100_000_000) == most
    assert 140_000_000 < room_bytes(file, 256_000_000, 70_000_000) < 186_000_000
    assert room_bytes(file, 256_000_000, 300_000_000) > 0


def test_what_workers_hold_is_no_room_for_a_model() -> None:
    code = "held = bytearray(50_000_000); print(flush=True); input()"
    before = family_bytes()
    worker = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    worker.stdout.readline()
    assert 50_000_000 < family_bytes() - before < 70_000_000
    worker.communicate(b"\n")


def test_a_child_that_reads_a_strangers_file_knows_no_secret(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("API_KEYS", "JWT_SECRET", "RENDER_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS")
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    told = child("write_answer({'environment': dict(os.environ)})")["environment"]
    assert isinstance(told, dict)
    assert not set(secrets) & set(told)
    assert "s3cret" not in str(told)
