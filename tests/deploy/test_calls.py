"""Waiting and trying again."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from email.utils import formatdate

import pytest
from calls import Answer, Caller, NoAnswerError, Pace
from render_stand_in import Fault, RenderStandIn


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def waits(render: RenderStandIn, pace: Pace, faults: list[Fault]) -> list[float]:
    """What a call waits for between its attempts, seconds."""
    render.faults = faults
    slept: list[float] = []
    caller = Caller(pace, lambda _: None, slept.append)
    caller.call("a test", urllib.request.Request(f"{render.url}/service/health/ready"))  # noqa: S310
    return slept


def test_waits_double_up_to_the_longest_and_are_spread(render: RenderStandIn) -> None:
    pace = Pace(call_s=5, first_wait_s=1, longest_wait_s=5, attempts=6)
    slept = waits(render, pace, [Fault(503)] * 5)
    for longest, wait in zip([1, 2, 4, 5, 5], slept, strict=True):
        assert longest / 2 <= wait <= longest
    assert len(set(slept)) == 5


@pytest.mark.parametrize(
    ("name", "value", "wait_s"),
    [
        ("Retry-After", lambda: "7", 7),
        ("Retry-After", lambda: "500", 60),
        ("Retry-After", lambda: formatdate(time.time() + 20, usegmt=True), 20),
        ("Ratelimit-Reset", lambda: "9", 9),
        ("Ratelimit-Reset", lambda: str(int(time.time()) + 30), 30),
    ],
    ids=["seconds", "longer than we wait", "date", "Render's seconds", "Render's epoch seconds"],
)
def test_the_wait_that_the_server_asks_for_is_kept(
    name: str, value: Callable[[], str], wait_s: float, render: RenderStandIn
) -> None:
    [slept] = waits(render, Pace(call_s=5), [Fault(429, {name: value()})])
    assert slept == pytest.approx(wait_s, abs=3)


@pytest.mark.parametrize("asked", ["", "soon", "-5", "²"])
def test_a_wait_that_makes_no_sense_is_replaced_by_our_own(
    asked: str, render: RenderStandIn
) -> None:
    answer = Answer(429, b"", {"Retry-After": asked})
    assert Caller(Pace(), lambda _: None)._wait_s(answer, 1) <= 1


def test_nobody_there_is_told_after_the_last_attempt() -> None:
    caller = Caller(Pace(call_s=1, attempts=3), lambda _: None, lambda _: None)
    with pytest.raises(NoAnswerError, match="3 times"):
        caller.call("a test", urllib.request.Request("http://127.0.0.1:9/"))


def test_an_answer_that_is_no_passing_fault_is_not_asked_for_again(render: RenderStandIn) -> None:
    assert waits(render, Pace(), [Fault(404)]) == []
