"""The work of one request, once its pictures are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from vistazo.api import refusals
from vistazo.api.observation import Observation
from vistazo.api.problems import problem_of
from vistazo.api.schemas import Answer, BatchFailure, Heatmap
from vistazo.api.uploaded_file import UploadedFile
from vistazo.classifier import Classifier, Prediction
from vistazo.errors import InputError
from vistazo.pictures.workload import Workload
from vistazo.service import telemetry
from vistazo.service.admission import Place
from vistazo.service.reload import AnsweredPicture, Shadow

_Answered = AnsweredPicture | tuple[Prediction, Heatmap | None]
_Job = Callable[[UploadedFile], _Answered]


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

    async def preview(self, file: UploadedFile, max_side_px: int) -> bytes:
        """A PNG."""
        showing = partial(self.classifier.preview, file.data, max_side_px)
        return await self.place.run(showing, self.observation)

    async def batch(
        self, files: list[UploadedFile], workload: Workload
    ) -> list[Answer | BatchFailure]:
        """A result or a problem for each: one too, where the ``workload`` has grown too large."""
        offered = None if self.shadow is None else self.shadow.one_of(len(files))
        jobs = [
            self._classify if number == offered else self._predict for number in range(len(files))
        ]
        return await self._each(files, jobs, workload)

    async def explained_batch(
        self, files: list[UploadedFile], workload: Workload, label: str | None
    ) -> list[Answer | BatchFailure]:
        """As ``batch``, each result with its heatmap. The shadow is offered none."""
        jobs = [partial(self._explain, label=label)] * len(files)
        return await self._each(files, jobs, workload)

    async def _each(
        self, files: list[UploadedFile], jobs: Sequence[_Job], workload: Workload
    ) -> list[Answer | BatchFailure]:
        numbers = range(len(files))
        in_batch = partial(_in_batch, workload)
        todo = [partial(in_batch, *each) for each in zip(numbers, files, jobs, strict=True)]
        ends = await self.place.run_each(todo, self.observation)
        for end in ends:
            if self.shadow is not None and isinstance(end, AnsweredPicture):
                self.shadow.offer(end)
        return [self._result(*each) for each in zip(files, ends, numbers, strict=True)]

    def _result(
        self, file: UploadedFile, end: _Answered | InputError, index: int
    ) -> Answer | BatchFailure:
        if isinstance(end, InputError):
            problem = problem_of(end)
            refusals.note(problem)
            return BatchFailure(filename=file.filename, problem=problem)
        if isinstance(end, AnsweredPicture):
            return self._answer(file, end.prediction, index=index)
        return self._answer(file, *end, index=index)

    # ---- in a worker

    def _classify(self, file: UploadedFile) -> AnsweredPicture:
        found = self.classifier.prepared(file.data, self.observation)
        started = time.perf_counter()
        prediction = self.classifier.score(
            found.pixels, self.observation, found.appearance, found.radiograph
        )
        seconds, card = time.perf_counter() - started, self.classifier.card
        return AnsweredPicture(
            file.data, found.pixels, card.input, card.labels, prediction, seconds
        )

    def _predict(self, file: UploadedFile) -> tuple[Prediction, None]:
        """The pixels are let go at once."""
        return self._classify(file).prediction, None

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


def _in_batch(
    workload: Workload, number: int, file: UploadedFile, job: _Job
) -> _Answered | InputError:
    """In a worker."""
    try:
        workload.charge(number, file.data)
        if file.fault is not None:
            return file.fault
        return job(file)
    except InputError as error:
        return error.with_traceback(None)  # which holds the pixels, too
