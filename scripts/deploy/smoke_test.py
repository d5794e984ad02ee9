"""Does a running service work, whatever its model? Ready, one prediction, the expected model."""

from __future__ import annotations

import math
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from calls import Answer, Caller, DeploymentError
from samples import Sample, sample_for

SUM_TOLERANCE = 1e-3
UNLIKE_ITS_SAMPLES = "in_distribution"


class SmokeTestError(DeploymentError):
    """The service is not what it should be."""


@dataclass(frozen=True)
class Expectation:
    """``model_sha256`` None accepts any model; ``picture`` None has a sample made. ``key`` is sent
    to a service that wants one.
    """

    model_sha256: str | None
    picture: bytes | None
    timeout_s: float
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Service:
    url: str
    key: str = field(repr=False)

    def request(self, path: str, sample: Sample | None) -> urllib.request.Request:
        """To send ``sample``, or where there is none to read."""
        data = None if sample is None else sample.body
        request = urllib.request.Request(self.url + path, data)  # noqa: S310 - it is checked
        if sample is not None:
            request.add_header("Content-Type", sample.content_type)
        if self.key and not path.startswith("/health/"):
            request.add_header("Authorization", f"Bearer {self.key}")
        return request


@dataclass(frozen=True)
class ServedModel:
    """A made sample that it takes, and of its numbers whether they add up to one."""

    sha256: str
    sample: Sample
    adds_up: bool


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


class _FaultError(Exception):
    """What is wrong, in words."""


def _fault(caller: Caller, url: str, expected: Expectation) -> str | None:
    """What is wrong, in words; None for nothing."""
    service = Service(url, expected.key)
    try:
        _ask(caller, service, "/health/ready")
        model = _served_model(_ask(caller, service, "/model"), expected.picture)
        sha256 = _sha256_of_answer(caller, service, model, expected)
    except _FaultError as fault:
        return str(fault)
    if expected.model_sha256 not in {None, sha256}:
        return f"the model has sha256 {sha256[:64]}, expected {expected.model_sha256}"
    return None


def _ask(
    caller: Caller, service: Service, path: str, sample: Sample | None = None, may_be: int = 200
) -> Answer:
    """An answer with status 200, or ``may_be``. Raises _FaultError."""
    answer = caller.call_once(service.request(path, sample))
    if not isinstance(answer, Answer):
        raise _FaultError(f"{path}: {answer}")
    if answer.status not in {200, may_be}:
        why = "; set SERVICE_KEY" if answer.status == 401 and not service.key else ""
        raise _FaultError(f"{path} answers {answer.status}{_reason(answer)}{why}")
    return answer


def _served_model(answer: Answer, picture: bytes | None) -> ServedModel:
    document: Any = answer.json()
    try:
        adds_up = document["card"]["output"].get("kind") != "multilabel"
        return ServedModel(str(document["sha256"]), sample_for(document, picture), adds_up)
    except (KeyError, TypeError, ValueError):
        raise _FaultError("/model answers something that is no card") from None


def _sha256_of_answer(
    caller: Caller, service: Service, model: ServedModel, expected: Expectation
) -> str:
    """Of the model that answered. Raises _FaultError where none did, or not as it should."""
    answer = _ask(caller, service, "/predict", model.sample, may_be=422)
    if answer.status == 200:
        return _sha256_of_prediction(answer.json(), adds_up=model.adds_up)
    if expected.picture is None and _is_of_no_kind(answer):
        return model.sha256
    raise _FaultError(f"/predict answers {answer.status}{_reason(answer)}")


def _sha256_of_prediction(document: Any, *, adds_up: bool) -> str:
    try:
        if "scores" in document:  # decision values, of an estimator without probabilities
            return str(document["model"]["sha256"])
        probabilities = document["predictions"]
        label = document["predicted_class"]
        sha256 = str(document["model"]["sha256"])
        total = math.fsum(probabilities)
    except (KeyError, TypeError):
        raise _FaultError("/predict answers something that is no prediction") from None
    are_sound = all(0 <= probability <= 1 + SUM_TOLERANCE for probability in probabilities)
    if not label or not are_sound or (adds_up and not abs(total - 1) < SUM_TOLERANCE):
        raise _FaultError(f"the probabilities of /predict add up to {total}")
    return sha256


def _is_of_no_kind(answer: Answer) -> bool:
    """A made sample is none of those of training, and the service is right to say so: with
    OUT_OF_DISTRIBUTION=reject, which looks at what the model has made of it, or of a made row.
    """
    document: Any = answer.json()
    code = document.get("code") if isinstance(document, dict) else None
    return _rules_broken(answer) == {UNLIKE_ITS_SAMPLES} or code == "bad_sample"


def _rules_broken(answer: Answer) -> set[str]:
    document: Any = answer.json()
    try:
        return {str(fault["rule"]) for fault in document["errors"]}
    except (KeyError, TypeError):
        return set()


def _reason(answer: Answer) -> str:
    """Out of a problem document: its code, and which rules the picture broke."""
    document = answer.json()
    code = document.get("code") if isinstance(document, dict) else None
    return f" ({', '.join([str(code)[:64], *sorted(_rules_broken(answer))])})" if code else ""
