"""vistazo inspect."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import click

from vistazo.cli.baseline_line import baseline_line
from vistazo.cli.convert import ImageSize
from vistazo.cli.estimator_files import estimator_files
from vistazo.cli.inspect_estimator import inspect_estimator
from vistazo.cli.scales import drawn_pictures, scale_report
from vistazo.cli.weights_file import weights_file, with_weights
from vistazo.cli.worth import worth_lines
from vistazo.errors import CardError
from vistazo.loading import draft_of
from vistazo.models.agreement import disagreements
from vistazo.models.card import ModelCard
from vistazo.models.card_file import find_card
from vistazo.models.card_schema import card_schema
from vistazo.models.compilation import Size, describe_model
from vistazo.models.draft_text import draft_text, what_to_do
from vistazo.models.drafting import CardDraft, CardHints
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.parts import ModelParts
from vistazo.models.signature import Description, ModelSignature
from vistazo.models.store import card_file_of, check_is_there, parts_of, without_card
from vistazo.service.settings import Settings
from vistazo.training.cardless import open_without_card

_MOST_KINDS = 8


@click.command(name="inspect")
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.argument("pictures", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--card", type=click.Path(path_type=Path), help="By default MODEL.card.yaml.")
@click.option("--weights", type=click.Path(path_type=Path), help="Instead of MODEL_WEIGHTS.")
@click.option("--vectorizer", type=click.Path(path_type=Path), help="Instead of VECTORIZER_PATH.")
@click.option("--input", "size", type=ImageSize(), help="Instead of INPUT_SIZE.")
@click.option("--layers", "has_layers", is_flag=True, help="List every layer.")
@click.option("--schema", "is_schema", is_flag=True, help="Print the card's JSON Schema instead.")
def command(
    model: Path | None,
    pictures: tuple[Path, ...],
    card: Path | None,
    *,
    weights: Path | None,
    vectorizer: Path | None,
    size: tuple[int, int] | None,
    has_layers: bool,
    is_schema: bool,
) -> int:
    """Show what a model file takes and gives, whether its card agrees, and what cannot be served.

    Where there is no card, one is drawn up as YAML, of all that is known from the file, from the
    labels beside it and from the environment; what is left to you says TODO. No code in the file is
    run. PICTURES, files or folders of the kind that the model was made for, help to find out how
    they were scaled in training.

    Figures on a card that agrees are told in sentences: how many of 100 the model misses.

    Of a file of scikit-learn (.joblib, .pkl, .skops ...) the steps are shown, what it takes, its
    labels, and what stands in the way. It needs no card.

    Exit status: 0 ready to serve, 1 not yet, 2 the file cannot be read.

    \b
    Examples:
      vistazo inspect my_model.h5
      vistazo inspect my_model.h5 > my_model.card.yaml
      vistazo inspect my_model.h5 some_pictures/
      vistazo inspect --layers my_model.keras
      vistazo inspect news.joblib
      vistazo inspect model.pkl --vectorizer vectorizer.pkl
      vistazo inspect --schema > model-card.schema.json
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if is_schema:
        click.echo(json.dumps(card_schema(), indent=2))
        return 0
    if model is None:
        raise click.UsageError("Missing argument 'MODEL'.")
    if is_estimator(model):
        if pictures:
            raise click.UsageError("PICTURES tell nothing of a file of scikit-learn.")
        settings = Settings.from_environment()
        return inspect_estimator(estimator_files(model, vectorizer, settings), card, settings)
    settings = with_weights(Settings.from_environment(), weights)
    return _inspect(model, pictures, card, settings, size=size, has_layers=has_layers)


def _inspect(
    model: Path,
    files: tuple[Path, ...],
    card: Path | None,
    settings: Settings,
    *,
    size: tuple[int, int] | None,
    has_layers: bool,
) -> int:
    check_is_there(model)
    weights = weights_file(model, settings)
    parts = parts_of(model, settings.cache_dir, weights)
    card_file = card or card_file_of(model, parts)
    found = _card_of(card_file)
    size = size or _size_of(found) or settings.input_size
    description = _described(parts, size, found, settings)
    shown = [_overview(model, parts, description)]
    if has_layers:
        shown.append(_layer_table(description))
    shown += [f"  cannot be served: {problem}" for problem in description.problems]
    draft = None
    if description.signature is not None:
        own_size = description.signature.height, description.signature.width
        scale, draft = _look_inside((model, weights), files, (size, own_size), found, settings)
        shown.append(scale)
    if found is not None:
        return _show_card(shown, found, card_file, (model, parts.sha256), description)
    click.echo("".join(f"# {line}\n" for line in "\n".join(shown).splitlines()))
    if draft is None:
        return 1
    click.echo(what_to_do(draft, card_file) + draft_text(draft), nl=False)
    return 1 if draft.missing else 0


def _look_inside(
    places: tuple[Path, Path | None],
    files: tuple[Path, ...],
    sizes: tuple[Size, tuple[int, int]],
    found: ModelCard | CardError | None,
    settings: Settings,
) -> tuple[str, CardDraft | None]:
    """What the model remembers of how pictures are scaled, and where there is no card a draft.

    ``places`` are of the model and of weights that lie elsewhere, ``sizes`` what was asked for and
    what it has.
    """
    (model, weights), (size, own_size) = places, sizes
    pictures = drawn_pictures(files, settings, own_size)
    with open_without_card(
        model,
        settings.cache_dir,
        size,
        settings.keras_layers,
        settings.loading_policy,
        weights=weights,
        output=_output_of(found),
    ) as engine:
        spec = found.input if isinstance(found, ModelCard) else None
        scale = scale_report(engine, spec, pictures)
        if found is not None:
            return scale, None
        hints = _hints(settings, size if size == own_size else None)
        bare = without_card(model, hints, settings.cache_dir, weights)
        return scale, draft_of(bare, engine, pictures)


def _described(
    parts: ModelParts, size: Size, found: ModelCard | CardError | None, settings: Settings
) -> Description:
    return describe_model(
        parts.file,
        size,
        settings.keras_layers,
        settings.loading_policy,
        weights=parts.weights,
        output=_output_of(found),
    )


def _output_of(card: ModelCard | CardError | None) -> str | None:
    return card.output.name if isinstance(card, ModelCard) else None


def _hints(settings: Settings, size: Size) -> CardHints:
    """What the environment says, and the size that the command was given."""
    hints = settings.card_hints
    return hints if size is None else replace(hints, input_size=size)


def _show_card(
    shown: list[str],
    found: ModelCard | CardError,
    card_file: Path,
    identity: tuple[Path, str],
    description: Description,
) -> int:
    """``identity``: what was named, and its hash."""
    model, sha256 = identity
    faults = _card_faults(found, description.signature, sha256)
    shown.append(f"  card       {card_file} " + ("does not agree:" if faults else "agrees"))
    shown += [f"    {fault}" for fault in faults]
    if isinstance(found, ModelCard) and not faults:  # else they may be of other weights
        shown += worth_lines(found)
        features = description.signature.features if description.signature else None
        shown += baseline_line(model, sha256, found.labels, found.input, features)
    click.echo("\n".join(shown))
    return 1 if description.problems or faults else 0


def _size_of(card: ModelCard | CardError | None) -> tuple[int, int] | None:
    return (card.input.height, card.input.width) if isinstance(card, ModelCard) else None


def _card_of(path: Path) -> ModelCard | CardError | None:
    """None where there is none, or an empty one, such as the shell makes for ``> CARD``."""
    try:
        return find_card(path)
    except CardError as error:
        return error


def _card_faults(
    card: ModelCard | CardError, signature: ModelSignature | None, sha256: str
) -> list[str]:
    if isinstance(card, CardError):
        return [str(card)]
    if signature is None:
        return []
    faults = list(disagreements(card, signature))
    if card.sha256 not in (None, sha256):
        faults.append(f"The card is for the file with sha256 {card.sha256}.")
    return faults


def _overview(model: Path, parts: ModelParts, description: Description) -> str:
    kinds = Counter(row.class_name for row in description.layers)
    common = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_MOST_KINDS))
    more = ", ..." if len(kinds) > _MOST_KINDS else ""
    lines = [f"{model}: {description.kind}, {description.framework}, {parts.bytes:,} bytes"]
    if parts.weights:
        lines.append(f"  files      {', '.join(file.name for file in parts.files)}")
    lines.append(f"  sha256     {parts.sha256}")
    signature = description.signature
    if signature is not None:
        last = " x ".join(map(str, signature.features)) if signature.features else "none"
        shape = f"{signature.height} x {signature.width} x {signature.channels}"
        lines += [
            f"  takes      {shape} (height, width, channels)",
            f"  gives      {_gives(signature)}",
            f"  last map   {last}",
            f"  weights    {signature.weights:,}",
        ]
    if description.layers:
        lines.append(f"  layers     {len(description.layers)}: {common}{more}")
    return "\n".join(lines)


def _gives(signature: ModelSignature) -> str:
    first = f"{signature.units} ({signature.activation})"
    if not signature.has_several:
        return first
    further = [f"{each.name}: {each.units} ({each.activation})" for each in signature.others]
    further += [f"{name}: no row of numbers" for name in signature.no_rows]
    return f"{signature.output}: {first}; {'; '.join(further)}"


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
