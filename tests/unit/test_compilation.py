import os
import subprocess
import sys
from pathlib import Path

import pytest

from builders import write_brightness_model
from vistazo.errors import ModelError, UnreadableModelError
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
