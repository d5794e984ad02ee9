"""POST /v2/models/{name}/infer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from vistazo.api.asked import Asked, UploadPolicy
from vistazo.api.protocols.admitted import answer_to
from vistazo.api.protocols.answering import jobs_of_tensors
from vistazo.api.protocols.compressed_body import accepted_encoding
from vistazo.api.protocols.given_answer import Evidence, GivenAnswer
from vistazo.api.protocols.inference_request import MostHeld, WantedOutput, read_request
from vistazo.api.protocols.inference_response import HEADER_LENGTH, inference_response
from vistazo.api.protocols.outputs import is_evidence, tensor_of, wanted_of
from vistazo.api.protocols.question import Question
from vistazo.classifier import Classifier
from vistazo.errors import RequestError
from vistazo.loading import AnyClassifier
from vistazo.service import telemetry

_LONGEST_LENGTH = 12  # digits
_FEW_NUMBERS = 100  # are written at once: for a further turn more time would be waited
_MOST_COLUMNS = 1_000  # each with its names: wider rows are one tensor


async def infer(request: Request) -> Response:
    """Raises InputError where one of its elements cannot be classified, and RequestError."""
    asked, request_id = Asked.of(request), telemetry.request_id.get() or ""
    length, encoding = _header_length(request.headers), accepted_encoding(request.headers)
    return await answer_to(asked, _Reading(asked, length, encoding, request_id).question)


def _header_length(headers: Headers) -> int | None:
    """Raises RequestError."""
    sent = headers.getlist(HEADER_LENGTH)
    if not sent:
        return None
    if len(sent) > 1:
        raise RequestError(f"{HEADER_LENGTH} comes twice: send it once.")
    if not (sent[0].isascii() and sent[0].isdigit() and len(sent[0]) <= _LONGEST_LENGTH):
        raise RequestError(f"{HEADER_LENGTH} is no number of bytes.")
    return int(sent[0])


# ---- in a worker


@dataclass(frozen=True)
class _Reading:
    """``encoding`` is that of the answer."""

    asked: Asked
    header_length: int | None
    encoding: str
    request_id: str

    def question(self, body: bytes, served: AnyClassifier) -> Question:
        said = read_request(body, self.header_length, _most_held(self.asked.policy, served))
        served.check_label(said.label)
        wanted = wanted_of(said, served)
        evidence = Evidence(any(is_evidence(each.name) for each in wanted), said.label)
        jobs = jobs_of_tensors(said.tensors, self.asked, served, evidence)
        its_id = self.request_id if said.id is None else said.id
        write = partial(self._written, served, its_id, wanted)
        is_short = len(jobs) * len(served.card.labels) * len(wanted) <= _FEW_NUMBERS
        is_further_look = evidence.is_wanted and said.label is not None
        return Question(jobs, write, is_short and not evidence.is_wanted, is_further_look)

    def _written(
        self,
        served: AnyClassifier,
        its_id: str,
        wanted: Sequence[WantedOutput],
        answers: Sequence[GivenAnswer],
    ) -> Response:
        labels, document = served.card.labels, _document(served, answers, its_id)
        tensors = [(tensor_of(each, answers, labels), each.is_binary) for each in wanted]
        return inference_response(document, tensors, self.encoding)


def _document(served: AnyClassifier, answers: Sequence[GivenAnswer], its_id: str) -> dict[str, Any]:
    """Reasons to doubt an answer are told whether or not the output 'warnings' is asked for."""
    warnings = sorted({warning for answer in answers for warning in answer.warnings})
    return {
        "model_name": served.card.name,
        "model_version": served.card.version,
        "id": its_id,
        **({"parameters": {"warnings": ",".join(warnings)}} if warnings else {}),
    }


def _most_held(policy: UploadPolicy, served: AnyClassifier) -> MostHeld:
    if isinstance(served, Classifier):
        return MostHeld(policy.max_batch_files)
    n_columns = min(served.n_features, _MOST_COLUMNS) if served.takes == "rows" else 1
    return MostHeld(policy.sample_limits.max_samples, n_columns)
