"""The way of a request of a protocol to its place, as that of /predict, and to its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.responses import Response

from vistazo.api import media
from vistazo.api.asked import Asked
from vistazo.api.callers import caller_of
from vistazo.api.protocols.address import asked_address
from vistazo.api.protocols.compressed_body import decompressed, decompressed_bytes, encoding_of
from vistazo.api.protocols.question import Done, Question
from vistazo.api.protocols.served_model import check_address, served_model
from vistazo.classifier import Classifier
from vistazo.loading import AnyClassifier
from vistazo.service.admission import Place

Read = Callable[[bytes, AnyClassifier], Question]


async def answer_to(asked: Asked, read: Read) -> Response:
    """To what ``read`` makes of the body: in a worker, as it takes time.

    Raises UnknownModelError, NotReadyError, UploadTooLargeError, QueueFullError, CallerLeftError,
    what ``read`` and its jobs raise, and RequestError for a compressed body that is none.
    """
    request, service, caller = asked.request, asked.service, caller_of(asked.request.scope)
    encoding, most = encoding_of(request.headers), _most_bytes(asked, served_model(request))
    with service.reception.upload(caller) as upload:
        body = await media.read_body(request, upload, most)
        with service.admission.place(caller) as place:
            upload.wait_in(place)
            served = service.classifier_for_accepted
            check_address(asked_address(request.scope), served)
            if encoding:
                count = partial(decompressed_bytes, body, encoding, most)
                n_bytes = await asked.answer(place.run(count, asked.observation))
                upload.grown(n_bytes)
            work = _answer(asked, place, partial(_begin, body, encoding, read, served))
            del body  # which may be larger than what it held
            return await asked.answer(work)


def _most_bytes(asked: Asked, served: AnyClassifier) -> int:
    """Of a body, compressed or not."""
    if isinstance(served, Classifier):
        return asked.service.reception.policy.max_bytes
    return asked.policy.max_json_bytes


async def _answer(asked: Asked, place: Place, begin: Callable[[], _Begun]) -> Response:
    """Told to nobody before it is written: until then the place may have to give way."""
    begun = await place.run(begin, asked.observation)
    del begin
    question, done, response = begun.question, begun.done, begun.response
    if response is None:
        done = await place.run_each(question.jobs, asked.observation)
        write = partial(question.write, [each for one in done for each in one.answers])
        response = write() if question.is_short else await place.run(write, asked.observation)
    _tell(asked, question, done)
    return response


def _tell(asked: Asked, question: Question, done: Sequence[Done]) -> None:
    observation, shadow = asked.observation, asked.service.shadow
    observation.is_further_look = question.is_further_look
    index = 0
    for each in done:
        for prediction in each.predictions:
            observation.predicted(prediction, each.labels, index=index, picture=each.picture)
            index += 1
        if shadow is not None and each.for_shadow is not None:
            shadow.offer(each.for_shadow)


# ---- in a worker


@dataclass(frozen=True)
class _Begun:
    """``response`` is None where there is more to do."""

    question: Question
    done: Sequence[Done] = ()
    response: Response | None = None


def _begin(body: bytes, encoding: str, read: Read, served: AnyClassifier) -> _Begun:
    """And end, where it is one job: whoever asks little waits for one turn."""
    question = read(decompressed(body, encoding) if encoding else body, served)
    if len(question.jobs) > 1:
        return _Begun(question)
    done = [job() for job in question.jobs]
    return _Begun(question, done, question.write([one for each in done for one in each.answers]))
