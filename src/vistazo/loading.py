"""From a model's place to a classifier that has answered once."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from vistazo.answers.beside import Beside
from vistazo.answers.likeness import Baseline
from vistazo.answers.scaling import ScaleEvidence, doubt_scale, scale_evidence, scale_name
from vistazo.classifier import Classifier, OutOfDistributionPolicy
from vistazo.engines.base import Engine
from vistazo.engines.choice import EngineChoice
from vistazo.errors import CardError, UnsupportedModelError
from vistazo.models.agreement import check_agreement, disagreements
from vistazo.models.bounded_child import IsCancelled, LoadingPolicy, never
from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path, is_of_pictures, read_card
from vistazo.models.compilation import EstimatorFiles
from vistazo.models.conclusions import draft_card
from vistazo.models.drafting import COLOUR, SCALE, CardDraft, CardHints, Conclusion, check_hints
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.fetch import MAX_MODEL_BYTES, Link, Location, ModelFiles, Place, located
from vistazo.models.plan.stored import read_plan
from vistazo.models.store import StoredModel, compiled, find_model
from vistazo.pictures import Picture
from vistazo.pictures.header_rules import doubt_accepted
from vistazo.pictures.reader import PictureReader
from vistazo.samples.card import check_card
from vistazo.samples.classifier import SampleClassifier
from vistazo.samples.loading import SampleSource, find_estimator, load_sample_classifier

log = logging.getLogger(__name__)

_CARD_OF_A_LINK = (
    "The model came from a link: put its card beside it there (MODEL.card.yaml), or name the "
    "card's own path or link in MODEL_CARD."
)


@dataclass(frozen=True)
class ModelSource:
    """Where a model is, and what runs it; the names are those of the settings."""

    path: Location
    card: Location | None
    cache_dir: Path
    engine: EngineChoice = field(default_factory=EngineChoice)
    keras_layers: str | None = None
    out_of_distribution: OutOfDistributionPolicy = "warn"
    hints: CardHints = field(default_factory=CardHints)
    labels: Location | None = None
    baseline: Location | None = None
    sha256: str | None = None
    max_bytes: int = MAX_MODEL_BYTES
    policy: LoadingPolicy = field(default_factory=LoadingPolicy)
    vectorizer: Location | None = None
    weights: Location | None = None

    def of(self, path: Location, weights: Location | None = None) -> ModelSource:
        """Another model, with what lies beside it, and the same rest."""
        alone = replace(self, path=path, card=None, labels=None, baseline=None, sha256=None)
        return replace(alone, vectorizer=None, weights=weights)

    @property
    def place(self) -> Place:
        return Place(
            self.path,
            self.cache_dir,
            self.card,
            self.labels,
            self.baseline,
            self.sha256,
            self.max_bytes,
            self.vectorizer,
            self.weights,
        )


AnyClassifier = Classifier | SampleClassifier


def load_classifier(
    source: ModelSource, reader: PictureReader, is_cancelled: IsCancelled = never
) -> Classifier:
    """As ``load_model``, where only pictures are of use."""
    classifier = load_model(source, reader, is_cancelled)
    if isinstance(classifier, SampleClassifier):
        raise UnsupportedModelError(
            f"{source.path} takes {classifier.takes}, not pictures: here it is of no use."
        )
    return classifier


def load_model(
    source: ModelSource,
    reader: PictureReader,
    is_cancelled: IsCancelled = never,
    *,
    when_of_pictures: Callable[[], None] = lambda: None,
) -> AnyClassifier:
    """Fetch, read, check and warm up a model of pictures, texts or rows.

    Raises ModelError in words that say what to do. ``is_cancelled`` is asked during a download,
    while the file is read, and while it is loaded and run in a child process: it ends each.
    ``when_of_pictures`` is called as soon as it is known that the ``reader`` will be used.
    """
    with located(source.place, is_cancelled) as files:
        try:
            if is_estimator(files.model):
                if is_of_pictures(files.card or card_path(files.model)):
                    when_of_pictures()
                    return _load_flattened(files, source, reader, is_cancelled)
                return load_sample_classifier(_sample_source(files, source), is_cancelled)
            when_of_pictures()
            return _load(files, source, reader, is_cancelled)
        except CardError as error:
            if isinstance(source.path, Link) and files.card is None:
                raise CardError(f"{error} {_CARD_OF_A_LINK}") from error
            raise


def _load(
    files: ModelFiles, source: ModelSource, reader: PictureReader, is_cancelled: IsCancelled
) -> Classifier:
    model = find_model(
        files.model,
        files.card,
        may_be_folder=source.engine.name == "keras",
        labels_file=files.labels,
        hints=source.hints,
        cache_dir=source.cache_dir,
        sha256=source.sha256,
        weights_file=files.weights,
    )
    engine = open_engine(model, source, is_cancelled)
    log.info("opened the model", extra=asdict(engine.runtime))
    card, conclusions = settle_card(model, engine)
    check_agreement(disagreements(card, engine.signature), source.card or source.path)
    beside = Beside(model.home, files.baseline, model.sha256)
    baseline, fault = _baseline_of(beside, card, engine, source.out_of_distribution)
    # What is wrong with a baseline is wrong with the reference in the same file.
    reference, unwatched = (None, None) if fault else beside.reference(card.labels, card.input)
    classifier = Classifier(
        engine,
        card,
        model.sha256,
        reader,
        baseline=baseline,
        reference=reference,
        out_of_distribution=source.out_of_distribution,
        conclusions=conclusions,
        warnings=tuple(filter(None, [*_doubts(engine, card), fault, unwatched])),
    )
    classifier.warm_up()
    return classifier


def _load_flattened(
    files: ModelFiles, source: ModelSource, reader: PictureReader, is_cancelled: IsCancelled
) -> Classifier:
    """An estimator of which the card says that it takes pictures."""
    from vistazo.engines.flattened import FlattenedEngine

    of, place = _sample_source(files, source), files.card or card_path(files.model)
    stored = find_estimator(of.files, of.sha256)
    with stored.compiled(of.cache_dir, of.policy, is_cancelled) as path:
        plan = read_plan(path)
    card = read_card(place)
    check_hints(card, of.hints, place)
    check_card(card, plan.summary, stored.sha256, place)
    beside = Beside(files.model, files.baseline, stored.sha256)
    reference, unwatched = beside.reference(card.labels, card.input)
    classifier = Classifier(
        FlattenedEngine(plan, card.input),
        card,
        stored.sha256,
        reader,
        reference=reference,
        warnings=(unwatched,) if unwatched else (),
    )
    classifier.warm_up()
    return classifier


def _sample_source(files: ModelFiles, source: ModelSource) -> SampleSource:
    return SampleSource(
        EstimatorFiles(files.model, files.vectorizer),
        source.cache_dir,
        files.card,
        files.labels,
        source.sha256,
        source.hints,
        source.policy,
        source.out_of_distribution,
        files.baseline,
    )


def _doubts(engine: Engine, card: ModelCard) -> list[str]:
    """What in the card cannot be as the model remembers it, or as headers say; logged as well."""
    found = (doubt_scale(engine, card.input), doubt_accepted(card.input.accepts))
    doubts = [doubt for doubt in found if doubt is not None]
    for doubt in doubts:
        log.warning("the model's card is doubtful", extra={"reason": doubt})
    return doubts


def settle_card(model: StoredModel, engine: Engine) -> tuple[ModelCard, tuple[Conclusion, ...]]:
    """The card beside the model; else one that is drawn up, and how each field of it is known.

    Raises CardError that says what is missing and how to give it.
    """
    if model.card is not None:
        return model.card, ()
    draft = draft_of(model, engine)
    card = draft.complete()
    for conclusion in draft.conclusions:
        log.info("concluded", extra=asdict(conclusion))
    return card, draft.conclusions


def draft_of(model: StoredModel, engine: Engine, pictures: Sequence[Picture] = ()) -> CardDraft:
    """A card for a model that has none, as far as it is known. Raises CardError.

    ``pictures`` of the kind that the model is for sharpen what its weights remember.
    """
    draft = draft_card(
        model.home,
        model.sha256,
        engine.signature,
        model.hints,
        model.labels,
        empty_card=model.empty_card,
    )
    if SCALE not in draft.missing:
        return draft
    evidence = scale_evidence(engine, draft.input_spec("none"), pictures)
    return draft if evidence is None else _remembering(draft, evidence, model.hints)


def _remembering(draft: CardDraft, evidence: ScaleEvidence, hints: CardHints) -> CardDraft:
    """With what the weights remember of the pictures of training, where that is clear."""
    scale = evidence.verdict
    if scale is None:
        return draft
    best = evidence.fits[0].distance
    next_best = min(fit.distance for fit in evidence.fits if fit.scale != scale)
    why = (
        f"the model's layer '{evidence.layer}' remembers pictures scaled so ({best:.2f} away, "
        f"scaled otherwise {next_best:.2f})"
    )
    value = scale if isinstance(scale, str) else scale.model_dump(mode="json")
    draft = draft.concluding(SCALE, value, why, scale_name(scale))
    if evidence.colour in (None, draft.fields[COLOUR]) or hints.colour is not None:
        return draft
    return draft.concluding(COLOUR, evidence.colour, why)


def _baseline_of(
    beside: Beside, card: ModelCard, engine: Engine, policy: OutOfDistributionPolicy
) -> tuple[Baseline | None, str | None]:
    """None also where it is not wanted, or the engine shows no feature map."""
    features = engine.signature.features
    if policy == "off" or features is None:
        return None, None
    level = logging.ERROR if policy == "reject" else logging.WARNING
    return beside.baseline(math.prod(features), card.input, level)


def open_engine(
    model: StoredModel, source: ModelSource, is_cancelled: IsCancelled = never
) -> Engine:
    """Read and load a model, within bounds but for ENGINE=keras. Raises ModelError, and
    SettingsError where the engine is not installed.

    Keras runs what is in the file, in this process: whoever sets it trusts the file.
    """
    if source.engine.name == "keras":
        from vistazo.engines.keras import KerasEngine

        layers, weights = source.keras_layers, model.parts.weights
        return KerasEngine(model.path, model.input_size, layers, weights, output=model.output)
    # It brings a runtime of 20 MB, of no use to a service of texts.
    from vistazo.engines.rehearsal import open_rehearsed

    policy = source.policy
    with compiled(model, source.cache_dir, source.keras_layers, policy, is_cancelled) as onnx:
        return open_rehearsed(onnx, str(model.home), policy, is_cancelled, source.engine)
