"""A model's configuration: from what Keras 1 wrote to what Keras 2 would have written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vistazo.errors import UnsupportedModelError
from vistazo.models.keras_import.keras1.settings import (
    Facts,
    in_keras2,
    is_keras1,
    says_channels,
)

Document = Mapping[str, Any]

_MODELS = frozenset({"Sequential", "Model"})
# Keras 1.0.3 did not say its version yet; it was the last whose epsilon was this by default.
_UNSAID_EPSILON = 1e-6
_STD_UNTIL = (1, 0, 5)
_THEANO_STD_UNTIL = (1, 0, 6)


def is_of_keras1(document: Document) -> bool:
    """Told by its layers: files and their parts often do not say which version wrote them."""
    return any(is_keras1(name, config) for name, config in _stock(document))


def refuse_keras0(document: Document) -> None:
    """Raise UnsupportedModelError for ``{"name": "Sequential", "layers": [...]}``."""
    is_old = "class_name" not in document and document.get("name") in ("Sequential", "Graph")
    if is_old and isinstance(document.get("layers", document.get("node_config")), list):
        raise UnsupportedModelError(
            "The model is of Keras 0, before April 2016, which is not read. Load it with Keras 1.0 "
            "and save its layers (model.to_json()) and weights again."
        )


def as_keras2(document: Document, version: str, backend: str) -> Document:
    """The whole configuration in the words of Keras 2.

    Raises UnsupportedModelError where these cannot say it exactly.
    """
    return _model(document, _facts(document, version, backend))


def _facts(document: Document, version: str, backend: str) -> Facts:
    layers = list(_stock(document))
    said = {says_channels(name, config) for name, config in layers} - {None}
    epsilons = {config.get("epsilon") for name, config in layers if name == "BatchNormalization"}
    return Facts(
        said.pop() if len(said) == 1 else None,
        _is_std(version, backend, epsilons),
    )


def _is_std(version: str, backend: str, epsilons: set[object]) -> bool | None:
    if not version.startswith("1."):
        return True if epsilons == {_UNSAID_EPSILON} else None
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return numbers <= (_THEANO_STD_UNTIL if backend == "theano" else _STD_UNTIL)


def _stock(document: Document) -> Iterator[tuple[str, Document]]:
    """Every layer, nested and wrapped ones included."""
    pending: list[object] = [document]
    while pending:
        item = pending.pop()
        config = item.get("config") if isinstance(item, dict) else None
        if isinstance(item, dict) and isinstance(config, dict):
            yield str(item.get("class_name")), config
            inner = config.get("layers")
            pending += [config.get("layer"), *(inner if isinstance(inner, list) else [])]
        elif isinstance(config, list):
            pending += config


def _model(document: Document, facts: Facts) -> dict[str, Any]:
    config = document.get("config")
    if isinstance(config, list):
        _refuse_branches(config)
        return {**document, "config": [_layer(item, facts) for item in config]}
    if isinstance(config, dict) and isinstance(config.get("layers"), list):
        layers = [_layer(item, facts) for item in config["layers"]]
        return {**document, "config": {**config, "layers": layers}}
    return dict(document)


def _layer(item: Document, facts: Facts) -> dict[str, Any]:
    class_name, config = str(item.get("class_name")), item.get("config")
    if class_name in _MODELS:
        return _model(item, facts)
    if not isinstance(config, dict):
        return dict(item)
    if isinstance(config.get("layer"), dict):
        config = {**config, "layer": _layer(config["layer"], facts)}
    class_name, settings = in_keras2(class_name, config, facts)
    return {**item, "class_name": class_name, "config": settings}


def _refuse_branches(layers: list[Any]) -> None:
    first = layers[0] if layers and isinstance(layers[0], dict) else {}
    branches = (
        (first.get("config") or {}).get("layers") if first.get("class_name") == "Merge" else None
    )
    if isinstance(branches, list):
        raise UnsupportedModelError(
            f"The model begins with a Merge of {len(branches)} models, each with an input of its "
            "own; one picture is what can be served. Build keras.Model(image, scores) from the "
            "part that classifies the picture."
        )
