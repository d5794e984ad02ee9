"""The file beside a model with what its answers are compared with: MODEL.baseline.npz.

It may hold a ``Baseline`` of pictures, by which strange ones are told, and a ``Reference`` of
answers, by which drift is; a model of texts or rows has the second alone.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.discriminant import Discriminant, packed, unpacked
from vistazo.answers.likeness import COMPONENTS, Baseline, dequantized, preparation, quantized
from vistazo.answers.reference import Reference
from vistazo.errors import UnreadableModelError
from vistazo.models.card import InputSpec

_DAMAGED = (
    OSError, ValueError, LookupError, EOFError, TypeError, MemoryError, NotImplementedError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
_SMALL_BYTES = 1_000_000  # of what is not of each number of the map
_REFERENCE = "reference"
_REFERENCE_BYTES = 1_000_000  # of a thousand labels it takes half of that
_MEND = "Make it again: ./scripts/vistazo setup MODEL PICTURES"


def baseline_path(model_path: Path) -> Path:
    """Where the baseline of a model lies: ``dir/m.keras`` -> ``dir/m.baseline.npz``."""
    return model_path.with_name(model_path.stem + ".baseline.npz")


def write_baseline(
    baseline: Baseline | None,
    path: Path,
    reference: Reference | None = None,
    *,
    sha256: str = "",
    prepared: str = "",
) -> None:
    """Of a model with no ``baseline``, ``sha256`` is that of its weights, and ``prepared`` says how
    pictures were (``preparation``; of others nothing): else the baseline says both.
    """
    if baseline is not None:
        sha256, prepared = baseline.sha256, baseline.prepared
    entries = _stored(baseline)
    if reference is not None:
        entries[_REFERENCE] = np.array(reference.as_json().encode())
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            sha256=np.array(sha256),
            prepared=np.array(prepared),
            **entries,
        )


def keep_reference(
    reference: Reference, path: Path, sha256: str, prepared: str = "", earlier: Path | None = None
) -> None:
    """Write what the file ``earlier`` holds, and this reference in place of its own; without one
    a file with the reference alone, as ``write_baseline``.
    """
    if earlier is None:
        write_baseline(None, path, reference, sha256=sha256, prepared=prepared)
        return
    with earlier.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        entries = {"prepared": np.array(""), **{name: stored[name] for name in stored}}
    entries[_REFERENCE] = np.array(reference.as_json().encode())
    with path.open("wb") as target:
        np.savez_compressed(target, **entries)


def read_baseline(path: Path, sha256: str, numbers: int, spec: InputSpec) -> Baseline | None:
    """Read the baseline of the weights ``sha256``, whose feature map has so many numbers.

    None where the file holds a reference alone. Raises UnreadableModelError for a file that is
    damaged, of another model, or of pictures that were prepared otherwise than ``spec`` says.
    """
    try:
        _check_size(path, numbers)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            baseline = _baseline(stored)
    except _DAMAGED as error:
        raise UnreadableModelError(f"The baseline {path} is damaged ({error}). {_MEND}") from error
    if baseline is None:
        return None
    _check_fits(path, (baseline.sha256, sha256), (baseline.prepared, spec))
    if not _fits(baseline, numbers):
        raise UnreadableModelError(f"The baseline {path} does not fit its model. {_MEND}")
    return baseline


def read_reference(
    path: Path, sha256: str, labels: Sequence[str], spec: InputSpec | None = None
) -> Reference | None:
    """Read what the answers of the weights ``sha256`` with these ``labels`` were like.

    None where the file holds none. Raises UnreadableModelError as ``read_baseline``; ``spec`` is
    that of pictures.
    """
    try:
        _check_reference_size(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if _REFERENCE not in stored:
                return None
            named, prepared = str(stored["sha256"]), str(stored["prepared"])
            reference = Reference.from_json(stored[_REFERENCE].tobytes().decode())
    except _DAMAGED as error:
        raise UnreadableModelError(f"The baseline {path} is damaged ({error}). {_MEND}") from error
    _check_fits(path, (named, sha256), (prepared, spec))
    if reference.labels != tuple(labels):
        raise UnreadableModelError(
            f"The baseline {path} is of answers with other labels than those of the card. {_MEND}"
        )
    return reference


def _check_fits(
    path: Path, sha256: tuple[str, str], prepared: tuple[str, InputSpec | None]
) -> None:
    """Each pair: what the file says, and what is so now. Raises UnreadableModelError."""
    said, now = sha256
    if said != now:
        raise UnreadableModelError(f"The baseline {path} is of other weights. {_MEND}")
    before, spec = prepared
    if spec is not None and before not in ("", preparation(spec)):
        raise UnreadableModelError(
            f"The baseline {path} is of pictures that were prepared otherwise than the card says "
            f"now. {_MEND}"
        )


def _stored(baseline: Baseline | None) -> dict[str, Any]:
    """Components as 8 bit integers: a quarter of the size, and the same verdicts."""
    if baseline is None:
        return {}
    levels, steps = quantized(baseline.components)
    return {
        "mean": baseline.mean.astype(np.float16),
        "components": levels,
        "steps": steps,
        "limit": np.float64(baseline.limit),
        **_stored_discriminant(baseline.discriminant),
    }


def _baseline(stored: Mapping[str, NDArray[np.generic]]) -> Baseline | None:
    if _REFERENCE in stored and "mean" not in stored:
        return None
    return Baseline(
        np.asarray(stored["mean"], np.float32),
        dequantized(
            np.asarray(stored["components"], np.int8), np.asarray(stored["steps"], np.float32)
        ),
        float(np.asarray(stored["limit"], np.float64)),
        str(stored["sha256"]),
        str(stored["prepared"]) if "prepared" in stored else "",
        _discriminant(stored),
    )


def _stored_discriminant(discriminant: Discriminant | None) -> dict[str, Any]:
    if discriminant is None:
        return {}
    halves, steps = packed(discriminant.weights)
    return {"weights": halves, "weight_steps": steps, "offsets": discriminant.offsets}


def _discriminant(stored: Mapping[str, NDArray[np.generic]]) -> Discriminant | None:
    """None in files of versions that had none, too."""
    if "weights" not in stored:
        return None
    halves, steps = (np.asarray(stored[name]) for name in ("weights", "weight_steps"))
    offsets = np.asarray(stored["offsets"], np.float32)
    return Discriminant(unpacked(halves.astype(np.float16), steps.astype(np.float32)), offsets)


def _fits(baseline: Baseline, numbers: int) -> bool:
    shapes = baseline.mean.shape, baseline.components.shape[1:]
    told = baseline.discriminant
    if told is not None and not (
        told.weights.shape == (*told.offsets.shape, numbers)
        and len(told.offsets)
        and np.isfinite(told.offsets).all()
        and np.isfinite(told.weights).all()
    ):
        return False
    return shapes == ((numbers,), (numbers,)) and baseline.limit > 0


def _check_size(path: Path, numbers: int) -> None:
    """Raise UnreadableModelError where it unpacks to more than the map of its model can need.

    It may have come with somebody's model, and packed zeros take a thousandth of their room.
    """
    size = sum(size for name, size in _sizes(path) if name != f"{_REFERENCE}.npy")
    if size > 8 * (COMPONENTS + 1) * numbers + _SMALL_BYTES:
        raise _too_large(path, size)


def _check_reference_size(path: Path) -> None:
    """As ``_check_size``, of what is read with the reference: nobody unpacks the rest here."""
    read = ("sha256.npy", "prepared.npy", f"{_REFERENCE}.npy")
    size = sum(size for name, size in _sizes(path) if name in read)
    if size > _REFERENCE_BYTES:
        raise _too_large(path, size)


def _sizes(path: Path) -> list[tuple[str, int]]:
    with zipfile.ZipFile(path) as archive:
        return [(entry.filename, entry.file_size) for entry in archive.infolist()]


def _too_large(path: Path, size: int) -> UnreadableModelError:
    return UnreadableModelError(
        f"The baseline {path} is of another model, or damaged: it unpacks to "
        f"{size / 1e6:,.0f} MB. {_MEND}"
    )
