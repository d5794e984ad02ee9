"""What ``GET /drift`` answers, made up."""

from __future__ import annotations

from typing import Any

EDGES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
STEADY = [0.11, 0.09, 0.1, 0.12, 0.08, 0.1, 0.1, 0.09, 0.11, 0.1]
MOVED = [0.0, 0.0, 0.01, 0.02, 0.05, 0.07, 0.1, 0.15, 0.25, 0.35]
TODO = {"en": "Look whether the <b>exposure</b> changed.", "es": "Mira si cambió la exposición."}
KINDS = {"classes": "output", "confidence": "confidence"}
NAMES = ("aspect_ratio", "brightness", "confidence", "contrast", "likeness", "sharpness", "size")


def quantity(name: str, *, is_drifting: bool = False, **fields: Any) -> dict[str, Any]:
    changed = {"since": "2026-05-12T14:03:00Z", "what_to_do": TODO} if is_drifting else {}
    return {
        "name": name,
        "kind": KINDS.get(name, "input"),
        "psi": 1.234 if is_drifting else 0.012,
        "js_distance": 0.4 if is_drifting else 0.05,
        "p_value": 0.0001 if is_drifting else 0.6,
        "threshold_psi": 0.25,
        "is_drifting": is_drifting,
        "since": None,
        "what_to_do": None,
        "labels": None,
        "baseline": [0.1] * 10,
        "window": MOVED if is_drifting else STEADY,
        "edges": EDGES,
        **changed,
        **fields,
    }


def classes(labels: list[str], window: list[float], *, is_drifting: bool = False) -> dict[str, Any]:
    even = [1 / len(labels)] * len(labels)
    fields = {"labels": labels, "baseline": even, "window": window, "edges": None}
    return quantity("classes", is_drifting=is_drifting, **fields)


def drift(state: str = "steady", *drifting: str, **fields: Any) -> dict[str, Any]:
    quantities = [quantity(name, is_drifting=name in drifting) for name in NAMES]
    mix = classes(["NORMAL", "PNEUMONIA"], [0.75, 0.25], is_drifting="classes" in drifting)
    return {
        "model": {"name": "pneumonia", "version": "1", "sha256": "0" * 64},
        "state": state,
        "window": {"answers": 1250 if state == "steady" else 180, "of": 250},
        "baseline": {"answers": 626},
        "quantities": [*quantities, mix],
        **fields,
    }


def feedback(state: str, *, inputs_changed: bool = False, **fields: Any) -> dict[str, Any]:
    todo = {"en": "Ask who labels.", "es": "Pregunta a quien etiqueta."}
    months = [
        {"from": f"2026-0{n}-01T00:00:00Z", "to": f"2026-0{n + 1}-01T00:00:00Z"} for n in (3, 4)
    ]
    share = {"accuracy": 0.91, "low": 0.84, "high": 0.95}
    return {
        "labelled": 120,
        "accuracy": {"value": 0.908, "low": 0.84, "high": 0.949},
        "expected_calibration_error": 0.034,
        "over_time": [{**month, "answers": 60, **share} for month in months],
        "concept_drift": {
            "state": state,
            "expected_accuracy": 0.94,
            "p_value": 0.001,
            "inputs_look_the_same": not inputs_changed,
            "what_to_do": todo if state == "drifting" or inputs_changed else None,
        },
        **fields,
    }
