"""Files of another kind that are met where one of scikit-learn was meant, told by their bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vistazo.errors import ModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.estimator_import.file_kind import looks_like_estimator
from vistazo.models.estimator_import.refusals import torch_file

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|script|meta)", re.IGNORECASE)
# The number that torch.save wrote before what it saved, until it wrote zip files
# (torch/serialization.py, MAGIC_NUMBER), as a pickle of protocol 2.
_TORCH = re.compile(rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19\.", re.DOTALL)


@dataclass(frozen=True)
class _Kind:
    pattern: re.Pattern[bytes]
    what: str
    way_out: str


_SAVE_IT = "Save the fitted estimator: joblib.dump(model, 'model.joblib')."
_UNREADABLE = (
    # A class by its module and its name (the opcode GLOBAL), in two lines.
    _Kind(
        re.compile(rb"[\s\S]{0,300}?c[A-Za-z_][\w.]*\r\n[A-Za-z_][\w.]*\r\n"),
        "a pickle whose line ends were changed on its way",
        "Copy it again in binary mode; in git, mark it '-text' in .gitattributes.",
    ),
    _Kind(
        re.compile(rb"version https://git-lfs"),
        "a Git LFS pointer, not the model itself",
        "Run 'git lfs pull' and use the file that it fetches.",
    ),
    _Kind(
        _PAGE,
        "an HTML page, not a model",
        "The download probably answered with an error or a sign-in page; fetch the file again.",
    ),
)
_OTHER_TOOL = "Only scikit-learn's own estimators are read."
_UNSUPPORTED = tuple(
    _Kind(re.compile(pattern, re.DOTALL), what, way_out)
    for pattern, what, way_out in (
        (rb"\x89HDF\r\n", "an HDF5 file", "If it is a Keras model, let its name end .h5."),
        (rb"\x93NUMPY", "an array of NumPy, not an estimator", _SAVE_IT),
        # A pickle of a text of ten letters begins like R's binary form, but for the version behind.
        (rb"RD[XAB][23]\n|X\n\x00{3}[\2\3]\0[\1-\x09]|A\n[23]\n", "a file of R", _OTHER_TOOL),
        (rb"MATLAB ", "a file of MATLAB", _OTHER_TOOL),
        (rb"....TFL3", "a TensorFlow Lite model", "Save the Keras model itself, as .keras."),
        (rb"binf|bs64", "a model of XGBoost", _OTHER_TOOL),
        (rb"tree\r?\nversion=", "a model of LightGBM", _OTHER_TOOL),
        (rb"CBM1", "a model of CatBoost", _OTHER_TOOL),
        (rb"\s*<\?xml", "XML, such as PMML", _SAVE_IT),
        (rb"%PDF|PAR1|SQLite format 3|\x7fELF|MZ\x90|\x89PNG|\xff\xd8\xff", "no model", _SAVE_IT),
        (rb".{257}ustar|Rar!|7z\xbc\xaf", "a compressed archive", "Unpack it first."),
    )
)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]\s*[\"{\[\]}\d-]")
_TEXT = re.compile(rb"[\t\n\r\f\x20-\x7e\x80-\xff]*")


def check_is_no_other(data: bytes, label: str) -> None:
    """Raise ModelError where the first bytes are those of another kind of file."""
    head = data[:4096]
    if not head.strip(b"\0"):
        raise UnreadableModelError(f"{label} is empty. Copy or download it again.")
    for kind in _UNREADABLE:
        if kind.pattern.match(head):
            raise UnreadableModelError(f"{label} is {kind.what}. {kind.way_out}")
    for kind in _UNSUPPORTED:
        if kind.pattern.match(head):
            raise UnsupportedModelError(f"{label} is {kind.what}. {kind.way_out}")
    if _JSON.match(head):
        raise UnsupportedModelError(f"{label} is JSON, not an estimator. {_SAVE_IT}")
    if _TORCH.match(head):
        raise torch_file(label, is_fastai=b"fastai" in data)


def told_as_text(data: bytes, label: str) -> ModelError | None:
    """Of what could not be read as a pickle; None where it is no text either."""
    head = data[:4096]
    if looks_like_estimator(head) or head[:1] == b"\x80" or _TEXT.fullmatch(head) is None:
        return None
    return UnsupportedModelError(f"{label} is a text file, not an estimator. {_SAVE_IT}")
