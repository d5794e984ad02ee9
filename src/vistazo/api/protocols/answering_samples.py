"""The work on the texts or rows of one request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from vistazo.api.observation import Observation
from vistazo.api.protocols.given_answer import Evidence, answer_to_sample
from vistazo.api.protocols.question import Done, Job
from vistazo.api.sample_answering import classified
from vistazo.api.sample_body import SentSamples
from vistazo.samples.classifier import SampleClassifier


@dataclass(frozen=True)
class AnsweringSamples:
    """By one model, in workers. All have an answer, or the request has none."""

    classifier: SampleClassifier
    observation: Observation

    def jobs(self, sent: SentSamples, evidence: Evidence) -> list[Job]:
        """They raise InputError, which names the sample by its place; so does this of texts that
        are to be explained. One of these is a job: it may take many runs of the model.
        """
        if not evidence.is_wanted:
            return [partial(self._classified, sent)]
        return [
            partial(self._explained, str(text), at, evidence.label)
            for at, text in enumerate(sent.all())
        ]

    def _classified(self, sent: SentSamples) -> Done:
        predictions, first = classified(self.classifier, sent, self.observation)
        answers = [answer_to_sample(each, None) for each in predictions]
        return Done(self.classifier.card.labels, answers, predictions, None, first)

    def _explained(self, text: str, at: int, label: str | None) -> Done:
        prediction, words = self.classifier.explain(text, label, self.observation, first=at)
        answers = [answer_to_sample(prediction, words)]
        return Done(self.classifier.card.labels, answers, [prediction])
