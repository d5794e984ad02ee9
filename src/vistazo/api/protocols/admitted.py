"""The way of a request of a protocol to its place, as that of /predict."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from starlette.responses import Response

from vistazo.api import media
from vistazo.api.asked import Asked
from vistazo.api.callers import caller_of
from vistazo.api.protocols.address import asked_address
from vistazo.api.protocols.compressed_body import decompressed, encoding_of
from vistazo.api.protocols.served_model import check_address, served_model
from vistazo.classifier import Classifier
from vistazo.loading import AnyClassifier
from vistazo.service.admission import Place

_Result = TypeVar("_Result")
_FEW_NUMBERS = 100


@dataclass(frozen=True)
class Admitted:
    """A request that has its place, and the model that answers it."""

    asked: Asked
    place: Place
    served: AnyClassifier

    async def run(self, job: Callable[[], _Result]) -> _Result:
        """In a worker. Raises CallerLeftError, and what the job raises."""
        return await self.asked.answer(self.place.run(job, self.asked.observation))

    async def written(self, job: Callable[[], Response], n_numbers: int) -> Response:
        """An answer of so many numbers: a short one at once, for which a further turn would be
        waited longer than it takes; a long one in a worker.
        """
        return job() if n_numbers <= _FEW_NUMBERS else await self.run(job)


@contextlib.asynccontextmanager
async def admitted(
    asked: Asked, read: Callable[[bytes, AnyClassifier], _Result]
) -> AsyncIterator[tuple[Admitted, _Result]]:
    """And what ``read`` makes of its body: in a worker, as it takes time.

    Raises UnknownModelError, NotReadyError, UploadTooLargeError, QueueFullError, what ``read``
    raises, and RequestError for a compressed body that is none.
    """
    request, service, caller = asked.request, asked.service, caller_of(asked.request.scope)
    encoding = encoding_of(request.headers)
    most = _most_bytes(asked, served_model(request))
    with service.reception.upload(caller) as upload:
        body = await media.read_body(request, upload, most)
        with service.admission.place(caller) as place:
            upload.wait_in(place)
            served = service.classifier_for_accepted
            check_address(asked_address(request.scope), served)
            found = Admitted(asked, place, served)
            if encoding:
                n_bytes = len(body)
                body = await found.run(partial(decompressed, body, encoding, most))
                upload.grown(max(0, len(body) - n_bytes))
            sent = await found.run(partial(read, body, served))
            del body  # which may be larger than what it held
            yield found, sent


def _most_bytes(asked: Asked, served: AnyClassifier) -> int:
    """Of a body, compressed or not."""
    if isinstance(served, Classifier):
        return asked.service.reception.policy.max_bytes
    return asked.policy.max_json_bytes
