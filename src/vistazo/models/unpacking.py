"""A model that comes in a zip with its labels, as Teachable Machine's ``converted_keras.zip`` does.

Only the model (one file, or layers and weights), its labels and its card come out, under their last
names, each a plain file: what else a zip holds, and where it says that it belongs, does not matter.
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
from vistazo.models.layers_text import MAX_BYTES, holds_layers, is_layers_name
from vistazo.models.zip_member import MAX_WEIGHTS_BYTES, copy_member, open_zip, read_small

_MODELS = {".h5", ".hdf5", ".keras", ".onnx"}
_WEIGHTS = {".h5", ".hdf5"}
_WEIGHTS_ONLY = ".weights.h5"
_OF_KERAS = "config.json"
_MAX_SIDE_FILE_BYTES = 1_000_000
_BLOCK_BYTES = 1 << 20
_OTHER_EXPORTS = ((".pb", "a TensorFlow SavedModel"), (".tflite", "a TensorFlow Lite model"))
_WAY_OUT = "In Teachable Machine choose Export Model > Tensorflow > Keras."


def is_zip_around_a_model(path: Path) -> bool:
    """Told by its name: a ``.keras`` file is a zip too, and is read as what it is."""
    return path.suffix.lower() == ".zip" and path.is_file()


def unpack_model(archive: Path, folder: Path, *, overwrite: bool = False) -> Path:
    """Unpack a zip's one model with its labels and card into ``folder``; give the model's path.

    Of a model in two files, layers and weights, that is the path of one of them.

    What lies there already and is the same is left alone; what differs is an error, unless
    ``overwrite``. Raises ModelError in words that say what the zip lacks.
    """
    with archive.open("rb") as file, open_zip(file, archive.name) as content:
        model = _model_in(content, archive)
        folder.mkdir(parents=True, exist_ok=True)
        for entry in (model, *_beside(content, model)):
            _unpack(content, entry, folder / _plain_name(entry), _limit(entry), overwrite=overwrite)
        return folder / _plain_name(model)


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
    if len(whole) == 1:
        return whole[0]
    layers = _layers_in(content, models)
    if len(layers) == 1:  # and weights, of which the right ones are found once they are unpacked
        return layers[0]
    if len(whole) > 1:
        names = ", ".join(sorted(entry.filename for entry in whole))
        raise UnsupportedModelError(
            f"{archive.name} holds {len(whole)} models ({names}). Unpack it, and set MODEL_PATH to "
            "one of them."
        )
    raise _no_model(archive, [entry.filename for entry in entries])


def _no_model(archive: Path, names: list[str]) -> ModelError:
    if "config.json" in names:
        return UnsupportedModelError(
            f"{archive.name} is a .keras file with another name. Rename it to "
            f"{archive.with_suffix('.keras').name}."
        )
    for ending, what in _OTHER_EXPORTS:
        if any(name.endswith(ending) for name in names):
            return UnsupportedModelError(
                f"{archive.name} holds {what}; a Keras model is what can be served. {_WAY_OUT}"
            )
    return UnreadableModelError(
        f"{archive.name} holds no model: no .h5, .keras or .onnx file is in it. {_WAY_OUT}"
    )


def _beside(content: zipfile.ZipFile, model: zipfile.ZipInfo) -> Iterable[zipfile.ZipInfo]:
    """What lies in the same folder of the zip, once each: labels, card, and the other parts."""
    place = _place(model)
    weights = [each for each in content.infolist() if _is_meant(each) and _may_be_weights(each)]
    parts = weights if is_layers_name(Path(place)) else _layers_in(content, [model])
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in filter(_is_meant, content.infolist()):
        path = _place(entry)
        is_card = path.name == f"{place.stem}.card.yaml"
        is_wanted = is_card or is_labels_name(path.name, place.stem) or entry in parts
        if path.parent == place.parent and is_wanted and entry is not model:
            found.setdefault(path.name, entry)
    return found.values()


def _layers_in(
    content: zipfile.ZipFile, weights: Sequence[zipfile.ZipInfo]
) -> list[zipfile.ZipInfo]:
    """Texts of a model's layers that lie beside these weights, told by their content.

    Not those of a ``.keras`` file: that is a zip itself, and says more.
    """
    folders = {_place(entry).parent for entry in weights if _may_be_weights(entry)}
    found, room = [], MAX_BYTES  # for all of them: only one is the model's
    for entry in filter(_is_meant, content.infolist()):
        place = _place(entry)
        is_beside = place.parent in folders and is_layers_name(Path(place))
        if is_beside and place.name != _OF_KERAS and entry.file_size <= room:
            room -= entry.file_size
            if holds_layers(read_small(content, entry.filename, MAX_BYTES)):
                found.append(entry)
    return found


def _may_be_weights(entry: zipfile.ZipInfo) -> bool:
    return _place(entry).suffix.lower() in _WEIGHTS


def _limit(entry: zipfile.ZipInfo) -> int:
    """Of its bytes."""
    if _place(entry).suffix.lower() in _MODELS:
        return MAX_WEIGHTS_BYTES
    return MAX_BYTES if is_layers_name(Path(_place(entry))) else _MAX_SIDE_FILE_BYTES


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
