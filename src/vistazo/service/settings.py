"""The settings: the only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from vistazo.classifier import OutOfDistributionPolicy
from vistazo.engines.choice import Device, EngineChoice, EngineName, Precision
from vistazo.errors import SettingsError
from vistazo.loading import ModelSource
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.card import Colour, KnownScale, Resize
from vistazo.models.drafting import CardHints
from vistazo.models.faults import faults_in, said
from vistazo.models.fetch import MAX_MODEL_BYTES
from vistazo.pictures import ImageLimits
from vistazo.service import small_plan
from vistazo.service.access.settings import AccessSettings
from vistazo.service.admission import AdmissionPolicy
from vistazo.service.default_model import default_model
from vistazo.service.isolation.pool import IsolationPolicy
from vistazo.service.machine import available_cpus, default_cache_dir
from vistazo.service.reception import ReceptionPolicy
from vistazo.service.records.settings import RecordsSettings
from vistazo.service.reload.settings import ReloadSettings
from vistazo.service.setting_kinds import LocationSetting, as_labels, as_size, as_word
from vistazo.service.shared_state.settings import SharedStateSettings
from vistazo.texts.limits import SampleLimits


class Settings(AccessSettings, ReloadSettings, RecordsSettings, SharedStateSettings):
    """Every setting, with its default. The name in capitals is the environment variable."""

    model_path: LocationSetting = Field(
        default_factory=default_model,
        description="The .keras, .h5 or .onnx file to serve, or a model.json beside its weights: a "
        "path or a link.",
    )
    model_weights: LocationSetting | None = Field(
        None,
        description="The weights of a MODEL_PATH that has its layers alone (.json, .yaml), a path "
        "or a link; by default the .h5 beside it.",
    )
    model_card: LocationSetting | None = Field(
        None, description="Its card, a path or a link; by default MODEL.card.yaml beside it."
    )
    model_labels: LocationSetting | None = Field(
        None, description="Its labels, a path or a link; by default labels.txt beside it."
    )
    model_baseline: LocationSetting | None = Field(
        None, description="Its baseline, a path or a link; by default MODEL.baseline.npz beside it."
    )
    vectorizer_path: LocationSetting | None = Field(
        None,
        description="For a file of scikit-learn: what its texts go through before, where that was "
        "saved in another file, a path or a link.",
    )
    model_sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="What the model file must have; with it a link is asked once only.",
    )
    max_model_bytes: int = Field(
        MAX_MODEL_BYTES, ge=1_000, description="Largest model file that a link may give."
    )
    model_timeout_s: float = Field(
        300,
        gt=0,
        description="Longest that reading the model may take, and then loading and trying it.",
    )
    allow_control_flow: bool = Field(
        default=False,
        description="Whether an .onnx file may have loops, branches, and sizes that depend on "
        "what a picture shows: for files that you trust.",
    )
    labels: Annotated[tuple[str, ...] | None, BeforeValidator(as_labels)] = Field(
        None, description="Without a card: the labels, in the order of the model's outputs."
    )
    scale: Annotated[KnownScale | None, BeforeValidator(as_word)] = Field(
        None, description="Without a card: the values that the model sees."
    )
    colour: Annotated[Colour | None, BeforeValidator(as_word)] = Field(
        None, description="Without a card: channels and their order."
    )
    resize: Annotated[Resize | None, BeforeValidator(as_word)] = Field(
        None, description="Without a card: how a picture comes to the model's size."
    )
    input_size: Annotated[tuple[int, int] | None, BeforeValidator(as_size)] = Field(
        None,
        description="Without a card: HEIGHTxWIDTH, for a model that takes any size, or pictures "
        "laid flat.",
    )
    engine: EngineName = Field(
        "auto",
        description="auto: onnx, which reads the file as data, as openvino does. keras runs it, "
        "with TensorFlow: for custom layers and SavedModels that you trust.",
    )
    device: Device = Field(
        "cpu",
        description="cpu; cuda, with the requirements of scripts/requirements/cuda.txt; or auto, "
        "which is cuda where it can be used.",
    )
    precision: Precision = Field(
        "float32",
        description="With ENGINE=openvino: float32, bfloat16, or auto, which is bfloat16 where the "
        "processor has it.",
    )
    keras_layers: str | None = Field(
        None,
        description="A module that registers the model's custom layers: with ENGINE=keras Keras "
        "layers, else converters (vistazo.models.keras_import.register).",
    )
    out_of_distribution: OutOfDistributionPolicy = Field(
        "warn",
        description="A picture unlike those of training: warn, reject it (422), or do not look "
        "(off).",
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir,
        description="Where compiled and downloaded models are kept.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every one.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    threads: int = Field(
        default_factory=available_cpus,
        ge=1,
        le=64,
        description="Pictures classified at the same time, one core each.",
    )
    max_upload_bytes: int = Field(32_000_000, ge=1_000, description="Largest picture accepted.")
    max_pixels: int = Field(25_000_000, ge=1_000, description="Largest width x height accepted.")
    max_batch_files: int = Field(16, ge=1, description="Most pictures in one batch request.")
    max_texts: int = Field(
        128, ge=1, le=10_000, description="Most texts, or rows of numbers, in one request."
    )
    max_text_chars: int = Field(100_000, ge=1, description="Most characters of a text.")
    max_json_bytes: int = Field(
        2_000_000, ge=1_000, description="Largest JSON body of texts or rows."
    )
    queue_size: int = Field(16, ge=0, description="Requests that may wait; one more gets 429.")
    max_queued_bytes: int = Field(
        64_000_000,
        ge=1_000,
        description="Bytes that all requests together may hold; more get 429. Also the "
        "largest batch.",
    )
    max_uploads: int = Field(
        256, ge=1, description="Uploads that may arrive at once; with one more the slowest ends."
    )
    receive_timeout_s: float = Field(
        30, gt=0, description="Longest of an upload, beyond its bytes at MIN_RECEIVE_BYTES_PER_S."
    )
    receive_grace_s: float = Field(
        10, gt=0, description="Longest that an upload may be slower than MIN_RECEIVE_BYTES_PER_S."
    )
    min_receive_bytes_per_s: float = Field(
        8_000, ge=0, description="What an upload has to bring; 0 for any rate."
    )
    max_connections: int = Field(
        4_000,
        ge=1,
        description="Connections that are kept; with one more the one that waits longest ends.",
    )
    header_timeout_s: float = Field(
        10, gt=0, description="Longest that the head of a request may take."
    )
    keep_alive_timeout_s: float = Field(
        5, ge=0, description="How long a connection is kept for a further request."
    )
    job_timeout_s: float = Field(
        30, gt=0, description="Longest that decoding one picture may take; then its process ends."
    )
    drain_timeout_s: float = Field(30, ge=0, description="Longest wait for work at shutdown.")
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="Port for GET /metrics alone; by default that is answered on PORT.",
    )
    metrics_host: str | None = Field(
        None, description="Address that METRICS_PORT listens on; by default HOST."
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Where traces are sent, by OTLP over HTTP; needs the extra 'tracing'.",
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console on a terminal, else json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def model_source(self) -> ModelSource:
        return ModelSource(
            self.model_path,
            self.model_card,
            self.cache_dir,
            EngineChoice(self.engine, self.precision, self.threads, self.device),
            self.keras_layers,
            self.out_of_distribution,
            self.card_hints,
            self.model_labels,
            self.model_baseline,
            self.model_sha256.lower() if self.model_sha256 else None,
            self.max_model_bytes,
            self.loading_policy,
            self.vectorizer_path,
            self.model_weights,
        )

    @property
    def loading_policy(self) -> LoadingPolicy:
        return LoadingPolicy(
            self.model_timeout_s, small_plan.memory_limit_bytes(), self.allow_control_flow
        )

    @property
    def card_hints(self) -> CardHints:
        return CardHints(self.labels, self.scale, self.colour, self.resize, self.input_size)

    @property
    def image_limits(self) -> ImageLimits:
        return ImageLimits(self.max_upload_bytes, self.max_pixels)

    @property
    def sample_limits(self) -> SampleLimits:
        return SampleLimits(self.max_texts, self.max_text_chars)

    @property
    def admission_policy(self) -> AdmissionPolicy:
        """Where there are several cores, one picture more than these is in work: while one waits
        for the process that decodes it, or for its answer to be written, a core would else idle.
        """
        return AdmissionPolicy(self.threads + (self.threads > 1), self.queue_size)

    @property
    def isolation_policy(self) -> IsolationPolicy:
        return IsolationPolicy(self.threads, self.job_timeout_s)

    @property
    def reception_policy(self) -> ReceptionPolicy:
        return ReceptionPolicy(
            self.max_queued_bytes,
            self.max_uploads,
            self.receive_grace_s,
            self.min_receive_bytes_per_s,
            self.receive_timeout_s,
        )

    @staticmethod
    def from_environment(
        environment: Mapping[str, str] | None = None, memory_bytes: int | None = None
    ) -> Settings:
        """Read the settings. An empty variable counts as not set, but that of API_KEYS as a list
        whose last key was taken out: it opens to nobody, not to everybody. Raises SettingsError.

        ``memory_bytes`` is what the process may have, by default what its container says: with
        little of it the defaults are those of a small plan.
        """
        given = os.environ if environment is None else environment
        plan = small_plan.settings_for(memory_bytes or small_plan.memory_limit_bytes())
        variables = {**plan, **{name: value for name, value in given.items() if value.strip()}}
        values = {
            name: variables[name.upper()].strip()
            for name in Settings.model_fields
            if variables.get(name.upper(), "").strip()
        }
        if "API_KEYS" in given:
            values.setdefault("api_keys", "")
        try:
            return Settings.model_validate(values)
        except ValidationError as error:
            lines = [_correction(fault) for fault in faults_in(error)]
            raise SettingsError("These settings need a correction:\n" + "\n".join(lines)) from error


def _correction(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0])
    is_secret = "Secret" in str(Settings.model_fields[name].annotation)
    shown = "" if is_secret else f" (it is '{_shown(fault['input'])}')"
    return f"  {name.upper()}: {said(fault)}{shown}"


def _shown(value: object) -> str:
    """Without what may be the key of a link."""
    return re.sub(r"(?<=://)([^/]*@)|\?.*", "", str(value)) if "://" in str(value) else str(value)
