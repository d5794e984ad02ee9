"""The user's own module, which registers custom layers.

For ``ENGINE=keras`` it registers the layers themselves, with Keras; else converters of layers to
ONNX, with ``vistazo.models.keras_import.register``. It is the user's code, named in a setting, and
never comes out of a model file.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from pathlib import Path

from vistazo.errors import SettingsError


def import_layers(module: str) -> None:
    """Raise SettingsError where it cannot be imported."""
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise _cannot_be_imported(module, str(error)) from error


def sha256_of_layers(module: str) -> str:
    """Of the module's file: other code may compile a model to other bytes. Raises SettingsError."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise _cannot_be_imported(module, str(error)) from error
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise _cannot_be_imported(module, "there is no such file")
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()


def _cannot_be_imported(module: str, reason: str) -> SettingsError:
    return SettingsError(
        f"KERAS_LAYERS names the module '{module}', which cannot be imported: {reason}. Its folder "
        "belongs in PYTHONPATH."
    )
