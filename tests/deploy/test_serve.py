"""What the container runs: deploy.py serve, deploy.py prepare, the health check."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import exit_status
import healthcheck
import pytest
from render_stand_in import RenderStandIn

import deploy
from builders import evenness, write_brightness_model
from vistazo.answers.baseline_file import baseline_path, write_baseline
from vistazo.service.access.gate import Gate
from vistazo.service.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "scripts" / "deploy" / "deploy.py"


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``deploy.py serve`` as the container runs it, from another folder; and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"PORT": str(port), "CACHE_DIR": str(folder), "PYTHONPATH": "", **settings}
    process = subprocess.Popen(
        [sys.executable, str(DEPLOY), "serve"],
        env={**os.environ, **own},
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not healthcheck.is_ready(port):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], int]]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


def test_a_made_picture_passes_the_test_of_the_real_service(
    served: tuple[Any, int], run_deploy: Callable[..., Any]
) -> None:
    url = f"http://127.0.0.1:{served[1]}"
    model = hashlib.sha256(
        (ROOT / "artifacts" / "pneumonia" / "pneumonia.keras").read_bytes()
    ).hexdigest()
    patient = ("--test-timeout", "30", "--model-sha256")
    assert run_deploy("smoke-test", url, *patient, model).status == exit_status.DONE


def test_a_model_of_ones_own_that_rejects_strange_pictures_passes_it_too(
    tmp_path: Path, run_deploy: Callable[..., Any]
) -> None:
    model = write_brightness_model(tmp_path / "own.keras", maps=True)
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    write_baseline(replace(evenness(), sha256=sha256), baseline_path(model))
    card = model.with_name("own.card.yaml")
    asked = json.loads(card.read_text())
    asked["input"] |= {"min_side_px": 600, "max_aspect_ratio": 1.1}
    card.write_text(json.dumps(asked))
    settings = {"MODEL_PATH": str(model)}
    with serving(tmp_path, OUT_OF_DISTRIBUTION="reject", **settings) as (_, port):
        smoke = ("smoke-test", f"http://127.0.0.1:{port}", "--test-timeout", "10")
        passed = run_deploy(*smoke, "--model-sha256", "", **settings)
        assert passed.status == exit_status.DONE, passed.said
        other = run_deploy(*smoke[:3], "0.1", "--model-sha256", "")
        assert f"the model has sha256 {sha256}" in other.said


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


def test_a_list_of_keys_that_is_empty_lets_nobody_into_a_deployed_service_either() -> None:
    deployed = deploy.service_environment({"API_KEYS": "", "JWT_SECRET": "", "MODEL_PATH": ""})
    assert deployed["API_KEYS"] == ""
    assert not {"JWT_SECRET", "MODEL_PATH"} & set(deployed), "the image sets empty ones"
    assert "API_KEYS" not in deploy.service_environment({})
    settings = Settings.from_environment(deployed)
    assert Gate(settings).lets_nobody_in


def test_another_source_may_be_put_before_the_one_in_the_image() -> None:
    path = deploy.service_environment({"PYTHONPATH": "/patched"})["PYTHONPATH"]
    assert path.split(os.pathsep) == ["/patched", str(ROOT / "src")]


def test_a_model_of_a_link_is_the_one_that_the_image_was_built_with(tmp_path: Path) -> None:
    link, built_with = "https://example.com/a.keras", "a" * 64
    image = {"MODEL_PATH": link, "CACHE_DIR": str(tmp_path)}
    assert "MODEL_SHA256" not in deploy.service_environment(image)
    deploy.record_model(tmp_path, built_with, link)
    assert deploy.service_environment(image)["MODEL_SHA256"] == built_with
    given = deploy.service_environment({**image, "MODEL_SHA256": "b" * 64})
    assert given["MODEL_SHA256"] == "b" * 64
    another = deploy.service_environment({**image, "MODEL_PATH": "https://example.com/b.keras"})
    assert "MODEL_SHA256" not in another


def test_a_model_that_lies_in_a_file_may_be_replaced_under_a_running_image(tmp_path: Path) -> None:
    deploy.record_model(tmp_path, "a" * 64, "/models/mine.h5")
    image = {"MODEL_PATH": "/models/mine.h5", "CACHE_DIR": str(tmp_path)}
    assert "MODEL_SHA256" not in deploy.service_environment(image)


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


def prepare(cache: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DEPLOY), "prepare"],
        env={**os.environ, "CACHE_DIR": str(cache), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("model", ["", "own.keras"], ids=["the default", "somebody's own"])
def test_prepare_compiles_the_model_and_writes_down_which(model: str, tmp_path: Path) -> None:
    source = ROOT / "artifacts" / "pneumonia" / "pneumonia.keras"
    settings = {"MODEL_PATH": ""}
    if model:
        source = write_brightness_model(tmp_path / model)
        settings["MODEL_PATH"] = str(source)
    done = prepare(tmp_path / "cache", **settings)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "cache").glob("*.onnx"))) == 1
    recorded = (tmp_path / "cache" / "model.sha256").read_text().split("  ")
    assert recorded[0] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert recorded[1] == settings["MODEL_PATH"] + "\n"


@pytest.mark.longer
def test_prepare_compiles_a_model_of_texts(tmp_path: Path) -> None:
    source = ROOT / "artifacts" / "news" / "news.joblib"
    done = prepare(tmp_path / "cache", MODEL_PATH=str(source))
    assert done.returncode == 0, done.stderr
    recorded = (tmp_path / "cache" / "model.sha256").read_text().split("  ")
    assert recorded[0] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_an_image_holds_every_model_that_lies_beside_a_card(tmp_path: Path) -> None:
    names = ("a/one.keras", "b/two.h5", "b/other.joblib", "c/no_card.keras", "deep/d/three.keras")
    for name in names:
        model = tmp_path / name
        model.parent.mkdir(parents=True, exist_ok=True)
        model.touch()
        if "no_card" not in name:
            model.with_name(f"{model.stem}.card.yaml").touch()
    (tmp_path / "a" / "gone.card.yaml").touch()
    for name in ("a/one.json", "b/pair.json", "b/pair.weights.h5", "b/pair.card.yaml"):
        (tmp_path / name).touch()
    found = [str(model.relative_to(tmp_path)) for model in deploy.models_in(tmp_path)]
    assert sorted(found) == ["a/one.keras", "b/other.joblib", "b/pair.json", "b/two.h5"]
    assert "deploy.py prepare --all" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.longer
def test_prepare_compiles_the_others_too_and_one_that_cannot_be_stops_no_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = tmp_path / "artifacts" / "mine"
    artifacts.mkdir(parents=True)
    own = write_brightness_model(artifacts / "own.keras")
    write_brightness_model(artifacts / "other.h5", maps=True)
    (artifacts / "broken.keras").write_bytes(b"PK")
    shutil.copy(artifacts / "own.card.yaml", artifacts / "broken.card.yaml")
    monkeypatch.setattr(deploy, "ROOT", tmp_path)
    monkeypatch.setenv("MODEL_PATH", str(own))
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    assert deploy.prepare(has_others=True) == 0
    said = capsys.readouterr()
    assert said.out.count("is compiled and works") == 2
    assert "broken.keras is left out: " in said.err
    assert len(list((tmp_path / "cache").glob("*.onnx"))) == 2
    recorded = (tmp_path / "cache" / "model.sha256").read_text()
    assert recorded == f"{hashlib.sha256(own.read_bytes()).hexdigest()}  {own}\n"


def test_prepare_says_why_where_it_cannot_and_where_models_go(tmp_path: Path) -> None:
    failed = prepare(tmp_path, MODEL_PATH="artifacts/mine/mien.keras")
    assert failed.returncode == exit_status.NOT_STARTED
    assert "no model at" in failed.stderr
    assert "MODEL_PATH=artifacts/mine/mine.keras" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "model.sha256").exists()


def test_a_model_that_is_mounted_later_does_not_stop_the_build(tmp_path: Path) -> None:
    done = prepare(tmp_path, MODEL_PATH="/models/mine.h5")
    assert done.returncode == 0, done.stderr
    assert "compiled when the service starts" in done.stdout
    assert (tmp_path / "model.sha256").read_text() == "any  /models/mine.h5\n"


def test_a_stale_baseline_does_not_stop_the_build_and_is_told(tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "own.keras", maps=True)
    stale = replace(evenness(), sha256="0" * 64)
    write_baseline(stale, baseline_path(model))
    done = prepare(tmp_path / "cache", MODEL_PATH=str(model))
    assert done.returncode == 0, done.stderr
    assert "is of other weights" in done.stderr


def test_help_shows_examples_and_every_exit_status() -> None:
    done = subprocess.run(
        [sys.executable, str(DEPLOY), "--help"], capture_output=True, text=True, check=True
    )
    assert "deploy.py render ghcr.io" in done.stdout
    for status, meaning in exit_status.MEANINGS.items():
        assert f"  {status:<5}{meaning}" in done.stdout
