"""Who is measured: how each is started, how it takes a picture, and where its answer stands."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SERVERS = HERE / "servers"

ONNX, KERAS = "ONNX Runtime", "TensorFlow"
FORM, RAW, JSON = "form", "raw body", "base64 in JSON"
VISTAZO, PLAIN_KERAS, LIMIT = "vistazo", "keras", "limit"

_BOUNDARY = b"vistazo-benchmark"


def form(picture: bytes) -> tuple[str, bytes]:
    """Content type and body."""
    head = b'Content-Disposition: form-data; name="file"; filename="film.jpg"\r\n'
    kind = b"Content-Type: image/jpeg\r\n\r\n"
    body = b"--" + _BOUNDARY + b"\r\n" + head + kind + picture + b"\r\n--" + _BOUNDARY + b"--\r\n"
    return f"multipart/form-data; boundary={_BOUNDARY.decode()}", body


def _raw(picture: bytes) -> tuple[str, bytes]:
    return "image/jpeg", picture


def _instances(picture: bytes) -> tuple[str, bytes]:
    """KServe's protocol, version 1; ``b64`` as in TensorFlow Serving."""
    instances = [{"image_bytes": {"b64": base64.b64encode(picture).decode()}}]
    return "application/json", json.dumps({"instances": instances}).encode()


def _tensors(picture: bytes) -> tuple[str, bytes]:
    """The Open Inference Protocol, version 2; base64 as a content type of MLServer."""
    tensor = {
        "name": "picture",
        "shape": [1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(picture).decode()],
    }
    return "application/json", json.dumps({"inputs": [tensor]}).encode()


@dataclass(frozen=True)
class Contender:
    """``command`` and ``environment`` may hold {python}, {bin}, {root}, {weights}, {workers}, and
    the free ports {port}, {port_2}, {port_3}.

    ``requirements`` names the package that its locked set is named after; None where it runs in
    the project's own environment. A peer is somebody's product that stands against Vistazo.
    """

    key: str
    title: str
    command: tuple[str, ...]
    requirements: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    body: str = FORM
    write: Callable[[bytes], tuple[str, bytes]] = form
    path: str = "/predict"
    engine: str = ONNX
    is_peer: bool = True
    read: Callable[[Any], dict[str, float]] = lambda answer: answer["probabilities"]

    @property
    def is_comparable(self) -> bool:
        """Whether it is among those of which Vistazo is held against the best."""
        return self.is_peer and self.body == FORM and self.engine == ONNX

    def request(self, picture: bytes, port: int) -> bytes:
        """A whole request with the picture."""
        kind, body = self.write(picture)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _from_tensors(answer: Any) -> dict[str, float]:
    """By label: two outputs, the labels and their probabilities."""
    labels, probabilities = (output["data"] for output in answer["outputs"])
    return dict(zip(labels, probabilities, strict=True))


_UVICORN = ("{python}", "-m", "uvicorn", "--port", "{port}")

_BENTOML_OPTIONS = ("--host", "127.0.0.1", "--port", "{port}", "--working-dir", str(SERVERS))

CONTENDERS = (
    Contender(
        VISTAZO,
        "Vistazo",
        ("{python}", "-m", "vistazo", "serve"),
        environment={
            "PYTHONPATH": str(ROOT / "src"),
            "MODEL_PATH": "{weights}",
            "ENGINE": "onnx",
            "THREADS": "{workers}",
        },
        is_peer=False,
    ),
    Contender(
        "litserve",
        "LitServe",
        ("{python}", str(SERVERS / "litserve_server.py")),
        requirements="litserve",
    ),
    Contender(
        "bentoml",
        "BentoML",
        ("{bin}/bentoml", "serve", "bentoml_server:PictureService", *_BENTOML_OPTIONS),
        requirements="bentoml",
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    Contender(
        "mosec",
        "mosec",
        (
            "{python}",
            str(SERVERS / "mosec_server.py"),
            "--address",
            "127.0.0.1",
            "--port",
            "{port}",
        ),
        requirements="mosec",
        body=RAW,
        write=_raw,
        path="/inference",
    ),
    Contender(
        "ray",
        "Ray Serve",
        ("{python}", str(SERVERS / "ray_server.py")),
        requirements="ray",
        environment={"RAY_USAGE_STATS_ENABLED": "0"},
    ),
    Contender(
        "kserve",
        "KServe",
        ("{python}", str(SERVERS / "kserve_server.py")),
        requirements="kserve",
        body=JSON,
        write=_instances,
        path="/v1/models/picture:predict",
        read=lambda answer: answer["predictions"][0],
    ),
    Contender(
        "mlserver",
        "MLServer",
        ("{bin}/mlserver", "start", "."),
        requirements="mlserver",
        environment={
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{port_2}",
            "MLSERVER_METRICS_PORT": "{port_3}",
            "MLSERVER_PARALLEL_WORKERS": "{workers}",
            "MLSERVER_MODEL_NAME": "picture",
            "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_runtime.PictureRuntime",
        },
        body=JSON,
        write=_tensors,
        path="/v2/models/picture/infer",
        read=_from_tensors,
    ),
    Contender(
        "onnx",
        "FastAPI + ONNX Runtime, by hand",
        (*_UVICORN, "plain_onnx:app"),
        is_peer=False,
    ),
    Contender(
        PLAIN_KERAS,
        "FastAPI + Keras predict",
        (*_UVICORN, "plain_keras:app"),
        engine=KERAS,
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    ),
)
