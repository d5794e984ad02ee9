"""vistazo baseline."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from vistazo.answers.baseline_file import baseline_path
from vistazo.answers.discriminant import Told
from vistazo.answers.scaling import scale_evidence, scale_warning
from vistazo.cli.baseline_answers import (
    Columns,
    remember_files,
    remember_held_out_of,
    remember_table,
)
from vistazo.cli.picture_files import picture_files, read_file
from vistazo.cli.scales import drawn_pictures
from vistazo.cli.weights_file import weights_file
from vistazo.errors import InputError
from vistazo.loading import load_classifier
from vistazo.models.card import InputSpec
from vistazo.models.card_file import card_path, is_of_pictures
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
_PATH = click.Path(path_type=Path)


@click.command(name="baseline")
@click.argument("model", type=_PATH)
@click.argument(
    "data",
    nargs=-1,
    metavar="PICTURES... | TABLE",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--card", type=_PATH, help="By default MODEL.card.yaml.")
@click.option(
    "--unlike",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of 10 pictures or more that MODEL was not made for, but that are too like its "
    "own to be told without examples. May be given again for another kind.",
)
@click.option(
    "--reference-only",
    is_flag=True,
    help="Remember the answers anew, and leave as it is what tells strange pictures.",
)
@click.option(
    "--training",
    type=_PATH,
    metavar="CONFIG",
    help="The file that a model of pictures was trained with: remember the answers to what that "
    "run held out, and leave the rest as it is.",
)
@click.option("--vectorizer", type=_PATH, help="Instead of VECTORIZER_PATH.")
@click.option("--text-column", metavar="NAME", help="The column of the texts in TABLE.")
@click.option("--label-column", metavar="NAME", help="The column of the labels in TABLE.")
def command(
    model: Path,
    data: tuple[Path, ...],
    card: Path | None,
    unlike: tuple[Path, ...],
    *,
    training: Path | None,
    vectorizer: Path | None,
    text_column: str | None,
    label_column: str | None,
    reference_only: bool,
) -> int:
    """Learn what MODEL was made for looks like, and what it answers to that.

    Writes MODEL.baseline.npz beside the model. With it, answers say whether a picture looks like
    these ('in_distribution'), and warn where it does not; and the service tells when what it is
    asked, or what it answers, has drifted from it.

    PICTURES are files, or folders of them. A few hundred of every kind that the model will see do,
    more than 2,500 are drawn from; one in five sets the limit. Give some that MODEL was not trained
    on: it is surer of those that it was, and later answers would seem less sure from the first day.
    Where folders are named like the labels, it is remembered too how many answers were right.

    Of a file of scikit-learn that takes texts or rows of numbers, TABLE is one as for 'evaluate'
    (.csv, .xlsx, .json or .jsonl), with or without a column of labels.

    Exit status: 0, or 1 where some could not be read or answered and were left out.

    \b
    Examples:
      vistazo baseline my_model.h5 pictures/
      vistazo baseline my_model.h5 films_of_children/ --unlike films_of_adults/
      vistazo baseline my_model.keras --training training.yaml
      vistazo baseline news.joblib articles.csv
    """  # noqa: D301
    settings = Settings.from_environment()
    is_of_samples = is_estimator(model) and not is_of_pictures(card or card_path(model))
    _check(data, unlike, training, is_of_samples=is_of_samples, reference_only=reference_only)
    if is_of_samples:
        source = replace(settings.model_source, path=model, card=card, baseline=None)
        source = replace(source, vectorizer=vectorizer or settings.vectorizer_path)
        columns = Columns(text_column, label_column)
        return remember_table(source, data[0], columns, settings)
    if training is not None:
        return remember_held_out_of(model, training, data[0] if data else None, card, settings)
    files = drawn(list(picture_files(data)))
    if reference_only:
        count = remember_files(model, card, files, settings, is_alone=True)
    else:
        path, count = learn(model, card, files, settings, unlike)
        click.echo(f"{path}: of {count} pictures")
    return 1 if count < len(files) else 0


def _check(
    data: tuple[Path, ...],
    unlike: tuple[Path, ...],
    training: Path | None,
    *,
    is_of_samples: bool,
    reference_only: bool,
) -> None:
    if is_of_samples and (unlike or training):
        raise click.UsageError("--unlike and --training are for models of pictures.")
    if is_of_samples and len(data) != 1:
        raise click.UsageError("A model of texts or rows takes one TABLE of them.")
    if unlike and (reference_only or training):
        raise click.UsageError("--unlike is for what tells strange pictures, which is to stay.")
    if not data and training is None:
        raise click.UsageError("Missing argument 'PICTURES...' (files, or folders of them).")
    if training is not None and len(data) > 1:
        raise click.UsageError("With --training one folder may be named: that of the pictures.")


def learn(
    model: Path,
    card: Path | None,
    files: list[Path],
    settings: Settings,
    unlike: tuple[Path, ...] = (),
) -> tuple[Path, int]:
    """Write the baseline of a model, and what it answers; give the path, and how many of the files
    could be read.

    ``unlike`` are folders of what the model was not made for. Of a model without a feature map only
    the answers are kept. Raises ModelError, and SettingsError for too few pictures.
    """
    weights = weights_file(model, settings)
    source = replace(settings.model_source.of(model, weights), card=card, out_of_distribution="off")
    classifier = load_classifier(source, DirectReader(settings.image_limits))
    spec, has_map = classifier.card.input, classifier.signature.features is not None
    classifier.close()
    if not has_map:
        click.echo(f"{model} has no spatial feature map to tell strange pictures by.", err=True)
        return baseline_path(model), remember_files(model, card, files, settings, is_alone=True)

    progress = Progress()
    prepared = partial(_prepared, spec=spec, settings=settings)
    readable = _readable(files, prepared, settings.threads, progress)
    unseen = round(_UNSEEN * len(readable))
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
        weights=weights,
        unlike=[in_folder(each.name, each, spec, settings.image_limits) for each in unlike],
        threads=settings.threads,
        show=lambda done, total: progress.bar("learning", done, total),
        tell=lambda told: _say(told, progress),
    )
    remember_files(model, card, readable, settings, seen=range(unseen, len(readable)))
    _doubt_scale(model, spec, readable, settings)
    return path, len(readable)


def _prepared(file: Path, spec: InputSpec, settings: Settings) -> NDArray[np.float32]:
    """Raises InputError."""
    image = open_image(read_file(file, settings.max_upload_bytes), settings.image_limits)
    return prepare(image.decode(decode_size(spec)), spec)


def _say(told: tuple[Told, ...], progress: Progress) -> None:
    for line in in_words(told):
        progress.say(line)


def _doubt_scale(model: Path, spec: InputSpec, files: list[Path], settings: Settings) -> None:
    """Warn where these pictures, scaled as the card says, cannot be what the model learnt from."""
    size, weights = (spec.height, spec.width), weights_file(model, settings)
    with open_without_card(
        model,
        settings.cache_dir,
        size,
        settings.keras_layers,
        settings.loading_policy,
        weights=weights,
    ) as engine:
        evidence = scale_evidence(engine, spec, drawn_pictures(files, settings, decode_size(spec)))
    doubt = scale_warning(evidence, spec) if evidence is not None else None
    if doubt is not None:
        click.echo(f"Warning: {doubt}", err=True)


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
