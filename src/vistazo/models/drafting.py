"""A card without writing one: from the model file, from what lies beside it, from the environment.

What can be known is concluded, each time with the reason; what cannot is missing and asked for. A
label is never guessed, and neither is the scaling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vistazo.errors import CardError, UnsupportedModelError
from vistazo.models.card import (
    Colour,
    InputSpec,
    KnownScale,
    ModelCard,
    OutputKind,
    Resize,
    validate_card,
)
from vistazo.models.labels import FoundLabels
from vistazo.models.signature import TEACHABLE_MACHINE, ModelSignature

LABELS, SIZE, COLOUR, RESIZE, FILTER, SCALE, KIND = (
    "labels",
    "input.size",
    "input.colour",
    "input.resize",
    "input.filter",
    "input.scale",
    "output.kind",
)
_GREY, _RGB = 1, 3
_SIGMOID = "sigmoid"
_KIND_OF: Mapping[str, OutputKind] = {"softmax": "softmax", "linear": "logits"}
_ITS_SAMPLE_CODE = "a Teachable Machine export, prepared as its own sample code does"
_USUAL_MIN_SIDE_PX = InputSpec.model_fields["min_side_px"].default
_VERSION_DIGITS = 8
_MAX_NAME = 100


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

    Fields have dotted names (``input.scale``). ``source`` is the model file, for messages.
    """

    source: Path
    signature: ModelSignature
    fields: Mapping[str, object] = field(default_factory=dict)
    conclusions: tuple[Conclusion, ...] = ()
    missing: tuple[str, ...] = ()

    def concluding(self, name: str, value: object, why: str, shown: str | None = None) -> CardDraft:
        """The draft with one field more."""
        return replace(
            self,
            fields={**self.fields, name: value},
            conclusions=(*self.conclusions, Conclusion(name, shown or str(value), why)),
            missing=tuple(other for other in self.missing if other != name),
        )

    def lacking(self, name: str) -> CardDraft:
        return replace(self, missing=(*self.missing, name))

    def complete(self, **fields: object) -> ModelCard:
        """The card, with these fields too. Raises CardError that says what is missing and how to
        give it.
        """
        missing = [name for name in self.missing if name not in fields]
        if missing:
            raise CardError(in_words(missing, self.source, self.signature))
        document: dict[str, object] = {}
        for name, value in _card_fields({**self.fields, **fields}):
            part, _, inner = name.rpartition(".")
            into = document.setdefault(part, {}) if part else document
            if isinstance(into, dict):
                into[inner] = value
        return validate_card(document, f"The card that was concluded for {self.source}")


def draft_card(
    source: Path,
    sha256: str,
    signature: ModelSignature,
    hints: CardHints,
    found: FoundLabels | None,
) -> CardDraft:
    """What is known of the card of ``source``.

    Raises CardError where two of those who know disagree, and UnsupportedModelError for a model
    that no card could be written for.
    """
    draft = CardDraft(source, signature)
    draft = draft.concluding("name", card_name(source), "the name of the file")
    version = sha256[:_VERSION_DIGITS]
    draft = draft.concluding("version", version, "the beginning of the weights' SHA-256")
    draft = _with_labels(draft, hints, found)
    draft = _with_size(draft, hints)
    draft = _with_colour(draft, hints)
    draft = _with_resize(draft, hints)
    draft = _with_scale(draft, hints)
    return _with_kind(draft)


def _card_fields(fields: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The fields as a card has them, where the size is two."""
    for name, value in fields.items():
        if name == SIZE and isinstance(value, tuple):
            yield from zip(("input.height", "input.width"), value, strict=True)
        else:
            yield name, value


def card_name(source: Path) -> str:
    """The file's name, in the letters that a card's name may have."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", source.stem).strip("._-")
    return safe[:_MAX_NAME] or "model"


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
        f"  {name} says {_shown(hint)}, the card says {_shown(said)}."
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
            f"LABELS says {_shown(hints.labels)}, but {found.path} says {_shown(found.labels)}. "
            "Take LABELS away, or delete the file."
        )


def in_words(missing: Iterable[str], source: Path, signature: ModelSignature) -> str:
    """What is missing, and each way to give it."""
    lines = [f"  {name}: {_way(name, source, signature)}" for name in missing]
    return (
        f"{source} has no card, and not all that a card says is known. Labels are never guessed. "
        "Missing:\n" + "\n".join(lines) + "\n"
        f"Or: './scripts/vistazo setup {source} PICTURES' finds out what pictures can tell and "
        f"writes the card; 'vistazo inspect {source}' prints one to complete."
    )


def labels_wanted(signature: ModelSignature) -> str:
    """How many labels the model needs, and in which order."""
    if signature.units == 1:
        return "2, that of 0 and then that of 1"
    return f"{signature.units}, in the order of the model's outputs"


def _way(name: str, source: Path, signature: ModelSignature) -> str:
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
    return (
        f"the model ends in '{signature.activation}', which does not say what its numbers are. "
        "Only a card can."
    )


def _with_labels(draft: CardDraft, hints: CardHints, found: FoundLabels | None) -> CardDraft:
    check_labels_agree(hints, found)
    if found is not None:
        labels, says = found.labels, str(found.path)
        why = f"{found.path.name} beside the model"
    elif hints.labels is not None:
        labels, says, why = hints.labels, "LABELS", "LABELS"
    else:
        return draft.lacking(LABELS)
    if len(labels) != max(draft.signature.units, 2):
        raise CardError(
            f"{says} gives {_shown(labels)}, but the model gives {draft.signature.units} "
            f"{'number' if draft.signature.units == 1 else 'numbers'}: it needs "
            f"{labels_wanted(draft.signature)}."
        )
    return draft.concluding(LABELS, labels, why, ", ".join(labels))


def _with_size(draft: CardDraft, hints: CardHints) -> CardDraft:
    height, width = draft.signature.height, draft.signature.width
    if hints.input_size not in (None, (height, width)):
        raise CardError(
            f"INPUT_SIZE says {_shown(hints.input_size)}, but the model is fixed to {height}x"
            f"{width} (height x width). Set INPUT_SIZE={height}x{width}, or take it away."
        )
    why = "the file" if hints.input_size is None else "INPUT_SIZE, and the file agrees"
    draft = draft.concluding(SIZE, (height, width), why, f"{height}x{width}")
    least = min(height, width)
    if least >= _USUAL_MIN_SIDE_PX:
        return draft
    return draft.concluding("input.min_side_px", least, "the model's own pictures are that small")


def _with_colour(draft: CardDraft, hints: CardHints) -> CardDraft:
    channels = draft.signature.channels
    if channels not in (_GREY, _RGB):
        raise UnsupportedModelError(
            f"{draft.source} takes pictures of {channels} channels; grey (1) and colour (3) can be "
            "served."
        )
    colour = hints.colour or ("grey" if channels == _GREY else "rgb")
    if (colour == "grey") != (channels == _GREY):
        raise CardError(
            f"COLOUR says {colour}, but the model takes {channels} channels: set COLOUR to "
            f"{'grey' if channels == _GREY else 'rgb or bgr'}, or take it away."
        )
    if hints.colour is not None:
        why = "COLOUR"
    elif channels == _GREY:
        why = "the model takes 1 channel"
    else:
        why = "the model takes 3 channels; COLOUR=bgr where OpenCV read the pictures of training"
    return draft.concluding(COLOUR, colour, why)


def _with_resize(draft: CardDraft, hints: CardHints) -> CardDraft:
    if draft.signature.origin == TEACHABLE_MACHINE:
        how, why, filtered = "crop", _ITS_SAMPLE_CODE, "lanczos"
    else:
        how, filtered = "stretch", "bilinear"
        why = "what Keras' loaders do; RESIZE=fit or crop where training did otherwise"
    if hints.resize is not None:
        how, why = hints.resize, "RESIZE"
    draft = draft.concluding(RESIZE, how, why)
    usual = "the usual one" if filtered == "bilinear" else _ITS_SAMPLE_CODE
    return draft.concluding(FILTER, filtered, usual)


def _with_scale(draft: CardDraft, hints: CardHints) -> CardDraft:
    if draft.signature.origin == TEACHABLE_MACHINE:
        known, why = "1/127.5-1", _ITS_SAMPLE_CODE
    else:
        known, why = draft.signature.scale or "", draft.signature.scale_why
    if hints.scale is not None:
        doubt = f", although {known} would follow: {why}" if known not in ("", hints.scale) else ""
        return draft.concluding(SCALE, hints.scale, f"SCALE{doubt}")
    return draft.concluding(SCALE, known, why) if known else draft.lacking(SCALE)


def _with_kind(draft: CardDraft) -> CardDraft:
    activation, units = draft.signature.activation, draft.signature.units
    kind = _KIND_OF.get(activation)
    if activation == _SIGMOID:
        kind = "sigmoid" if units == 1 else "multilabel"
    if kind is None:
        return draft.lacking(KIND)
    if (kind, units) == ("softmax", 1):
        raise UnsupportedModelError(
            f"{draft.source} ends in one number through a softmax, which is 1 for every picture. "
            "Train it with a sigmoid, or with two numbers."
        )
    numbers = "1 number" if units == 1 else f"{units} numbers"
    return draft.concluding(KIND, kind, f"the model ends in {numbers}, through '{activation}'")


def _shown(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):
        return "x".join(map(str, value))
    if isinstance(value, tuple):
        return f"{len(value)} labels ({', '.join(map(str, value))})"
    return str(value)
