"""The fields of JSON with pictures, and how many there may be of these."""

from __future__ import annotations

from vistazo.errors import TooManyFilesError

IMAGE, FILENAME, IMAGES = "image", "filename", "images"
MAX_NAME = 1_000
ONE = '{"image": "...base64..."}, with a "filename" if you like.'
SEVERAL = '{"images": ["...base64...", {"image": "...base64...", "filename": "b.jpeg"}]}.'


def only_one() -> TooManyFilesError:
    return TooManyFilesError("Send one picture here, or several to /predict/batch.")


def too_many(max_files: int) -> TooManyFilesError:
    return TooManyFilesError(
        f"More than {max_files} pictures, the most in one batch. Send them in several."
    )
