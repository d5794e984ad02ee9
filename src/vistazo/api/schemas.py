"""What the service answers, as pydantic models: the source of the OpenAPI document."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vistazo.answers.decision import UNCERTAIN
from vistazo.answers.explanation import heat_layer
from vistazo.answers.explanation.evidence import Method
from vistazo.answers.likeness import OUT_OF_DISTRIBUTION
from vistazo.api.dicom_schemas import DicomHeader
from vistazo.api.output_schemas import ClassesAnswer, NumberAnswer, outputs_of
from vistazo.classifier import Explanation, Prediction
from vistazo.engines.base import Runtime
from vistazo.errors import BrokenRule
from vistazo.pictures.claims import HEADER_WARNINGS
from vistazo.service.reload import Comparison, Reload

# Listed for programs; what is answered is not checked once more.
Doubt = Annotated[str, Field(json_schema_extra={"enum": [UNCERTAIN, OUT_OF_DISTRIBUTION]})]
_OF_PICTURES = [UNCERTAIN, OUT_OF_DISTRIBUTION, *HEADER_WARNINGS]
PictureDoubt = Annotated[str, Field(json_schema_extra={"enum": [*_OF_PICTURES]})]
_A_PNG = {"contentEncoding": "base64", "contentMediaType": "image/png"}


class Model(BaseModel):
    """Which model answered."""

    name: str
    version: str
    sha256: str = Field(description="Of the weights file.")


class Heatmap(BaseModel):
    """Where in the picture the model found what speaks for a label."""

    label: str
    method: Method = Field(
        description="class_activation (Zhou et al. 2016), feature_ablation (after Desai and "
        "Ramaswamy 2020) or occlusion (Zeiler and Fergus 2014)."
    )
    image: str = Field(
        description="PNG, base64: a layer to stretch over the whole picture; transparent where "
        "nothing speaks for the label. Brightness is relative to the strongest place.",
        json_schema_extra={**_A_PNG},
    )
    grid: list[list[float]] = Field(
        description="The raw map, rows from the top: above 0 speaks for the label, below against "
        "it, in units of its logit."
    )
    frame: tuple[float, float, float, float] = Field(
        description="Left, top, right and bottom of the grid, as fractions of the picture."
    )

    @staticmethod
    def of(explanation: Explanation) -> Heatmap:
        evidence, frame = explanation.evidence, explanation.frame
        layer = heat_layer(evidence.grid, frame, explanation.width, explanation.height)
        return Heatmap(
            label=evidence.label,
            method=evidence.method,
            image=base64.b64encode(layer).decode("ascii"),
            grid=[[round(float(value), 6) for value in row] for row in evidence.grid],
            frame=(frame.left, frame.top, frame.right, frame.bottom),
        )


class InDistribution(BaseModel):
    """Whether the picture looks like those that the model was made for."""

    score: float = Field(description="0..1: near 1 like the training pictures, 0.5 at the limit.")
    verdict: bool = Field(description="Within the limit.")


class Answer(BaseModel):
    """The answer to one picture."""

    filename: str = Field(description="As sent.")
    predictions: list[float] = Field(description="Probabilities, in label order.")
    predicted_class: str = Field(description="The label decided on, at the card's threshold.")
    confidence: float = Field(description="Probability of the predicted class.")
    probabilities: dict[str, float] = Field(description="Label to probability.")
    model: Model
    in_distribution: InDistribution | None = Field(
        None, description="Where the model has a baseline of its training pictures."
    )
    warnings: list[PictureDoubt] = Field(
        description="Reasons to doubt this answer: 'uncertain', 'out_of_distribution'; of a DICOM "
        "file, whose header may contradict the model's card, also 'other_modality', 'other_view', "
        "'other_age', 'burned_in_annotation', 'one_of_several_frames'."
    )
    request_id: str
    dicom: DicomHeader | None = Field(None, description="Only of a DICOM file.")
    outputs: dict[str, ClassesAnswer | NumberAnswer] | None = Field(
        None,
        description="Only of a model of several outputs: what each says, by its name in the model; "
        "first the one that the fields above are of.",
    )
    heatmap: Heatmap | None = Field(None, description="Only where explain=true asks for it.")
    input_image: str | None = Field(
        None,
        description="Only where show_input=true asks for it: what the model saw, a PNG (base64) of "
        "its input size. Orientation, colour, resize, crop and padding are as prepared, the "
        "scaling is undone.",
        json_schema_extra={**_A_PNG},
    )
    input_range: tuple[float, float] | None = Field(
        None,
        description="With input_image: the least and the greatest value that the model was given. "
        "They tell of the scaling, such as 0 to 1, or 0 to 255.",
    )

    @staticmethod
    def of(
        prediction: Prediction,
        labels: tuple[str, ...],
        filename: str,
        request: str,
        heatmap: Heatmap | None = None,
        *,
        dicom: DicomHeader | None = None,
    ) -> Answer:
        decision, model = prediction.decision, prediction.model
        likeness = prediction.in_distribution
        return Answer(
            filename=filename,
            predictions=list(decision.probabilities),
            predicted_class=decision.predicted_class,
            confidence=decision.confidence,
            probabilities=dict(zip(labels, decision.probabilities, strict=True)),
            model=Model(name=model.name, version=model.version, sha256=model.sha256),
            in_distribution=likeness and InDistribution(**asdict(likeness)),
            warnings=list(decision.warnings),
            request_id=request,
            dicom=dicom,
            outputs=outputs_of(prediction.outputs) or None,
            heatmap=heatmap,
        )

    def showing(self, png: bytes, low: float, high: float) -> Answer:
        """With what the model saw."""
        image = base64.b64encode(png).decode("ascii")
        return self.model_copy(update={"input_image": image, "input_range": (low, high)})


class RuleFault(BaseModel):
    """One rule that a picture breaks."""

    rule: str
    detail: str
    figures: list[float] = Field(
        default_factory=list, description="The numbers in the detail, in order: to say it anew."
    )

    @staticmethod
    def of(broken: BrokenRule) -> RuleFault:
        return RuleFault(rule=broken.rule, detail=broken.detail, figures=list(broken.figures))


class Problem(BaseModel):
    """A problem document, RFC 9457, served as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened, and what to do.")
    code: str = Field(description="Stable; programs may rely on it.")
    request_id: str | None = None
    errors: list[RuleFault] | None = Field(None, description="Every rule that the picture breaks.")


class BatchFailure(BaseModel):
    """The place of one picture of a batch that could not be classified."""

    filename: str
    problem: Problem


class BatchAnswer(BaseModel):
    """One result or one problem per file, in the order sent."""

    results: list[Answer | BatchFailure]
    request_id: str


class Concluded(BaseModel):
    """One field of a card that nobody wrote, and how it is known."""

    field: str
    value: str
    why: str


class LastReload(BaseModel):
    """How the last attempt to serve another model ended. Why it failed, in words, is in the log."""

    at: datetime
    outcome: Literal["swapped", "failed"]
    code: str | None = Field(description="Where it failed: why; stable.")

    @staticmethod
    def of(reload: Reload) -> LastReload:
        return LastReload(at=reload.at, outcome=reload.outcome, code=reload.code)


class NextModel(BaseModel):
    """The model of MODEL_PATH_NEXT, and how far it agrees with the one that answers."""

    model: Model | None = Field(description="None where it cannot be compared; see reload.")
    compared: int = Field(description="Pictures that both have answered.")
    same_class: float | None = Field(description="Share of them that both put into one class.")
    mean_difference: float | None = Field(
        description="Mean distance of the probabilities, over the labels that both have."
    )
    latency_ratio: float | None = Field(description="How many times as long it takes.")
    dropped: int = Field(description="Pictures that it did not answer: the service was busy.")
    failed: int = Field(description="Pictures that it had no answer to.")
    reload: LastReload | None = Field(description="How the last attempt to read it ended.")

    @staticmethod
    def of(comparison: Comparison) -> NextModel:
        model, last = comparison.model, comparison.last
        return NextModel(
            model=model and Model(name=model.name, version=model.version, sha256=model.sha256),
            **asdict(comparison.agreement),
            dropped=comparison.dropped,
            failed=comparison.failed,
            reload=last and LastReload.of(last),
        )


class Reloaded(BaseModel):
    """The model that answers now."""

    name: str
    version: str
    sha256: str
    previous_sha256: str = Field(description="Of the model that answered before.")
    at: datetime


class RecordsHint(BaseModel):
    """What is kept of answers."""

    feedback: bool = Field(description="Whether POST /feedback takes what was true.")
    pictures: bool = Field(description="Whether pictures are kept, too.")


class ModelDescription(BaseModel):
    """The served model: its card, and what was read from its file."""

    model_config = ConfigDict(json_schema_extra={"description": "Card and signature"})

    sha256: str
    card: dict[str, Any] = Field(
        description="As it is written: what people read is a text, or one for each of several "
        "languages, {en: ..., es: ...}. Labels are those of the answers."
    )
    signature: dict[str, Any]
    runtime: Runtime | None = Field(description="What runs it; None of texts and rows.")
    conclusions: list[Concluded] = Field(
        description="How each field of the card is known; empty where somebody wrote the card."
    )
    warnings: list[str] = Field(
        description="Reasons to doubt the model or its card, whatever the picture: sentences."
    )
    records: RecordsHint
    costs: list[dict[str, str]] = Field(
        description="What errors cost of a thousand cases, where the card says what each does: a "
        "sentence for each group of figures, {en, es}."
    )
    example: bool = Field(description="Whether a picture to try lies beside the model.")
    reload: LastReload | None = Field(None, description="Where one was tried since the start.")
    next: NextModel | None = Field(None, description="Where MODEL_PATH_NEXT names one.")


class Health(BaseModel):
    status: Literal["live", "ready"]
