"""Docker or Podman, whichever is here."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from memory_gauge import MemoryGauge

SMALL_PLAN = (
    *("--memory", "256m", "--memory-swap", "256m", "--cpus", "0.1", "--pids-limit", "64"),
    *("--read-only", "--tmpfs", "/tmp:size=64m,mode=1777"),  # noqa: S108 - the container's own
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
# Where a container sees its own memory group: version 2 of cgroups, version 1.
PEAK = ("/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes")
EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class EngineError(Exception):
    """A command of the engine failed; the message ends with what it said."""


@dataclass(frozen=True)
class Engine:
    """``command`` runs it, ``build_command`` builds, ``run_options`` go into every run."""

    command: tuple[str, ...]
    build_command: tuple[str, ...]
    run_options: tuple[str, ...] = ()

    @property
    def has_host_network(self) -> bool:
        joined = " ".join(self.run_options)
        return "--network host" in joined or "--network=host" in joined

    def build(self, context: Path, tag: str, **arguments: str) -> str:
        """What the build said. ``arguments`` are those of the Dockerfile."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        return _output([*self.build_command, *given, "-t", tag, str(context)], both=True)

    def size_bytes(self, image: str) -> int:
        """What the files take up, unpacked; what engines themselves call the size differs."""
        command = ("du", "-sx", "--block-size=1", "/")
        return int(self.run_once(image, *command, options=("--user", "0")).split()[0])

    def layers(self, image: str) -> list[str]:
        layers: list[str] = json.loads(
            self.inspect(image, "{{json .RootFS.Layers}}", "image", "inspect")
        )
        return layers

    def run_once(self, image: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
        return _output(
            [*self.command, "run", "--rm", *self.run_options, *options, image, *arguments]
        )

    @contextlib.contextmanager
    def started(
        self, image: str, name: str, port: int, environment: Mapping[str, str], *options: str
    ) -> Iterator[Container]:
        """A container under the small plan, removed afterwards."""
        container = Container(self, name)
        container.remove()
        ports = () if self.has_host_network else ("--publish", f"127.0.0.1:{port}:{port}")
        settings = [f"--env={key}={value}" for key, value in environment.items()]
        command = [*self.command, "run", "--detach", "--name", name, *self.run_options]
        _output([*command, *SMALL_PLAN, *ports, f"--env=PORT={port}", *settings, *options, image])
        try:
            yield container
        finally:
            container.remove()

    def inspect(self, thing: str, template: str, *command: str) -> str:
        return _output([*self.command, *command, "--format", template, thing]).strip()


@dataclass(frozen=True)
class Container:
    engine: Engine
    name: str

    def execute(self, *arguments: str) -> str:
        return _output([*self.engine.command, "exec", self.name, *arguments])

    def state(self, field: str) -> str:
        return self.engine.inspect(self.name, f"{{{{.State.{field}}}}}", "inspect")

    def log(self) -> str:
        return _output([*self.engine.command, "logs", self.name], both=True)

    def stop(self, grace_s: int) -> int:
        """The exit status after SIGTERM; 137 where that took too long and it was killed."""
        _output([*self.engine.command, "stop", "--time", str(grace_s), self.name])
        return int(self.state("ExitCode"))

    def remove(self) -> None:
        with contextlib.suppress(EngineError):
            _output([*self.engine.command, "rm", "--force", self.name])

    def gauge(self) -> MemoryGauge:
        return MemoryGauge(int(self.state("Pid")))

    def peak_bytes(self) -> int:
        """The kernel's high-water mark, page cache included."""
        return int(self._read_first(PEAK))

    def memory_kills(self) -> int:
        """How often the kernel killed for want of memory."""
        lines = dict(line.split() for line in self._read_first(EVENTS).splitlines())
        return int(lines["oom_kill"])

    def _read_first(self, paths: tuple[str, ...]) -> str:
        for path in paths:
            with contextlib.suppress(EngineError):
                return self.execute("cat", path)
        raise EngineError(f"None of {', '.join(paths)} can be read in the container.")


def find_engine(environment: Mapping[str, str] = os.environ) -> Engine | None:
    """What CONTAINER_ENGINE names, else Docker or Podman where one of them works."""
    named = shlex.split(environment.get("CONTAINER_ENGINE", ""))
    for command in [named] if named else [["docker"], ["podman"]]:
        if shutil.which(command[0]) and _works([*command, "info"]):
            build = shlex.split(environment.get("CONTAINER_BUILD", "")) or [*command, "build"]
            options = shlex.split(environment.get("CONTAINER_RUN_OPTIONS", ""))
            return Engine(tuple(command), tuple(build), tuple(options))
    return None


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _output(command: list[str], *, both: bool = False) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise EngineError(f"{shlex.join(command)}\n" + "\n".join(said))
    return done.stdout + done.stderr if both else done.stdout
