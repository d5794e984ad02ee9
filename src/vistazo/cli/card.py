"""vistazo card."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from vistazo.cli.baseline_answers import remember_files
from vistazo.cli.convert import ImageSize
from vistazo.cli.next_step import how_to_serve
from vistazo.cli.weights_file import weights_file, with_weights
from vistazo.errors import CardError
from vistazo.models.card import InputSpec, ModelCard
from vistazo.models.card_file import card_path, read_card
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.signature import ModelSignature
from vistazo.models.store import parts_of
from vistazo.service.settings import Settings
from vistazo.training.cardless import open_without_card
from vistazo.training.found_card import (
    baseline_of,
    card_of,
    conclusions,
    no_baseline,
    seen_and_unseen,
    table,
    write_found,
)
from vistazo.training.labelled import draw_labelled
from vistazo.training.preparation_search import SearchResult, search
from vistazo.training.progress import Progress

_NO_SEARCH = (
    "A file of scikit-learn names its labels itself, in order: it needs no card. "
    "'./scripts/vistazo inspect {model}' prints one to complete, './scripts/vistazo evaluate "
    "{model} TABLE' measures it on labelled samples, and says where labels seem to be in the wrong "
    "order."
)
_COMPARED = ("labels", "input", "output", "sha256")


@click.command(name="card")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("labelled", type=click.Path(path_type=Path))
@click.option(
    "--labels", help="Where you know it: the order of the model's outputs, such as CAT,DOG."
)
@click.option("--input", "size", type=ImageSize(), help="Instead of INPUT_SIZE.")
@click.option("--out", type=click.Path(path_type=Path), help="By default MODEL.card.yaml.")
@click.option("--weights", type=click.Path(path_type=Path), help="Instead of MODEL_WEIGHTS.")
@click.option("--force", is_flag=True, help="Replace a card that says otherwise.")
def command(
    model: Path,
    labelled: Path,
    labels: str | None,
    size: tuple[int, int] | None,
    out: Path | None,
    *,
    weights: Path | None,
    force: bool,
) -> int:
    """Find out how MODEL wants its pictures, and write its card.

    LABELLED is a folder with one folder of pictures for each label, named like it; twenty pictures
    each are enough to begin, and none of them should be one that MODEL was trained on. Every usual
    scale, order of colours, resize and resampling is tried on them, and every order of the labels.
    Where the pictures do not settle the order of the labels no card is written. A file of
    scikit-learn needs none: see 'inspect' and 'evaluate'.

    Writes MODEL.card.yaml and, from 64 pictures on, MODEL.baseline.npz. Exit status: 0, or 1 where
    there is a card already that says otherwise.

    \b
    Examples:
      vistazo card my_model.h5 labelled_pictures/
      vistazo card my_model.h5 labelled_pictures/ --labels healthy,scab --force
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    if is_estimator(model):
        raise click.UsageError(_NO_SEARCH.format(model=shlex.quote(str(model))))
    path = out or card_path(model)
    known = [name.strip() for name in labels.split(",")] if labels else None
    settings = with_weights(Settings.from_environment(), weights)
    if not write_card_of(model, labelled, path, settings, labels=known, size=size, force=force):
        return 1
    elsewhere = None if path == card_path(model) else path
    click.echo(f"\nNext: {how_to_serve(model, elsewhere, weights=weights)}")
    return 0


def write_card_of(
    model: Path,
    labelled: Path,
    path: Path,
    settings: Settings,
    *,
    labels: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    force: bool = False,
) -> bool:
    """Search, say what was found, write card and baseline; False where another card is left.

    Raises CardError where the pictures do not settle the order of the labels.
    """
    earlier = _earlier(path, force=force)
    result = _search(model, labelled, labels, size, earlier, settings=settings)
    click.echo("\n".join(table(result.trials, result.chosen)))
    if result.labels is None:
        raise CardError(_uncertain(result, model, labelled, is_given=labels is not None))
    parts = parts_of(model, settings.cache_dir, weights_file(model, settings))
    card = card_of(result, model, parts.sha256, earlier)
    click.echo("\n" + "\n".join(conclusions(result, card)) + "\n")
    if earlier is None or force:
        write_found(card, path, result)
        click.echo(f"{path}: labels {', '.join(card.labels)}")
    elif result.agrees_with(earlier) and earlier.sha256 in (None, card.sha256):
        click.echo(f"{path} agrees with the pictures and stays as it is.")
    else:
        differing = ", ".join(_differences(card, earlier))
        click.echo(f"{path} says otherwise ({differing}) and stays as it is: --force replaces it.")
        return False
    _write_baseline(result, model, path, settings)
    return True


def _earlier(path: Path, *, force: bool) -> ModelCard | None:
    if not path.exists():
        return None
    try:
        return read_card(path)
    except CardError:
        if force:
            return None
        raise


def _search(
    model: Path,
    folder: Path,
    labels: Sequence[str] | None,
    size: tuple[int, int] | None,
    earlier: ModelCard | None,
    *,
    settings: Settings,
) -> SearchResult:
    progress, weights = Progress(), weights_file(model, settings)
    if size is None and earlier is not None:
        size = earlier.input.height, earlier.input.width
    size, limits = size or settings.input_size, settings.image_limits
    layers, policy = settings.keras_layers, settings.loading_policy
    output = earlier.output.name if earlier is not None else None
    with open_without_card(
        model, settings.cache_dir, size, layers, policy, weights=weights, output=output
    ) as engine:
        _check_outputs(model, engine.signature, earlier)
        return search(
            engine,
            draw_labelled(folder, limits, progress),
            limits,
            labels=labels,
            also=_input_of(earlier, engine.signature),
            threads=settings.threads,
            progress=progress,
        )


def _check_outputs(model: Path, signature: ModelSignature, earlier: ModelCard | None) -> None:
    """Raise CardError where nobody has said what a model's further outputs are."""
    said = earlier.more_outputs if earlier is not None else {}
    if unsaid := [output.name for output in signature.others if output.name not in said]:
        raise CardError(
            f"The model has several outputs, and pictures with labels tell of '{signature.output}' "
            f"alone, not what {', '.join(unsaid)} mean. Complete the card that "
            f"'./scripts/vistazo inspect {shlex.quote(str(model))}' prints; then 'card --force' "
            "finds the rest."
        )


def _input_of(earlier: ModelCard | None, signature: ModelSignature) -> list[InputSpec]:
    """What the earlier card says of the input, where that could be the model's at all."""
    if earlier is None:
        return []
    said = (earlier.input.height, earlier.input.width, earlier.input.channels)
    is_possible = said == (signature.height, signature.width, signature.channels)
    return [earlier.input] if is_possible else []


def _uncertain(result: SearchResult, model: Path, folder: Path, *, is_given: bool) -> str:
    doubts = "".join(f"  {doubt}\n" for doubt in result.doubts)
    if is_given:  # and contradicted: where the pictures leave it open, what is given is taken
        return (
            f"Which output of {model} means which label is not certain, so no card is written:\n"
            f"{doubts}Correct the order where it was given (--labels, LABELS, or the file of "
            f"labels beside the model), or the names of the folders in {folder}."
        )
    names = shlex.quote(",".join(result.labelled.names))
    return (
        f"The pictures do not settle which output of {model} means which label, so no card is "
        f"written:\n{doubts}More pictures may settle it. Where you know the order, give it: "
        f"./scripts/vistazo card {shlex.quote(str(model))} {shlex.quote(str(folder))} "
        f"--labels {names} (Keras sorts "
        "the folders it was trained on by name)."
    )


def _differences(card: ModelCard, earlier: ModelCard) -> list[str]:
    return [name for name in _COMPARED if getattr(card, name) != getattr(earlier, name)]


def _write_baseline(result: SearchResult, model: Path, card: Path, settings: Settings) -> None:
    reason = no_baseline(result)
    sources = [picture.source for picture in result.labelled.pictures]
    files = [source for source in sources if isinstance(source, Path)]
    if reason is not None:
        click.echo(f"No baseline yet: {reason}. 'vistazo baseline' makes one of any pictures.")
        if result.signature.features is None:
            remember_files(model, card, files, settings)
        return
    limits, n = settings.image_limits, len(result.labelled)
    with click.progressbar(length=n, label="Learning", file=sys.stderr) as learnt:
        path = baseline_of(
            result, model, card, limits, lambda done, _: learnt.update(done - learnt.pos)
        )
    seen, _ = seen_and_unseen(n)
    remember_files(model, card, files, settings, seen=frozenset(seen.tolist()))
    click.echo(f"{path}: of {n} pictures")
