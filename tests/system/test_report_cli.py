"""``vistazo report``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest

from builders import encoded, film, write_brightness_model
from dicom_files import dicom_file, shades
from vistazo.reports import installed

Vistazo = Callable[..., Any]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "study" / "more").mkdir(parents=True)
    for number in (1, 2):
        data = dicom_file(shades(64, 48, 8), SOPInstanceUID=f"1.2.{number}")
        (tmp_path / "study" / f"{number}.dcm").write_bytes(data)
    for copy in "abcdef":
        (tmp_path / "study" / f"{copy}.dcm").write_bytes(data)
    other = dicom_file(shades(48, 64, 8), SOPInstanceUID="1.2.1")
    (tmp_path / "other.dcm").write_bytes(other)
    lost = dicom_file(shades(64, 48, 8), StudyInstanceUID=None)
    (tmp_path / "study" / "more" / "lost.dcm").write_bytes(lost)
    (tmp_path / "film.png").write_bytes(encoded(film(400, 300)))
    write_brightness_model(tmp_path / "mine.keras")
    return tmp_path


@pytest.mark.longer
def test_each_picture_has_a_report_and_a_heatmap_and_what_has_none_is_named(
    study: Path, vistazo: Vistazo
) -> None:
    asked = ("report", "--model", "mine.keras")
    done = vistazo(*asked, "study", "film.png", "out", cwd=study)
    assert done.returncode == 1
    assert "Study Instance UID (0020,000D)" in done.stderr
    assert "film.png: no report. It is no DICOM file" in done.stderr
    files = {path: pydicom.dcmread(path) for path in (study / "out").iterdir()}
    assert sorted(file.Modality for file in files.values()) == ["OT", "OT", "SR", "SR"]
    assert all(path.name == f"{file.SOPInstanceUID}.dcm" for path, file in files.items())
    both = vistazo(*asked, "study/1.dcm", "other.dcm", "study/2.dcm", "out", cwd=study)
    assert both.returncode == 1
    assert "It has the SOP Instance UID of" in both.stderr
    second = vistazo(*asked, "--frame", "2", "study/1.dcm", "out", cwd=study)
    assert second.returncode == 1
    assert "1.dcm: no report. The DICOM file has one frame, and no frame 2" in second.stderr
    again = vistazo(*asked, "--no-recursive", "--no-heatmap", "study", "out", cwd=study)
    assert again.returncode == 0
    assert {*(study / "out").iterdir()} == {*files}
    assert again.stdout.count(".dcm: ") == 8


def test_mistakes_are_told_in_words(
    study: Path, vistazo: Vistazo, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = vistazo("report", "study", cwd=study)
    assert alone.returncode == 2
    assert "last the folder for the reports" in alone.stderr
    taken = vistazo("report", "study", "film.png", cwd=study)
    assert taken.returncode == 2
    assert "film.png cannot be the folder" in taken.stderr
    monkeypatch.setattr(installed, "_LIBRARY", "no_such_library")
    without = vistazo("report", "study", "out", cwd=study)
    assert without.returncode == 2
    assert "vistazo[reports]" in without.stderr
    assert not (study / "out").exists()
