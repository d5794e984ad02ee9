from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from command_line import run_here
from ports import free_port
from vistazo.errors import ModelError
from vistazo.loading import load_model
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


SERVE = ("vistazo", "serve")


class RunningService:
    """A real ``vistazo serve`` process, or another ``command``, told its port by ``{port}``."""

    def __init__(
        self,
        command: tuple[str, ...] = SERVE,
        stderr: Any = subprocess.PIPE,
        port: int | None = None,
        **environment: str,
    ) -> None:
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", *(part.format(port=port) for part in command)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "src"),
                "PORT": str(port),
                "LOG_FORMAT": "json",
                "THREADS": "1",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.process.communicate()[1]
            try:
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("the service did not become ready")

    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def stop(self, with_signal: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit status, and all that was logged."""
        self.process.send_signal(with_signal)
        _, log = self.process.communicate(timeout=60)
        return self.process.returncode, log


@contextmanager
def _running(*arguments: Any, **environment: Any) -> Iterator[RunningService]:
    service = RunningService(*arguments, **environment)
    try:
        service.wait_until_ready()
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def running(cache: Path) -> Callable[..., Any]:
    """``with running(**environment) as service``: a real service of the default model. With
    ``stderr`` its log goes elsewhere than to ``service.stop()``.
    """

    def start(command: tuple[str, ...] = SERVE, **environment: Any) -> Any:
        return _running(command, **{"CACHE_DIR": str(cache), **environment})

    return start


@pytest.fixture
def starting(cache: Path) -> Iterator[Callable[..., RunningService]]:
    """``starting(**environment)``: a real service that is not yet there."""
    begun: list[RunningService] = []

    def start(**environment: str) -> RunningService:
        begun.append(RunningService(**{"CACHE_DIR": str(cache), **environment}))
        return begun[-1]

    yield start
    for service in begun:
        service.process.kill()
        service.process.communicate()


@pytest.fixture(scope="session")
def vistazo(cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """``vistazo("predict", "film.png")``: the command line, in this process."""

    def run(
        *arguments: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return run_here(arguments, {"CACHE_DIR": str(cache), **environment}, cwd)

    return run


@pytest.fixture(scope="session")
def vistazo_process(cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The same in a process of its own, as a user starts it."""

    def run(
        *arguments: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vistazo", *arguments],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "src"),
                "CACHE_DIR": str(cache),
                **environment,
            },
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def refusal(cache: Path) -> Callable[..., str]:
    """``refusal(MODEL_PATH=...)``: the words with which a service of these settings gives up."""

    def words(**environment: str) -> str:
        settings = Settings.from_environment({"CACHE_DIR": str(cache), **environment})
        with pytest.raises(ModelError) as refused:
            load_model(settings.model_source, DirectReader(settings.image_limits))
        return str(refused.value)

    return words


@pytest.fixture(scope="session")
def data() -> Path:
    """The real data, where it is."""
    if not DATA.is_dir():
        pytest.skip(f"the real data is not at {DATA}")
    return DATA
