"""A request that wants an answer: what it is answered with, and the way to its place."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request

from vistazo.api import media
from vistazo.api.answering import Answering
from vistazo.api.callers import caller_of
from vistazo.api.departure import while_connected
from vistazo.api.observation import Observation
from vistazo.api.sample_answering import SampleAnswering
from vistazo.api.sent_pictures import EncodedPictures, Wanted, read_pictures
from vistazo.api.service import Service
from vistazo.api.uploaded_file import UploadedFile
from vistazo.classifier import Classifier
from vistazo.errors import RequestError
from vistazo.pictures import ImageLimits
from vistazo.service.admission import Place
from vistazo.texts.limits import SampleLimits

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class UploadPolicy:
    """``max_json_bytes`` are of the body with texts or rows."""

    max_batch_files: int
    limits: ImageLimits
    sample_limits: SampleLimits
    max_json_bytes: int


@dataclass(frozen=True)
class Asked:
    """Taken from the state at once: FastAPI's dependencies would look each of them up by itself.
    ``frame`` is the one to take of a DICOM file, None where the caller did not choose.
    """

    request: Request
    service: Service
    observation: Observation
    policy: UploadPolicy
    frame: int | None = None

    @staticmethod
    def of(request: Request, frame: int | None = None) -> Asked:
        state, observation = request.app.state, request.state.observation
        return Asked(request, state.service, observation, state.upload_policy, frame)

    def takes_pictures(self, label: str | None) -> bool:
        """Whether the model does; else the request is JSON, with texts or rows.

        Raises WrongMediaTypeError where it is not, NotReadyError, and UnknownLabelError for a
        ``label`` that the model does not have, and RequestError for a frame of what is no picture.
        """
        served = self.service.classifier
        if not isinstance(served, Classifier) and not media.is_json(self.request):
            media.of_pictures(served)
        served.check_label(label)
        if not isinstance(served, Classifier) and self.frame is not None:
            raise RequestError("frame is of pictures only.")
        return isinstance(served, Classifier)

    async def answer(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Raises CallerLeftError."""
        return await while_connected(self.request.receive, work)

    @contextlib.asynccontextmanager
    async def picture(self) -> AsyncIterator[tuple[UploadedFile, Answering]]:
        """As ``pictures``, of one alone."""
        async with self.pictures(max_files=None) as ([file], answering):
            yield file, answering

    @contextlib.asynccontextmanager
    async def pictures(
        self, max_files: int | None
    ) -> AsyncIterator[tuple[list[UploadedFile], Answering]]:
        """And a place for the work on them: only now, when they are there."""
        service, caller = self.service, caller_of(self.request.scope)
        wanted = Wanted(self.policy.limits, max_files)
        with service.reception.upload(caller) as upload:
            sent = await read_pictures(self.request, upload, wanted)
            with service.admission.place(caller) as place:
                upload.wait_in(place)
                classifier = media.of_pictures(service.classifier_for_accepted)
                files = await self._decoded(sent, place)
                del sent  # of JSON, which is larger than what it held
                chosen = classifier.at_frame(self.frame)
                yield files, Answering(chosen, place, self.observation, service.shadow)

    async def _decoded(
        self, sent: list[UploadedFile] | EncodedPictures, place: Place
    ) -> list[UploadedFile]:
        if not isinstance(sent, EncodedPictures):
            return sent
        return await self.answer(place.run(sent.decoded, self.observation))

    @contextlib.asynccontextmanager
    async def samples(self) -> AsyncIterator[tuple[bytes, SampleAnswering]]:
        """The JSON with texts or rows, and a place for the work on it, as ``pictures``."""
        service, policy, caller = self.service, self.policy, caller_of(self.request.scope)
        with service.reception.upload(caller) as upload:
            body = await media.read_json(self.request, upload, policy.max_json_bytes)
            with service.admission.place(caller) as place:
                upload.wait_in(place)
                classifier = media.of_samples(service.classifier_for_accepted)
                given = (place, self.observation, service.shadow, policy.sample_limits)
                yield body, SampleAnswering.by(classifier, *given)
