"""The schema of a card, for editors and for programs."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from vistazo.models.card import ModelCard
from vistazo.models.sample_card import RowCard, TextCard


def card_schema() -> dict[str, Any]:
    """JSON Schema: by ``task`` that of a model of texts or of rows, else of pictures."""
    kinds = (ModelCard, TextCard, RowCard)
    places, schema = models_json_schema([(kind, "validation") for kind in kinds])
    of_pictures, of_texts, of_rows = (places[kind, "validation"] for kind in kinds)
    by_task = _where("text", of_texts, _where("rows", of_rows, of_pictures))
    return {"title": "ModelCard", "type": "object", **schema, **by_task}


def _where(task: str, then: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    asked = {"properties": {"task": {"const": task}}, "required": ["task"]}
    return {"if": asked, "then": then, "else": other}
