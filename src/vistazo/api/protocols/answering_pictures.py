"""The work on the pictures of one request."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from vistazo.api.observation import Observation
from vistazo.api.protocols.given_answer import Evidence, answer_to_picture
from vistazo.api.protocols.picture_inputs import EncodedPicture, RawPicture, SentPicture
from vistazo.api.protocols.question import Done, Job
from vistazo.classifier import Classifier, Prediction
from vistazo.errors import InputError, RejectedUploadError
from vistazo.observer import during
from vistazo.pictures import ImageLimits
from vistazo.pictures.in_memory import held
from vistazo.pictures.reader import Prepared, prepared_of
from vistazo.pictures.workload import Workload
from vistazo.service.reload import AnsweredPicture, Shadow


@dataclass(frozen=True)
class AnsweringPictures:
    """By one model, in workers. All have an answer, or the request has none: the protocol knows no
    other end.
    """

    classifier: Classifier
    observation: Observation
    shadow: Shadow | None
    limits: ImageLimits

    def jobs(self, sent: Sequence[SentPicture], evidence: Evidence) -> list[Job]:
        """They raise InputError, which names the picture by its place where there are several."""
        is_offered = self.shadow is not None and not evidence.is_wanted
        offered = self.shadow.one_of(len(sent)) if self.shadow and is_offered else None
        jobs = [
            partial(self._explained, each, evidence.label)
            if evidence.is_wanted
            else partial(self._scored, each, is_offered=at == offered)
            for at, each in enumerate(sent)
        ]
        if len(jobs) == 1:
            return [*jobs]
        workload, data = Workload(self.limits), [_data_of(each) or b"" for each in sent]
        return [partial(_in_its_place, workload, at, data[at], job) for at, job in enumerate(jobs)]

    def _scored(self, sent: SentPicture, *, is_offered: bool) -> Done:
        """The pixels are let go at once, but where the model that comes next may want them."""
        prepared, card = self._prepared(sent), self.classifier.card
        started = time.perf_counter()
        prediction = self.classifier.score(
            prepared.pixels, self.observation, prepared.appearance, prepared.radiograph
        )
        told = (prediction, time.perf_counter() - started)
        pixels, data = prepared.pixels, _data_of(sent)
        offer = AnsweredPicture(data, pixels, card.input, card.labels, *told)
        answer, kept = answer_to_picture(prediction, None), self._kept(sent, prediction)
        return Done(card.labels, [answer], [prediction], kept, offer if is_offered else None)

    def _explained(self, sent: SentPicture, label: str | None) -> Done:
        prepared, labels = self._prepared(sent), self.classifier.card.labels
        prediction, found = self.classifier.explain_prepared(prepared, label, self.observation)
        answer, kept = answer_to_picture(prediction, found), self._kept(sent, prediction)
        return Done(labels, [answer], [prediction], kept)

    def _kept(self, sent: SentPicture, prediction: Prediction) -> bytes | None:
        data = _data_of(sent)
        if data is None or not self.observation.keeps_pictures:
            return None
        return self.classifier.without_header(data, prediction)

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


def _in_its_place(workload: Workload, at: int, data: bytes, job: Job) -> Done:
    try:
        workload.charge(at, data)
        return job()
    except RejectedUploadError as error:
        named = [replace(each, detail=f"Picture {at + 1}: {each.detail}") for each in error.broken]
        raise RejectedUploadError(named) from None
    except InputError as error:
        raise type(error)(f"Picture {at + 1}: {error}") from None
