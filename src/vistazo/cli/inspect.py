"""vistazo inspect."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from vistazo.cli.convert import ImageSize
from vistazo.cli.scales import scale_report
from vistazo.errors import CardError, ModelError
from vistazo.models.card import ModelCard, card_path, read_card
from vistazo.models.compilation import describe_model
from vistazo.models.signature import Description, ModelSignature, disagreements
from vistazo.models.store import check_is_there, sha256_of
from vistazo.service.settings import Settings

_KIND_OF = {"softmax": "softmax", "linear": "logits"}
_SCALING_LAYERS = ("Rescaling", "Normalization")
_MOST_KINDS = 8


@click.command(name="inspect")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.argument("pictures", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--card", type=click.Path(path_type=Path), help="By default MODEL.card.yaml.")
@click.option("--input", "size", type=ImageSize(), help="For a model that takes any size.")
@click.option("--layers", "has_layers", is_flag=True, help="List every layer.")
@click.option("--schema", "is_schema", is_flag=True, help="Print the card's JSON Schema instead.")
def command(
    model: Path | None,
    pictures: tuple[Path, ...],
    card: Path | None,
    size: tuple[int, int] | None,
    *,
    has_layers: bool,
    is_schema: bool,
) -> int:
    """Show what a model file takes and gives, whether its card agrees, and what cannot be served.

    Where there is no card yet, one to complete is printed; save it beside the model. No code in the
    file is run. PICTURES, files or folders of the kind that the model was made for, help to find
    out how they were scaled in training.

    Exit status: 0 ready to serve, 1 not yet, 2 the file cannot be read.

    \b
    Examples:
      vistazo inspect my_model.h5
      vistazo inspect my_model.h5 some_pictures/
      vistazo inspect --layers my_model.keras
      vistazo inspect --schema > model-card.schema.json
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if is_schema:
        click.echo(json.dumps(ModelCard.model_json_schema(), indent=2))
        return 0
    if model is None:
        raise click.UsageError("Missing argument 'MODEL'.")
    check_is_there(model)
    card_file = card or card_path(model)
    found = _card_of(card_file)
    if isinstance(found, ModelCard) and size is None:
        size = found.input.height, found.input.width
    description = describe_model(model, size, Settings.from_environment().keras_layers)
    click.echo(_overview(model, description))
    if has_layers:
        click.echo(_layer_table(description))
    for problem in description.problems:
        click.echo(f"  cannot be served: {problem}")
    click.echo(_scales(model, description, found, pictures), nl=False)
    faults = _card_faults(found, description.signature, sha256_of(model))
    if found is not None:
        click.echo(f"  card       {card_file} " + ("does not agree:" if faults else "agrees"))
        click.echo("".join(f"    {fault}\n" for fault in faults), nl=False)
    elif description.signature is not None:
        click.echo(f"\nThere is no card at {card_file}. Complete this one and save it there:\n")
        click.echo(_draft(model.stem, description), nl=False)
    return 1 if description.problems or faults or found is None else 0


def _card_of(path: Path) -> ModelCard | CardError | None:
    if not path.exists():
        return None
    try:
        return read_card(path)
    except CardError as error:
        return error


def _scales(model: Path, description: Description, card: object, pictures: tuple[Path, ...]) -> str:
    if description.signature is None:
        return ""
    spec = card.input if isinstance(card, ModelCard) else None
    return scale_report(model, description.signature, spec, pictures) + "\n"


def _card_faults(
    card: ModelCard | CardError | None, signature: ModelSignature | None, sha256: str
) -> list[str]:
    if isinstance(card, ModelError):
        return [str(card)]
    if card is None or signature is None:
        return []
    faults = list(disagreements(card, signature))
    if card.sha256 not in (None, sha256):
        faults.append(f"The card is for the file with sha256 {card.sha256}.")
    return faults


def _overview(model: Path, description: Description) -> str:
    kinds = Counter(row.class_name for row in description.layers)
    common = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_MOST_KINDS))
    more = ", ..." if len(kinds) > _MOST_KINDS else ""
    lines = [
        f"{model}: {description.kind}, {description.framework}, {model.stat().st_size:,} bytes",
        f"  sha256     {sha256_of(model)}",
    ]
    signature = description.signature
    if signature is not None:
        last = " x ".join(map(str, signature.features)) if signature.features else "none"
        shape = f"{signature.height} x {signature.width} x {signature.channels}"
        lines += [
            f"  takes      {shape} (height, width, channels)",
            f"  gives      {signature.units} ({signature.activation})",
            f"  last map   {last}",
            f"  weights    {signature.weights:,}",
        ]
    if description.layers:
        lines.append(f"  layers     {len(description.layers)}: {common}{more}")
    return "\n".join(lines)


def _layer_table(description: Description) -> str:
    rows = [
        (row.name, row.class_name, _shape(row.output), f"{row.weights:,}")
        for row in description.layers
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return "\n".join(
        f"    {name:{widths[0]}}  {kind:{widths[1]}}  {output:{widths[2]}}  {weights}"
        for name, kind, output, weights in rows
    )


def _shape(output: tuple[int | None, ...] | None) -> str:
    return " x ".join("?" if size is None else str(size) for size in output or ())


def _draft(name: str, description: Description) -> str:
    """A card of what the file shows. What it cannot show is left to the person."""
    signature = description.signature
    if signature is None:
        raise ValueError("a file that cannot be served needs no card")
    kind = _KIND_OF.get(signature.activation, "TODO  # softmax, sigmoid, multilabel or logits")
    if signature.activation == "sigmoid":
        kind = "sigmoid" if signature.units == 1 else "multilabel"
    labels = max(signature.units, 2)
    order = ": that of 0, then that of 1" if signature.units == 1 else ""
    scales = any(row.class_name in _SCALING_LAYERS for row in description.layers[:5])
    hint = "; the model scales by itself, so probably none" if scales else ""
    colour = "grey" if signature.channels == 1 else "rgb  # or bgr, as in training"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return f"""\
name: {safe.strip("._-") or "model"}
title: ""  # what people read above an answer
language: en  # of this card's texts
version: 1.0.0
labels: []  # {labels} of them, in the order of the model's outputs{order}
input:
  height: {signature.height}
  width: {signature.width}
  colour: {colour}
  resize: stretch  # or fit (keep the proportions and pad), or crop
  filter: bilinear  # as in training: nearest, box, hamming, bicubic, lanczos
  scale: TODO  # none, 1/255, 1/127.5-1, or mean and std: as in training{hint}
output:
  kind: {kind}
intended_use: ""  # what it is for, and what not
population: ""  # whose pictures it was trained on
limits: ""  # how it fails, what was not tested
licence: ""
"""
