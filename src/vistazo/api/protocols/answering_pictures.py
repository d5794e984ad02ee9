"""The work on the pictures of one request."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from vistazo.api.observation import Observation
from vistazo.api.protocols.given_answer import GivenAnswer, answer_to_picture
from vistazo.api.protocols.picture_inputs import EncodedPicture, RawPicture, SentPicture
from vistazo.classifier import Classifier, Explanation, Prediction
from vistazo.errors import InputError, RejectedUploadError
from vistazo.observer import during
from vistazo.pictures import ImageLimits
from vistazo.pictures.in_memory import held
from vistazo.pictures.reader import Prepared, prepared_of
from vistazo.pictures.workload import Workload
from vistazo.service.admission import Place
from vistazo.service.reload import AnsweredPicture, Shadow


@dataclass(frozen=True)
class _Done:
    prediction: Prediction
    explanation: Explanation | None = None
    for_shadow: AnsweredPicture | None = None


@dataclass(frozen=True)
class AnsweringPictures:
    """By one model, in one place. All have an answer, or the request has none: the protocol knows
    no other end.
    """

    classifier: Classifier
    place: Place
    observation: Observation
    shadow: Shadow | None
    limits: ImageLimits

    async def answers(
        self, sent: Sequence[SentPicture], *, explains: bool, label: str | None
    ) -> list[GivenAnswer]:
        """Raises InputError, which names the picture by its place where there are several."""
        offered = None if self.shadow is None or explains else self.shadow.one_of(len(sent))
        workload = Workload(self.limits)
        jobs = [
            partial(self._explained, label) if explains else partial(self._scored, at == offered)
            for at in range(len(sent))
        ]
        if len(sent) > 1:
            jobs = [partial(_in_its_place, workload, at, job) for at, job in enumerate(jobs)]
        todo = [partial(job, each) for job, each in zip(jobs, sent, strict=True)]
        ends = await self.place.run_each(todo, self.observation)
        for index, (done, each) in enumerate(zip(ends, sent, strict=True)):
            self._tell(done, each, index)
        return [answer_to_picture(done.prediction, done.explanation) for done in ends]

    def _tell(self, done: _Done, sent: SentPicture, index: int) -> None:
        labels, data = self.classifier.card.labels, _data_of(sent)
        self.observation.predicted(done.prediction, labels, index=index, picture=data)
        if self.shadow is not None and done.for_shadow is not None:
            self.shadow.offer(done.for_shadow)

    # ---- in a worker

    def _scored(self, is_offered: bool, sent: SentPicture) -> _Done:
        """The pixels are let go at once, but where the model that comes next may want them."""
        prepared, card = self._prepared(sent), self.classifier.card
        started = time.perf_counter()
        prediction = self.classifier.score(prepared.pixels, self.observation, prepared.appearance)
        if not is_offered:
            return _Done(prediction)
        told = (prediction, time.perf_counter() - started)
        pixels, data = prepared.pixels, _data_of(sent)
        return _Done(
            prediction, None, AnsweredPicture(data, pixels, card.input, card.labels, *told)
        )

    def _explained(self, label: str | None, sent: SentPicture) -> _Done:
        prepared = self._prepared(sent)
        return _Done(*self.classifier.explain_prepared(prepared, label, self.observation))

    def _prepared(self, sent: SentPicture) -> Prepared:
        if isinstance(sent, EncodedPicture):
            if sent.fault is not None:
                raise sent.fault
            return self.classifier.prepared(sent.data, self.observation)
        if isinstance(sent, RawPicture):
            with during("prepare", self.observation):
                image = held(sent.pixels, self.limits)
                return prepared_of(image, image.header.pixels, self.classifier.card.input)
        height, width = sent.pixels.shape[:2]
        return Prepared(sent.pixels, width, height, None)


def _data_of(sent: SentPicture) -> bytes | None:
    """Of a file: what else is sent has none."""
    return sent.data if isinstance(sent, EncodedPicture) else None


def _in_its_place(
    workload: Workload, at: int, job: Callable[[SentPicture], _Done], sent: SentPicture
) -> _Done:
    try:
        workload.charge(at, _data_of(sent) or b"")
        return job(sent)
    except RejectedUploadError as error:
        named = [replace(each, detail=f"Picture {at + 1}: {each.detail}") for each in error.broken]
        raise RejectedUploadError(named) from None
    except InputError as error:
        raise type(error)(f"Picture {at + 1}: {error}") from None
