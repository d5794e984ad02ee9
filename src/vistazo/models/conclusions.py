"""What can be concluded of a model's card, one field after the other, each time with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from vistazo.errors import CardError, UnsupportedModelError
from vistazo.models.card import InputSpec
from vistazo.models.drafting import (
    COLOUR,
    FILTER,
    KIND,
    LABELS,
    MORE,
    OUTPUT,
    RESIZE,
    SCALE,
    SIZE,
    CardDraft,
    CardHints,
    check_labels_agree,
    labels_wanted,
    shown,
)
from vistazo.models.labels import FoundLabels
from vistazo.models.output_spec import OutputKind
from vistazo.models.signature import TEACHABLE_MACHINE, ModelSignature

_GREY, _RGB = 1, 3
_SIGMOID = "sigmoid"
_KIND_OF: Mapping[str, OutputKind] = {"softmax": "softmax", "linear": "logits"}
_ITS_SAMPLE_CODE = "a Teachable Machine export, prepared as its own sample code does"
_USUAL_MIN_SIDE_PX = InputSpec.model_fields["min_side_px"].default
_VERSION_DIGITS = 8
_MAX_NAME = 100


def draft_card(
    source: Path,
    sha256: str,
    signature: ModelSignature,
    hints: CardHints,
    found: FoundLabels | None,
    *,
    empty_card: Path | None = None,
) -> CardDraft:
    """What is known of the card of ``source``.

    Raises CardError where two of those who know disagree, and UnsupportedModelError for a model
    that no card could be written for.
    """
    draft = CardDraft(source, signature, empty_card=empty_card)
    draft = draft.concluding("name", card_name(source), "the name of the file")
    version = sha256[:_VERSION_DIGITS]
    draft = draft.concluding("version", version, "the beginning of the weights' SHA-256")
    draft = _with_labels(draft, hints, found)
    draft = _with_size(draft, hints)
    draft = _with_colour(draft, hints)
    draft = _with_resize(draft, hints)
    draft = _with_scale(draft, hints)
    return _with_further_outputs(_with_kind(draft))


def card_name(source: Path) -> str:
    """The file's name, in the letters that a card's name may have."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", source.stem).strip("._-")
    return safe[:_MAX_NAME] or "model"


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
            f"{says} gives {shown(labels)}, but the model gives {draft.signature.units} "
            f"{'number' if draft.signature.units == 1 else 'numbers'}: it needs "
            f"{labels_wanted(draft.signature)}. Correct {says}."
        )
    return draft.concluding(LABELS, labels, why, ", ".join(labels))


def _with_size(draft: CardDraft, hints: CardHints) -> CardDraft:
    height, width = draft.signature.height, draft.signature.width
    if hints.input_size not in (None, (height, width)):
        raise CardError(
            f"INPUT_SIZE says {shown(hints.input_size)}, but the model is fixed to {height}x"
            f"{width} (height x width). Set INPUT_SIZE={height}x{width}, or take it away."
        )
    why = "the file" if hints.input_size is None else "INPUT_SIZE or --input, and the file agrees"
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
    if draft.signature.has_several and (activation, units) == ("linear", 1):
        return draft.lacking(KIND)  # an age, as likely as the logit of a class
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


def _with_further_outputs(draft: CardDraft) -> CardDraft:
    """Nothing but a card says what those are; but of what is no row there is nothing to say."""
    signature = draft.signature
    if signature.has_several:
        why = "the first of the model's outputs that classifies, as far as the file shows it"
        draft = draft.concluding(OUTPUT, signature.output, why)
    for output in signature.others:
        draft = draft.lacking(f"{MORE}.{output.name}")
    for name in signature.no_rows:
        why = "it is no row of numbers for each picture"
        draft = draft.concluding(f"{MORE}.{name}", {"kind": "ignored"}, why, "ignored")
    return draft
