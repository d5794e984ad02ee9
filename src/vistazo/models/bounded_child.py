"""Work on somebody's model in a child process that is bounded in time and memory, and can be ended.

Reading a model, loading it and running it are left to C libraries, and a small file can ask for any
amount of work. The child ends where it goes beyond its bounds, and the service says why; what it
allocated is gone with it. It ends with the service, too, however that ends.

What a child imports is not counted: its bounds begin where it sees the model.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vistazo import errors
from vistazo.models.child_environment import child_environment
from vistazo.models.process_memory import family_bytes, memory_of

_PACKAGE_ROOT = Path(__file__).parents[2]
_POLL_S = 0.1
_MEMORY_BYTES = 2000 << 20  # and three times the file: parsed, in the graph, written or packed
_MEMORY_PER_FILE_BYTE = 3
_MB = 1 << 20  # as containers count
_LEAST_BYTES = 16_000_000
_RESERVE_BYTES = 8_000_000  # of a container: what is of no process
_MAX_ANSWER = 50_000_000
_PARENT_IS_GONE = 1  # man 2 prctl: PR_SET_PDEATHSIG
_SIGKILL, _SIGALRM, _SIGXCPU = 9, 14, 24
_NO_MEMORY = (
    "MemoryError",
    "bad_alloc",
    "bad allocation",
    "Failed to allocate",
    "alloc failed",
    "can't alloc",
    "out of memory",
    "Resource temporarily unavailable",  # man 3 pthread_create: no room for a thread's stack
)

IsCancelled = Callable[[], bool]


def never() -> bool:
    return False


@dataclass(frozen=True)
class LoadingPolicy:
    """What a model may cost before it is served, and what it may hold.

    ``timeout_s`` bounds reading it, and then loading and trying it, by the clock and in CPU time.
    ``container_bytes`` is what this process and its children may take together; None where nothing
    says so. ``allow_control_flow``: loops, branches, and sizes that depend on what a picture shows.
    """

    timeout_s: float = 300.0
    container_bytes: int | None = None
    allow_control_flow: bool = False


@dataclass(frozen=True)
class Room:
    """What a child may take for the model."""

    timeout_s: float
    memory_bytes: int

    @staticmethod
    def of(asked: Mapping[str, object]) -> Room:
        return Room(float(str(asked["timeout_s"])), int(str(asked["memory_bytes"])))


@dataclass(frozen=True)
class Task:
    """``work`` is what is done with ``file``, such as 'Reading x': it begins the sentence that says
    what went wrong. Ten times a second ``is_cancelled`` is asked, and ends it. ``more`` are the
    further files of the model: room is made for them too.
    """

    work: str
    file: Path
    policy: LoadingPolicy
    is_cancelled: IsCancelled = never
    more: tuple[Path, ...] = ()


def ask(module: str, question: Mapping[str, object], task: Task) -> Mapping[str, object]:
    """Have ``module`` answer in a child. Raises the child's error, and ModelError for a bound."""
    memory = room_left(task.file, task.policy, *task.more)
    bounds = {"timeout_s": task.policy.timeout_s, "memory_bytes": memory, "parent": os.getpid()}
    child = _start(module, json.dumps({**question, **bounds}))
    try:
        output, complaint = _wait(child, task)
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    answer = _parsed(output)
    if "error" in answer:
        raise getattr(errors, str(answer["error"]))(answer["detail"])
    if "beyond" in answer:
        raise _too_large(task, int(str(answer["beyond"])), memory)
    if not answer:
        raise _ended(task, child.returncode, complaint, memory)
    return answer


def room_left(file: Path, policy: LoadingPolicy, *more: Path) -> int:
    """``room_bytes`` beside what this process and its workers hold now."""
    taken = 0 if policy.container_bytes is None else family_bytes()
    return room_bytes(file, policy.container_bytes, taken, *more)


def room_bytes(file: Path, container_bytes: int | None, taken_bytes: int, *more: Path) -> int:
    """What a child may take: as much as any model may, or as is left in the container."""
    size = sum(each.stat().st_size for each in (file, *more) if each.is_file())
    most = _MEMORY_BYTES + _MEMORY_PER_FILE_BYTE * size
    if container_bytes is None:
        return most
    return max(_LEAST_BYTES, min(most, container_bytes - taken_bytes - _RESERVE_BYTES))


def _start(module: str, request: str) -> subprocess.Popen[bytes]:
    environment = child_environment(str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", ""))
    return subprocess.Popen(
        [sys.executable, "-m", module, request],
        env={**environment, "MALLOC_ARENA_MAX": "1"},  # each one more reserves 64 MB of what it has
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _wait(child: subprocess.Popen[bytes], task: Task) -> tuple[bytes, str]:
    """What it answers, and the last line of its complaints."""
    deadline = time.monotonic() + task.policy.timeout_s
    while True:
        try:
            output, complaint = child.communicate(timeout=_POLL_S)
        except subprocess.TimeoutExpired:
            if task.is_cancelled():
                raise errors.ModelError(f"{task.work} was stopped.") from None
            if time.monotonic() > deadline:
                raise _too_slow(task) from None
        else:
            return output, (complaint.decode(errors="replace").strip().splitlines() or [""])[-1]


def _parsed(output: bytes) -> Mapping[str, object]:
    """Empty where it is no answer."""
    try:
        answer = json.loads(output)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _ended(task: Task, status: int, complaint: str, memory: int) -> errors.ModelError:
    """Why a child did not live to answer."""
    if status in (-_SIGXCPU, -_SIGALRM):
        return _too_slow(task)
    if status == -_SIGKILL or is_about_memory(complaint):
        return _too_large(task, memory, memory)
    return errors.HostileModelError(
        f"{task.work} crashed (exit status {status}: {complaint or 'no message'}). The file is "
        "damaged or hostile."
    )


def _too_large(task: Task, room: int, memory: int) -> errors.UnsupportedModelError:
    """``room`` is what there was for the model, of the ``memory`` that its process had."""
    takes = f"{task.work} takes more than {room / _MB:.0f} MB"
    container = task.policy.container_bytes
    if container is None or memory >= room_bytes(task.file, None, 0, *task.more):
        return errors.UnsupportedModelError(
            f"{takes}, the most that a model may take. The file is hostile, or too large to be "
            "served: use a smaller model, or one of smaller pictures."
        )
    return errors.UnsupportedModelError(
        f"{takes}, which is all that is left of the container's {container / _MB:.0f} MB. Use a "
        "smaller model, or a container with more memory."
    )


def _too_slow(task: Task) -> errors.UnsupportedModelError:
    return errors.UnsupportedModelError(
        f"{task.work} took longer than {task.policy.timeout_s:g} s, and was ended. Use a smaller "
        "model; or, where this one is known to be sound and the machine is slow, set "
        "MODEL_TIMEOUT_S."
    )


def is_about_memory(message: str) -> bool:
    """Whether a library's complaint says that there is no memory left."""
    return any(words in message for words in _NO_MEMORY)


# What follows runs in the child.


def bound_time(room: Room, parent: int) -> None:
    """End this process when its time is over, when its parent ends, or memory is short."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    seconds = math.ceil(room.timeout_s)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(seconds + 1)
    if sys.platform == "linux":
        import ctypes

        # A kernel short of memory takes it first, before whoever answers requests meanwhile.
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        ctypes.CDLL(None).prctl(_PARENT_IS_GONE, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)


def bound_memory(room: Room) -> int:
    """Let this process take no more than its room from now on: the bytes that are left of it."""
    now = memory_of()
    left = max(_LEAST_BYTES, room.memory_bytes - now.own)
    if sys.platform == "linux":
        import resource

        most = now.address_space + left
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return left


def write_answer(answer: Mapping[str, object]) -> None:
    """One JSON document on standard output."""
    text = json.dumps(answer)
    if len(text) > _MAX_ANSWER:
        detail = "The model has more layers, or longer names, than can be told."
        text = json.dumps({"error": errors.HostileModelError.__name__, "detail": detail})
    sys.stdout.write(text)
