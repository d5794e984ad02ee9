"""One kept answer as a row: for people, as JSON, as CSV."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from vistazo.rows.csv_cells import csv_line
from vistazo.service.records.listing import KeptAnswer

COLUMNS = (
    "time", "request_id", "index", "caller", "model", "version", "sha256", "predicted_class",
    "confidence", "probabilities", "warnings", "label", "agrees", "labelled_at", "picture",
)  # fmt: skip
_SHA256_SHOWN = 8


def as_object(answer: KeptAnswer) -> dict[str, Any]:
    """For JSON. ``agrees`` and the rest of what was true is None where nobody has said it."""
    judged, label = answer.judged_ms, answer.label
    return {
        "time": _time(answer.at_ms),
        "request_id": answer.request_id,
        "index": answer.index,
        "caller": answer.caller or None,
        "model": answer.model,
        "version": answer.version,
        "sha256": answer.sha256,
        "predicted_class": answer.predicted_class,
        "confidence": answer.confidence,
        "scores" if answer.are_scores else "probabilities": answer.numbers,
        "warnings": list(answer.warnings),
        "label": label,
        "agrees": None if label is None else label == answer.predicted_class,
        "labelled_at": None if judged is None else _time(judged),
        "picture": answer.picture,
    }


def as_csv(answer: KeptAnswer) -> str:
    """One line. Probabilities, or scores, are JSON by label: models have different labels."""
    found = as_object(answer)
    numbers = json.dumps(answer.numbers, ensure_ascii=False) if answer.numbers else None
    found |= {"probabilities": numbers, "warnings": " ".join(answer.warnings)}
    if found["agrees"] is not None:
        found["agrees"] = "true" if found["agrees"] else "false"
    return csv_line([found[name] for name in COLUMNS])


def as_words(answer: KeptAnswer) -> str:
    """One line, for people."""
    sure = "" if answer.confidence is None else f"  {answer.confidence:.1%}"
    said = f"  was {answer.label}" if answer.label not in (None, answer.predicted_class) else ""
    said = "  was so" if answer.label == answer.predicted_class else said
    doubt = f"  ({', '.join(answer.warnings)})" if answer.warnings else ""
    model = f"{answer.model} {answer.version} {answer.sha256[:_SHA256_SHOWN]}"
    place = f"{answer.request_id}[{answer.index}]" if answer.index else answer.request_id
    who = answer.caller or "-"
    return (
        f"{_time(answer.at_ms)}  {place}  {who}  {model}  "
        f"{answer.predicted_class}{sure}{doubt}{said}"
    )


def _time(at_ms: int) -> str:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
