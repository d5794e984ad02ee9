"""Which runtime runs a model, in what numbers, and whom it tells."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vistazo
from builders import write_brightness_model
from vistazo.engines import openvino
from vistazo.engines.choice import EngineChoice
from vistazo.engines.openvino import OpenvinoEngine
from vistazo.engines.rehearsal import open_rehearsed
from vistazo.errors import ModelError, SettingsError, UnreadableModelError
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.keras_import import convert
from vistazo.service.settings import Settings

IMAGES = np.random.default_rng(0).random((4, 8, 8, 1), np.float32)
OPENVINO = EngineChoice("openvino")


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    path = write_brightness_model(tmp_path / "m.keras", maps=True)
    convert(path, tmp_path / "m.onnx", with_evidence=True)
    return tmp_path / "m.onnx"


class FakeCore:
    """A processor that has what it is told."""

    def __init__(self, core: Any, *capabilities: str) -> None:
        self.core, self.capabilities, self.options = core, capabilities, list[Any]()

    def get_property(self, _device: str, _name: str) -> tuple[str, ...]:
        return self.capabilities

    def read_model(self, model: bytes) -> Any:
        return self.core.read_model(model)

    def compile_model(self, part: Any, device: str, options: dict[str, Any]) -> Any:
        self.options.append(options)
        return self.core.compile_model(part, device, options)


@pytest.mark.parametrize(
    ("asked", "has", "runs", "warns"),
    [
        ("float32", ["FP32", "BF16"], "f32", False),
        ("bfloat16", ["FP32", "BF16"], "bf16", False),
        ("bfloat16", ["FP32"], "f32", True),
        ("auto", ["FP32", "BF16"], "bf16", False),
        ("auto", ["FP32"], "f32", False),
    ],
)
def test_bfloat16_is_used_where_it_is_asked_for_and_the_processor_has_it(
    asked: Any,
    has: list[str],
    runs: str,
    warns: bool,
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    core = FakeCore(openvino.openvino.Core(), *has)
    monkeypatch.setattr(openvino.openvino, "Core", lambda: core)
    caplog.set_level(logging.WARNING)
    OpenvinoEngine(compiled, asked)
    assert [options["INFERENCE_PRECISION_HINT"] for options in core.options] == [runs]
    assert ("no bfloat16" in caplog.text) is warns


def test_bfloat16_differs_little(compiled: Path) -> None:
    exact, rounded = (OpenvinoEngine(compiled, asked) for asked in ("float32", "bfloat16"))
    assert rounded.run(IMAGES).scores == pytest.approx(exact.run(IMAGES).scores, abs=0.02)


def test_bfloat16_of_an_engine_that_has_none_is_refused_in_words() -> None:
    settings = Settings.from_environment({"PRECISION": "bfloat16"})
    with pytest.raises(SettingsError, match="needs ENGINE=openvino"):
        _ = settings.model_source


def test_where_openvino_is_not_installed_the_command_that_does_it_is_said(
    compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("vistazo.engines.openvino")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delattr("vistazo.engines.openvino")
    with pytest.raises(SettingsError, match=r"pip install -r scripts/requirements/openvino\.txt"):
        open_rehearsed(compiled, "m", LoadingPolicy(), choice=OPENVINO)


def test_a_file_that_it_cannot_read_is_told_in_words(tmp_path: Path, compiled: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(UnreadableModelError, match="no ONNX"):
        OpenvinoEngine(tmp_path / "no.onnx")


def test_the_engine_that_is_served_is_the_one_that_was_tried(
    compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what another one takes of memory and time would be relied upon."""
    open_rehearsed(compiled, "m", LoadingPolicy()).close()
    record = compiled.with_suffix(".rehearsed.json")
    tried = json.loads(record.read_text())["made_by"]
    engine = open_rehearsed(compiled, "m", LoadingPolicy(), choice=OPENVINO)
    assert isinstance(engine, OpenvinoEngine)
    assert json.loads(record.read_text())["made_by"] != tried
    record.unlink()
    (tmp_path / "openvino.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"openvino\.txt"):  # of the child, where there is none
        open_rehearsed(compiled, "m", LoadingPolicy(), choice=OPENVINO)


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("onnx", "os.environ['ORT_DISABLE_TELEMETRY'] == '1'"),
        ("openvino", "not [name for name in sys.modules if 'telemetry' in name]"),
    ],
)
def test_the_runtime_is_told_to_report_to_nobody(engine: str, says: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    environment = clean | {"PYTHONPATH": str(Path(vistazo.__file__).parents[1])}
    code = f"import os, sys, vistazo.engines.{engine}; print({says})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
