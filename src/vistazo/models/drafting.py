"""A card without writing one: from the model file, from what lies beside it, from the environment.

What can be known is concluded, each time with the reason; what cannot is missing and asked for. A
label is never guessed, and neither is the scaling.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vistazo.errors import CardError
from vistazo.models.card import Colour, InputSpec, KnownScale, ModelCard, Resize, Scale
from vistazo.models.card_file import validate_card
from vistazo.models.labels import FoundLabels
from vistazo.models.outputs import OutputSignature
from vistazo.models.signature import ModelSignature

LABELS, SIZE, COLOUR, RESIZE, FILTER, SCALE, KIND = (
    "labels",
    "input.size",
    "input.colour",
    "input.resize",
    "input.filter",
    "input.scale",
    "output.kind",
)
OUTPUT, MORE = "output.name", "more_outputs"
_FEW = 2


@dataclass(frozen=True)
class Conclusion:
    """One thing that a card says, as text, and how it is known."""

    field: str
    value: str
    why: str


@dataclass(frozen=True)
class CardHints:
    """What the environment says of the model; None where it is silent."""

    labels: tuple[str, ...] | None = None
    scale: KnownScale | None = None
    colour: Colour | None = None
    resize: Resize | None = None
    input_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class CardDraft:
    """A card in the making: its fields so far, why, and what is still missing.

    Fields have dotted names (``input.scale``). ``source`` is the model file, and ``empty_card`` a
    card with nothing in it, for messages.
    """

    source: Path
    signature: ModelSignature
    fields: Mapping[str, object] = field(default_factory=dict)
    conclusions: tuple[Conclusion, ...] = ()
    missing: tuple[str, ...] = ()
    empty_card: Path | None = None

    def concluding(self, name: str, value: object, why: str, shown: str | None = None) -> CardDraft:
        """The draft with one field more, or another value of it."""
        others = tuple(known for known in self.conclusions if known.field != name)
        return replace(
            self,
            fields={**self.fields, name: value},
            conclusions=(*others, Conclusion(name, shown or str(value), why)),
            missing=tuple(other for other in self.missing if other != name),
        )

    def lacking(self, name: str) -> CardDraft:
        return replace(self, missing=(*self.missing, name))

    def input_spec(self, scale: Scale) -> InputSpec:
        """The input as it is known so far, with this scale."""
        of_input = {
            name.removeprefix("input."): value
            for name, value in _card_fields(self.fields)
            if name.startswith("input.")
        }
        return InputSpec.model_validate({**of_input, "scale": scale})

    def complete(self, **fields: object) -> ModelCard:
        """The card, with these fields too. Raises CardError that says what is missing and how to
        give it.
        """
        missing = [name for name in self.missing if name not in fields]
        if missing:
            raise CardError(self._in_words(missing))
        document: dict[str, object] = {}
        for name, value in _card_fields({**self.fields, **fields}):
            part, inner = parted(name)
            into = document.setdefault(part, {}) if part else document
            if isinstance(into, dict):
                into[inner] = value
        return validate_card(document, f"The card that was concluded for {self.source}")

    def _in_words(self, missing: Iterable[str]) -> str:
        """What is missing, and each way to give it."""
        missing = list(missing)
        lines = [f"  {name}: {_way(name, self.source, self.signature)}" for name in missing]
        file = shlex.quote(str(self.source))
        has = f"The card {self.empty_card} is empty" if self.empty_card else "There is no card"
        told = (
            "Or let pictures tell what they can, which writes the card: "
            f"./scripts/vistazo setup {file} PICTURES\nOr print"
        )
        only = "Print" if any(name.startswith(f"{MORE}.") for name in missing) else told
        return (
            f"{has}, and not all that a card says of {self.source} is known. Labels are never "
            "guessed. Missing:\n" + "\n".join(lines) + "\n"
            f"{only} a card to complete: ./scripts/vistazo inspect {file}"
        )


def parted(name: str) -> tuple[str, str]:
    """The part of the card that a field is in, empty for the card itself, and its name there."""
    part, dot, inner = name.partition(".")
    return (part, inner) if dot else ("", name)


def _card_fields(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The fields as a card has them, where the size is two."""
    for name, value in fields.items():
        if name == SIZE and isinstance(value, tuple):
            yield from zip(("input.height", "input.width"), value, strict=True)
        else:
            yield name, value


def check_hints(card: ModelCard, hints: CardHints, card_file: Path) -> None:
    """Raise CardError where the environment contradicts a card, which beats it."""
    spec = card.input
    pairs = (
        ("LABELS", hints.labels, card.labels),
        ("SCALE", hints.scale, spec.scale),
        ("COLOUR", hints.colour, spec.colour),
        ("RESIZE", hints.resize, spec.resize),
        ("INPUT_SIZE", hints.input_size, (spec.height, spec.width)),
    )
    lines = [
        f"  {name} says {shown(hint)}, the card says {shown(said)}."
        for name, hint, said in pairs
        if hint is not None and hint != said
    ]
    if lines:
        raise CardError(
            f"The environment and the card {card_file} disagree:\n" + "\n".join(lines) + "\n"
            "A card needs no such variable: take it away, or correct the card."
        )


def check_labels_agree(hints: CardHints, found: FoundLabels | None) -> None:
    """Raise CardError where LABELS contradicts the file beside the model."""
    if found is not None and hints.labels is not None and found.labels != hints.labels:
        raise CardError(
            f"LABELS says {shown(hints.labels)}, but {found.path} says {shown(found.labels)}. "
            "Take LABELS away, or delete the file."
        )


def labels_wanted(signature: ModelSignature) -> str:
    """How many labels the model needs, and in which order."""
    of = f" of its output '{signature.output}'" if signature.has_several else ""
    if signature.units == 1:
        return f"2{of}, that of 0 and then that of 1"
    return f"{signature.units}{of}, in the order of the model's {'numbers' if of else 'outputs'}"


def numbers_of(units: int, activation: str) -> str:
    """What an output gives, in words."""
    return f"{units} number{'' if units == 1 else 's'}, through '{activation}'"


def example_of(output: OutputSignature) -> str:
    """What a card may say of a further output."""
    kind, labels = _kind_and_labels(output)
    ways = [f"{{kind: {kind}, labels: {labels}}}"]
    if output.units == 1 and kind == "logits":
        ways.insert(0, "{kind: value, unit: years}")
    if output.units > _FEW and kind == "softmax":
        ways.append("{kind: expectation, unit: years}")
    return ", ".join([*ways, "or {kind: ignored}"])


def _kind_and_labels(output: OutputSignature) -> tuple[str, str]:
    labels = "[no, yes]" if output.units <= _FEW else "[first, second, ...]"
    if output.activation == "sigmoid":
        return ("sigmoid" if output.units == 1 else "multilabel"), labels
    return ("softmax" if output.activation == "softmax" else "logits"), labels


def _way(name: str, source: Path, signature: ModelSignature) -> str:
    if name.startswith(f"{MORE}."):
        [of] = [each for each in signature.others if each.name == parted(name)[1]]
        gives = numbers_of(of.units, of.activation)
        return f"{gives}. Only a card can say what that is: {example_of(of)}."
    if name == LABELS:
        example = "normal,pneumonia" if signature.units <= 2 else "first,second,..."
        return (
            f"{labels_wanted(signature)}. Set LABELS={example}, or write them to "
            f"{source.with_name('labels.txt')}, one a line."
        )
    if name == SCALE:
        return (
            "what training did to the values 0..255 of a picture. Set SCALE=1/255, SCALE=1/127.5-1 "
            "or SCALE=none."
        )
    if signature.has_several and signature.units == 1:
        return (
            "logits, where the number of an output is that of two classes, which only a card can "
            "say. A model of nothing but numbers cannot be served: it has to classify."
        )
    return (
        f"the model ends in '{signature.activation}', which does not say what its numbers are. "
        "Only a card can."
    )


def shown(value: object) -> str:
    """Labels or a size, for a message."""
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return "x".join(map(str, value))
    if isinstance(value, tuple):
        return f"{len(value)} labels ({', '.join(map(str, value))})"
    return str(value)
