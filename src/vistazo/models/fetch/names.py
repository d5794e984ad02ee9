"""What a downloaded file is called here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from urllib.parse import unquote, urlsplit

_PICTURES = (".keras", ".h5", ".hdf5", ".onnx", ".zip")  # a zip may hold a model and its labels
_LAYERS = (".json", ".yaml", ".yml")  # of a model whose weights are another file
_ESTIMATORS = (".pkl", ".pickle", ".joblib", ".jbl", ".sav", ".skops", ".npz")
SUFFIXES = _PICTURES + _LAYERS + _ESTIMATORS
_LONGEST = 80


def from_disposition(header: str | None) -> str | None:
    """The file name of a Content-Disposition header (RFC 6266)."""
    if not header:
        return None
    message = Message()
    message["Content-Disposition"] = header
    return message.get_filename()


def from_url(url: str) -> str:
    """The last part of the path."""
    return unquote(urlsplit(url).path.rpartition("/")[2])


def model_name(candidates: Iterable[str | None], suffix: str | None) -> str:
    """A safe file name with a model's ending: the first candidate with one, else with ``suffix``.

    ``suffix`` is what the bytes tell; a candidate's own ending goes before it.
    """
    names = [safe(name) for name in candidates if name]
    for name in names:
        if name.lower().endswith(SUFFIXES):
            return name
    stem = next((name.rpartition(".")[0] or name for name in names if name), "") or "model"
    return stem + (suffix or ".keras")


def safe(name: str) -> str:
    """Letters, digits, dots, dashes: no folder, no hidden file, nothing a shell or disk minds."""
    base = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", base).strip("-._").replace("-.", ".")
    stem, dot, ending = plain.rpartition(".")
    return stem[:_LONGEST] + dot + ending[:10] if dot else plain[:_LONGEST]
