"""``metadata.json`` that Teachable Machine puts beside a model for the browser.

Many tools write a file of that name, so only one that says whose it is counts: ``packageName`` of
pictures and of poses, ``tfjsSpeechCommandsVersion`` of sounds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from vistazo.errors import UnsupportedModelError

METADATA_NAME = "metadata.json"
_MAX_BYTES = 1_000_000
_OF_PICTURES = "@teachablemachine/image"
_OF_POSES = "@teachablemachine/pose"
_OF_SOUNDS = "tfjsSpeechCommandsVersion"


def labels_in_metadata(path: Path) -> list[str] | None:
    """The labels in the order of the model's outputs; None where the file is not of such a model.

    What is no text among them is an empty one.

    Raises UnsupportedModelError where it says that the model takes no pictures.
    """
    document = _document(path)
    package = document.get("packageName")
    if package == _OF_POSES or _OF_SOUNDS in document:
        what = "poses, found by another model" if package == _OF_POSES else "sounds"
        raise UnsupportedModelError(
            f"{path} says that Teachable Machine made the model of {what}: it takes no picture. "
            "Choose Image Project there."
        )
    labels = document.get("labels")
    if package != _OF_PICTURES or not isinstance(labels, list):
        return None
    return [label.strip() if isinstance(label, str) else "" for label in labels]


def _document(path: Path) -> Mapping[str, object]:
    """What the file says; nothing where it cannot be read: then it is none of that tool."""
    if not path.is_file():  # of a pipe nothing may ever come
        return {}
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        document = json.loads(data) if len(data) <= _MAX_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
