"""The files that one model is made of: mostly one; else its layers (JSON, YAML) and its weights.

Either may be named for the model, and the other is found beside it: by its name, or where it is the
only one there. What may be meant in two ways is an error that lists what is there. Nothing is
parsed here: names and bytes tell.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vistazo.errors import ModelNotFoundError, UnreadableModelError, UnsupportedModelError
from vistazo.models.compilation import list_shards
from vistazo.models.file_hash import sha256_of
from vistazo.models.layers_text import (
    HDF5_SIGNATURE,
    MAX_BYTES,
    SUFFIXES,
    has_layers,
    has_shards,
    holds_layers,
    is_layers_file,
    is_layers_name,
)

WEIGHTS_SUFFIXES = (".h5", ".hdf5")
_SHARD_SUFFIXES = (".bin", "")  # group1-shard1of2.bin, and without
_MOST_LISTED = 8
# In names of files these say which part of a model it is, not of which model.
_PART_WORDS = frozenset((
    "model", "models", "weight", "weights", "arch", "architecture", "structure", "topology",
    "config", "configuration", "layers", "json", "yaml",
))  # fmt: skip


@dataclass(frozen=True)
class ModelParts:
    """``file`` is the whole model, or its layers; then ``weights`` are the files of its weights."""

    file: Path
    weights: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.file, *self.weights)

    @property
    def sha256(self) -> str:
        """Of the bytes of all files, one after the other: ``cat FILES | sha256sum``."""
        return sha256_of(*self.files)

    @property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)


def find_parts(path: Path, weights: Path | None = None) -> ModelParts:
    """Where ``path`` is one part of a model, the other too. Raises ModelError.

    ``weights`` is the file that was named for the weights (MODEL_WEIGHTS).
    """
    if not path.is_file():
        return _alone(path, weights)
    try:
        if is_layers_name(path):
            return _with_weights(path, weights)
        if weights is None and _is_hdf5(path) and not has_layers(path):
            return _with_layers(path)
    except OSError as error:
        named = error.filename or path
        raise UnreadableModelError(f"{named} cannot be read: {error.strerror}.") from error
    return _alone(path, weights)


def places(path: Path) -> Iterator[Path]:
    """Files beside ``path`` that may be parts of the model which it names."""
    if is_layers_name(path):
        yield from _beside(path, (*WEIGHTS_SUFFIXES, *_SHARD_SUFFIXES))
    elif path.suffix.lower() in WEIGHTS_SUFFIXES and path.is_file():
        found = path.stat()
        if not _has_layers(path, found.st_mtime_ns, found.st_size, found.st_ino):
            yield from _beside(path, SUFFIXES)


@functools.lru_cache(maxsize=16)
def _has_layers(path: Path, *_: int) -> bool:
    """A file is read whole for this: once, as long as it stays the same."""
    return has_layers(path)


def _alone(path: Path, weights: Path | None) -> ModelParts:
    if weights is not None:
        raise UnsupportedModelError(
            f"MODEL_WEIGHTS names {weights}, but {path.name} is no .json or .yaml of a model's "
            "layers. Set MODEL_PATH to that, or take MODEL_WEIGHTS away."
        )
    return ModelParts(path)


def _with_weights(path: Path, weights: Path | None) -> ModelParts:
    if weights is not None:
        return ModelParts(path, (_checked(weights),))
    text = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    if has_shards(text):
        return ModelParts(path, list_shards(path))
    found = _choose(path, list(_beside(path, WEIGHTS_SUFFIXES)), lambda file: not has_layers(file))
    if len(found) == 1:
        return ModelParts(path, (found[0],))
    if found:
        raise UnsupportedModelError(
            f"{path.name} holds a model's layers, and its weights may be in any of {_names(found)}."
            " Name the right one: MODEL_WEIGHTS (--weights)."
        )
    if not holds_layers(text):
        raise UnreadableModelError(
            f"{path.name} is text, but not of a model's layers (model.to_json()). Set MODEL_PATH "
            "to a .keras or .h5 file."
        )
    raise UnsupportedModelError(
        f"{path.name} holds a model's layers, without the weights, and no .h5 file of weights lies "
        f"beside it{_what_is_there(path)}. Put it there (model.save_weights('"
        f"{path.stem}.weights.h5')), or name it: MODEL_WEIGHTS (--weights)."
    )


def _with_layers(weights: Path) -> ModelParts:
    """``weights`` alone where no layers lie beside them: reading them says what is missing."""
    found = _choose(weights, list(_beside(weights, SUFFIXES)), is_layers_file, must=True)
    if len(found) > 1:
        raise UnsupportedModelError(
            f"{weights.name} holds weights alone, and the model's layers may be in any of "
            f"{_names(found)}. Set MODEL_PATH to the right one, and MODEL_WEIGHTS (--weights) to "
            f"{weights.name}."
        )
    return ModelParts(found[0], (weights,)) if found else ModelParts(weights)


def _choose(
    path: Path, beside: Sequence[Path], is_meant: Callable[[Path], bool], *, must: bool = False
) -> list[Path]:
    """Of the same name, else of the same model by its name, else all: the first that there are.

    Of several those that are ``is_meant``, where any is; each has to be where it ``must``.
    """
    alike: tuple[Callable[[Path], bool], ...] = (
        lambda file: _stem(file) == _stem(path),
        lambda file: _model_words(file) == _model_words(path),
        lambda _: True,
    )
    for is_alike in alike:
        found = [file for file in beside if is_alike(file)]
        if must or len(found) > 1:
            meant = [file for file in found if is_meant(file)]
            found = meant if meant or must else found
        if found:
            return found
    return []


def _stem(file: Path) -> str:
    return file.stem.removesuffix(".weights")


def _model_words(file: Path) -> tuple[str, ...]:
    """``fer_model.json``, ``fer-weights.h5`` -> ``("fer",)``."""
    words = re.findall(r"[^\W_]+", file.stem.lower())
    return tuple(word for word in words if word not in _PART_WORDS)


def _beside(path: Path, suffixes: Sequence[str]) -> Iterator[Path]:
    """Files of these endings in the same folder, by name; no pipes, no devices."""
    try:
        names = sorted(file.name for file in path.parent.iterdir())
    except OSError:  # a folder that may be entered, and not listed
        return
    for name in names:
        file = path.with_name(name)
        is_hidden = name.startswith(".")  # such as the notes of macOS, ._model.h5
        if not is_hidden and file.suffix.lower() in suffixes and file != path and file.is_file():
            yield file


def _checked(weights: Path) -> Path:
    if not weights.exists():
        raise ModelNotFoundError(f"There are no weights at {weights}. Correct MODEL_WEIGHTS.")
    if not weights.is_file():
        raise UnreadableModelError(f"MODEL_WEIGHTS names {weights}, which is no file.")
    return weights


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE


def _names(files: Sequence[Path]) -> str:
    more = f" and {len(files) - _MOST_LISTED} more" if len(files) > _MOST_LISTED else ""
    return ", ".join(file.name for file in files[:_MOST_LISTED]) + more


def _what_is_there(path: Path) -> str:
    try:
        others = sorted(path.parent.iterdir())
    except OSError:
        return ""
    others = [file for file in others if file != path and not file.name.startswith(".")]
    return f" (there are {_names(others)})" if others else " (nothing else does)"
