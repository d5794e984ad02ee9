"""vistazo baseline."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from vistazo.answers.discriminant import Told
from vistazo.answers.scaling import scale_evidence, scale_warning
from vistazo.cli.picture_files import picture_files, read_file
from vistazo.cli.scales import drawn_pictures
from vistazo.errors import InputError
from vistazo.loading import load_classifier
from vistazo.models.card import InputSpec
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.pictures import open_image
from vistazo.pictures.bulk import in_threads
from vistazo.pictures.preprocessing import decode_size, prepare
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.training.cardless import open_without_card
from vistazo.training.familiar import make_baseline
from vistazo.training.progress import Progress
from vistazo.training.unlike import in_folder, in_words

_UNSEEN = 0.2
_MOST_PICTURES = 2500


@click.command(name="baseline")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--card", type=click.Path(path_type=Path), help="By default MODEL.card.yaml.")
@click.option(
    "--unlike",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of 10 pictures or more that MODEL was not made for, but that are too like its "
    "own to be told without examples. May be given again for another kind.",
)
def command(
    model: Path, pictures: tuple[Path, ...], card: Path | None, unlike: tuple[Path, ...]
) -> int:
    """Learn what the pictures that MODEL was made for look like: files, or folders of them.

    Writes MODEL.baseline.npz beside the model. With it, answers say whether a picture looks like
    these ('in_distribution'), and warn where it does not. A few hundred pictures of every kind that
    the model will see do, more than 2,500 are drawn from; one in five sets the limit.

    Exit status: 0, or 1 where some pictures could not be read and were left out.

    \b
    Example:
      vistazo baseline my_model.h5 training_pictures/
      vistazo baseline my_model.h5 films_of_children/ --unlike films_of_adults/
    """  # noqa: D301
    if is_estimator(model):
        raise click.UsageError(
            "A file of scikit-learn has no baseline. Whether a text looks like those of training "
            "is told by its words: input.min_known_share, min_words and max_words in its card."
        )
    settings = Settings.from_environment()
    files = drawn(list(picture_files(pictures)))
    path, count = learn(model, card, files, settings, unlike)
    click.echo(f"{path}: of {count} pictures")
    return 1 if count < len(files) else 0


def learn(
    model: Path,
    card: Path | None,
    files: list[Path],
    settings: Settings,
    unlike: tuple[Path, ...] = (),
) -> tuple[Path, int]:
    """Write the baseline of a model; give its path, and how many of the files could be read.

    ``unlike`` are folders of what the model was not made for.

    Raises ModelError, and SettingsError for too few pictures.
    """
    source = replace(settings.model_source, path=model, card=card, out_of_distribution="off")
    classifier = load_classifier(source, DirectReader(settings.image_limits))
    spec = classifier.card.input
    classifier.close()

    def prepared(file: Path) -> NDArray[np.float32]:
        image = open_image(read_file(file, settings.max_upload_bytes), settings.image_limits)
        return prepare(image.decode(decode_size(spec)), spec)

    progress = Progress()
    readable = _readable(files, prepared, settings.threads, progress)
    unseen = round(_UNSEEN * len(readable))
    strangers = [in_folder(each.name, each, spec, settings.image_limits) for each in unlike]
    path = make_baseline(
        model,
        card,
        lambda row: prepared(readable[row]),
        spec,
        seen=np.arange(unseen, len(readable)),
        unseen=np.arange(unseen),
        hints=settings.card_hints,
        cache_dir=settings.cache_dir,
        policy=settings.loading_policy,
        unlike=strangers,
        threads=settings.threads,
        show=lambda done, total: progress.bar("learning", done, total),
        tell=lambda told: _say(told, progress),
    )
    doubt = _scale_doubt(model, spec, readable, settings)
    if doubt is not None:
        click.echo(f"Warning: {doubt}", err=True)
    return path, len(readable)


def _say(told: tuple[Told, ...], progress: Progress) -> None:
    for line in in_words(told):
        progress.say(line)


def _scale_doubt(model: Path, spec: InputSpec, files: list[Path], settings: Settings) -> str | None:
    """Whether these pictures, scaled as the card says, can be what the model was trained on."""
    size = spec.height, spec.width
    with open_without_card(
        model, settings.cache_dir, size, settings.keras_layers, settings.loading_policy
    ) as engine:
        evidence = scale_evidence(engine, spec, drawn_pictures(files, settings, decode_size(spec)))
    return scale_warning(evidence, spec) if evidence is not None else None


def drawn(files: list[Path]) -> list[Path]:
    """In random order, at most as many as make a difference."""
    order = np.random.default_rng(0).permutation(len(files))
    return [files[place] for place in order[:_MOST_PICTURES]]


def _readable(
    files: list[Path],
    prepared: Callable[[Path], NDArray[np.float32]],
    threads: int,
    progress: Progress,
) -> list[Path]:
    """Pictures are not kept: a folder may hold more of them than the memory does."""

    def fault(file: Path) -> InputError | None:
        try:
            prepared(file)
        except InputError as error:
            return error.with_traceback(None)
        return None

    readable = []
    with contextlib.closing(in_threads(fault, files, threads)) as faults:
        for done, (file, error) in enumerate(zip(files, faults, strict=True), start=1):
            if error is None:
                readable.append(file)
            else:
                progress.say(f"{file} is left out: {error}")
            progress.bar("reading", done, len(files))
    return readable
