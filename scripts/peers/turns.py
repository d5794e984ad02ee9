"""A contender's turn: started, asked, checked, warmed, loaded, weighed and stopped.

One server runs at a time: what another one does while it waits takes nothing of its cores.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contenders import HERE, SERVERS, Contender
from load_client import LoadError, ask_once
from measured_models import write_task
from picture_task import PictureTask
from server_family import free_ports, machine_busy_s, running

from measured_service import MeasuredService

TOLERANCE = 2e-3
_READY_S, _LONGEST_S = 120.0, 120.0
_TOLD_LINES, _TOLD_CHARS = 3, 300


class TurnError(Exception):
    """Says why there is no figure."""


@dataclass(frozen=True)
class Pace:
    """``connections`` at once in the first part of a turn; in the second there is one."""

    seconds: float = 5.0
    warm_up_s: float = 1.0
    connections: int = 8


@dataclass(frozen=True)
class Turn:
    """What one turn gave. Of the limit: of the same threads, and one, without a server."""

    per_s: float
    alone_ms: float
    cpu_ms: float
    memory_mb: float | None = None
    client_share: float = 0.0  # that the callers took, of one core
    others_share: float = 0.0  # that what has no part in it took meanwhile, of all cores


@dataclass(frozen=True)
class Films:
    """The one that is timed, and another, so that an answer is known to be of its picture."""

    timed: bytes
    other: bytes


Answers = tuple[dict[str, float], dict[str, float]]


@dataclass(frozen=True)
class Course:
    """What all take turns at: a model, the pictures, the pace."""

    task: PictureTask
    films: Films
    pace: Pace


def take_turn(
    contender: Contender, python: Path, course: Course, expected: Answers | None
) -> tuple[Turn, Answers]:
    """Figures, and the answers that were given. Raises TurnError where it does not start, does
    not answer, or not within TOLERANCE of what is ``expected``.
    """
    with _folder() as name:
        folder, ports = Path(name), free_ports(3)
        values = _values(python, ports, course.task)
        command = [part.format(**values) for part in contender.command]
        environment = _environment(contender, folder, values, write_task(course.task, folder))
        try:
            with running(command, environment, ports[0], folder) as server:
                answers = _checked(contender, server, course.films, expected)
                return _measured(contender, server, course, folder), answers
        except (LoadError, OSError) as error:
            raise TurnError(str(error)) from error


def limit_turn(course: Course, expected: Answers) -> Turn:
    """Decode, prepare and ONNX Runtime in one process. Raises TurnError where the answer is not
    what is ``expected``: the peers would be asked for other work.
    """
    with _folder() as name:
        folder = Path(name)
        (folder / "film.jpg").write_bytes(course.films.timed)
        environment = {**os.environ, "BENCHMARK_TASK": str(write_task(course.task, folder))}
        many, one = (
            _ended_with(
                [str(HERE / "in_process.py"), str(folder / "film.jpg"), str(threads)],
                course.pace,
                environment,
            )
            for threads in (course.task.workers, 1)
        )
    if not agree(many["answer"], expected[0]):
        raise TurnError(f"answers {_rounded(many['answer'])}, not {_rounded(expected[0])}")
    return Turn(many["per_s"], one["median_ms"], many["cpu_ms"])


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Of a short name, as the sockets of Ray Serve must have; gone with the turn."""
    return tempfile.TemporaryDirectory(prefix="vb-", dir="/tmp", ignore_cleanup_errors=True)


def _values(python: Path, ports: list[int], task: PictureTask) -> dict[str, str]:
    return {
        "python": str(python),
        "bin": str(python.parent),
        "weights": task.weights,
        "workers": str(task.workers),
        **{name: str(port) for name, port in zip(("port", "port_2", "port_3"), ports, strict=True)},
    }


def _environment(
    contender: Contender, folder: Path, values: Mapping[str, str], task: Path
) -> dict[str, str]:
    """The caller's, but for what is the server's own: its files lie in ``folder``."""
    own = {name: value.format(**values) for name, value in contender.environment.items()}
    return {
        **os.environ,
        "PATH": values["bin"] + os.pathsep + os.environ.get("PATH", ""),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(SERVERS),
        "BENCHMARK_TASK": str(task),
        "PORT": values["port"],
        **own,
    }


def _checked(
    contender: Contender, server: MeasuredService, films: Films, expected: Answers | None
) -> Answers:
    """Both answers, once the server gives any."""
    _wait_until_it_answers(contender, server, films.timed)
    timed, other = (_answer(contender, server, film) for film in (films.timed, films.other))
    for given, wanted in zip((timed, other), expected or (), strict=False):
        if not agree(given, wanted):
            raise TurnError(f"answers wrongly: {_rounded(given)}, not {_rounded(wanted)}")
    if expected is None and agree(timed, other):
        raise TurnError("gives two pictures the same answer, which tells nothing")
    return timed, other


def agree(given: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return given.keys() == wanted.keys() and all(
        abs(given[label] - wanted[label]) <= TOLERANCE for label in wanted
    )


def _rounded(answer: Mapping[str, float]) -> dict[str, float]:
    return {label: round(value, 4) for label, value in answer.items()}


def _wait_until_it_answers(contender: Contender, server: MeasuredService, film: bytes) -> None:
    deadline, fault = time.monotonic() + _READY_S, "nothing"
    while time.monotonic() < deadline:
        if not server.is_up:
            raise TurnError(f"ended while it started: {_last_lines(server)}")
        try:
            ask_once(server.port, contender.request(film, server.port))
        except (LoadError, OSError) as error:
            fault = str(error)
            time.sleep(0.2)
        else:
            return
    raise TurnError(f"gave no answer within {_READY_S:g} s ({fault}): {_last_lines(server)}")


def _last_lines(server: MeasuredService) -> str:
    lines = server.log.read_text(encoding="utf-8", errors="replace").split("\n")
    told = [line.strip()[:_TOLD_CHARS] for line in lines if line.strip()]
    return " / ".join(told[-_TOLD_LINES:])


def _answer(contender: Contender, server: MeasuredService, film: bytes) -> dict[str, float]:
    body = ask_once(server.port, contender.request(film, server.port))
    try:
        return {str(label): float(p) for label, p in contender.read(json.loads(body)).items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise TurnError(f"its answer has no probabilities: {body[:200]!r}") from error


def _measured(contender: Contender, server: MeasuredService, course: Course, folder: Path) -> Turn:
    request = folder / "request"
    request.write_bytes(contender.request(course.films.timed, server.port))
    pace = course.pace
    cpu_before_s, busy_before_s, begun = server.cpu_s(), machine_busy_s(), time.monotonic()
    many = _loaded(server.port, pace.connections, pace, request)
    cpu_s, busy_s = server.cpu_s() - cpu_before_s, machine_busy_s() - busy_before_s
    passed_s = time.monotonic() - begun
    others_s = max(0.0, busy_s - cpu_s - many["client_cpu_s"])
    one = _loaded(server.port, 1, pace, request)
    return Turn(
        per_s=many["counted"] / many["seconds"],
        alone_ms=statistics.median(one["latencies_ms"]),
        cpu_ms=1000 * cpu_s / many["requests"],
        memory_mb=server.proportional_mb(),
        client_share=many["client_cpu_s"] / passed_s,
        others_share=others_s / passed_s / course.task.workers,
    )


def _loaded(port: int, connections: int, pace: Pace, request: Path) -> dict[str, Any]:
    script = [str(HERE / "load_client.py"), str(port), str(connections)]
    load = _ended_with(script, pace, os.environ, str(request))
    if "failure" in load:
        raise TurnError(f"with {connections} connections it {load['failure']}")
    return load


def _ended_with(
    script: list[str], pace: Pace, environment: Mapping[str, str], *last: str
) -> dict[str, Any]:
    """What a script of this folder prints; it ends with this process."""
    paced = [*script, str(pace.warm_up_s), str(pace.seconds), *last]
    try:
        ended = subprocess.run(
            [sys.executable, *paced],
            env=dict(environment),
            stdout=subprocess.PIPE,
            start_new_session=True,
            timeout=_LONGEST_S,
            check=True,
        )
        told: dict[str, Any] = json.loads(ended.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise TurnError(f"could not be measured: {error}") from error
    return told
