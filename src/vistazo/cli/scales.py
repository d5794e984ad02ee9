"""How a model's pictures were scaled in training, in words for a person."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vistazo.answers.scaling import (
    CAFFE,
    MOST_PICTURES,
    TORCH,
    ScaleEvidence,
    ScaleFit,
    scale_evidence,
    scale_name,
    scale_warning,
)
from vistazo.cli.picture_files import picture_files, read_file
from vistazo.engines.base import Engine
from vistazo.errors import InputError
from vistazo.models.card import Colour, InputSpec, Standardization
from vistazo.models.signature import ModelSignature
from vistazo.pictures import Picture, open_image
from vistazo.service.settings import Settings

_SUFFICE = 20  # pictures of its own kind, beyond which the figures hardly change


def scale_report(engine: Engine, card: InputSpec | None, pictures: Sequence[Picture]) -> str:
    """A table of the ways of scaling, the nearest first, what follows from it, and whether the
    card's way can be right. There may be no pictures.
    """
    signature = engine.signature
    shape = signature.height, signature.width, signature.channels
    if card is not None and (card.height, card.width, card.channels) != shape:
        card = None  # of another model: that it does not agree is told elsewhere
    spec = card or _blank(signature)
    evidence = scale_evidence(engine, spec, pictures)
    if evidence is None:
        return "  scale      the file does not tell: no trained batch normalisation near its input"
    lines = [_table(evidence, len(pictures)), f"    {_verdict(evidence, len(pictures))}"]
    doubt = scale_warning(evidence, spec) if card is not None else None
    return "\n".join([*lines, *([f"    doubtful: {doubt}"] if doubt else [])])


def drawn_pictures(
    files: Sequence[Path], settings: Settings, at_least: tuple[int, int] | None = None
) -> list[Picture]:
    """Some of the pictures that can be read, drawn at random.

    ``at_least`` (height, width) as ``EncodedImage.decode`` has it.
    """
    found = list(picture_files(files))
    pictures: list[Picture] = []
    for place in np.random.default_rng(0).permutation(len(found)):
        with contextlib.suppress(InputError):  # who wants to know why asks 'predict'
            data = read_file(found[place], settings.max_upload_bytes)
            pictures.append(open_image(data, settings.image_limits).decode(at_least))
        if len(pictures) == MOST_PICTURES:
            break
    return pictures


def _blank(signature: ModelSignature) -> InputSpec:
    colour: Colour = "grey" if signature.channels == 1 else "rgb"
    size = {"height": signature.height, "width": signature.width}
    return InputSpec(**size, colour=colour, scale="none")


def _table(evidence: ScaleEvidence, count: int) -> str:
    shown = f"{count} pictures" if count else "pictures made by code"
    width = max(len(_label(fit)) for fit in evidence.fits)
    head = f"    {'':{width}}          means off by  variances off by"
    title = (
        f"  scale      what the layer '{evidence.layer}' remembers of training, against {shown}:"
    )
    return "\n".join([title, head, *(_row(fit, width) for fit in evidence.fits)])


def _row(fit: ScaleFit, width: int) -> str:
    factor = np.exp(min(fit.variance_distance, 99.0))
    return (
        f"    {_label(fit):{width}}  {fit.colour:4}  {fit.mean_distance:10.2f} sd  "
        f"{'x ' + format(factor, '.3g'):>16}"
    )


def _label(fit: ScaleFit) -> str:
    known = {TORCH: "ImageNet (torch)", CAFFE: "ImageNet (caffe)"}
    if isinstance(fit.scale, Standardization):
        return known.get(fit.scale, "the card's own")
    return fit.scale


def _verdict(evidence: ScaleEvidence, count: int) -> str:
    if evidence.singled_out is None:
        hint = " More pictures of its own kind may: inspect MODEL PICTURES."
        return "That does not single one out." + ("" if count >= _SUFFICE else hint)
    name = f"'{scale_name(evidence.singled_out)}'"
    if evidence.is_frozen:
        return (
            f"The layer was trained with {name} and then frozen. What came after it may have been "
            "trained with another one, so that is no verdict."
        )
    order = f", colours in the order '{evidence.colour}'" if evidence.colour else ""
    return f"It was trained with {name}{order}."
