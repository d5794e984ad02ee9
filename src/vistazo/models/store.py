"""From MODEL_PATH to a compiled model that is known to be the one asked for.

Compiled models are kept in a cache under a name that holds the hash of the source and the hash of
the compiled bytes, ``<source>-<converter>-<size>-<compiled>.onnx``: an entry that is damaged,
partial or somebody else's does not have the hash in its name, and is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import CardError, ModelNotFoundError, UnreadableModelError
from vistazo.models.card import ModelCard, card_path, read_card
from vistazo.models.compilation import compile_model
from vistazo.models.custom_layers import sha256_of_layers
from vistazo.models.writable_folder import writable_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredModel:
    """A model file, or for a SavedModel a folder, and its card."""

    path: Path
    card: ModelCard
    sha256: str

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that the card asks for, pixels."""
        return self.card.input.height, self.card.input.width


def find_model(
    model_path: Path,
    card_file: Path | None,
    *,
    may_be_folder: bool = False,
    sha256: str | None = None,
) -> StoredModel:
    """Read the card and check that it means this file. Raises ModelError.

    ``sha256`` is what the file must have, card or no card.
    """
    check_is_there(model_path, may_be_folder=may_be_folder)
    card = read_card(card_file or card_path(model_path))
    wanted, sha256 = sha256, sha256_of(model_path)
    if wanted not in (None, sha256):
        raise UnreadableModelError(
            f"MODEL_SHA256 is {wanted}, but {model_path} has {sha256}. Put the right file there, "
            "or correct the setting."
        )
    if card.sha256 is not None and card.sha256 != sha256:
        raise CardError(
            f"The card names the file with sha256 {card.sha256}, but {model_path} has {sha256}. "
            "Put the right file there, or correct the card."
        )
    return StoredModel(model_path, card, sha256)


def check_is_there(model_path: Path, *, may_be_folder: bool = False) -> None:
    """Raise ModelNotFoundError or UnreadableModelError where there is nothing to read."""
    if not model_path.exists():
        raise ModelNotFoundError(
            f"There is no model at {model_path}. Set MODEL_PATH to a .keras or .h5 file."
        )
    if model_path.is_dir() and not may_be_folder:
        raise UnreadableModelError(
            f"{model_path} is a folder, not a model file. Set MODEL_PATH to a .keras or .h5 file; "
            "ENGINE=keras takes a TensorFlow SavedModel."
        )
    if model_path.is_file() and model_path.stat().st_size == 0:
        raise UnreadableModelError(f"The model file {model_path} is empty. Copy it again.")


def sha256_of(path: Path) -> str:
    """Of a file; of a folder, over the names and hashes of all files in it."""
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            listing = "".join(f"{sha256_of(file)}  {file.relative_to(path)}\n" for file in files)
            return hashlib.sha256(listing.encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableModelError(f"{path} cannot be read: {error.strerror}.") from error


@contextlib.contextmanager
def compiled(
    model: StoredModel, cache_dir: Path, layers_module: str | None = None
) -> Iterator[Path]:
    """Find or make the compiled model. Raises ModelError.

    ``layers_module`` registers converters for layers of the user's own.
    On a disk that cannot be written the file is temporary: load it inside the ``with``.
    """
    height, width = model.input_size
    stem = f"{model.sha256[:32]}-{_converter(layers_module)}-{height}x{width}"
    found = _find(cache_dir, stem)
    if found is not None:
        yield found
        return
    with writable_folder(cache_dir) as folder:
        partial = folder / f"{stem}.{os.getpid()}.partial"
        try:
            yield _compile(model, partial, stem, layers_module)
        finally:
            partial.unlink(missing_ok=True)


def _converter(layers_module: str | None) -> str:
    """Stands for the code that compiles: other code may compile the same file to other bytes."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in (package / "onnx_import.py", *sorted(package.glob("keras_import/**/*.py"))):
        digest.update(path.read_bytes())
    if layers_module is not None:
        digest.update(sha256_of_layers(layers_module).encode())
    return digest.hexdigest()[:16]


def _find(cache_dir: Path, stem: str) -> Path | None:
    for entry in sorted(cache_dir.glob(f"{stem}-*.onnx")):
        with contextlib.suppress(UnreadableModelError):
            if entry.stem.removeprefix(f"{stem}-") == sha256_of(entry):
                return entry
        log.warning("a damaged entry of the model cache is made again")
        with contextlib.suppress(OSError):
            entry.unlink()
    return None


def _compile(model: StoredModel, partial: Path, stem: str, layers_module: str | None) -> Path:
    log.info("compiling the model; this is done once")
    started = time.perf_counter()
    compile_model(model.path, partial, model.input_size, layers_module)
    entry = partial.with_name(f"{stem}-{sha256_of(partial)}.onnx")
    partial.replace(entry)
    log.info("compiled the model", extra={"seconds": round(time.perf_counter() - started, 2)})
    return entry
