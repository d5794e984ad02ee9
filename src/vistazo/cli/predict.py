"""vistazo predict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from vistazo.classifier import Classifier
from vistazo.cli.location import LOCATION
from vistazo.cli.output import check_output
from vistazo.cli.picture_answers import Wanted, predict_pictures
from vistazo.cli.sample_answers import predict_samples
from vistazo.cli.sample_files import SUFFIXES
from vistazo.loading import AnyClassifier, load_model
from vistazo.models.fetch import Location
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits

# What --explain is where no folder follows it.
_WORDS = Path("-")


@click.command(name="predict")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="FILE|FOLDER...")
@click.option("--model", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_PATH.")
@click.option("--weights", type=LOCATION, metavar="PATH|LINK", help="Instead of MODEL_WEIGHTS.")
@click.option(
    "--vectorizer", type=LOCATION, metavar="PATH|LINK", help="Instead of VECTORIZER_PATH."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@click.option("--jsonl", "as_jsonl", is_flag=True, help="Print one JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Of pictures: write the answers into this .csv, .jsonl or .parquet as they come. The same "
    "command again goes on where it was stopped.",
)
@click.option(
    "--explain",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value=_WORDS,
    metavar="[FOLDER]",
    help="Of pictures: draw heatmaps into this folder: what spoke for the class. Of texts, without "
    "a folder: print the words that did.",
)
@click.option(
    "--show-input",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write what the model saw of pictures into this folder: FILE.input.png.",
)
@click.option(
    "--frame",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of DICOM files of several frames: this one, from 1, instead of the one that the header "
    "calls representative, or the first.",
)
@click.option("--text-column", metavar="NAME", help="The column of the texts in a table.")
@click.option(
    "--recursive/--no-recursive",
    default=True,
    help="Of a folder: with the pictures in the folders below it, or without.  [default: with]",
)
def command(  # noqa: PLR0917 - as many as there are options
    paths: tuple[Path, ...],
    model: Location | None,
    weights: Location | None,
    vectorizer: Location | None,
    as_json: bool,
    as_jsonl: bool,
    as_csv: bool,
    output: Path | None,
    explain: Path | None,
    show_input: Path | None,
    frame: int | None,
    text_column: str | None,
    recursive: bool,
) -> int:
    """Classify pictures, texts or rows of numbers: whatever the model takes.

    PICTURES: files, and folders: of these every picture in them and below. What else lies
    there is named, and left out.

    TEXTS: one file of them. A .json holds a list, or {"texts": [...]}; a .jsonl a text a line, as
    JSON; a .txt one text a line, in UTF-8: an empty line is an empty text, so that the n-th line is
    the n-th text, and only the line end after the last text is none. A .csv or .xlsx has a column
    of them (text, or --text-column NAME).

    ROWS: one file of them. A .json holds {"rows": [[...]]}, a list of lists, or of objects by name;
    a .csv (comma, semicolon or tab, decimal point) or .xlsx a line each. A first line that is not
    all numbers names the columns: they are taken by name where the model knows names.

    '-' is the standard input, as .json, and else as .txt or .csv. With --json a text or a row is
    one line of the array.

    What cannot be classified is reported in its place. Exit status: 0, or 1 where there was such a
    one.

    \b
    Examples:
      vistazo predict picture.jpg
      vistazo predict --csv pictures/ > answers.csv
      vistazo predict --output answers.parquet pictures/
      vistazo predict --explain heatmaps/ pictures/
      vistazo predict --show-input inputs/ pictures/
      vistazo predict --frame 2 chest.dcm
      vistazo predict --model my_model.h5 --json picture.png
      vistazo predict --model news.joblib --json texts.json
      vistazo predict --model news.joblib texts.txt --explain
      vistazo predict --model model.pkl --vectorizer vectorizer.pkl --json texts.json
      vistazo predict --model iris.pkl --csv measurements.csv
    """  # noqa: D301
    style = _style_of(json=as_json, jsonl=as_jsonl, csv=as_csv)
    settings = Settings.from_environment()
    tell_a_person_who_waits(settings.log_level)
    paths, explain = _sorted_out(paths, explain)
    if output is not None:
        _check_output(output, style, frame)
    classifier = _loaded(settings, model, weights, vectorizer)
    if not isinstance(classifier, Classifier):
        of_pictures = (show_input, output, frame, None if explain == _WORDS else explain)
        if any(each is not None for each in of_pictures):
            raise click.UsageError("--output, --show-input, --frame and heatmaps are for pictures.")
        return predict_samples(
            classifier,
            paths,
            style,
            explains=explain is not None,
            text_column=text_column,
            max_text_chars=settings.max_text_chars,
        )
    _check_pictures(paths, explain)
    wanted = Wanted(style, output, explain, show_input, goes_below=recursive)
    return predict_pictures(classifier.at_frame(frame), paths, settings, wanted)


def _loaded(
    settings: Settings,
    model: Location | None,
    weights: Location | None,
    vectorizer: Location | None,
) -> AnyClassifier:
    """The settings' model, or the one that was named in its place."""
    source = settings.model_source if model is None else settings.model_source.of(model, weights)
    vectorizer = vectorizer or settings.vectorizer_path
    source = replace(source, weights=weights or source.weights, vectorizer=vectorizer)
    return load_model(source, DirectReader(settings.image_limits))


def _style_of(**asked: bool) -> str | None:
    """Of what is printed. Raises UsageError for two at once."""
    styles = [style for style, is_asked in asked.items() if is_asked]
    if len(styles) > 1:
        raise click.UsageError(
            f"The answers are printed in one way: choose --{styles[0]} or --{styles[1]}."
        )
    return styles[0] if styles else None


def _check_pictures(paths: tuple[Path, ...], explain: Path | None) -> None:
    """Raises UsageError for what is of texts alone."""
    if explain == _WORDS:
        raise click.UsageError("--explain needs a folder for the heatmaps.")
    if all(path.suffix.lower() in SUFFIXES for path in paths):
        raise click.UsageError(f"The model takes pictures, and {paths[0]} is none.")


def _check_output(output: Path, style: str | None, frame: int | None) -> None:
    if style is not None:
        raise click.UsageError(f"The name of --output says what it is: leave out --{style}.")
    if frame is not None:  # the same command with another frame would go on with this file
        raise click.UsageError("--output holds no answers about a --frame: use --jsonl > FILE.")
    check_output(output)


def _sorted_out(
    paths: tuple[Path, ...], explain: Path | None
) -> tuple[tuple[Path, ...], Path | None]:
    """Of ``--explain texts.txt`` the file is what is to be explained: no folder has such a name.

    Raises UsageError where nothing is named.
    """
    if explain is not None and explain.suffix.lower() in SUFFIXES:
        return (*paths, explain), _WORDS
    if not paths:
        raise click.UsageError("Missing argument 'FILE|FOLDER...'.")
    return paths, explain
