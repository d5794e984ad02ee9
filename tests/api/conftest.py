from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier
from vistazo.api.app import create_app
from vistazo.models.outputs import OutputSignature
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings

Serve = Callable[..., Any]


@contextmanager
def _serving(
    gate: threading.Event | None = None,
    card: dict[str, Any] | None = None,
    others: tuple[OutputSignature, ...] = (),
    **settings: Any,
) -> Iterator[TestClient]:
    the_settings = Settings.model_validate({"threads": 1, **settings})
    reader = DirectReader(the_settings.image_limits)
    engine = BrightnessEngine(gate, others=others)
    app = create_app(
        the_settings, load=lambda: brightness_classifier(engine, reader, **(card or {}))
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


@pytest.fixture
def serving() -> Serve:
    """``with serving(gate, card, others, **settings) as client``: a service that measures
    brightness, and answers it in each of the ``others`` too.
    """
    return _serving


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with _serving() as client:
        yield client
