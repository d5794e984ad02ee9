"""What is sent, with the model that answers it: pictures, texts or rows alike from here on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from vistazo.api.asked import UploadPolicy
from vistazo.api.protocols.admitted import Admitted
from vistazo.api.protocols.answering_pictures import AnsweringPictures
from vistazo.api.protocols.answering_samples import AnsweringSamples
from vistazo.api.protocols.given_answer import GivenAnswer
from vistazo.api.protocols.picture_inputs import SentPicture, pictures_of
from vistazo.api.protocols.sample_inputs import samples_of
from vistazo.api.protocols.sent_tensor import SentTensor
from vistazo.api.sample_body import SentSamples
from vistazo.classifier import Classifier
from vistazo.loading import AnyClassifier
from vistazo.pictures import ImageLimits
from vistazo.samples.classifier import SampleClassifier

Answering = Callable[[Admitted], Coroutine[Any, Any, list[GivenAnswer]]]


@dataclass(frozen=True)
class Evidence:
    """Whether it is asked for, and of which label: None, of the predicted class."""

    is_wanted: bool = False
    label: str | None = None


def answering_tensors(
    tensors: Sequence[SentTensor], served: AnyClassifier, policy: UploadPolicy, evidence: Evidence
) -> Answering:
    """Reads them. Raises RequestError, InputError."""
    if isinstance(served, Classifier):
        [tensor] = tensors
        pictures = pictures_of(tensor, served.card.input, policy.limits, policy.max_batch_files)
        return answering_pictures(pictures, served, policy.limits, evidence)
    samples = samples_of(tensors, served, policy.sample_limits)
    return answering_samples(samples, served, evidence)


def answering_pictures(
    sent: Sequence[SentPicture],
    served: Classifier,
    limits: ImageLimits,
    evidence: Evidence = Evidence(),
) -> Answering:
    return partial(_of_pictures, sent, served, limits, evidence)


def answering_samples(
    sent: SentSamples, served: SampleClassifier, evidence: Evidence = Evidence()
) -> Answering:
    return partial(_of_samples, sent, served, evidence)


async def _of_pictures(
    sent: Sequence[SentPicture],
    served: Classifier,
    limits: ImageLimits,
    evidence: Evidence,
    found: Admitted,
) -> list[GivenAnswer]:
    asked = found.asked
    by = AnsweringPictures(served, found.place, asked.observation, asked.service.shadow, limits)
    return await by.answers(sent, explains=evidence.is_wanted, label=evidence.label)


async def _of_samples(
    sent: SentSamples, served: SampleClassifier, evidence: Evidence, found: Admitted
) -> list[GivenAnswer]:
    asked = found.asked
    by = AnsweringSamples(served, found.place, asked.observation, asked.service.shadow)
    return await by.answers(sent, explains=evidence.is_wanted, label=evidence.label)
