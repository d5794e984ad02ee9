"""The work on the texts or rows of one request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from vistazo.answers.explanation.words import WordEvidence
from vistazo.api.observation import Observation
from vistazo.api.protocols.given_answer import GivenAnswer, answer_to_sample
from vistazo.api.sample_answering import classified
from vistazo.api.sample_body import SentSamples
from vistazo.samples.classifier import SampleClassifier, SamplePrediction
from vistazo.service.admission import Place
from vistazo.service.reload import Shadow


@dataclass(frozen=True)
class AnsweringSamples:
    """By one model, in one place. All have an answer, or the request has none."""

    classifier: SampleClassifier
    place: Place
    observation: Observation
    shadow: Shadow | None

    async def answers(
        self, sent: SentSamples, *, explains: bool, label: str | None
    ) -> list[GivenAnswer]:
        """Raises InputError, which names the sample by its place."""
        if explains:
            return await self._explained(sent, label)
        job = partial(classified, self.classifier, sent, self.observation)
        predictions, first = await self.place.run(job, self.observation)
        for index, prediction in enumerate(predictions):
            self._tell(prediction, index)
        if self.shadow is not None:
            self.shadow.offer(first)
        return [answer_to_sample(prediction, None) for prediction in predictions]

    async def _explained(self, sent: SentSamples, label: str | None) -> list[GivenAnswer]:
        """Of texts. One is a job: it may take many runs of the model."""
        texts = await self.place.run(sent.all, self.observation)
        ends: list[tuple[SamplePrediction, WordEvidence]] = []
        for at, text in enumerate(texts):
            job = partial(self.classifier.explain, str(text), label, self.observation, first=at)
            ends.append(await self.place.run(job, self.observation))
        for index, (prediction, _) in enumerate(ends):
            self._tell(prediction, index)
        return [answer_to_sample(*end) for end in ends]

    def _tell(self, prediction: SamplePrediction, index: int) -> None:
        self.observation.predicted(prediction, self.classifier.card.labels, index=index)
