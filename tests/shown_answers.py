"""What an answer and the answer that a page shows have in common."""

from __future__ import annotations

import re
from typing import Any


def as_shown(value: Any) -> Any:
    """Numbers with four decimals, hashes by their beginning; each request has an id of its own."""
    if isinstance(value, dict):
        return {key: "..." if key == "request_id" else as_shown(of) for key, of in value.items()}
    if isinstance(value, list):
        return [as_shown(each) for each in value]
    if isinstance(value, float):
        return round(value, 4)
    return re.sub(r"^([0-9a-f]{8})[0-9a-f.]+$", r"\1", value) if isinstance(value, str) else value
