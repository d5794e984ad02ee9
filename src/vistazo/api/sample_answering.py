"""The work of one request, once the JSON with its texts or rows is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from starlette.responses import Response

from vistazo.api import refusals
from vistazo.api.observation import Observation
from vistazo.api.problems import problem_of
from vistazo.api.sample_answers import (
    Document,
    answer_of,
    by_the_card,
    words_of,
    written,
)
from vistazo.api.sample_body import SentSamples, Shape, read_samples
from vistazo.errors import InputError, RequestError, SampleError
from vistazo.samples.classifier import SampleClassifier, SamplePrediction
from vistazo.service import telemetry
from vistazo.service.admission import Place
from vistazo.service.reload import AnsweredSample, Shadow
from vistazo.texts.limits import SampleLimits


@dataclass(frozen=True)
class _Done:
    """What one job in a worker has made. ``first`` is for the model that comes next, ``at`` the
    place of the first prediction in its request.
    """

    predictions: list[SamplePrediction]
    document: Document
    first: AnsweredSample | None = None
    at: int = 0


def _with_its_answer(job: Callable[[], _Done]) -> tuple[_Done, Response]:
    done = job()
    return done, written(done.document)


@dataclass(frozen=True)
class SampleAnswering:
    """By one model, in one place, however many there are. The JSON is read in a worker, too: until
    then no more is held of it than what was sent.
    """

    classifier: SampleClassifier
    place: Place
    observation: Observation
    shadow: Shadow | None
    limits: SampleLimits
    request_id: str

    @staticmethod
    def by(
        classifier: SampleClassifier,
        place: Place,
        observation: Observation,
        shadow: Shadow | None,
        limits: SampleLimits,
    ) -> SampleAnswering:
        request_id = telemetry.request_id.get() or ""
        return SampleAnswering(classifier, place, observation, shadow, limits, request_id)

    async def answered(self, body: bytes) -> Response:
        """Raises InputError where one cannot be classified, RequestError for what is no JSON."""
        return await self._written(partial(self._answer, body))

    async def by_the_card(self, body: bytes) -> Response:
        """As its own route answers. Raises as ``answered``."""
        return await self._written(partial(self._answer_by_the_card, body))

    async def explained(self, body: bytes, label: str | None) -> Response:
        """With the words of each text, one text a job: it may take many runs of the model.

        Raises as ``answered``.
        """
        sent = await self.place.run(partial(self._read_texts, body), self.observation)
        answers = [await self._explained(sent, at, label) for at in range(len(sent))]
        return written(answers[0] if sent.is_one else self._listed(answers))

    async def words(self, body: bytes, label: str | None) -> Response:
        """Of one text: what in it spoke for a label, alone. Raises as ``answered``."""
        return await self._written(partial(self._find_words, body, label))

    async def batch(self, body: bytes) -> Response:
        """A result or a problem for each. Raises RequestError for what is no JSON, and
        SampleError where it holds no list that could be gone through.
        """
        sent = await self.place.run(partial(self._read, body), self.observation)
        try:
            return await self._written(partial(self._answer_all, sent))
        except InputError:
            return await self._each(sent, self._answer_one)

    async def explained_batch(self, body: bytes, label: str | None) -> Response:
        """As ``batch``, each result with its words."""
        sent = await self.place.run(partial(self._read, body), self.observation)
        _refuse_rows(sent)
        return await self._each(sent, partial(self._explain, label=label))

    async def _each(self, sent: SentSamples, how: Callable[[SentSamples, int], _Done]) -> Response:
        jobs = [partial(how, sent, at) for at in range(len(sent))]
        return written(self._listed([await self._result(*each) for each in enumerate(jobs)]))

    async def _result(self, at: int, job: Callable[[], _Done]) -> Document:
        """The answer to one of a batch, or its problem."""
        try:
            done = await self.place.run(job, self.observation)
        except InputError as error:
            problem = problem_of(error)
            refusals.note(problem)
            shown = problem.model_dump(mode="json", exclude_none=True)
            return {"index": at, "problem": shown}
        self._tell(done)
        return done.document

    async def _explained(self, sent: SentSamples, at: int, label: str | None) -> Document:
        done = await self.place.run(partial(self._explain, sent, at, label), self.observation)
        self._tell(done)
        return done.document

    async def _written(self, job: Callable[[], _Done]) -> Response:
        """Written in the worker too: of many labels and samples it is a long answer."""
        done, response = await self.place.run(partial(_with_its_answer, job), self.observation)
        self._tell(done)
        return response

    def _tell(self, done: _Done) -> None:
        labels = self.classifier.card.labels
        for index, prediction in enumerate(done.predictions, done.at):
            self.observation.predicted(prediction, labels, index=index)
        if self.shadow is not None and done.first is not None:
            self.shadow.offer(done.first)

    # ---- in a worker

    def _read(self, body: bytes) -> SentSamples:
        return read_samples(body, Shape.of(self.classifier), self.limits)

    def _answer(self, body: bytes) -> _Done:
        sent = self._read(body)
        return self._answer_one(sent, 0) if sent.is_one else self._answer_all(sent)

    def _answer_all(self, sent: SentSamples) -> _Done:
        done = self._classified(sent)
        answers = [self._shown(each) for each in done.predictions]
        return _Done(done.predictions, self._listed(answers), done.first)

    def _answer_one(self, sent: SentSamples, at: int) -> _Done:
        done = self._classified(sent.only(at))
        return _Done(done.predictions, self._shown(done.predictions[0]), done.first, at)

    def _answer_by_the_card(self, body: bytes) -> _Done:
        sent = self._read(body)
        done = self._classified(sent)
        document = by_the_card(self.classifier.card, done.predictions, is_one=sent.is_one)
        return _Done(done.predictions, document, done.first)

    def _explain(self, sent: SentSamples, at: int, label: str | None) -> _Done:
        prediction, words = self._with_words(sent.text(at), label)
        return _Done([prediction], {**self._shown(prediction), "explanation": words}, at=at)

    def _find_words(self, body: bytes, label: str | None) -> _Done:
        sent = self._read_texts(body)
        if not sent.is_one:
            raise SampleError('Words are shown here of one text: send {"text": "..."}.')
        prediction, words = self._with_words(sent.text(0), label)
        rest = {"model": asdict(prediction.model), "request_id": self.request_id}
        return _Done([prediction], {**words, **rest})

    def _read_texts(self, body: bytes) -> SentSamples:
        """All of them are texts: a request is refused before any of its work is done."""
        sent = self._read(body)
        _refuse_rows(sent)
        sent.all()
        return sent

    def _with_words(self, text: str, label: str | None) -> tuple[SamplePrediction, Document]:
        prediction, evidence = self.classifier.explain(text, label, self.observation)
        return prediction, words_of(evidence)

    def _classified(self, sent: SentSamples) -> _Done:
        predictions, first = classified(self.classifier, sent, self.observation)
        return _Done(predictions, {}, first)

    def _shown(self, prediction: SamplePrediction) -> Document:
        return answer_of(prediction, self.classifier.card.labels, self.request_id)

    def _listed(self, results: list[Document]) -> Document:
        model = asdict(self.classifier.identity)
        return {"results": results, "model": model, "request_id": self.request_id}


def classified(
    classifier: SampleClassifier, sent: SentSamples, observation: Observation
) -> tuple[list[SamplePrediction], AnsweredSample]:
    """And the first of them, for the model that comes next. Raises InputError."""
    samples = sent.all()
    started = time.perf_counter()
    predictions = classifier.classify(samples, observation, first=sent.first)
    seconds = (time.perf_counter() - started) / len(samples)
    labels = classifier.card.labels
    first = AnsweredSample(samples[:1], classifier.takes, labels, predictions[0], seconds)
    return predictions, first


def _refuse_rows(sent: SentSamples) -> None:
    if sent.shape.takes != "texts":
        raise RequestError("What spoke for a label is shown of texts, not of rows of numbers.")
