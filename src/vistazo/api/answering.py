"""The work of one request, once its pictures are there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from vistazo.api import refusals
from vistazo.api.dicom_schemas import DicomHeader
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


@dataclass(frozen=True, eq=False)
class _Done:
    """``kept`` is what records are given of the picture."""

    prediction: Prediction
    kept: bytes | None
    heatmap: Heatmap | None = None
    for_shadow: AnsweredPicture | None = None


_Job = Callable[[UploadedFile], _Done]


@dataclass(frozen=True)
class Answering:
    """By one model, in one place, however many pictures there are. All but ``batch`` raise
    InputError where a picture cannot be classified. ``tells_uid``: answers tell the SOP Instance
    UID of a DICOM file.
    """

    classifier: Classifier
    place: Place
    observation: Observation
    shadow: Shadow | None
    tells_uid: bool = False

    async def classified(self, file: UploadedFile) -> Answer:
        done = await self.place.run(partial(self._classify, file), self.observation)
        self._offer(done)
        return self._answer(file, done)

    async def explained(self, file: UploadedFile, label: str | None) -> Answer:
        explaining = partial(self._explain, file, label)
        return self._answer(file, await self.place.run(explaining, self.observation))

    async def showing_input(self, file: UploadedFile, answer: Answer) -> Answer:
        return await self.place.run(partial(self._show_input, file, answer))

    async def overlay(self, file: UploadedFile, label: str | None) -> bytes:
        """A PNG."""
        drawing = partial(self._overlay, file, label)
        done, png = await self.place.run(drawing, self.observation)
        self._tell(done)
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
            if isinstance(end, _Done):
                self._offer(end)
        return [self._result(*each) for each in zip(files, ends, numbers, strict=True)]

    def _result(
        self, file: UploadedFile, end: _Done | InputError, index: int
    ) -> Answer | BatchFailure:
        if isinstance(end, InputError):
            problem = problem_of(end)
            refusals.note(problem)
            return BatchFailure(filename=file.filename, problem=problem)
        return self._answer(file, end, index)

    # ---- in a worker

    def _classify(self, file: UploadedFile) -> _Done:
        found = self.classifier.prepared(file.data, self.observation)
        started = time.perf_counter()
        prediction = self.classifier.score(
            found.pixels, self.observation, found.appearance, found.radiograph
        )
        seconds, card = time.perf_counter() - started, self.classifier.card
        given = (file.data, found.pixels, card.input, card.labels)
        answered = AnsweredPicture(*given, prediction, seconds)
        return _Done(prediction, self.kept(file, prediction), for_shadow=answered)

    def _predict(self, file: UploadedFile) -> _Done:
        """The pixels are let go at once."""
        return replace(self._classify(file), for_shadow=None)

    def _explain(self, file: UploadedFile, label: str | None) -> _Done:
        prediction, explanation = self.classifier.explain(file.data, label, self.observation)
        return _Done(prediction, self.kept(file, prediction), Heatmap.of(explanation))

    def _overlay(self, file: UploadedFile, label: str | None) -> tuple[_Done, bytes]:
        prediction, png = self.classifier.overlay(file.data, label, self.observation)
        return _Done(prediction, self.kept(file, prediction)), png

    def kept(self, file: UploadedFile, prediction: Prediction) -> bytes | None:
        """What records are given of the picture: never the header of a DICOM file."""
        if not self.observation.keeps_pictures:
            return None
        return self.classifier.without_header(file.data, prediction)

    def _show_input(self, file: UploadedFile, answer: Answer) -> Answer:
        seen = self.classifier.seen(file.data)
        return answer.showing(seen.png(), seen.low, seen.high)

    # ---- not in a worker

    def _offer(self, done: _Done) -> None:
        if self.shadow is not None and done.for_shadow is not None:
            self.shadow.offer(done.for_shadow)

    def _answer(self, file: UploadedFile, done: _Done, index: int = 0) -> Answer:
        self._tell(done, index)
        request_id, labels = telemetry.request_id.get() or "", self.classifier.card.labels
        said = done.prediction.radiograph
        dicom = None if said is None else DicomHeader.of(said, tells_uid=self.tells_uid)
        return Answer.of(
            done.prediction, labels, file.filename, request_id, done.heatmap, dicom=dicom
        )

    def _tell(self, done: _Done, index: int = 0) -> None:
        labels = self.classifier.card.labels
        self.observation.predicted(done.prediction, labels, index=index, picture=done.kept)


def _in_batch(workload: Workload, number: int, file: UploadedFile, job: _Job) -> _Done | InputError:
    """In a worker."""
    try:
        workload.charge(number, file.data)
        if file.fault is not None:
            return file.fault
        return job(file)
    except InputError as error:
        return error.with_traceback(None)  # which holds the pixels, too
