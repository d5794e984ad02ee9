"""From MODEL_PATH to a compiled model that is known to be the one asked for.

Compiled models are kept in a cache under a name that says what they were made of,
``<source>-<converter>-<size>``. What a zip holds is unpacked beside them, and made again where its
checksum is not that in the zip.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vistazo.errors import (
    CardError,
    ModelNotFoundError,
    NoRoomError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.bounded_child import IsCancelled, LoadingPolicy, never
from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path, find_card, read_card
from vistazo.models.compilation import compile_model, unwrap_keras
from vistazo.models.compiled_cache import Entry, cached
from vistazo.models.custom_layers import sha256_of_layers
from vistazo.models.drafting import CardHints, check_hints, check_labels_agree
from vistazo.models.estimator_import.file_kind import is_keras_pickle
from vistazo.models.file_hash import check_unchanged, sha256_of
from vistazo.models.labels import FoundLabels, labels_beside, read_labels
from vistazo.models.one_at_a_time import Patience
from vistazo.models.parts import ModelParts, find_parts
from vistazo.models.tensorflow_files import what_folder_it_is, what_is_not_there
from vistazo.models.unpacking import is_zip_around_a_model, temporary_folder, unpack_model
from vistazo.models.writable_folder import tell_unwritable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredModel:
    """The files of a model, or for a SavedModel a folder, and what is known of its meaning.

    ``home`` is what was asked for, beside which its other files lie: one of ``parts``, or a zip
    around them. Where there is no ``card``, one can be drawn up from ``hints`` (the
    environment) and ``labels`` (beside the weights), see ``vistazo.models.drafting``. An
    ``empty_card`` is a file that lies where the card would, with nothing in it. ``output_name``
    is which of several outputs is meant, where no card says it.
    """

    parts: ModelParts
    home: Path
    sha256: str
    card: ModelCard | None
    hints: CardHints = field(default_factory=CardHints)
    labels: FoundLabels | None = None
    empty_card: Path | None = None
    output_name: str | None = None

    @property
    def path(self) -> Path:
        """The whole model, or the file of its layers."""
        return self.parts.file

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width that the card or the environment asks for, pixels."""
        if self.card is None:
            return self.hints.input_size
        return self.card.input.height, self.card.input.width

    @property
    def output(self) -> str | None:
        """Which of several outputs is meant, by the card; None where that is left to the model."""
        return self.output_name if self.card is None else self.card.output.name


def find_model(
    model_path: Path,
    card_file: Path | None,
    *,
    may_be_folder: bool = False,
    labels_file: Path | None = None,
    hints: CardHints | None = None,
    cache_dir: Path | None = None,
    sha256: str | None = None,
    weights_file: Path | None = None,
) -> StoredModel:
    """Find a model's files, and the card that means them or lies in its place. Raises ModelError.

    ``labels_file`` is asked instead of what lies beside the weights; ``hints`` is what the
    environment says; ``cache_dir`` is where a zip is unpacked. ``sha256`` is what the file, or what
    a zip holds, must have. ``weights_file`` is where the weights are of a file of layers alone,
    instead of beside it.
    """
    check_is_there(model_path, may_be_folder=may_be_folder)
    hints = hints or CardHints()
    parts = parts_of(model_path, cache_dir, weights_file)
    wanted, sha256 = sha256, parts.sha256
    _check_sha256(wanted, model_path, parts, sha256)
    card, place = _find_card(model_path, parts, card_file)
    if card is None or place is None:
        labels = find_labels(model_path, parts, labels_file)
        check_labels_agree(hints, labels)
        return StoredModel(parts, model_path, sha256, None, hints, labels, empty_card=place)
    check_hints(card, hints, place)
    if card.sha256 is not None and card.sha256 != sha256:
        raise CardError(
            f"The card names the file with sha256 {card.sha256}, but {model_path} has {sha256}. "
            "Put the right file there; or, where the card is true of this one too, let it say so: "
            f"./scripts/vistazo setup {shlex.quote(str(model_path))} PICTURES"
        )
    return StoredModel(parts, model_path, sha256, card, hints)


def without_card(
    model_path: Path, hints: CardHints, cache_dir: Path, weights_file: Path | None = None
) -> StoredModel:
    """The model and the labels beside it, whatever card there is. Raises ModelError."""
    check_is_there(model_path)
    parts = parts_of(model_path, cache_dir, weights_file)
    labels = find_labels(model_path, parts)
    return StoredModel(parts, model_path, parts.sha256, None, hints, labels)


def _check_sha256(wanted: str | None, model_path: Path, parts: ModelParts, sha256: str) -> None:
    """Raise UnreadableModelError where the file is another than the one that was named.

    A zip may be named by its own hash, or by that of the model in it, which answers give.
    """
    is_unpacked = model_path not in parts.files
    if wanted in (None, sha256) or (is_unpacked and sha256_of(model_path) == wanted):
        return
    raise UnreadableModelError(
        f"MODEL_SHA256 is {wanted}, but {model_path} has {sha256}. Put the right file there, or "
        "correct the setting."
    )


def parts_of(
    model_path: Path, cache_dir: Path | None, weights_file: Path | None = None
) -> ModelParts:
    """The files that make the model, of which one is named. Raises ModelError.

    Of a zip or a pickle around them, those that are unpacked into the cache.
    """
    return find_parts(_unpacked(model_path, cache_dir), weights_file)


def _unpacked(model_path: Path, cache_dir: Path | None) -> Path:
    if is_zip_around_a_model(model_path):
        unpack: Callable[[Path], Path] = functools.partial(unpack_model, model_path, overwrite=True)
    elif is_keras_pickle(model_path):
        unpack = functools.partial(_unwrapped, model_path)
    else:
        return model_path
    if cache_dir is not None:
        folder = cache_dir / "unpacked" / sha256_of(model_path)[:32]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return unpack(folder)
        except (OSError, NoRoomError) as error:
            tell_unwritable(str(error))
    return unpack(temporary_folder())


def _unwrapped(pickle: Path, folder: Path) -> Path:
    """The file of Keras in a pickle, under the same name."""
    target = folder / f"{pickle.stem}.keras"
    unwrap_keras(pickle, target)
    return target


def find_labels(
    model_path: Path, parts: ModelParts, labels_file: Path | None = None
) -> FoundLabels | None:
    """Those of ``labels_file``; else those in a zip with the model, or beside it."""
    if labels_file is not None:
        return FoundLabels(read_labels(labels_file), labels_file)
    return labels_beside(parts.file) or labels_beside(model_path)


def _find_card(
    model_path: Path, parts: ModelParts, card_file: Path | None
) -> tuple[ModelCard | None, Path | None]:
    """The card and where it lies. An empty one counts as none, but is told of."""
    if card_file is not None and not card_file.exists():
        read_card(card_file)
    empty = None
    for place in [card_file] if card_file else card_places(model_path, parts):
        card = find_card(place)
        if card is not None:
            return card, place
        if place.exists():
            empty = place
    return None, empty


def card_places(model_path: Path, parts: ModelParts) -> list[Path]:
    """Where the card of a model may lie: beside what was asked for, else beside its parts."""
    return [card_path(file) for file in dict.fromkeys((model_path, *parts.files))]


def card_file_of(model_path: Path, parts: ModelParts) -> Path:
    """The first of these places where something lies, else the usual one."""
    there = (place for place in card_places(model_path, parts) if place.exists())
    return next(there, card_path(model_path))


def check_is_there(model_path: Path, *, may_be_folder: bool = False) -> None:
    """Raise ModelNotFoundError or UnreadableModelError where there is nothing to read."""
    if not model_path.exists():
        of_tensorflow = what_is_not_there(model_path)
        if of_tensorflow is not None:
            raise UnsupportedModelError(of_tensorflow)
        raise ModelNotFoundError(
            f"There is no model at {model_path}. Set MODEL_PATH to a .keras or .h5 file."
        )
    if model_path.is_dir() and not may_be_folder:
        of_tensorflow = what_folder_it_is(model_path)
        if of_tensorflow is not None:
            raise UnsupportedModelError(of_tensorflow)
        held = model_path / "model.json"
        meant = str(held) if held.exists() else "a .keras or .h5 file in it"
        raise UnreadableModelError(
            f"{model_path} is a folder, not a model file. Set MODEL_PATH to {meant}."
        )
    if not (model_path.is_dir() or model_path.is_file()):  # reading may never end
        raise UnreadableModelError(
            f"{model_path} is a pipe or a device, not a file. Set MODEL_PATH to a .keras or .h5 "
            "file."
        )
    if model_path.is_file() and model_path.stat().st_size == 0:
        raise UnreadableModelError(f"The model file {model_path} is empty. Copy it again.")


@contextlib.contextmanager
def compiled(
    model: StoredModel,
    cache_dir: Path,
    layers_module: str | None = None,
    policy: LoadingPolicy | None = None,
    is_cancelled: IsCancelled = never,
) -> Iterator[Path]:
    """Find or make the compiled model. Raises ModelError.

    Of the card only the size of the input and the output that is meant matter, so the rest may
    still be unknown.

    ``layers_module`` registers converters for layers of the user's own.
    On a disk that cannot be written the file is temporary: load it inside the ``with``.
    """
    policy = policy or LoadingPolicy()

    def make(partial: Path) -> None:
        compile_model(
            model.path,
            partial,
            input_size=model.input_size,
            layers_module=layers_module,
            output=model.output,
            weights=model.parts.weights,
            policy=policy,
            is_cancelled=is_cancelled,
        )
        check_unchanged(model.sha256, *model.parts.files)

    entry = Entry(_stem(model, layers_module, policy), ".onnx")
    with cached(cache_dir, entry, make, Patience(policy.timeout_s, is_cancelled)) as path:
        yield path


def _stem(model: StoredModel, layers_module: str | None, policy: LoadingPolicy) -> str:
    """Of the name of the compiled model: all that it is made of."""
    size = "x".join(map(str, model.input_size)) if model.input_size else "own"
    converter = _converter(layers_module, may_branch=policy.allow_control_flow)
    # By another sign than that before an entry's hash: no entry is taken for one of another stem.
    of = "" if model.output is None else f"+{hashlib.sha256(model.output.encode()).hexdigest()[:8]}"
    return f"{model.sha256[:32]}-{converter}-{size}{of}"


def _converter(layers_module: str | None, *, may_branch: bool) -> str:
    """Stands for the code that compiles: other code may compile the same file to other bytes.

    What may have loops is another entry than what may not: it is refused without the setting.
    """
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.glob("*_import/**/*.py")):
        digest.update(path.read_bytes())
    if may_branch:
        digest.update(b"control flow")
    if layers_module is not None:
        digest.update(sha256_of_layers(layers_module).encode())
    return digest.hexdigest()[:16]
