"""Compile a model file to the ONNX that the engines run, in a child process, within bounds.

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

from vistazo import errors
from vistazo.signature import ModelSignature

MAX_CPU_S = 300
_MEMORY_BYTES = 2_000_000_000  # address space, over three times the file: libraries map a lot
_MEMORY_PER_FILE_BYTE = 3
_PACKAGE_ROOT = Path(__file__).parents[1]


def compile_model(
    source: Path, target: Path, input_size: tuple[int, int] | None = None
) -> ModelSignature:
    """Write ``target`` from ``source`` (.keras, .h5, .onnx). Raises ModelError.

    ``input_size`` (height, width) is used where the file leaves the input's size open.
    """
    request = json.dumps(
        {
            "source": str(source.absolute()),
            "target": str(target.absolute()),
            "input_size": input_size,
        }
    )
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    child = subprocess.run(
        [sys.executable, "-m", "vistazo.compilation", request],
        env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return _verdict(source, child)


def _verdict(source: Path, child: subprocess.CompletedProcess[bytes]) -> ModelSignature:
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        answer = {}
    if "signature" in answer:
        signature = ModelSignature.from_metadata(answer["signature"])
        if signature is not None:
            return signature
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["detail"])
    reason = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
    raise errors.HostileModelError(
        f"Reading {source} crashed or went beyond its bounds of CPU time and memory "
        f"(exit status {child.returncode}: {reason[0]}). The file is damaged or hostile."
    )


def main(request: str) -> int:
    """Run in the child: one JSON answer on standard output."""
    asked = json.loads(request)
    source = Path(asked["source"])
    size = asked["input_size"]
    try:
        _bound_resources(source)
        if source.suffix.lower() == ".onnx":
            from vistazo.onnx_import import convert
        else:
            from vistazo.keras_import import convert

        input_size = (size[0], size[1]) if size else None
        signature = convert(source, Path(asked["target"]), input_size)
        answer: dict[str, object] = {"signature": signature.to_metadata()}
    except errors.VistazoError as error:
        answer = {"error": type(error).__name__, "detail": str(error)}
    except OSError as error:
        answer = {"error": "ModelError", "detail": f"{asked['target']} cannot be written: {error}."}
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
