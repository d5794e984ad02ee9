from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from builders import encoded, film
from estimator_files import linear, write_estimator
from foreign_client import ForeignClient
from served_samples import write_text_model
from vistazo.loading import load_model
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings

sys.path.append(str(Path(__file__).parents[3] / "scripts" / "peers"))

from peer_environments import NotInstalledError, interpreter

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Served:
    url: str
    model: str
    version: str

    @property
    def address(self) -> str:
        """As tritonclient wants it."""
        return self.url.removeprefix("http://")

    def predicted(self, data: bytes) -> dict[str, float]:
        """The probabilities that /predict has of a picture."""
        answer = httpx.post(f"{self.url}/predict", files={"file": ("film.png", data)})
        assert answer.status_code == 200, answer.text
        return answer.json()["probabilities"]


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """That differ in what they show, in size and in format."""
    shown = (film(), film(300, 200).rotate(90), film(120, 90).transpose(1))
    return [encoded(image, kind) for image, kind in zip(shown, ("PNG", "JPEG", "PNG"), strict=True)]


@pytest.fixture(scope="session")
def prepared(cache: Path) -> Callable[[bytes], NDArray[np.float32]]:
    """What the default model is given of a picture: (h, w, c)."""
    settings = Settings.from_environment({"CACHE_DIR": str(cache)})
    classifier: Any = load_model(settings.model_source, DirectReader(settings.image_limits))
    return lambda data: classifier.prepared(data).pixels


@contextmanager
def _client(package: str, program: str) -> Iterator[ForeignClient]:
    try:
        python = interpreter(package, lambda words: sys.stderr.write(f"{words}\n"))
    except NotInstalledError as error:
        pytest.skip(f"{package} cannot be installed here: {error}")
    client = ForeignClient(python, PROGRAMS / program)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture(scope="session")
def triton() -> Iterator[ForeignClient]:
    with _client("tritonclient", "triton_calls.py") as client:
        yield client


@pytest.fixture(scope="session")
def kserve() -> Iterator[ForeignClient]:
    with _client("kserve", "kserve_calls.py") as client:
        yield client


@pytest.fixture(scope="session")
def mlserver() -> Iterator[ForeignClient]:
    with _client("mlserver", "mlserver_calls.py") as client:
        yield client


@contextmanager
def _served(start: Callable[..., Any], **environment: str) -> Iterator[Served]:
    with start(**environment) as service:
        model = httpx.get(f"{service.url}/model").json()["card"]
        yield Served(service.url, model["name"], model["version"])


@pytest.fixture(scope="session")
def pneumonia(running: Callable[..., Any]) -> Iterator[Served]:
    """The default model, of pictures."""
    with _served(running) as served:
        yield served


@pytest.fixture(scope="session")
def news(running: Callable[..., Any], tmp_path_factory: Any) -> Iterator[Served]:
    """Of texts: "verdad" is true, "mentira" is false."""
    model = write_text_model(tmp_path_factory.mktemp("news") / "news.joblib")
    with _served(running, MODEL_PATH=str(model)) as served:
        yield served


@pytest.fixture(scope="session")
def flowers(running: Callable[..., Any], tmp_path_factory: Any) -> Iterator[Served]:
    """Of rows: B where the first of two numbers is the larger one."""
    folder = tmp_path_factory.mktemp("flowers")
    model = write_estimator(linear([1.0, -1.0]), folder / "flowers.joblib")
    card = {"name": "flowers", "version": "1", "task": "rows", "labels": ["A", "B"]}
    card |= {"input": {"columns": ["length", "width"]}}
    (folder / "flowers.card.yaml").write_text(json.dumps(card))
    with _served(running, MODEL_PATH=str(model)) as served:
        yield served
