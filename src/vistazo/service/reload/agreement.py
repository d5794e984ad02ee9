"""How far two models agree on the same pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Of the model that answers and the next one, over ``compared`` pictures.

    ``same_class`` is the share that both put into the same class; ``mean_difference`` the mean
    distance of their probabilities for the labels that both have, 0..1; ``latency_ratio`` how many
    times as long the next one takes. All three are None where nothing was compared.
    """

    compared: int = 0
    same_class: float | None = None
    mean_difference: float | None = None
    latency_ratio: float | None = None


@dataclass(frozen=True)
class Opinion:
    """What a model says of a picture, and how long it took: seconds."""

    predicted_class: str
    probabilities: Mapping[str, float]
    seconds: float


class Tally:
    def __init__(self) -> None:
        self._compared = 0
        self._same = 0
        self._difference = 0.0
        self._seconds = 0.0
        self._next_seconds = 0.0

    def add(self, now: Opinion, later: Opinion) -> None:
        """Two opinions of one picture. Raises ValueError where no label is common to both."""
        common = now.probabilities.keys() & later.probabilities.keys()
        if not common:
            raise ValueError("no label is common to both models")
        distances = [abs(now.probabilities[name] - later.probabilities[name]) for name in common]
        self._compared += 1
        self._same += now.predicted_class == later.predicted_class
        self._difference += sum(distances) / len(distances)
        self._seconds += now.seconds
        self._next_seconds += later.seconds

    @property
    def agreement(self) -> Agreement:
        if not self._compared:
            return Agreement()
        return Agreement(
            self._compared,
            self._same / self._compared,
            self._difference / self._compared,
            self._next_seconds / self._seconds if self._seconds else None,
        )
