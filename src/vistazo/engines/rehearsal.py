"""Load and run a compiled model in a bounded child process before this one does.

A small file can ask a runtime for any amount of memory and time, when it is loaded as well as when
it is run. So a child does both first, with the engine's own options, on a blank picture and on a
rough one: what goes beyond its bounds ends there, and the service says why. Vistazo refuses models
whose sizes depend on what a picture shows, so what two pictures take is what any picture takes.

What was measured is written down beside a compiled model in the cache. A later start relies on it
where there is much more room than was needed, and much more time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Engine, maps_at_once
from vistazo.engines.choice import EngineChoice
from vistazo.engines.opening import Opener, opener
from vistazo.errors import UnsupportedModelError, VistazoError
from vistazo.models.bounded_child import (
    IsCancelled,
    LoadingPolicy,
    Room,
    Task,
    ask,
    bound_memory,
    bound_time,
    is_about_memory,
    never,
    room_left,
    write_answer,
)
from vistazo.models.process_memory import peak_bytes, resident_bytes

log = logging.getLogger(__name__)

_SUFFIX = ".rehearsed.json"
_AS_EVER = EngineChoice()
_ROOM_TIMES, _TIME_TIMES = 1.5, 20  # what was needed on another machine may be more on this one


@dataclass(frozen=True)
class Cost:
    """Of loading a model and of its first runs. ``made_by`` stands for what measured it."""

    cpu_s: float
    memory_bytes: int
    made_by: str


def open_rehearsed(
    compiled: Path,
    name: str,
    policy: LoadingPolicy,
    is_cancelled: IsCancelled = never,
    choice: EngineChoice = _AS_EVER,
) -> Engine:
    """The engine of a compiled model that has run in a child. Raises ModelError, SettingsError."""
    rehearse(compiled, name, policy, is_cancelled, choice)
    return opener(choice).open(compiled)


def rehearse(
    compiled: Path,
    name: str,
    policy: LoadingPolicy,
    is_cancelled: IsCancelled = never,
    choice: EngineChoice = _AS_EVER,
) -> Cost:
    """What loading and running a compiled model takes. Raises ModelError beyond its bounds.

    ``name`` is what messages call the model. ``is_cancelled`` is asked several times a second.
    On the CPU, whatever the device: CUDA reserves more addresses than any bound leaves.
    """
    choice = replace(choice, device="cpu")
    known, maker = _recorded(compiled), _maker(opener(choice))
    if known is not None and known.made_by == maker and _is_well_within(known, compiled, policy):
        return known
    task = Task(f"Loading and running {name}", compiled, policy, is_cancelled)
    question = {"model": str(compiled.absolute()), "choice": asdict(choice)}
    answer = ask("vistazo.engines.rehearsal", question, task)
    cost = Cost(float(str(answer["cpu_s"])), int(str(answer["memory_bytes"])), maker)
    log.info(
        "tried the model",
        extra={"cpu_s": round(cost.cpu_s, 2), "megabytes": round(cost.memory_bytes / 1e6)},
    )
    _record(compiled, cost)
    return cost


def _is_well_within(cost: Cost, compiled: Path, policy: LoadingPolicy) -> bool:
    room = room_left(compiled, policy)
    is_small = cost.memory_bytes * _ROOM_TIMES <= room
    return is_small and cost.cpu_s * _TIME_TIMES <= policy.timeout_s


def _maker(chosen: Opener) -> str:
    """Stands for this code, the runtime and the kind of processor: another may take more."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(f"{chosen.runtime} {platform.machine()}".encode())
    return digest.hexdigest()[:16]


def _recorded(compiled: Path) -> Cost | None:
    try:
        fields = json.loads(compiled.with_suffix(_SUFFIX).read_text(encoding="utf-8"))
        return Cost(float(fields["cpu_s"]), int(fields["memory_bytes"]), str(fields["made_by"]))
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _record(compiled: Path, cost: Cost) -> None:
    """Where it can be written: else the next start tries the model again."""
    record = compiled.with_suffix(_SUFFIX)
    partial = record.with_name(f"{record.name}.{os.getpid()}.partial")
    with contextlib.suppress(OSError):
        partial.write_text(json.dumps(asdict(cost)), encoding="utf-8")
        partial.replace(record)


def main(request: str) -> int:
    """Run in the child."""
    asked = json.loads(request)
    room = Room.of(asked)
    bound_time(room, asked["parent"])
    open_engine = opener(EngineChoice(**asked["choice"])).open
    before, left = resident_bytes(), bound_memory(room)
    started = time.process_time()
    try:
        _run(open_engine(Path(asked["model"])))
        answer: dict[str, object] = {
            "cpu_s": time.process_time() - started,
            "memory_bytes": peak_bytes() - before,
        }
    except MemoryError:
        answer = {"beyond": left}
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # the runtime's own errors share no base but Exception
        answer = {"beyond": left} if is_about_memory(str(error)) else _told(error)
    write_answer(answer)
    return 0


def _told(error: Exception) -> dict[str, object]:
    if isinstance(error, VistazoError):
        return {"error": type(error).__name__, "detail": str(error)}
    return {
        "error": UnsupportedModelError.__name__,
        "detail": f"The model cannot be run: {str(error)[:1000]}",
    }


def _run(engine: Engine) -> None:
    """All that is asked of it later, for one picture. Raises UnsupportedModelError."""
    of = engine.signature
    rough = _picture(of.height, of.width, of.channels)
    for images in (0 * rough, rough):
        outputs = engine.run(images)
        _check_shape("scores", outputs.scores, (1, of.units))
        if outputs.others is not None:
            _check_shape("others", outputs.others, (1, sum(each.units for each in of.others)))
    if of.features is not None and outputs.features is not None:
        _check_shape("features", outputs.features, (1, *of.features))
        if engine.head is not None:
            count = maps_at_once(of.features)
            maps = np.repeat(_picture(*of.features), count, axis=0)
            _check_shape("logits", engine.head(maps), (count, of.units))
    probe = engine.probe
    if probe is not None:
        for measured in (probe.variance, *probe.measure(rough)):
            _check_shape("probe", measured.reshape(-1), (probe.mean.size,))


def _check_shape(what: str, found: NDArray[np.float32], said: tuple[int, ...]) -> None:
    if found.shape != said:
        raise UnsupportedModelError(
            f"The model gives '{what}' of shape {found.shape} where its file says {said}. Convert "
            "it again."
        )


def _picture(height: int, width: int, channels: int) -> NDArray[np.float32]:
    """One of every grey level, without order: numpy's own noise takes long to import."""
    count = np.arange(height * width * channels, dtype=np.uint32)
    levels = count * np.uint32(2_654_435_761) >> np.uint32(24)
    return levels.astype(np.float32).reshape(1, height, width, channels)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
