"""Which model a service should answer with: the one that its image was built with."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLUEPRINT = ROOT / "render.yaml"
IN_THE_IMAGE = "/app/"
ANY_MODEL = "any"


def expected_model(environment: Mapping[str, str], say: Callable[[str], None]) -> str:
    """The SHA-256 that MODEL_SHA256 gives, else of the file that MODEL_PATH or render.yaml names.

    "any", and a word about it, where that file is not here: of a link the hash is only known once
    the image is built, and of a mounted model only its owner knows.
    """
    given = environment.get("MODEL_SHA256", "").strip().lower()
    if given:
        return given
    path = environment.get("MODEL_PATH", "").strip() or blueprint_path()
    file = ROOT / path.removeprefix(IN_THE_IMAGE)
    if "://" in path or not file.is_file():
        say(f"{path} is no file here, so any model passes. --model-sha256 says which one should.")
        return ANY_MODEL
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def blueprint_path(blueprint: Path = BLUEPRINT) -> str:
    """MODEL_PATH as render.yaml sets it; without a YAML parser, which is no part of Python."""
    text = blueprint.read_text(encoding="utf-8")
    line = r"^ *- key: [\"']?MODEL_PATH\b.*\n *value: *[\"']?([^\"'\s]+)"
    found = re.search(line, text, re.MULTILINE)
    return found.group(1) if found else "artifacts/pneumonia/pneumonia.keras"
