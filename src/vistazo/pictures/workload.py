"""What decoding the pictures of one batch may take together.

One by one each is accepted; sixteen that are large and empty are a few bytes to send.
"""

from __future__ import annotations

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.decode import ImageLimits, work_of


class Workload:
    """Of one batch. Used for one picture after the other."""

    def __init__(self, limits: ImageLimits) -> None:
        self._left = limits.max_batch_work

    def charge(self, data: bytes) -> None:
        """Before the picture is decoded. Raises RejectedUploadError where it would be too much."""
        work = work_of(data)
        if work > self._left:
            detail = (
                "The pictures of this batch would take too long to decode together. Send this one "
                "in another batch."
            )
            raise RejectedUploadError([BrokenRule("max_batch_work", detail)])
        self._left -= work
