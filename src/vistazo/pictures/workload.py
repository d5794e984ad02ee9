"""What decoding the pictures of one batch may take together.

One by one each is accepted; sixteen that are large and empty are a few bytes to send.
"""

from __future__ import annotations

import threading

from vistazo.errors import BrokenRule, RejectedUploadError
from vistazo.pictures.decode import ImageLimits, work_of


class Workload:
    """Of one batch, whose pictures are worked on in several threads, begun in their order: of each
    the ``frame`` as in ``open_image``.
    """

    def __init__(self, limits: ImageLimits, frame: int | None = None) -> None:
        self._frame = frame
        self._left = limits.max_batch_work
        self._charged = 0
        self._changed = threading.Condition()

    def charge(self, number: int, data: bytes) -> None:
        """Before the picture of this number, from 0, is decoded. Waits until those before it are
        charged: which is one too many must not be chance. Raises RejectedUploadError for it.
        """
        work = 0
        try:
            work = work_of(data, self._frame)
        finally:  # whatever happens to it, those behind must not wait for ever
            is_too_much = self._is_too_much(number, work)
        if is_too_much:
            detail = (
                "The pictures of this batch would take too long to decode together. Send this one "
                "in another batch."
            )
            raise RejectedUploadError([BrokenRule("max_batch_work", detail)])

    def _is_too_much(self, number: int, work: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._charged == number)
            is_too_much = work > self._left
            self._left -= 0 if is_too_much else work
            self._charged += 1
            self._changed.notify_all()
            return is_too_much
