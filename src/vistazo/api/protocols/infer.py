"""POST /v2/models/{name}/infer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from vistazo.api.asked import Asked, UploadPolicy
from vistazo.api.protocols.admitted import admitted
from vistazo.api.protocols.answering import Answering, Evidence, answering_tensors
from vistazo.api.protocols.compressed_body import accepted_encoding
from vistazo.api.protocols.given_answer import GivenAnswer
from vistazo.api.protocols.inference_request import MostHeld, WantedOutput, read_request
from vistazo.api.protocols.inference_response import HEADER_LENGTH, inference_response
from vistazo.api.protocols.outputs import is_evidence, tensor_of, wanted_of
from vistazo.classifier import Classifier
from vistazo.errors import RequestError
from vistazo.loading import AnyClassifier
from vistazo.service import telemetry

_LONGEST_LENGTH = 12  # digits
_MOST_COLUMNS = 1_000  # each with its names: wider rows are one tensor


@dataclass(frozen=True)
class _Sent:
    """``is_further_look``: as of an observation."""

    id: str | None
    wanted: tuple[WantedOutput, ...]
    answering: Answering
    is_further_look: bool

    @property
    def has_evidence(self) -> bool:
        return any(is_evidence(each.name) for each in self.wanted)


async def infer(request: Request) -> Response:
    """Raises InputError where one of its elements cannot be classified, and RequestError."""
    asked = Asked.of(request)
    read = partial(_read, asked.policy, _header_length(request.headers))
    async with admitted(asked, read) as (found, sent):
        asked.observation.is_further_look = sent.is_further_look
        answers = await asked.answer(sent.answering(found))
        request_id = telemetry.request_id.get() or ""
        document = _document(found.served, answers, request_id if sent.id is None else sent.id)
        encoding, labels = accepted_encoding(request.headers), found.served.card.labels
        job = partial(_written, document, sent, answers, labels, encoding)
        if sent.has_evidence:
            return await found.run(job)
        return await found.written(job, len(answers) * len(labels) * len(sent.wanted))


def _header_length(headers: Headers) -> int | None:
    """Raises RequestError."""
    each = headers.getlist(HEADER_LENGTH)
    if not each:
        return None
    if len(each) > 1:  # whoever looked before us may have taken the other
        raise RequestError(f"{HEADER_LENGTH} comes {len(each)} times: send it once.")
    sent = each[0]
    if not (sent.isascii() and sent.isdigit() and len(sent) <= _LONGEST_LENGTH):
        raise RequestError(f"{HEADER_LENGTH} is no number of bytes.")
    return int(sent)


def _document(served: AnyClassifier, answers: list[GivenAnswer], its_id: str) -> dict[str, Any]:
    """Reasons to doubt an answer are told whether or not the output 'warnings' is asked for."""
    warnings = sorted({warning for answer in answers for warning in answer.warnings})
    return {
        "model_name": served.card.name,
        "model_version": served.card.version,
        "id": its_id,
        **({"parameters": {"warnings": ",".join(warnings)}} if warnings else {}),
    }


# ---- in a worker


def _read(
    policy: UploadPolicy, header_length: int | None, body: bytes, served: AnyClassifier
) -> _Sent:
    asked = read_request(body, header_length, _most_held(policy, served))
    served.check_label(asked.label)
    wanted = wanted_of(asked, served)
    evidence = Evidence(any(is_evidence(each.name) for each in wanted), asked.label)
    answering = answering_tensors(asked.tensors, served, policy, evidence)
    is_further_look = evidence.is_wanted and asked.label is not None
    return _Sent(asked.id, wanted, answering, is_further_look)


def _most_held(policy: UploadPolicy, served: AnyClassifier) -> MostHeld:
    if isinstance(served, Classifier):
        return MostHeld(policy.max_batch_files)
    n_columns = min(served.n_features, _MOST_COLUMNS) if served.takes == "rows" else 1
    return MostHeld(policy.sample_limits.max_samples, n_columns)


def _written(
    document: dict[str, Any],
    sent: _Sent,
    answers: list[GivenAnswer],
    labels: tuple[str, ...],
    encoding: str,
) -> Response:
    tensors = [(tensor_of(each, answers, labels), each.is_binary) for each in sent.wanted]
    return inference_response(document, tensors, encoding)
