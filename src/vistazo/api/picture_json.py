"""Pictures out of JSON that can be read in one way only: its strings are left where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.api.base64_picture import decoded
from vistazo.api.json_outline import Outline
from vistazo.api.picture_words import (
    FILENAME,
    IMAGE,
    IMAGES,
    MAX_NAME,
    ONE,
    SEVERAL,
    only_one,
    too_many,
)
from vistazo.api.plain_json import once_each
from vistazo.api.uploaded_file import UploadedFile, plain_name
from vistazo.errors import InputError, MissingFileError, RequestError
from vistazo.pictures.decode import ImageLimits

_LONGEST_FIELD = 20  # cut there, it is none of ours
_STRINGS_A_PICTURE = 4  # two names, and what they name
_AROUND_BYTES, _AROUND_A_PICTURE_BYTES = 10_000, 1_000


def read_one(body: bytes, limits: ImageLimits) -> UploadedFile:
    """Raises RequestError for what is no such JSON, or two readers may take for two things (RFC
    8259 section 4), and InputError for what is no picture in base64.
    """
    sent = _Sent.of(body, 1, only_one())
    found = sent.parsed()
    if not isinstance(found, dict) or IMAGE not in found:
        raise MissingFileError(
            f"The JSON has no '{IMAGE}'. Send {ONE} Several go to /predict/batch."
        )
    return sent.picture(found, limits, ONE)


def read_several(body: bytes, limits: ImageLimits, max_files: int) -> list[UploadedFile]:
    """At least one. Raises RequestError as ``read_one``, and for more than ``max_files``; what is
    no picture in base64 has its own ``fault``.
    """
    sent = _Sent.of(body, max_files, too_many(max_files))
    found = sent.parsed()
    fields = found if isinstance(found, dict) else {}
    images = fields.get(IMAGES)
    if not images:
        raise MissingFileError(f"The JSON has no '{IMAGES}', or none in it. Send {SEVERAL}")
    if len(fields) > 1 or not isinstance(images, list):
        raise RequestError(f"'{IMAGES}' is no list, or not alone. Send {SEVERAL}")
    if len(images) > max_files:
        raise too_many(max_files)
    each_one = [{IMAGE: each} if isinstance(each, str) else each for each in images]
    return [sent.picture_or_fault(each, limits) for each in each_one]


@dataclass(frozen=True)
class _Sent:
    outline: Outline

    @staticmethod
    def of(body: bytes, max_files: int, refusal: RequestError) -> _Sent:
        """Raises ``refusal`` for more strings than so many pictures have, and RequestError."""
        outline = Outline.of(body, 1 + max_files * _STRINGS_A_PICTURE, refusal)
        if outline.around_bytes > _AROUND_BYTES + max_files * _AROUND_A_PICTURE_BYTES:
            raise RequestError("The JSON holds much beside its pictures. Send them alone.")
        return _Sent(outline)

    def parsed(self) -> object:
        """Its strings are their numbers, but the names of fields, as far as they are ours.

        Raises RequestError.
        """
        return self.outline.parsed(self._fields)

    def picture(self, fields: object, limits: ImageLimits, how: str) -> UploadedFile:
        """Raises InputError where it is not in base64, RequestError for other ``fields``."""
        if not isinstance(fields, dict) or fields.keys() - {FILENAME} != {IMAGE}:
            raise RequestError(f"A picture is base64, or an object with '{IMAGE}'. Send {how}")
        if not all(isinstance(field, str) for field in fields.values()):
            raise RequestError(f"'{IMAGE}' and '{FILENAME}' are strings. Send {how}")
        name = self._filename(fields)
        return UploadedFile(name, decoded(self.outline.literal(fields[IMAGE]), limits))

    def picture_or_fault(self, fields: object, limits: ImageLimits) -> UploadedFile:
        """As ``picture``; of what is no picture in base64, why."""
        try:
            return self.picture(fields, limits, SEVERAL)
        except InputError as error:
            error.__context__ = None  # its frames hold megabytes, and so do those of the error
            return UploadedFile(self._filename(fields), b"", error.with_traceback(None))

    def _fields(self, pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        ours = {name.encode(): name for name in (IMAGE, FILENAME, IMAGES)}
        return once_each(
            [
                (ours.get(bytes(self.outline.literal(number)[:_LONGEST_FIELD]), number), each)
                for number, each in pairs
            ]
        )

    def _filename(self, fields: object) -> str:
        number = fields.get(FILENAME) if isinstance(fields, dict) else None
        if not isinstance(number, str):
            return ""
        return plain_name(self.outline.text(number, FILENAME, MAX_NAME))
