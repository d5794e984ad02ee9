"""Answers that stand in for those of the service."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from vistazo.answers.explanation import Frame, heat_layer

Stub = Callable[[Any], None]


def problem(status: int, code: str, **headers: str) -> Stub:
    """A problem document."""
    document = {"status": status, "code": code, "detail": "In technical words.", "request_id": "r1"}
    return lambda route: route.fulfill(status=status, json=document, headers=headers)


def changed(**fields: Any) -> Stub:
    """The service's own answer, with some fields changed."""

    def answer(route: Any) -> None:
        response = route.fetch()
        route.fulfill(response=response, json={**response.json(), **fields})

    return answer


def described(figures: dict[str, Any], *, on_card: Any = (), **fields: Any) -> Stub:
    """The service's own description of its model, with further groups of figures on its card, some
    of the card's fields ``on_card`` changed, and some of its own.
    """

    def answer(route: Any) -> None:
        response = route.fetch()
        card = {**response.json()["card"], **dict(on_card)}
        card["figures"] |= figures
        route.fulfill(response=response, json={**response.json(), **fields, "card": card})

    return answer


def answered(**fields: Any) -> Stub:
    """An answer to a picture: PNEUMONIA at 97 %, but for the fields given."""
    answer = {
        "filename": "film.png",
        "predictions": [0.03, 0.97],
        "predicted_class": "PNEUMONIA",
        "confidence": 0.97,
        "probabilities": {"NORMAL": 0.03, "PNEUMONIA": 0.97},
        "model": {"name": "pneumonia", "version": "1.0.0", "sha256": "0" * 64},
        "warnings": [],
        "request_id": "r1",
        "heatmap": heat(),
    }
    return lambda route: route.fulfill(json={**answer, **fields})


def heat(label: str = "PNEUMONIA") -> dict[str, Any]:
    """The heatmap of an answer."""
    grid = np.array([[0, 1, 0], [0, 3, 2], [-1, 0, 0]], np.float32)
    layer = heat_layer(grid, Frame(0, 0, 1, 1), 640, 520)
    return {
        "label": label,
        "method": "class_activation",
        "image": base64.b64encode(layer).decode(),
        "grid": grid.tolist(),
        "frame": [0, 0, 1, 1],
    }


def in_turn(*stubs: Stub) -> Stub:
    """One stub after the other; the last one stays."""
    left = list(stubs)

    def answer(route: Any) -> None:
        stub = left.pop(0) if len(left) > 1 else left[0]
        stub(route)

    return answer


def noting(questions: list[str], then: Stub) -> Stub:
    """Keeps what is asked, the part after the question mark."""

    def answer(route: Any) -> None:
        questions.append(route.request.url.partition("?")[2])
        then(route)

    return answer


def holding(held: list[Any]) -> Stub:
    """No answer, until whoever ``held`` it gives one."""
    return lambda route: held.append(route)  # noqa: PLW0108  Playwright marks it, a bound method not


def from_service(route: Any) -> None:
    route.continue_()
