"""The outputs of a model that has several: which of them fills an answer's usual fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vistazo.errors import CardError, HostileModelError

# CelebA has forty properties of a face; each may be a head.
MAX_OUTPUTS = 256
_CLASSIFYING = ("softmax", "sigmoid")
_TENSOR_PREFIX = "outputs/"


@dataclass(frozen=True)
class OutputSignature:
    """One row of ``units`` numbers per picture; ``activation`` is as in ``ModelSignature``."""

    name: str
    units: int
    activation: str

    @property
    def tensor(self) -> str:
        """What it is called in a compiled model, where it is not the one that fills ``scores``."""
        return _TENSOR_PREFIX + self.name

    def is_sound(self) -> bool:
        """Whether every field is of its kind."""
        texts = isinstance(self.name, str) and isinstance(self.activation, str)
        return texts and type(self.units) is int and self.units > 0


def check_number(count: int) -> None:
    """Raises HostileModelError where there are more outputs than any model has use for."""
    if count > MAX_OUTPUTS:
        raise HostileModelError(
            f"The model has {count} outputs; at most {MAX_OUTPUTS} are accepted. Build a model of "
            "those that are needed: keras.Model(image, [first, second])."
        )


def first_place(outputs: Sequence[OutputSignature], asked: str | None) -> int:
    """The place of the output that fills the usual fields: the one ``asked`` for, else the first
    that classifies. Raises CardError for a name that none of them has.
    """
    names = [output.name for output in outputs]
    if asked is not None:
        if asked not in names:
            raise CardError(
                f"'{asked}' (output.name in the card) is no output of the model that could be its "
                f"scores. It has {', '.join(names)}."
            )
        return names.index(asked)
    sure = (place for place, output in enumerate(outputs) if output.activation in _CLASSIFYING)
    several = (place for place, output in enumerate(outputs) if output.units > 1)
    return next(sure, next(several, 0))


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Every name once, as Keras has it: a second ``age`` becomes ``age_1``."""
    taken: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for name in names:
        proposal = name
        while proposal in taken:
            counts[name] += 1
            proposal = f"{name}_{counts[name]}"
        taken[proposal] = None
    return tuple(taken)
