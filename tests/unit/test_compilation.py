import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders import write_brightness_model
from vistazo.errors import HostileModelError, ModelError, UnreadableModelError
from vistazo.models import compilation
from vistazo.models.compilation import compile_model

SOURCES = Path(compilation.__file__).parents[2]


def run_python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_model_is_compiled_without_its_reader_coming_into_this_process(tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    code = (
        "import sys, pathlib; from vistazo.models.compilation import compile_model;"
        f"compile_model(pathlib.Path({str(model)!r}), pathlib.Path({str(tmp_path / 'o.onnx')!r}));"
        "print(sorted({'h5py', 'onnx', 'numpy', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert run_python(code).strip() == "[]"
    assert (tmp_path / "o.onnx").stat().st_size > 100


def test_an_error_of_the_child_is_the_same_error_here(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("no model")
    with pytest.raises(UnreadableModelError, match=r"text\.h5"):
        compile_model(tmp_path / "text.h5", tmp_path / "o.onnx")


def test_a_target_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    with pytest.raises(ModelError, match="cannot be written"):
        compile_model(model, tmp_path / "no folder" / "o.onnx")


@pytest.mark.skipif(sys.platform != "linux", reason="the bounds of a process are Linux's")
@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "raise MemoryError",
        "print('{not json')",
    ],
    ids=["crashes", "runs out of memory", "answers nonsense"],
)
def test_a_child_that_does_not_live_to_answer_is_an_error_and_not_a_crash_here(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        return real([command[0], "-c", code], **options)

    monkeypatch.setattr(compilation.subprocess, "run", run)
    with pytest.raises(HostileModelError, match="damaged or hostile"):
        compile_model(tmp_path / "m.h5", tmp_path / "o.onnx")


@pytest.mark.skipif(sys.platform != "linux", reason="the bounds of a process are Linux's")
def test_the_child_is_bounded_in_memory_and_time(tmp_path: Path) -> None:
    code = (
        "import resource, pathlib; from vistazo.models import compilation;"
        f"compilation._bound_resources(pathlib.Path({str(tmp_path)!r}));"
        "bounds = (resource.RLIMIT_AS, resource.RLIMIT_CPU);"
        "print(*(resource.getrlimit(bound)[0] for bound in bounds))"
    )
    memory, cpu_s = map(int, run_python(code).split())
    assert 0 < memory <= 3_000_000_000
    assert 0 < cpu_s <= 300
