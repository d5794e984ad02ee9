"""The model that a request names, as its protocol tells of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from starlette.requests import Request

from vistazo.api.protocols.address import Address, asked_address
from vistazo.api.protocols.outputs import outputs_of
from vistazo.api.service import Service
from vistazo.classifier import Classifier
from vistazo.errors import UnknownModelError
from vistazo.loading import AnyClassifier

_SHOWN_CHARS = 100
_INPUT_NAMES = {"pictures": "picture", "texts": "text", "rows": "row"}


def served_model(request: Request) -> AnyClassifier:
    """Raises NotReadyError, and UnknownModelError where it has another name or version."""
    service: Service = request.app.state.service
    served = service.classifier
    check_address(asked_address(request.scope), served)
    return served


def check_address(asked: Address, served: AnyClassifier) -> None:
    """Raises UnknownModelError."""
    name, version = served.card.name, served.card.version
    if asked.name != name:
        shown = asked.name[:_SHOWN_CHARS]
        raise UnknownModelError(f"There is no model '{shown}' here; there is '{name}'.")
    if asked.version not in (None, version):
        shown = (asked.version or "")[:_SHOWN_CHARS]
        raise UnknownModelError(
            f"There is no version '{shown}' of the model '{name}' here; there is '{version}'."
        )


def description_of(served: AnyClassifier) -> dict[str, Any]:
    """With one input: that which every client can send."""
    runtime = served.runtime
    return {
        "name": served.card.name,
        "versions": [served.card.version],
        "platform": "scikit-learn" if runtime is None else runtime.engine,
        "inputs": [_input_of(served)],
        "outputs": [{**asdict(each), "shape": list(each.shape)} for each in outputs_of(served)],
    }


def _input_of(served: AnyClassifier) -> dict[str, Any]:
    takes = "pictures" if isinstance(served, Classifier) else served.takes
    name = _INPUT_NAMES[takes]
    if not isinstance(served, Classifier) and takes == "rows":
        return {"name": name, "datatype": "FP64", "shape": [-1, served.n_features]}
    return {"name": name, "datatype": "BYTES", "shape": [-1]}
