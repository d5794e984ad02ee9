"""From a file of scikit-learn to a classifier that has answered once."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vistazo.answers.beside import Beside
from vistazo.classifier import OutOfDistributionPolicy
from vistazo.errors import ModelNotFoundError, UnreadableModelError
from vistazo.models.bounded_child import IsCancelled, LoadingPolicy, never
from vistazo.models.compilation import EstimatorFiles
from vistazo.models.drafting import CardHints
from vistazo.models.estimator_store import StoredEstimator
from vistazo.models.plan.stored import read_plan
from vistazo.samples.card import CardPlaces, settle_sample_card
from vistazo.samples.classifier import SampleClassifier

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleSource:
    """Files of a model of texts or rows, all on this machine. ``sha256`` is what it must have."""

    files: EstimatorFiles
    cache_dir: Path
    card: Path | None = None
    labels: Path | None = None
    sha256: str | None = None
    hints: CardHints = field(default_factory=CardHints)
    policy: LoadingPolicy = field(default_factory=LoadingPolicy)
    out_of_distribution: OutOfDistributionPolicy = "warn"
    baseline: Path | None = None


def load_sample_classifier(
    source: SampleSource, is_cancelled: IsCancelled = never
) -> SampleClassifier:
    """Read, check and warm up. Raises ModelError in words that say what to do."""
    stored = find_estimator(source.files, source.sha256)
    with stored.compiled(source.cache_dir, source.policy, is_cancelled) as path:
        plan = read_plan(path)
    places = CardPlaces(source.files.model, source.card, source.labels)
    card, conclusions = settle_sample_card(plan.summary, stored.sha256, places, source.hints)
    for conclusion in conclusions:
        log.info("concluded", extra=asdict(conclusion))
    beside = Beside(source.files.model, source.baseline, stored.sha256)
    reference, unwatched = beside.reference(card.labels)
    classifier = SampleClassifier(
        plan,
        card,
        stored.sha256,
        reference=reference,
        out_of_distribution=source.out_of_distribution,
        conclusions=conclusions,
        warnings=(unwatched,) if unwatched else (),
    )
    classifier.warm_up()
    return classifier


def find_estimator(files: EstimatorFiles, sha256: str | None = None) -> StoredEstimator:
    """Raises ModelError where a file is missing, empty, or another than was named."""
    for setting, path in (("MODEL_PATH", files.model), ("VECTORIZER_PATH", files.vectorizer)):
        if path is None:
            continue
        if not path.exists():
            raise ModelNotFoundError(f"There is no file at {path}. Correct {setting}.")
        if not path.is_file():
            raise UnreadableModelError(f"{path} is not a file. Correct {setting}.")
        if path.stat().st_size == 0:
            raise UnreadableModelError(f"The file {path} is empty. Copy it again.")
    stored = StoredEstimator.of(files)
    if sha256 not in (None, stored.sha256):
        raise UnreadableModelError(
            f"MODEL_SHA256 is {sha256}, but {files.model} has {stored.sha256}. Put the right file "
            "there, or correct the setting."
        )
    return stored
