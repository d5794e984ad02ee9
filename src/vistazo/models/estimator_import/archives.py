"""A zip where a file of scikit-learn was meant: one of skops, or what it is instead."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from vistazo.errors import UnsupportedModelError
from vistazo.models.estimator_import.container import too_large
from vistazo.models.estimator_import.refusals import torch_file
from vistazo.models.estimator_import.skops import SCHEMA, read_skops
from vistazo.models.zip_member import open_zip, read_small

MAGIC = b"PK\x03\x04"
_MOST_SEARCHED = 64 << 20


def read_archive(path: Path, most_bytes: int) -> object:
    """Raises ModelError."""
    if path.stat().st_size > most_bytes:
        raise too_large(most_bytes)
    with path.open("rb") as file, open_zip(file, path.name) as archive:
        names = archive.namelist()
        if SCHEMA in names:
            return read_skops(archive, most_bytes)
        raise _other(archive, names, path.name)


def _other(archive: ZipFile, names: list[str], label: str) -> UnsupportedModelError:
    pickled = next((name for name in names if name.endswith("/data.pkl")), None)
    if pickled is not None:
        is_fastai = b"fastai" in read_small(archive, pickled, _MOST_SEARCHED)
        return torch_file(label, is_fastai=is_fastai)
    if "config.json" in names:
        return UnsupportedModelError(f"{label} is a Keras model. Let its name end .keras.")
    if names and all(name.endswith(".npy") for name in names):
        return UnsupportedModelError(
            f"{label} holds arrays of NumPy, not an estimator. Save the fitted estimator: "
            "joblib.dump(model, 'model.joblib')."
        )
    return UnsupportedModelError(
        f"{label} is a zip file that is no model of skops. Unpack it, and name the model in it."
    )
