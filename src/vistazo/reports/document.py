"""The structured report: a Comprehensive SR of template TID 1500 (DICOM PS3.16, annex A)."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom.sr.content import SourceImageForMeasurementGroup
from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.templates import (
    AlgorithmIdentification,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    TrackingIdentifier,
)
from highdicom.sr.value_types import (
    CodeContentItem,
    ContainerContentItem,
    ContentSequence,
    ImageContentItem,
    TextContentItem,
)
from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage

from vistazo.reports import concepts
from vistazo.reports.inherited import Inherited, Source
from vistazo.reports.instance import Encoded, Kinds, encoded, instance
from vistazo.reports.said import SaidClasses, SaidNumber, Statement
from vistazo.reports.shortening import cut
from vistazo.reports.uids import device_uid, of_frame, tracking_uid

REPORT = Kinds("report", ComprehensiveSRStorage, "SR", "Report")

_CONTAINS = RelationshipTypeValues.CONTAINS
_DIGITS = 6  # of a probability: a decimal string has 16 characters


def document(inherited: Inherited, said: Statement) -> Encoded:
    """A Part 10 file."""
    dataset = instance(REPORT, inherited, said)
    source = inherited.source
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    is_whole = all(len(each.probabilities) == each.labels_in_all for each in said.classes)
    dataset.CompletionFlag = "COMPLETE" if is_whole else "PARTIAL"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PreliminaryFlag = "PRELIMINARY"
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(source)]
    dataset.update(_content(source, said))
    return encoded(dataset)


def _content(source: Source, said: Statement) -> Dataset:
    groups = [_group(each.output, source, said, _said_of(each)) for each in said.classes]
    groups += [_group(each.output, source, said, _said_of(each)) for each in said.numbers]
    groups[0][0].ContentSequence.extend(_remarks(said))
    report = MeasurementReport(
        ObservationContext(_observer(said)),
        concepts.procedure(source.modality),
        groups,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(
            concepts.language(said.language)
        ),
    )
    # After the procedure, before the measurements. highdicom's own asks for pixel spacing.
    report[0].ContentSequence.insert(-1, _image_library(source, said))
    root: Dataset = report[0]
    return root


def _observer(said: Statement) -> ObserverContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(said.model),
        name=said.software,
        manufacturer_name="Vistazo",
        model_name=said.model.name,
        serial_number=said.model.sha256,
    )
    return ObserverContext(concepts.dcm("121007", "Device"), device)


class _Said:
    """Of one output, what highdicom makes a group of."""

    def __init__(
        self,
        finding: str | None,
        measured: Iterator[Measurement],
        evaluated: Iterator[QualitativeEvaluation],
    ) -> None:
        self.finding = None if finding is None else concepts.label(finding)
        self.measured = list(measured)
        self.evaluated = list(evaluated)


def _said_of(output: SaidClasses | SaidNumber) -> _Said:
    if isinstance(output, SaidNumber):
        name, unit = concepts.number(output.output), concepts.unit(output.unit)
        return _Said(None, iter([Measurement(name, output.value, unit)]), iter(()))
    return _Said(output.predicted, _measured(output), _evaluated(output))


def _group(
    output: str, source: Source, said: Statement, told: _Said
) -> MeasurementsAndQualitativeEvaluations:
    model = said.model
    name = f"{model.name} {model.version}" + (f", {output}" if output else "")
    frames = source.frames(said.frame, said.frames)
    picture = of_frame(source.instance_uid, said.frame, said.frames)
    return MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(tracking_uid(picture, model, output), name),
        finding_type=told.finding,
        algorithm_id=AlgorithmIdentification(
            model.name, model.version, [f"SHA-256 of the model file: {model.sha256}"]
        ),
        measurements=told.measured,
        qualitative_evaluations=told.evaluated,
        source_images=[
            SourceImageForMeasurementGroup(source.class_uid, source.instance_uid, frames)
        ],
    )


def _measured(output: SaidClasses) -> Iterator[Measurement]:
    unit = concepts.no_units()
    for label, probability in output.probabilities:
        yield Measurement(concepts.probability_of(label), round(probability, _DIGITS), unit)
    if output.threshold is not None:
        threshold = concepts.own("THRESHOLD", "Threshold of the probability")
        yield Measurement(threshold, round(output.threshold, _DIGITS), unit)


def _evaluated(output: SaidClasses) -> Iterator[QualitativeEvaluation]:
    if output.predicted is not None:
        name = concepts.own("PREDICTED", "Predicted class")
        yield QualitativeEvaluation(name, concepts.label(output.predicted))
    if output.positive is not None:
        name = concepts.own("POSITIVE", "Class that the threshold speaks of")
        yield QualitativeEvaluation(name, concepts.label(output.positive))
    for label in output.reached:
        name = concepts.own("REACHED", "Label whose probability reaches the threshold")
        yield QualitativeEvaluation(name, concepts.label(label))


def _remarks(said: Statement) -> Iterator[TextContentItem]:
    """In words, as people read them: what the model is, of what it warns, for what it is not."""
    for text in filter(None, (said.notice, said.title, *said.warnings, *_left_out(said))):
        yield TextContentItem(concepts.dcm("121106", "Comment"), text, _CONTAINS)


def _left_out(said: Statement) -> Iterator[str]:
    for each in said.classes:
        told, in_all = len(each.probabilities), each.labels_in_all
        if told < in_all:
            yield f"The {told} most probable of {in_all} labels."
        for label, _ in each.probabilities:
            if cut(label, 64) != label:
                yield f"{concepts.label(label).value}: {label}"


def _image_library(source: Source, said: Statement) -> ContainerContentItem:
    """TID 1600, of one picture."""
    image = ImageContentItem(
        concepts.sct("260753009", "Source"),
        source.class_uid,
        source.instance_uid,
        source.frames(said.frame, said.frames),
        relationship_type=_CONTAINS,
    )
    image.ContentSequence = ContentSequence(
        [
            CodeContentItem(
                concepts.dcm("121139", "Modality"),
                concepts.modality(source.modality),
                RelationshipTypeValues.HAS_ACQ_CONTEXT,
            )
        ]
    )
    library = ContainerContentItem(
        concepts.dcm("111028", "Image Library"), relationship_type=_CONTAINS
    )
    group = ContainerContentItem(
        concepts.dcm("126200", "Image Library Group"), relationship_type=_CONTAINS
    )
    group.ContentSequence = ContentSequence([image])
    library.ContentSequence = ContentSequence([group])
    return library


def _evidence(source: Source) -> Dataset:
    instance_item, series_item, study_item = Dataset(), Dataset(), Dataset()
    instance_item.ReferencedSOPClassUID = source.class_uid
    instance_item.ReferencedSOPInstanceUID = source.instance_uid
    series_item.SeriesInstanceUID = source.series_uid
    series_item.ReferencedSOPSequence = [instance_item]
    study_item.StudyInstanceUID = source.study_uid
    study_item.ReferencedSeriesSequence = [series_item]
    return study_item
