"""Answers as DICOM, where ``Accept`` asks for them: a report of a picture, a heatmap over it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

from vistazo.api.answering import Answering
from vistazo.api.asked import Asked
from vistazo.api.media import DICOM
from vistazo.api.uploaded_file import UploadedFile
from vistazo.classifier import Prediction
from vistazo.errors import DicomNeededError, RequestError
from vistazo.pictures.formats import format_of
from vistazo.reports.installed import check_installed
from vistazo.service.small_plan import memory_limit_bytes

if TYPE_CHECKING:
    from vistazo.reports.child import DicomFile
    from vistazo.reports.writer import ReportWriter


class Reports:
    """Who writes them; nothing is loaded before the first. Safe to use from several threads."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._writer: ReportWriter | None = None

    def writer(self) -> ReportWriter:
        with self._lock:
            if self._writer is None:
                # Only here: most services are never asked for one.
                from vistazo.reports.writer import ReportPolicy, ReportWriter

                self._writer = ReportWriter(ReportPolicy(self._timeout_s, memory_limit_bytes()))
            return self._writer

    def close(self) -> None:
        with self._lock:
            if self._writer is not None:
                self._writer.close()


async def report(asked: Asked, *, with_more: bool) -> Response:
    """What the model says of a picture. ``with_more``: than a report holds.

    Raises RequestError, ReportsNotInstalledError, and as ``Answering.classified``.
    """
    if with_more:
        raise RequestError(
            "A report as DICOM holds neither a heatmap nor what the model saw. The heatmap is a "
            "file of its own: POST /explain, with Accept: application/dicom."
        )
    return await _written(asked, lambda writing: writing.report)


async def heatmap(asked: Asked, label: str | None) -> Response:
    """What speaks for ``label``, by default the predicted class, over the picture.

    Raises as ``report``, and UnknownLabelError.
    """
    return await _written(asked, lambda writing: partial(writing.heatmap, label))


@dataclass(frozen=True)
class _Written:
    """``kept`` is what records are given of the picture."""

    prediction: Prediction
    kept: bytes | None
    file: DicomFile


@dataclass(frozen=True)
class _Writing:
    """Of one file. In a worker."""

    answering: Answering
    file: UploadedFile
    reports: Reports

    def report(self) -> _Written:
        classifier, observation = self.answering.classifier, self.answering.observation
        prediction = classifier.classify(self.file.data, observation)
        report = self.reports.writer().write(self.file.data, prediction, classifier.card).report
        return self._written(prediction, report)

    def heatmap(self, label: str | None) -> _Written:
        classifier, observation = self.answering.classifier, self.answering.observation
        data = self.file.data
        prediction, png = classifier.overlay(data, label, observation)
        writer = self.reports.writer()
        made = writer.heatmap(data, prediction, classifier.card, png, label)
        return self._written(prediction, made)

    def _written(self, prediction: Prediction, made: DicomFile) -> _Written:
        return _Written(prediction, self.answering.kept(self.file, prediction), made)


async def _written(asked: Asked, which: Callable[[_Writing], Callable[[], _Written]]) -> Response:
    check_installed()
    async with asked.picture() as (file, answering):
        if format_of(file.data) != "dicom":
            raise DicomNeededError(
                "A report as DICOM is of a DICOM file: it belongs to the study that the file's "
                "header names. For this picture ask for JSON, with Accept: application/json."
            )
        writing = _Writing(answering, file, asked.request.app.state.reports)
        place, observation = answering.place, answering.observation
        found = await asked.answer(place.run(which(writing), observation))
        labels = answering.classifier.card.labels
        observation.predicted(found.prediction, labels, picture=found.kept)
    name = f'attachment; filename="{found.file.uid}.dcm"'
    return Response(found.file.data, media_type=DICOM, headers={"Content-Disposition": name})
