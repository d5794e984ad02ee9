"""What the baseline beside a model holds, for ``vistazo inspect``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from vistazo.answers.baseline_file import baseline_path, read_baseline, read_reference
from vistazo.errors import UnreadableModelError
from vistazo.models.card import InputSpec
from vistazo.training.remembered_answers import in_words


def baseline_line(
    model: Path,
    sha256: str,
    labels: Sequence[str],
    spec: InputSpec | None = None,
    features: tuple[int, ...] | None = None,
) -> Iterator[str]:
    """Nothing where there is none; ``spec`` and ``features`` are those of a model of pictures, of
    which some have no feature map.
    """
    path = baseline_path(model)
    if not path.exists():
        return
    try:
        holds = []
        if spec is not None and features is not None:
            likeness = read_baseline(path, sha256, math.prod(features), spec)
            holds += ["tells strange pictures"] if likeness is not None else []
        reference = read_reference(path, sha256, labels, spec)
    except UnreadableModelError as error:
        yield f"  baseline   of no use: {error}"
        return
    if reference is not None:
        holds.append(f"tells drift from {in_words(reference)}")
    yield f"  baseline   {path}: {'; '.join(holds) or 'holds nothing'}"
