"""A model that comes in a zip with its labels, as Teachable Machine's exports do.

Only the files of the model, its labels and its card come out, under their last names, each a plain
file: what else a zip holds, and where it says that it belongs, does not matter. Files that belong
together lie in one folder of the zip: layers in JSON or YAML beside weights in HDF5, or
TensorFlow.js' ``model.json`` beside its shards.
"""

from __future__ import annotations

import atexit
import re
import secrets
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from vistazo.errors import ModelError, NoRoomError, UnreadableModelError, UnsupportedModelError
from vistazo.models.labels import is_labels_name
from vistazo.models.teachable_metadata import METADATA_NAME
from vistazo.models.tensorflow_files import what_lies_in
from vistazo.models.zip_member import MAX_WEIGHTS_BYTES, check_together, copy_member, open_zip

_MODELS = {".h5", ".hdf5", ".keras", ".onnx"}
_WEIGHTS_ONLY = ".weights.h5"
_LAYERS = {".json", ".yaml", ".yml"}
_TFJS = "model.json"
_OF_KERAS_ARCHIVE = "config.json"
_SHARD = re.compile(r".+\.bin|group\d+-shard\d+of\d+")
_MAX_SIDE_FILE_BYTES = 1_000_000
_MAX_LAYERS_BYTES = 32 << 20
_BLOCK_BYTES = 1 << 20
_WAY_OUT = "In Teachable Machine choose Export Model > Tensorflow > Keras."


def is_zip_around_a_model(path: Path) -> bool:
    """Told by its name: a ``.keras`` file is a zip too, and is read as what it is."""
    return path.suffix.lower() == ".zip" and path.is_file()


def unpack_model(archive: Path, folder: Path, *, overwrite: bool = False) -> Path:
    """Unpack a zip's one model with its labels and card into ``folder``; give the model's path.

    What lies there already and is the same is left alone; what differs is an error, unless
    ``overwrite``. Raises ModelError in words that say what the zip lacks.
    """
    with archive.open("rb") as file, open_zip(file, archive.name) as content:
        model = _model_in(content, archive)
        entries = [model, *_beside(content, model)]
        check_together(entries)
        folder.mkdir(parents=True, exist_ok=True)
        for entry in entries:
            limit = _limit_bytes(entry)
            _unpack(content, entry, folder / _plain_name(entry), limit, overwrite=overwrite)
        return folder / _plain_name(model)


def _limit_bytes(entry: zipfile.ZipInfo) -> int:
    path = _place(entry)
    if path.suffix.lower() in _MODELS or _SHARD.fullmatch(path.name):
        return MAX_WEIGHTS_BYTES
    is_layers = path.suffix.lower() in _LAYERS and not is_labels_name(path.name, path.stem)
    return _MAX_LAYERS_BYTES if is_layers else _MAX_SIDE_FILE_BYTES


def temporary_folder() -> Path:
    """One that goes with the process, for where nothing else can be written. Raises ModelError."""
    try:
        folder = tempfile.mkdtemp(prefix="vistazo-")
    except OSError as error:
        raise ModelError(
            f"There is no place to unpack the model ({error.strerror}). Set CACHE_DIR to a folder "
            "that can be written, or unpack it and set MODEL_PATH to the file in it."
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _model_in(content: zipfile.ZipFile, archive: Path) -> zipfile.ZipInfo:
    entries = [entry for entry in content.infolist() if _is_meant(entry)]
    models = [entry for entry in entries if _place(entry).suffix.lower() in _MODELS]
    whole = [entry for entry in models if not entry.filename.endswith(_WEIGHTS_ONLY)]
    whole = whole or _with_layers(models, entries) or _with_shards(entries)
    if len(whole) == 1:
        return whole[0]
    if len(whole) > 1:
        names = ", ".join(sorted(entry.filename for entry in whole))
        raise UnsupportedModelError(
            f"{archive.name} holds {len(whole)} models ({names}). Unpack it, and set MODEL_PATH to "
            "one of them."
        )
    raise _no_model(archive, [entry.filename for entry in entries])


def _with_layers(
    weights: Sequence[zipfile.ZipInfo], entries: Sequence[zipfile.ZipInfo]
) -> list[zipfile.ZipInfo]:
    """Those files of weights that have layers in their folder."""
    layers = [path for path in map(_place, entries) if path.suffix.lower() in _LAYERS]
    places = {path.parent for path in layers if path.name != _OF_KERAS_ARCHIVE}
    return [entry for entry in weights if _place(entry).parent in places]


def _with_shards(entries: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The ``model.json`` that have files of weights in their folder."""
    places = {_place(entry).parent for entry in entries if _SHARD.fullmatch(_place(entry).name)}
    named = [entry for entry in entries if _place(entry).name == _TFJS]
    return [entry for entry in named if _place(entry).parent in places]


def _no_model(archive: Path, names: list[str]) -> ModelError:
    if _OF_KERAS_ARCHIVE in names:
        return UnsupportedModelError(
            f"{archive.name} is a .keras file with another name. Rename it to "
            f"{archive.with_suffix('.keras').name}."
        )
    what = what_lies_in(names)
    if what is not None:
        return UnsupportedModelError(f"{archive.name} holds {what} {_WAY_OUT}")
    return UnreadableModelError(
        f"{archive.name} holds no model: no .h5, .keras or .onnx file is in it, "
        f"nor a model.json with its weights. {_WAY_OUT}"
    )


def _beside(content: zipfile.ZipFile, model: zipfile.ZipInfo) -> Iterable[zipfile.ZipInfo]:
    """What belongs to the model and lies in the same folder of the zip, each name once."""
    place = _place(model)
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in filter(_is_meant, content.infolist()):
        path = _place(entry)
        if path.parent == place.parent and path.name != place.name and _belongs(path.name, place):
            found.setdefault(path.name, entry)
    return found.values()


def _belongs(name: str, model: PurePosixPath) -> bool:
    if name == f"{model.stem}.card.yaml" or is_labels_name(name, model.stem):
        return True
    if model.name == _TFJS:
        return name == METADATA_NAME or _SHARD.fullmatch(name) is not None
    is_weights = model.suffix.lower() in (".h5", ".hdf5")
    return is_weights and PurePosixPath(name).suffix.lower() in _LAYERS


def _place(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Where a zip says that a member belongs; some were made with Windows' own separator."""
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _is_meant(entry: zipfile.ZipInfo) -> bool:
    """Not a folder, and not the notes that macOS adds."""
    path = _place(entry)
    return not entry.is_dir() and path.parts[:1] != ("__MACOSX",) and not path.name.startswith(".")


def _plain_name(entry: zipfile.ZipInfo) -> str:
    """The last part of a name, without what could lead out of a folder on any system."""
    return re.sub(r"[^\w.()+ -]", "_", _place(entry).name).lstrip(".") or "model"


def _unpack(
    content: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limit: int, *, overwrite: bool
) -> None:
    if target.exists():
        if _is_same(entry, target):
            return
        if not overwrite:
            raise ModelError(
                f"{target} is there already and is not the one of the zip. Delete it to have it "
                "unpacked anew, or set MODEL_PATH to the unpacked model."
            )
    partial = target.with_name(f".{secrets.token_hex(4)}.part")
    try:
        with partial.open("xb") as file:
            copy_member(content, entry, file, limit)
        partial.replace(target)
    except OSError as error:
        raise NoRoomError(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _is_same(entry: zipfile.ZipInfo, target: Path) -> bool:
    if not target.is_file() or target.stat().st_size != entry.file_size:
        return False
    checksum = 0
    with target.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            checksum = zlib.crc32(block, checksum)
    return checksum == entry.CRC
