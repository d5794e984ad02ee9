"""What a compiled model takes and gives beside images and scores, by name (models/keras_import)."""

from __future__ import annotations

import json
from collections.abc import Mapping

MORE, LOGITS = "more_features", "logits"
PROBED, MEASURED = "probe_images", ("probe_mean", "probe_variance")
REMEMBERED = ("moving_mean", "moving_variance")
_PROBE_METADATA = "vistazo.models.probe"


def told_of_probe(metadata: Mapping[str, str]) -> tuple[str, bool] | None:
    """The layer's name, and whether it is frozen; None where the file does not say it as we do."""
    try:
        told = json.loads(metadata[_PROBE_METADATA])
        return str(told["layer"]), bool(told["frozen"])
    except (KeyError, TypeError, ValueError):
        return None
