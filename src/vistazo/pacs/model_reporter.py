"""The model's answer to an X-ray, as a report and a picture of its heatmap."""

from __future__ import annotations

from dataclasses import dataclass

from vistazo.classifier import Classifier, Prediction
from vistazo.errors import UnsupportedFormatError
from vistazo.pacs.reporting import Reported
from vistazo.pacs.spool import Made
from vistazo.reports.writer import ReportWriter


@dataclass(frozen=True)
class ModelReporter:
    classifier: Classifier
    writer: ReportWriter
    with_heatmap: bool = True

    def report(self, data: bytes) -> Reported:
        """The report first. Raises InputError."""
        prediction, overlay = self._predicted(data)
        if prediction.radiograph is None:
            raise UnsupportedFormatError("What was sent is no DICOM file.")
        report = self.writer.write(data, prediction, self.classifier.card, overlay)
        files = [file for file in (report.report, report.heatmap) if file is not None]
        made = tuple(Made(file.uid, file.data) for file in files)
        return Reported(prediction.radiograph.uid, made)

    def _predicted(self, data: bytes) -> tuple[Prediction, bytes | None]:
        if self.with_heatmap:
            return self.classifier.overlay(data)
        return self.classifier.classify(data), None
