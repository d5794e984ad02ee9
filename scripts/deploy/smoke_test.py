"""Does a running service work? Ready, one prediction, the expected model."""

from __future__ import annotations

import math
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from calls import Answer, Caller, DeploymentError
from pictures import form

SUM_TOLERANCE = 1e-3


class SmokeTestError(DeploymentError):
    """The service is not what it should be."""


@dataclass(frozen=True)
class Expectation:
    """``model_sha256`` None accepts any model."""

    model_sha256: str | None
    film: bytes
    timeout_s: float


def smoke_test(caller: Caller, url: str, expected: Expectation, say: Callable[[str], None]) -> None:
    """Try until the service passes. Raises SmokeTestError with the fault that stayed.

    A fault may pass: a small instance takes a while to start, and for a moment after a deploy the
    router still asks the earlier one.
    """
    started = time.monotonic()
    told = ""
    while (fault := _fault(caller, url, expected)) is not None:
        passed_s = time.monotonic() - started
        if passed_s + caller.pace.poll_s > expected.timeout_s:
            raise SmokeTestError(f"The service fails its test: {fault} (for {passed_s:.0f} s).")
        if fault != told:
            say(f"  not yet: {fault}")
            told = fault
        time.sleep(caller.pace.poll_s)
    say(f"The service passes its test after {time.monotonic() - started:.0f} s.")


def _fault(caller: Caller, url: str, expected: Expectation) -> str | None:
    """What is wrong, in words; None for nothing."""
    ready = caller.call_once(urllib.request.Request(f"{url}/health/ready"))  # noqa: S310
    if not isinstance(ready, Answer):
        return ready
    if ready.status != 200:
        return f"/health/ready answers {ready.status}"
    answer = caller.call_once(_prediction(url, expected.film))
    if not isinstance(answer, Answer):
        return f"/predict: {answer}"
    if answer.status != 200:
        return f"/predict answers {answer.status}"
    return _fault_of_prediction(answer.json(), expected.model_sha256)


def _fault_of_prediction(document: object, model_sha256: str | None) -> str | None:
    try:
        probabilities = document["predictions"]  # type: ignore[index]
        label = document["predicted_class"]  # type: ignore[index]
        sha256 = document["model"]["sha256"]  # type: ignore[index]
        total = math.fsum(probabilities)
    except (KeyError, TypeError):
        return "/predict answers something that is no prediction"
    if not label or not abs(total - 1) < SUM_TOLERANCE:
        return f"the probabilities of /predict add up to {total}"
    if model_sha256 is not None and sha256 != model_sha256:
        return f"the model has sha256 {str(sha256)[:64]}, expected {model_sha256}"
    return None


def _prediction(url: str, film: bytes) -> urllib.request.Request:
    boundary = uuid.uuid4().hex
    return urllib.request.Request(  # noqa: S310 - the scheme is checked
        f"{url}/predict",
        data=form(boundary, film),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        method="POST",
    )
