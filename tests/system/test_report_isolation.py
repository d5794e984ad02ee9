"""Reports are written where a stranger's header takes nothing down. Real processes."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from builders import brightness_classifier, encoded, film, flat
from dicom_files import dicom_file, shades
from report_faults import ANSWERS
from vistazo.errors import (
    NotReadyError,
    ReportNotNowError,
    ReportsNotInstalledError,
    ReportTooCostlyError,
)
from vistazo.models.process_memory import memory_of
from vistazo.reports import child, installed, writer
from vistazo.reports.writer import ReportPolicy, ReportWriter

pytestmark = pytest.mark.longer

DATA = dicom_file(shades(40, 40, 8))


def write(reports: ReportWriter, title: str = "fine") -> bytes:
    classifier = brightness_classifier(title=title)
    prediction = classifier.classify(encoded(flat(240)))
    return reports.write(DATA, prediction, classifier.card).report.data


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReportWriter]:
    monkeypatch.setattr(child, "_PROGRAM", "report_faults")
    reports = ReportWriter(ReportPolicy(timeout_s=1))
    yield reports
    reports.close()


@pytest.fixture
def real() -> Iterator[ReportWriter]:
    reports = ReportWriter(ReportPolicy())
    yield reports
    reports.close()


@pytest.mark.parametrize("fault", ["die", "rubbish", *sorted(ANSWERS)])
def test_whoever_takes_the_process_over_gets_nowhere_and_the_next_report_is_written(
    faulty: ReportWriter, fault: str
) -> None:
    with pytest.raises(ReportTooCostlyError, match="The log says why"):
        write(faulty, fault)
    assert write(faulty) == b"ok"


@pytest.mark.parametrize("fault", ["hang", "killed"])
def test_who_is_killed_or_waits_for_a_busy_machine_may_try_again(
    faulty: ReportWriter, fault: str
) -> None:
    with pytest.raises(ReportNotNowError, match="Try again later"):
        write(faulty, fault)
    assert write(faulty) == b"ok"


def pid_of(reports: ReportWriter) -> int:
    assert reports._child is not None
    return reports._child.pid


def is_there(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}/stat")  # noqa: PTH110


def test_one_process_writes_report_after_report(real: ReportWriter) -> None:
    write(real)
    pid = pid_of(real)
    write(real)
    assert pid_of(real) == pid
    real.close()
    assert not is_there(pid)


def test_it_ends_after_a_rest_and_another_takes_over(
    monkeypatch: pytest.MonkeyPatch, faulty: ReportWriter
) -> None:
    monkeypatch.setattr(writer, "_REST_S", 0.2)
    write(faulty)
    pid = pid_of(faulty)
    deadline = time.monotonic() + 10
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(pid)
    assert write(faulty) == b"ok"


def test_in_a_small_container_each_report_has_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "_PROGRAM", "report_faults")
    monkeypatch.setattr(writer, "family_own_bytes", lambda: 100_000_000)
    reports = ReportWriter(ReportPolicy(container_bytes=256 << 20))
    for _ in range(3):
        assert write(reports) == b"ok"
        assert not is_there(pid_of(reports))
    reports.close()


def test_without_room_it_is_refused_in_words_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "family_own_bytes", lambda: 190_000_000)
    reports = ReportWriter(ReportPolicy(container_bytes=256 << 20))
    with pytest.raises(ReportNotNowError, match="vistazo report"):
        write(reports)
    assert reports._child is None


def test_it_takes_no_more_memory_than_is_asked_for_it(real: ReportWriter) -> None:
    classifier = brightness_classifier()
    prediction, overlay = classifier.overlay(encoded(film(2_000, 1_600)))
    for _ in range(3):
        real.write(DATA, prediction, classifier.card, overlay)
    assert memory_of(pid_of(real)).own < writer.CHILD_BYTES


def test_several_at_once_wait_for_each_other(faulty: ReportWriter) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(write(faulty))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"ok"] * 8


def test_closing_ends_what_is_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_PROGRAM", "report_faults")
    reports, met = ReportWriter(ReportPolicy(timeout_s=60)), list[Any]()

    def hang() -> None:
        try:
            write(reports, "hang")
        except NotReadyError as error:
            met.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    time.sleep(1)
    reports.close()
    thread.join(10)
    assert len(met) == 1
    with pytest.raises(NotReadyError):
        write(reports)


def test_what_is_not_installed_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "_LIBRARY", "no_such_library")
    with pytest.raises(ReportsNotInstalledError, match=r"vistazo\[reports\].*DICOM_REPORTS=1"):
        write(ReportWriter(ReportPolicy()))
