"""Answers as a model might give them, by seed: for tests of drift."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from vistazo.answers.reference import Answered, Reference

LABELS = ("NORMAL", "PNEUMONIA")
SHARE = 0.6  # of the second label


def answers(
    count: int, seed: int, shift: Mapping[str, float] | None = None, share: float = SHARE
) -> list[Answered]:
    """Pictures of the two labels differ in all that is measured; ``shift`` is in deviations."""
    random = np.random.default_rng(seed)
    return [_answer(random, shift or {}, share) for _ in range(count)]


def _answer(random: np.random.Generator, shift: Mapping[str, float], share: float) -> Answered:
    label = int(random.random() < share)
    means = {"brightness": 2.0 * label, "contrast": -1.0 * label, "sharpness": 1.0, "likeness": 0.0}
    found = {name: random.normal(mean + shift.get(name, 0.0)) for name, mean in means.items()}
    sure = random.beta(8, 1 + label) - 0.2 * shift.get("confidence", 0.0)
    size = float(random.choice([1024, 2000])) + 500 * shift.get("size", 0.0)
    return Answered(label, {**found, "confidence": float(sure), "size": size})


def reference(count: int = 626, seed: int = 0) -> Reference:
    return Reference.of(LABELS, answers(count, seed))


def turns(watch: object, stream: Sequence[Answered]) -> Iterator[tuple[int, str, bool]]:
    """How many answers until a quantity changed, which one, and whether it drifts from there."""
    for number, answer in enumerate(stream, start=1):
        changed = watch.see(LABELS[answer.label], answer.quantities)  # type: ignore[attr-defined]
        for each in changed:
            yield number, each.name, each.is_drifting
