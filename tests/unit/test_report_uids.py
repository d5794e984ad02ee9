"""The same picture and the same model have the same identifiers for ever."""

from hypothesis import given
from hypothesis import strategies as st

from vistazo.reports.said import SaidModel
from vistazo.reports.uids import device_uid, report_uid, series_uid, tracking_uid

MODEL = SaidModel("pneumonia", "1.0.0", "ab" * 32)


def test_they_never_change() -> None:
    """Archives hold them already: another recipe would double every report."""
    assert report_uid("1.2.3", MODEL, "report") == REPORT
    assert report_uid("1.2.3", MODEL, "heatmap") == HEATMAP
    assert series_uid("1.2.3", MODEL, "report") == SERIES


REPORT = "2.25.241768475557839463455883076668282279637"
HEATMAP = "2.25.114318501609054919427876440347177978038"
SERIES = "2.25.295347383943666536902773224415344810967"


@given(st.text("0123456789.", min_size=1, max_size=64))
def test_whatever_is_another_has_another(source: str) -> None:
    other = SaidModel("pneumonia", "1.0.1", "ab" * 32)
    weights = SaidModel("pneumonia", "1.0.0", "cd" * 32)
    found = {
        report_uid(source, MODEL, "report"),
        report_uid(source, MODEL, "heatmap"),
        report_uid(source, MODEL, "heatmap", "NORMAL"),
        report_uid(source, other, "report"),
        report_uid(source, weights, "report"),
        report_uid(source + "0", MODEL, "report"),
        series_uid(source, MODEL, "report"),
        tracking_uid(source, MODEL, ""),
        device_uid(MODEL),
    }
    assert len(found) == 9
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in found)
