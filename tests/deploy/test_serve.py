"""What the container runs: deploy.py serve, deploy.py prepare, the health check."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import exit_status
import healthcheck
import pytest
from render_stand_in import RenderStandIn

import deploy

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "scripts" / "deploy" / "deploy.py"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``deploy.py serve`` as the container runs it, from another folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "PORT": str(port), "CACHE_DIR": str(folder), "PYTHONPATH": ""}
    process = subprocess.Popen(
        [sys.executable, str(DEPLOY), "serve"],
        env=environment,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not healthcheck.is_ready(port):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process, port
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_made_picture_passes_the_test_of_the_real_service(
    served: tuple[Any, int], run_deploy: Callable[..., Any]
) -> None:
    url = f"http://127.0.0.1:{served[1]}"
    model = hashlib.sha256(
        (ROOT / "artifacts" / "pneumonia" / "pneumonia.keras").read_bytes()
    ).hexdigest()
    patient = ("--test-timeout", "30", "--model-sha256")
    assert run_deploy("smoke-test", url, *patient, model).status == exit_status.DONE


def test_the_service_takes_the_place_of_deploy_py_and_ends_with_status_0(
    served: tuple[subprocess.Popen[str], int],
) -> None:
    process, _ = served
    command = Path(f"/proc/{process.pid}/cmdline")
    if command.exists():
        assert command.read_bytes().split(b"\0")[1:4] == [b"-m", b"vistazo", b"serve"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_deployed_service_listens_on_every_address_unless_told_otherwise() -> None:
    assert deploy.service_environment({})["HOST"] == "0.0.0.0"  # noqa: S104
    assert deploy.service_environment({"HOST": ""})["HOST"] == "0.0.0.0"  # noqa: S104
    assert deploy.service_environment({"HOST": "127.0.0.1"})["HOST"] == "127.0.0.1"


def test_another_source_may_be_put_before_the_one_in_the_image() -> None:
    path = deploy.service_environment({"PYTHONPATH": "/patched"})["PYTHONPATH"]
    assert path.split(os.pathsep) == ["/patched", str(ROOT / "src")]


def test_the_health_check_tells_ready_from_starting_from_gone(render: RenderStandIn) -> None:
    port = int(render.url.rsplit(":", 1)[1])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert not healthcheck.is_ready(free)
    assert not healthcheck.is_ready(port)  # answers, but with another status: no such path


def test_the_health_check_as_the_image_runs_it_fails_where_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    check = [sys.executable, "-IS", str(DEPLOY.with_name("healthcheck.py"))]
    done = subprocess.run(
        check, env={"PORT": str(port)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ""


def test_prepare_compiles_the_model_and_says_why_where_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, str(DEPLOY), "prepare"]
    environment = {**os.environ, "CACHE_DIR": str(tmp_path), "MODEL_PATH": str(tmp_path / "no.h5")}
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == exit_status.NOT_STARTED
    assert "no model at" in failed.stderr
    assert "Traceback" not in failed.stderr
    environment["MODEL_PATH"] = ""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.onnx"))) == 1


def test_help_shows_examples_and_every_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, str(DEPLOY), "--help"], capture_output=True, text=True, check=True
    )
    assert "deploy.py render ghcr.io" in done.stdout
    for status, meaning in exit_status.MEANINGS.items():
        assert f"  {status:<5}{meaning}" in done.stdout
