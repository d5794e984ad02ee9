"""The models that are measured: made once, compiled once, and kept in .cache/benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from contenders import HERE, ROOT, SERVERS

sys.path.append(str(SERVERS))

from picture_task import PictureTask

CACHE = ROOT / ".cache" / "benchmark"
DEFAULT = ROOT / "artifacts" / "pneumonia"
MODELS = ("default", "MobileNetV2", "DenseNet121")

_CARD = """\
name: {name}
version: 1.0.0
labels: [one, other, third]
input: {{height: 224, width: 224, colour: rgb, scale: 1/127.5-1}}
output: {{kind: softmax}}
intended_use: Measuring. Its weights are random.
"""


class BenchmarkError(Exception):
    """There is nothing to measure; says why, and what to do."""


def make_task(name: str, workers: int, say: Callable[[str], None]) -> PictureTask:
    """One of MODELS, ready to be served: its weights, its card and its compiled form are files."""
    CACHE.mkdir(parents=True, exist_ok=True)
    weights = DEFAULT / "pneumonia.keras" if name == "default" else _made(name, say)
    compiled = CACHE / f"{name}.onnx"
    if not compiled.exists() or compiled.stat().st_mtime < weights.stat().st_mtime:
        say(f"Compiling {name} ...")
        draft = compiled.with_suffix(".part.onnx")
        _run([sys.executable, "-m", "vistazo", "convert", str(weights), str(draft)])
        draft.replace(compiled)
    random = PictureTask(name, str(compiled), str(weights), workers=workers)
    return _as_card_says(random) if name == "default" else random


def write_task(task: PictureTask, folder: Path) -> Path:
    path = folder / "task.json"
    path.write_text(json.dumps(asdict(task)), encoding="utf-8")
    return path


def _as_card_says(task: PictureTask) -> PictureTask:
    """What the default model's card says of its input and output."""
    import yaml

    card = yaml.safe_load((DEFAULT / "pneumonia.card.yaml").read_text(encoding="utf-8"))
    given, output = card["input"], card["output"]
    # What is accepted of headers is nothing to a JPEG, which they are all sent.
    known = {"height", "width", "colour", "scale", "equalize", "accepts"}
    if set(given) - known or given["scale"] != "1/255" or output["kind"] != "sigmoid":
        raise BenchmarkError(
            "The default model's card asks for more than scripts/peers/servers/picture_task.py "
            "does: teach it, so that the peers do the same work."
        )
    return replace(
        task,
        labels=card["labels"],
        side=given["height"],
        colour=given["colour"],
        equalize=given.get("equalize", False),
        divide_by=255.0,
        subtract=0.0,
        temperature=output.get("temperature", 1.0),
    )


def _made(name: str, say: Callable[[str], None]) -> Path:
    weights = CACHE / f"{name}.keras"
    if not weights.exists():
        say(f"Making random weights for {name} ...")
        draft = CACHE / f"{name}.part.keras"
        _run([sys.executable, str(HERE / "make_weights.py"), name, str(draft)])
        card = CACHE / f"{name}.card.yaml"
        card.write_text(_CARD.format(name=name.lower()), encoding="utf-8")
        draft.replace(weights)
    return weights


def _run(command: list[str]) -> None:
    ended = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise BenchmarkError(f"'{' '.join(command)}' failed:\n{ended.stderr[-2000:]}")
