"""The work of one request, once its pictures are there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial

from vistazo.api import refusals
from vistazo.api.multipart import UploadedFile
from vistazo.api.observation import Observation
from vistazo.api.problems import problem_of
from vistazo.api.schemas import Answer, BatchFailure, Heatmap
from vistazo.classifier import Classifier, Prediction
from vistazo.errors import InputError
from vistazo.pictures.workload import Workload
from vistazo.service import telemetry
from vistazo.service.admission import Place
from vistazo.service.reload import AnsweredPicture, Shadow


@dataclass(frozen=True)
class Answering:
    """By one model, in one place, however many pictures there are. All but ``batch`` raise
    InputError where a picture cannot be classified.
    """

    classifier: Classifier
    place: Place
    observation: Observation
    shadow: Shadow | None

    async def classified(self, file: UploadedFile) -> Answer:
        answered = await self.place.run(partial(self._classify, file), self.observation)
        if self.shadow is not None:
            self.shadow.offer(answered)
        return self._answer(file, answered.prediction)

    async def explained(self, file: UploadedFile, label: str | None) -> Answer:
        explaining = partial(self._explain, file, label)
        return self._answer(file, *await self.place.run(explaining, self.observation))

    async def showing_input(self, file: UploadedFile, answer: Answer) -> Answer:
        return await self.place.run(partial(self._show_input, file, answer))

    async def overlay(self, file: UploadedFile, label: str | None) -> bytes:
        """A PNG."""
        drawing = partial(self.classifier.overlay, file.data, label, self.observation)
        prediction, png = await self.place.run(drawing, self.observation)
        labels = self.classifier.card.labels
        self.observation.predicted(prediction, labels, picture=file.data)
        return png

    async def batch(
        self, files: list[UploadedFile], workload: Workload
    ) -> list[Answer | BatchFailure]:
        """A result or a problem for each: one too, where the ``workload`` has grown too large."""
        offered = None if self.shadow is None else self.shadow.one_of(len(files))
        jobs = [
            partial(self._classify_in_batch, file, number, workload, offers=number == offered)
            for number, file in enumerate(files)
        ]
        ends = await self.place.run_each(jobs, self.observation)
        for end in ends:
            if self.shadow is not None and isinstance(end, AnsweredPicture):
                self.shadow.offer(end)
        return [self._result(*each) for each in zip(files, ends, range(len(files)), strict=True)]

    def _result(
        self, file: UploadedFile, end: AnsweredPicture | Prediction | InputError, index: int
    ) -> Answer | BatchFailure:
        if isinstance(end, InputError):
            problem = problem_of(end)
            refusals.note(problem)
            return BatchFailure(filename=file.filename, problem=problem)
        prediction = end.prediction if isinstance(end, AnsweredPicture) else end
        return self._answer(file, prediction, index=index)

    # ---- in a worker

    def _classify(self, file: UploadedFile) -> AnsweredPicture:
        found = self.classifier.prepared(file.data, self.observation)
        started = time.perf_counter()
        prediction = self.classifier.score(found.pixels, self.observation, found.appearance)
        seconds, card = time.perf_counter() - started, self.classifier.card
        return AnsweredPicture(
            file.data, found.pixels, card.input, card.labels, prediction, seconds
        )

    def _classify_in_batch(
        self, file: UploadedFile, number: int, workload: Workload, *, offers: bool
    ) -> AnsweredPicture | Prediction | InputError:
        """Of all but the one that the shadow is offered the pixels are let go at once."""
        try:
            workload.charge(number, file.data)
            answered = self._classify(file)
        except InputError as error:
            return error.with_traceback(None)  # which holds the pixels, too
        return answered if offers else answered.prediction

    def _explain(self, file: UploadedFile, label: str | None) -> tuple[Prediction, Heatmap]:
        prediction, explanation = self.classifier.explain(file.data, label, self.observation)
        return prediction, Heatmap.of(explanation)

    def _show_input(self, file: UploadedFile, answer: Answer) -> Answer:
        seen = self.classifier.seen(file.data)
        return answer.showing(seen.png(), seen.low, seen.high)

    def _answer(
        self,
        file: UploadedFile,
        prediction: Prediction,
        heatmap: Heatmap | None = None,
        index: int = 0,
    ) -> Answer:
        request_id, labels = telemetry.request_id.get() or "", self.classifier.card.labels
        self.observation.predicted(prediction, labels, index=index, picture=file.data)
        return Answer.of(prediction, labels, file.filename, request_id, heatmap)
