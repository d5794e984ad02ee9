"""Read model files in a child process, within bounds: to compile them to ONNX, or to describe them.

A model file may come from anywhere. The child reads it with a C library (HDF5); should a hostile
file crash that library, or make it grow or spin, the child ends and the service says why. And what
the child allocated is gone with it: the service stays as small as if it had never compiled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import overload

from vistazo import errors
from vistazo.models.custom_layers import import_layers
from vistazo.models.signature import Description, ModelSignature

Size = tuple[int, int] | None

MAX_CPU_S = 300
_MEMORY_BYTES = 2_000_000_000  # address space, over three times the file: libraries map a lot
_MEMORY_PER_FILE_BYTE = 3
_PACKAGE_ROOT = Path(__file__).parents[2]


def compile_model(
    source: Path,
    target: Path,
    input_size: tuple[int, int] | None = None,
    layers_module: str | None = None,
    *,
    with_evidence: bool = True,
) -> ModelSignature:
    """Write ``target`` from ``source`` (.keras, .h5, .onnx). Raises ModelError.

    ``input_size`` (height, width) is used where the file leaves the input's size open.
    ``layers_module`` is imported in the child first, for the converters that it registers.
    Without the evidence that answers carry, the file is plain ONNX: ``images`` -> ``scores``.
    """
    return _read(source, input_size, layers_module, target, with_evidence=with_evidence)


def describe_model(
    source: Path, input_size: tuple[int, int] | None = None, layers_module: str | None = None
) -> Description:
    """What a file holds and, where it cannot be served, why not. Raises ModelError."""
    return _read(source, input_size, layers_module, None)


@overload
def _read(
    source: Path,
    input_size: Size,
    layers_module: str | None,
    target: Path,
    *,
    with_evidence: bool = ...,
) -> ModelSignature: ...
@overload
def _read(
    source: Path, input_size: Size, layers_module: str | None, target: None
) -> Description: ...
def _read(
    source: Path,
    input_size: Size,
    layers_module: str | None,
    target: Path | None,
    *,
    with_evidence: bool = True,
) -> ModelSignature | Description:
    request = json.dumps(
        {
            "source": str(source.absolute()),
            "target": target and str(target.absolute()),
            "input_size": input_size,
            "layers_module": layers_module,
            "with_evidence": with_evidence,
        }
    )
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [sys.executable, "-m", "vistazo.models.compilation", request],
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    try:
        return _answer(child.stdout, is_description=target is None)
    except (KeyError, TypeError, ValueError):
        reason = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
    raise errors.HostileModelError(
        f"Reading {source} crashed or went beyond its bounds of CPU time and memory "
        f"(exit status {child.returncode}: {reason[0]}). The file is damaged or hostile."
    )


def _answer(output: bytes, *, is_description: bool) -> ModelSignature | Description:
    """Raises the child's own error; KeyError, TypeError, ValueError where it gave no answer."""
    answer = json.loads(output)
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["detail"])
    if is_description:
        return Description.from_json(answer["description"])
    signature = ModelSignature.from_metadata(answer["signature"])
    if signature is None:
        raise ValueError("no signature")
    return signature


def main(request: str) -> int:
    """Run in the child: one JSON answer on standard output."""
    asked = json.loads(request)
    source = Path(asked["source"])
    size = tuple(asked["input_size"]) if asked["input_size"] else None
    try:
        _bound_resources(source)
        if source.suffix.lower() == ".onnx":
            from vistazo.models.onnx_import import convert, describe
        else:
            from vistazo.models.keras_import import convert, describe

            if asked["layers_module"]:
                import_layers(asked["layers_module"])
        if asked["target"] is None:
            answer: dict[str, object] = {"description": describe(source, size).to_json()}
        else:
            target, with_evidence = Path(asked["target"]), asked["with_evidence"]
            signature = convert(source, target, size, with_evidence=with_evidence)
            answer = {"signature": signature.to_metadata()}
    except errors.VistazoError as error:
        answer = {"error": type(error).__name__, "detail": str(error)}
    except OSError as error:
        detail = f"{asked['target']} cannot be written: {error.strerror}."
        answer = {"error": errors.NoRoomError.__name__, "detail": detail}
    except KeyboardInterrupt:
        return 130
    sys.stdout.write(json.dumps(answer))
    return 0


def _bound_resources(source: Path) -> None:
    if sys.platform == "win32":
        return
    import resource

    size = source.stat().st_size if source.is_file() else 0
    memory = _MEMORY_BYTES + _MEMORY_PER_FILE_BYTE * size
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
