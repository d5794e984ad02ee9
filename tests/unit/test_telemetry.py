import logging

import pytest

from vistazo.service.telemetry import Seldom


def test_a_line_that_comes_again_and_again_is_let_through_seldom_with_how_many_were_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def line(number: int) -> logging.LogRecord:
        return logging.makeLogRecord({"msg": "closed", "lineno": number})

    now = [100.0]
    monkeypatch.setattr("vistazo.service.telemetry.time.monotonic", lambda: now[0])
    seldom = Seldom()
    passed = [seldom.filter(line(1)) for _ in range(1000)]
    assert passed == [True] + [False] * 999
    assert seldom.filter(line(2))  # another line
    now[0] += 11
    again = line(1)
    assert seldom.filter(again)
    assert vars(again)["left_out"] == 999
