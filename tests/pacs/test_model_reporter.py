"""What strangers send is read where a crash takes nothing down: it is refused, or reported on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import BrightnessEngine, brightness_classifier, card
from dicom_files import CANARY, OTHERS, dicom_file, shades
from vistazo.pacs.model_reporter import ModelReporter
from vistazo.pacs.patience import Patience
from vistazo.pacs.reporting import Reporting
from vistazo.pacs.spool import Spool
from vistazo.pictures import ImageLimits
from vistazo.reports.writer import ReportPolicy, ReportWriter
from vistazo.service.isolation.pool import IsolatedReader, IsolationPolicy

pytestmark = pytest.mark.longer
_UID = "1.2.826.0.1.3680043.8.498.79.1"


@pytest.fixture(scope="module")
def reporter() -> Iterator[ModelReporter]:
    reader = IsolatedReader(ImageLimits(10_000_000, 25_000_000), IsolationPolicy(1, 30.0))
    writer = ReportWriter(ReportPolicy())
    classifier = brightness_classifier(BrightnessEngine(of=card(), maps=True), reader)
    yield ModelReporter(classifier, writer)
    writer.close()
    reader.close()


def become(spool: Spool, reporter: ModelReporter, data: bytes, uid: str) -> str:
    """What becomes of it: a state."""
    path = spool.incoming / "a.part"
    path.write_bytes(data)
    spool.keep(path, uid)
    reporting = Reporting(spool, reporter, Patience(first_s=0.0))
    while reporting.report_next():
        pass
    entry = spool.ledger.entry(spool.ledger.key_of(uid))
    assert entry is not None
    return entry.state


def test_an_x_ray_gets_the_same_report_each_time_it_is_made(
    spool: Spool, reporter: ModelReporter
) -> None:
    data = dicom_file(shades(64, 48, 12), bits_stored=12, SOPInstanceUID=_UID)
    once, again = reporter.report(data), reporter.report(data)
    assert once.uid == _UID
    assert [made.uid for made in once.files] == [made.uid for made in again.files]
    assert len(once.files) == 2
    assert become(spool, reporter, data, _UID) == "reported"
    assert become(spool, reporter, data, _UID + ".1") == "refused"


def test_without_a_heatmap_the_report_is_the_same(reporter: ModelReporter) -> None:
    data = dicom_file(shades(64, 48, 12), bits_stored=12, SOPInstanceUID=_UID)
    [alone] = replace(reporter, with_heatmap=False).report(data).files
    assert alone.uid == reporter.report(data).files[0].uid


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_no_x_ray_of_ours_is_refused_by_its_rule(
    spool: Spool, reporter: ModelReporter, name: str
) -> None:
    state = become(spool, reporter, OTHERS[name](), "1.2.3")
    assert state == "refused"
    [(rule, _)] = spool.ledger.reasons("refused")
    assert CANARY not in rule


def test_hostile_data_sets_are_refused_and_never_given_up(
    spool: Spool, reporter: ModelReporter, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    whole = dicom_file(shades(64, 48, 12), bits_stored=12, SOPInstanceUID=_UID)
    for seed in range(40):
        rng, data = random.Random(seed), bytearray(whole)  # noqa: S311
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(200, 1_500)] = rng.randrange(256)
        cut = rng.choice((len(data), len(data), rng.randrange(140, len(data))))
        become(spool, reporter, bytes(data[:cut]), f"1.2.{seed}")
    become(spool, reporter, b"", "1.3")
    become(spool, reporter, whole[:132] + b"\xff" * 1_000_000, "1.4")
    counts = spool.ledger.counts()
    assert counts["failed"] == counts["waiting"] == 0
    assert counts["refused"] > 5
    assert CANARY not in caplog.text
