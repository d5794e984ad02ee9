"""Has reports written, one at a time: a stranger's header is parsed where a crash takes nothing
down.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from vistazo.classifier import Prediction
from vistazo.errors import NotReadyError, ReportNotNowError, ReportTooCostlyError
from vistazo.models.card import ModelCard
from vistazo.models.process_memory import family_own_bytes
from vistazo.reports.child import Child, ChildPolicy, DicomFile, NotWrittenError
from vistazo.reports.header import header_of
from vistazo.reports.installed import check_installed
from vistazo.reports.said import Statement
from vistazo.reports.statement import statement
from vistazo.service.small_plan import SMALL_BYTES

log = logging.getLogger(__name__)

# Of a process that writes a report with its heatmap, without what it shares with this one.
CHILD_BYTES = 74_000_000
# A worker that decoded the picture gives memory back once it has rested for a second.
_PATIENCE_S, _LOOK_EVERY_S = 3.0, 0.25
# Of a container: libraries, which are of files, and what is of no process. Measured: in 256 MB, of
# which all took 216 at most while reports with heatmaps were written.
_RESERVE_BYTES = 30_000_000
_REST_S = 30.0
_TRIES = 2
_MB = 1 << 20  # as containers count


@dataclass(frozen=True)
class Report:
    """The structured ``report``, and the ``heatmap`` where there is one."""

    report: DicomFile
    heatmap: DicomFile | None


@dataclass(frozen=True)
class ReportPolicy:
    """``timeout_s`` is the longest for one report, ``container_bytes`` what this process and its
    children may take together: None where nothing says so.
    """

    timeout_s: float = 30.0
    container_bytes: int | None = None

    @property
    def child(self) -> ChildPolicy:
        """In a small container a process for each report: what it holds is wanted by others."""
        small = self.container_bytes is not None and self.container_bytes < SMALL_BYTES
        return ChildPolicy(self.timeout_s, 0.0 if small else _REST_S)


class ReportWriter:
    """Safe to use from several threads at once. Nothing is started before the first report."""

    def __init__(self, policy: ReportPolicy) -> None:
        self._policy = policy
        self._turn = threading.Lock()
        self._child: Child | None = None
        self._is_closed = False

    def write(
        self, data: bytes, prediction: Prediction, card: ModelCard, overlay: bytes | None = None
    ) -> Report:
        """What ``prediction`` says of the picture of a DICOM file, and the ``overlay`` (PNG) of
        what speaks for the predicted class.

        Raises RejectedUploadError where the header does not say whose picture it is and of which
        study, ReportTooCostlyError, ReportsNotInstalledError, ReportNotNowError, and
        NotReadyError once it is closed.
        """
        said = statement(prediction, card)
        report, *heatmap = self._files(data, said, overlay or b"")
        return Report(report, heatmap[0] if heatmap else None)

    def heatmap(
        self,
        data: bytes,
        prediction: Prediction,
        card: ModelCard,
        overlay: bytes,
        label: str | None = None,
    ) -> DicomFile:
        """The ``overlay`` alone, of what speaks for ``label``, else for the predicted class."""
        said = statement(prediction, card, label)
        return self._files(data, said, overlay)[1]

    def _files(self, data: bytes, said: Statement, overlay: bytes) -> list[DicomFile]:
        check_installed()
        parts = (said.as_json(), header_of(data), overlay)
        with self._turn:
            return self._written(parts)

    def close(self) -> None:
        """What is being written raises."""
        self._is_closed = True
        if (child := self._child) is not None:
            child.end()

    def _written(self, parts: tuple[bytes, bytes, bytes]) -> list[DicomFile]:
        """Whoever kills the process costs nobody his report: another one tries."""
        is_of_the_header = False
        for _ in range(_TRIES):
            child = self._ready()
            try:
                return child.written(parts)
            except NotWrittenError as error:
                self._refuse_where_closed()
                is_of_the_header = error.is_of_the_header
                log.warning("a report was not written", extra={"reason": str(error)})
        raise _not_written(is_of_the_header=is_of_the_header)

    def _ready(self) -> Child:
        """Raises ReportNotNowError, NotReadyError."""
        self._refuse_where_closed()
        if self._child is None or not self._child.takes_a_report():
            self._refuse_without_room()
            self._child = Child(self._policy.child)
        return self._child

    def _refuse_where_closed(self) -> None:
        if self._is_closed:
            raise NotReadyError("The service is shutting down.")

    def _refuse_without_room(self) -> None:
        """Before the system ends one of its processes, perhaps the one that answers."""
        most = self._policy.container_bytes
        if most is None:
            return
        deadline_s = time.monotonic() + _PATIENCE_S
        while (left := most - family_own_bytes() - _RESERVE_BYTES) < CHILD_BYTES:
            if time.monotonic() >= deadline_s:
                raise ReportNotNowError(_no_room(left, most))
            time.sleep(_LOOK_EVERY_S)
            self._refuse_where_closed()


def _not_written(*, is_of_the_header: bool) -> ReportTooCostlyError | ReportNotNowError:
    if is_of_the_header:
        return ReportTooCostlyError(
            "No report could be written of this picture's header: it takes more time or memory "
            "than one may, or cannot be read. The log says why."
        )
    return ReportNotNowError(
        "No report could be written now: the process that writes it was ended, or none could be "
        "had. The log says why. Try again later."
    )


def _no_room(left: int, most: int) -> str:
    return (
        f"A report as DICOM takes {CHILD_BYTES / _MB:.0f} MB, and {max(0, left) / _MB:.0f} MB are "
        f"left of the container's {most / _MB:.0f} MB. Try again when less is asked of it, give it "
        "more memory, or write reports elsewhere: vistazo report."
    )
