"""The process that writes reports, as the service sees it.

A thread of its own starts it and watches over it, as long as it lives: on Linux it ends with that
thread. It ends it where its time is over, at work or at rest.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from io import FileIO
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.service.isolation import wire
from vistazo.service.isolation.program import start_program

_PROGRAM = "vistazo.reports.program"
# On a tenth of a CPU it is warm after eight seconds, where nothing else runs.
_START_S = 60.0
_LOOK_EVERY_S = 1.0
_ITS_OWN_ENDS = {
    getattr(signal, name, None)
    for name in ("SIGXCPU", "SIGSEGV", "SIGBUS", "SIGABRT", "SIGFPE", "SIGILL")
}
_MOST_BYTES = 20_000_000  # of a report, or of a heatmap


@dataclass(frozen=True)
class ChildPolicy:
    """A report that takes longer than ``timeout_s``, or more of the CPU than ``cpu_s``, ends with
    its process, which may take ``memory_bytes`` beside what it has loaded; after ``rest_s`` without
    a report it ends by itself.
    """

    timeout_s: float
    rest_s: float
    cpu_s: float = 10.0
    memory_bytes: int = 64_000_000


@dataclass(frozen=True)
class DicomFile:
    """A Part 10 file, and its SOP Instance UID."""

    uid: str
    data: bytes


class NotWrittenError(Exception):
    """Its words say why. ``is_of_the_header``: the process met its bounds or a defect over what it
    was given; else it was ended, or there was none.
    """

    def __init__(self, said: str, *, is_of_the_header: bool) -> None:
        super().__init__(said)
        self.is_of_the_header = is_of_the_header


class _FailedError(Exception):
    """What the process says of itself."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Warm(_Said):
    kind: Literal["warm"]


class _Written(_Said):
    kind: Literal["written"]
    sizes: list[Annotated[int, Field(ge=1, le=_MOST_BYTES)]] = Field(min_length=1, max_length=2)
    uids: list[Annotated[str, Field(pattern=r"^2\.25\.[0-9]{1,39}$")]] = Field(max_length=2)


class _Refused(_Said):
    kind: Literal["refused"]
    sizes: list[int] = Field(max_length=0)
    broken: list[tuple[Annotated[str, Field(pattern=r"^[a-z_]{1,30}$")], str]] = Field(
        min_length=1, max_length=10
    )


class _Failed(_Said):
    kind: Literal["no_memory", "defect"]
    sizes: list[int] = Field(max_length=0)
    where: str = Field("", max_length=200)


_ANSWERS: TypeAdapter[_Warm | _Written | _Refused | _Failed] = TypeAdapter(
    Annotated[_Warm | _Written | _Refused | _Failed, Field(discriminator="kind")]
)


class Child:
    """Of one report at a time. It is started at once, and warms up meanwhile."""

    def __init__(self, policy: ChildPolicy) -> None:
        self._policy = policy
        self._changed = threading.Condition()
        self._asking = threading.Lock()  # its pipes are closed when nobody reads them
        self._ends_at_s = time.monotonic() + _START_S
        self._is_over = False
        self._is_warm = False
        self._started: Future[subprocess.Popen[bytes]] = Future()
        watch = threading.Thread(target=self._watch_over, name="report-child", daemon=True)
        watch.start()
        self._watch = watch

    @property
    def pid(self) -> int:
        """Raises OSError where the system gives no process."""
        return self._started.result().pid

    def written(self, parts: Sequence[bytes]) -> list[DicomFile]:
        """What it answers to a statement, a header and an overlay, which may be empty.

        Raises RejectedUploadError, and NotWrittenError: it has ended, then.
        """
        try:
            with self._asking:
                return self._asked(parts)
        except (_FailedError, OSError, ValueError, wire.ConversationError) as error:
            self.end()
            makes_no_sense = isinstance(error, _FailedError | ValueError | wire.GarbledError)
            said = str(error) or type(error).__name__
            own = makes_no_sense or self._ended_by_itself()
            raise NotWrittenError(said, is_of_the_header=own) from None
        finally:
            self._rest()

    def end(self) -> None:
        """At once, whatever it does."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._watch.join()

    def _asked(self, parts: Sequence[bytes]) -> list[DicomFile]:
        process = self._started.result()
        pipe, replies = cast("FileIO", process.stdin), cast("FileIO", process.stdout)
        if not self._is_warm:
            _expect_warm(replies)
            self._is_warm = True
        self._has_time(self._policy.timeout_s)
        wire.send(pipe, wire.encoded({"sizes": [len(part) for part in parts]}), *parts)
        answer = _ANSWERS.validate_json(wire.read_head(replies))
        if isinstance(answer, _Refused):
            raise RejectedUploadError([BrokenRule(*each) for each in answer.broken])
        if not isinstance(answer, _Written):
            raise _FailedError(getattr(answer, "where", "") or answer.kind)
        files = [bytearray(size) for size in answer.sizes]
        for file in files:
            wire.read_into(replies, memoryview(file))
        return [DicomFile(uid, bytes(data)) for uid, data in zip(answer.uids, files, strict=True)]

    def _ended_by_itself(self) -> bool:
        """By its limit of the CPU, or by a crash; who is killed does not mean the header."""
        if self._started.exception() is not None:
            return False
        status = self._started.result().returncode
        return status is not None and -status in _ITS_OWN_ENDS

    def takes_a_report(self) -> bool:
        """False where its time is over already."""
        return self._has_time(self._policy.timeout_s if self._is_warm else _START_S)

    def _rest(self) -> None:
        if self._policy.rest_s:
            self._has_time(self._policy.rest_s)
        else:
            self.end()

    def _has_time(self, seconds: float) -> bool:
        """From now on. False where its time is over already."""
        with self._changed:
            if not self._is_over:
                self._ends_at_s = time.monotonic() + seconds
                self._changed.notify_all()
            return not self._is_over

    def _watch_over(self) -> None:
        try:
            process = start_program(
                _PROGRAM,
                {"memory_bytes": self._policy.memory_bytes, "cpu_s": self._policy.cpu_s},
            )
        except (OSError, subprocess.SubprocessError, MemoryError) as error:
            self._started.set_exception(OSError(f"no process can be had: {error}"))
            return
        self._started.set_result(process)
        with self._changed:
            while not self._is_over and process.poll() is None:
                left_s = self._ends_at_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(min(left_s, _LOOK_EVERY_S))
            self._is_over = True
        process.kill()
        process.wait()
        with self._asking:
            for pipe in (process.stdin, process.stdout):
                cast("FileIO", pipe).close()


def _expect_warm(replies: FileIO) -> None:
    if not isinstance(_ANSWERS.validate_json(wire.read_head(replies)), _Warm):
        raise wire.GarbledError("it is not warm")
