"""Which runtime runs a model, in what numbers, and whom it tells."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
import pytest

import vistazo
from builders import write_brightness_model
from vistazo.engines import onnx_session, openvino
from vistazo.engines.choice import EngineChoice
from vistazo.engines.microbatching import MicrobatchingEngine
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.opening import opener
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


@pytest.mark.parametrize(
    ("asked", "has", "runs", "warns"),
    [
        ("float32", True, "float32", False),
        ("bfloat16", True, "bfloat16", False),
        ("bfloat16", False, "float32", True),
        ("auto", True, "bfloat16", False),
        ("auto", False, "float32", False),
    ],
)
def test_bfloat16_is_used_where_it_is_asked_for_and_the_processor_has_it(
    asked: Any,
    has: bool,
    runs: str,
    warns: bool,
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    hints = list[str]()
    compile_model = openvino.core().compile_model

    def told(part: Any, device: str, options: dict[str, Any]) -> Any:
        hints.append(options["INFERENCE_PRECISION_HINT"])
        return compile_model(part, device, options)

    monkeypatch.setattr(openvino, "processor_has_bfloat16", lambda: has)
    monkeypatch.setattr(openvino, "core", lambda: SimpleNamespace(compile_model=told))
    caplog.set_level(logging.WARNING)
    engine = OpenvinoEngine(compiled, asked)
    assert engine.runtime.precision == runs
    assert hints == [{"float32": "f32", "bfloat16": "bf16"}[runs]]
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


NO_CUDA = "CUDAExecutionProvider" not in onnxruntime.get_available_providers()


def test_answers_on_cuda_are_those_of_the_cpu(compiled: Path) -> None:
    try:
        engine = opener(EngineChoice(device="cuda")).open(compiled)
    except SettingsError as error:
        pytest.skip(str(error))
    assert isinstance(engine, MicrobatchingEngine)
    on_cpu, found = OnnxEngine(compiled), engine.run(IMAGES)
    expected = on_cpu.run(IMAGES)
    assert found.scores == pytest.approx(expected.scores, abs=1e-3)
    assert found.features == pytest.approx(expected.features, abs=1e-3)
    assert expected.features is not None
    assert engine.head is not None
    assert on_cpu.head is not None
    assert engine.head(expected.features) == pytest.approx(on_cpu.head(expected.features), abs=1e-3)
    assert engine.runtime.device == "cuda"


@pytest.mark.skipif(not NO_CUDA, reason="this ONNX Runtime knows CUDA")
def test_a_runtime_without_cuda_says_how_to_get_it_and_auto_goes_on(
    compiled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SettingsError, match=r"pip install -r scripts/requirements/cuda\.txt"):
        open_rehearsed(compiled, "m", LoadingPolicy(), choice=EngineChoice(device="cuda"))
    engine = open_rehearsed(compiled, "m", LoadingPolicy(), choice=EngineChoice(device="auto"))
    assert engine.runtime.device == "cpu"
    assert isinstance(engine, OnnxEngine)
    [warning] = [line for line in caplog.records if line.levelname == "WARNING"]
    assert "cuda.txt" in vars(warning)["reason"]


def test_a_runtime_that_takes_the_cpu_instead_is_found_out(
    compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As onnxruntime-gpu does without its libraries: it lists CUDA, and opens models without."""
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    monkeypatch.setattr(onnx_session, "_has_driver", lambda: True)
    monkeypatch.setattr(
        onnxruntime, "preload_dlls", lambda: sys.stdout.write("Failed to load libcufft\n")
    )
    monkeypatch.setattr(onnxruntime, "set_default_logger_severity", lambda _: None)
    with (
        pytest.warns(UserWarning, match="Specified provider"),
        pytest.raises(SettingsError, match="Failed to load libcufft"),
    ):
        OnnxEngine(compiled, "cuda")
    with pytest.warns(UserWarning, match="Specified provider"):
        assert OnnxEngine(compiled, "auto").runtime.device == "cpu"


@pytest.mark.parametrize("engine", ["openvino", "keras"])
def test_an_engine_that_does_not_run_on_cuda_says_so(engine: Any) -> None:
    with pytest.raises(SettingsError, match="needs ENGINE=onnx"):
        EngineChoice(engine, device="cuda")


def test_a_file_that_it_cannot_read_is_told_in_words(tmp_path: Path, compiled: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(UnreadableModelError, match="read as ONNX"):
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
