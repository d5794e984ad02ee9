"""Reports on pictures with every kind of header, checked by the tools of others."""

import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import brightness_classifier
from report_headers import VARIANTS
from vistazo.classifier import Classifier
from vistazo.reports.writer import ReportPolicy, ReportWriter

pytestmark = [
    pytest.mark.longer,
    pytest.mark.skipif(
        not (shutil.which("dciodvfy") and shutil.which("dsrdump")),
        reason="dciodvfy (dicom3tools) and dsrdump (dcmtk) are not installed",
    ),
]

# What dciodvfy remarks that is meant so, or as the header of the picture has it.
_MEANT = (
    "Unrecognized defined term = <99VISTAZO>",  # a scheme of ours has no other name
    "needed to build DICOMDIR",  # empty in the picture, too
    "Retired Person Name form",
    "</Laterality(0020,0060)> - is only permitted to be empty when actually unknown",  # it is
    "Unrecognized defined term = <RFC5646>",
    "Unrecognized defined term = <ISO_IR 192>",
)


@pytest.fixture(scope="module")
def writer() -> Iterator[ReportWriter]:
    found = ReportWriter(ReportPolicy())
    yield found
    found.close()


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    accented = {"notice": "Sólo para investigación. Ñ", "title": "Brillo — prueba"}
    return brightness_classifier(labels=["OSCURO", "ÑANDÚ"], positive="ÑANDÚ", **accented)


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_a_report_and_its_heatmap_are_valid_whatever_the_header_was(
    writer: ReportWriter, classifier: Classifier, variant: str, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what writes and reads such a file
        data = VARIANTS[variant]()
        prediction, overlay = classifier.overlay(data)
    made = writer.write(data, prediction, classifier.card, overlay)
    assert made.heatmap is not None
    for name, file in (("report", made.report), ("heatmap", made.heatmap)):
        path = tmp_path / f"{name}.dcm"
        path.write_bytes(file.data)
        assert unmeant(path) == []
    assert "ÑANDÚ" in dumped(tmp_path / "report.dcm")


def unmeant(path: Path) -> list[str]:
    said = subprocess.run(["dciodvfy", "-new", path], capture_output=True, check=False)  # noqa: S607
    lines = said.stderr.decode().splitlines()
    assert {"ComprehensiveSR", "SCImage"} & set(lines)
    remarks = [line for line in lines if line.startswith(("Error", "Warning"))]
    return [line for line in remarks if not any(words in line for words in _MEANT)]


def dumped(path: Path) -> str:
    said = subprocess.run(["dsrdump", "+Pl", path], capture_output=True, check=True)  # noqa: S607
    assert b"E:" not in said.stderr
    return said.stdout.decode()
