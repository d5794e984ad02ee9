"""What is sent, with the model that answers it: pictures, texts or rows alike from here on."""

from __future__ import annotations

from collections.abc import Sequence

from vistazo.api.asked import Asked
from vistazo.api.protocols.answering_pictures import AnsweringPictures
from vistazo.api.protocols.answering_samples import AnsweringSamples
from vistazo.api.protocols.given_answer import NO_EVIDENCE, Evidence
from vistazo.api.protocols.picture_inputs import SentPicture, pictures_of
from vistazo.api.protocols.question import Job
from vistazo.api.protocols.sample_inputs import samples_of
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.sample_body import SentSamples
from vistazo.classifier import Classifier
from vistazo.loading import AnyClassifier
from vistazo.samples.classifier import SampleClassifier


def jobs_of_tensors(
    tensors: Sequence[SentTensor], asked: Asked, served: AnyClassifier, evidence: Evidence
) -> list[Job]:
    """Reads them. Raises RequestError, InputError."""
    policy = asked.policy
    if isinstance(served, Classifier):
        [tensor] = tensors
        pictures = pictures_of(tensor, served.card.input, policy.limits, policy.max_batch_files)
        return jobs_of_pictures(pictures, asked, served, evidence)
    samples = samples_of(tensors, served, policy.sample_limits)
    return jobs_of_samples(samples, asked, served, evidence)


def jobs_of_pictures(
    sent: Sequence[SentPicture],
    asked: Asked,
    served: Classifier,
    evidence: Evidence = NO_EVIDENCE,
) -> list[Job]:
    shadow, limits = asked.service.shadow, asked.policy.limits
    return AnsweringPictures(served, asked.observation, shadow, limits).jobs(sent, evidence)


def jobs_of_samples(
    sent: SentSamples, asked: Asked, served: SampleClassifier, evidence: Evidence = NO_EVIDENCE
) -> list[Job]:
    return AnsweringSamples(served, asked.observation).jobs(sent, evidence)
