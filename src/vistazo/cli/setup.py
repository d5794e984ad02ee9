"""vistazo setup."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from vistazo.classifier import Classifier
from vistazo.cli.baseline import drawn, learn
from vistazo.cli.card import write_card_of
from vistazo.cli.convert import ImageSize
from vistazo.cli.estimator_files import estimator_files
from vistazo.cli.next_step import how_to_serve, serve_now
from vistazo.cli.picture_files import picture_files, read_file
from vistazo.cli.scales import drawn_pictures
from vistazo.cli.setup_estimator import set_up_estimator
from vistazo.cli.weights_file import weights_file, with_weights
from vistazo.errors import CardError, InputError, SettingsError, UnsupportedModelError
from vistazo.loading import draft_of, load_classifier, open_engine
from vistazo.models.agreement import check_agreement, disagreements
from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path, find_card, parse_card, write_card
from vistazo.models.draft_text import draft_text
from vistazo.models.drafting import CardDraft, check_labels_agree, shown
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.parts import ModelParts
from vistazo.models.store import (
    StoredModel,
    check_is_there,
    find_labels,
    parts_of,
    without_card,
)
from vistazo.pictures.reader import DirectReader
from vistazo.rows.picture_rows import Row, in_words, name_of
from vistazo.service.settings import Settings
from vistazo.service.telemetry import tell_a_person_who_waits
from vistazo.training.checkpoint import replace_whole
from vistazo.training.collection import folder_names
from vistazo.training.labelled import label_folders

_SHOWN = 6
_FIELD_WIDTH, _VALUE_WIDTH = 18, 24


@click.command(name="setup")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument(
    "pictures", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False
)
@click.option("--weights", type=click.Path(path_type=Path), help="Instead of MODEL_WEIGHTS.")
@click.option("--input", "size", type=ImageSize(), help="Instead of INPUT_SIZE.")
@click.option("--vectorizer", type=click.Path(path_type=Path), help="Instead of VECTORIZER_PATH.")
@click.option("--force", is_flag=True, help="Make the card anew, also where there is one.")
@click.option("--serve", "then_serve", is_flag=True, help="Then start the service.")
def command(
    model: Path,
    pictures: Path | None,
    weights: Path | None,
    size: tuple[int, int] | None,
    vectorizer: Path | None,
    *,
    force: bool,
    then_serve: bool,
) -> None:
    """Make MODEL ready to serve: its card, its baseline, and a look at six answers.

    MODEL is a .keras, .h5 or .onnx file, a .json or .yaml of layers beside its weights, or a .zip
    around one. What its card has to say is read from the file, from what lies beside it
    (labels.txt, class_indices.json ...) and from the environment (LABELS, SCALE ...), and found out
    from PICTURES: a folder of pictures of the kind that MODEL is for. Where it has one folder for
    each label, they also tell the scaling, the resampling and the order of the labels. What was
    concluded, and why, stands in the card.

    A card that is there already is checked and kept; where it names other weights it is made to
    name these. From 64 pictures on they become the baseline, which tells strange pictures and what
    later answers have drifted from: best of some that MODEL was not trained on.

    A file of scikit-learn (.joblib, .pkl, .skops ...) needs neither card nor pictures: it is tried,
    and what it takes and gives is shown.

    \b
    Examples:
      vistazo setup keras_model.h5
      vistazo setup converted_keras.zip pictures/
      vistazo setup my_model.keras labelled_pictures/ --serve
      vistazo setup mnist.h5 digits/ --input 28x28
      vistazo setup news.joblib --serve
      vistazo setup model.pkl --vectorizer vectorizer.pkl
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    settings = with_weights(Settings.from_environment(), weights)
    tell_a_person_who_waits(settings.log_level)
    if model.parts[:1] in (("http:",), ("https:",)):
        raise click.UsageError(
            "MODEL is a link. MODEL_PATH=LINK ./scripts/serve serves it as it is; to set it up, "
            "download it first."
        )
    if is_estimator(model):
        if pictures is not None:
            raise click.UsageError("PICTURES are of no use to a file of scikit-learn.")
        set_up_estimator(estimator_files(model, vectorizer, settings), settings, serve=then_serve)
        return
    check_is_there(model)
    settings = settings.model_copy(update={"input_size": size or settings.input_size})
    card, is_learnt = None if force else find_card(card_path(model)), False
    if card is None:
        is_learnt = _make_card(model, pictures, settings)
    else:
        _check(card, model, settings)
        _tell_of_other_labels(card, model, settings)
    if pictures is not None and not is_learnt:
        _learn(model, pictures, settings)
    _show(model, pictures, settings)
    if then_serve:
        chosen = {"model_path": model, "model_weights": weights, "model_card": None}
        serve_now(settings.model_copy(update=chosen))
    else:
        click.echo(f"\nNext: {how_to_serve(model, weights=weights)}")


def _make_card(model: Path, pictures: Path | None, settings: Settings) -> bool:
    """Whether the baseline is made, too. Raises CardError that says what is missing."""
    _check_writable(model.parent)
    if pictures is not None and _are_labelled(pictures, model, settings):
        known = _known_labels(model, settings)
        path, size = card_path(model), settings.input_size
        return write_card_of(model, pictures, path, settings, labels=known, size=size, force=True)
    _draw_up(model, pictures, settings)
    return False


def _check_writable(folder: Path) -> None:
    """Before pictures are looked at for minutes. Raises SettingsError."""
    if not os.access(folder, os.W_OK):
        raise SettingsError(
            f"Nothing can be written to {folder}, where the card of the model would be. Copy the "
            "model to a folder of your own; or serve it without a card, with LABELS and SCALE."
        )


def _parts(model: Path, settings: Settings) -> ModelParts:
    return parts_of(model, settings.cache_dir, weights_file(model, settings))


def _check(card: ModelCard, model: Path, settings: Settings) -> None:
    """Let a card that fits these weights name them. Raises CardError where it does not fit."""
    path, parts = card_path(model), _parts(model, settings)
    sha256 = parts.sha256
    mended = card.model_copy(update={"sha256": sha256})
    engine = open_engine(StoredModel(parts, model, sha256, mended), settings.model_source)
    check_agreement(disagreements(card, engine.signature), path)
    engine.close()
    if card.sha256 in (None, sha256):
        click.echo(f"{path} agrees with the model.")
        return
    replace_whole(path, lambda part: _stamp(mended, path.read_text("utf-8-sig"), part))
    click.echo(f"{path} named other weights, and names these now.")
    if card.figures:
        click.echo("  Its figures are those of the other weights: measure again ('evaluate').")


def _tell_of_other_labels(card: ModelCard, model: Path, settings: Settings) -> None:
    """A card beats a file of labels: somebody who corrects the file should know."""
    try:
        found = find_labels(model, _parts(model, settings))
    except CardError as error:
        click.echo(f"  The card's labels count. Beside it: {error}")
        return
    if found is not None and found.labels != card.labels:
        click.echo(
            f"  It says {shown(card.labels)}, and {found.path} says {shown(found.labels)}. The "
            "card's count: correct it, or make it anew with --force."
        )


def _stamp(card: ModelCard, text: str, target: Path) -> None:
    """Write a card with another hash: its own text, comments and all, where that can be."""
    stamped = re.sub(r"(?m)^sha256:.*$", f'sha256: "{card.sha256}"', text, count=1)
    if parse_card(stamped) == card:
        target.write_text(stamped, encoding="utf-8")
    else:  # as JSON, say
        write_card(card, target)


def _are_labelled(pictures: Path, model: Path, settings: Settings) -> bool:
    """Whether there is a folder for each label, whose name is the label."""
    if not folder_names(pictures):
        return False
    try:
        names, known = label_folders(pictures), _known_labels(model, settings)
    except SettingsError as error:
        click.echo(f"No labels are taken from {pictures}: {error}")
        return False
    if known is not None and sorted(known) != sorted(names):
        _check_spelling(known, names, pictures)
        click.echo(
            f"No labels are taken from {pictures}: its folders are {', '.join(names)}, the labels "
            f"{', '.join(known)}."
        )
        return False
    return True


def _check_spelling(known: Sequence[str], names: Sequence[str], pictures: Path) -> None:
    """Raise SettingsError for folders that are meant to be the labels, and are not quite."""
    label_of = {_simple(label): label for label in known}
    meant = {name: label_of.get(_simple(name)) for name in names}
    if sorted(filter(None, meant.values())) == sorted(known):
        lines = [f"  {name!a} is {meant[name]!a}" for name in names if name != meant[name]]
        raise SettingsError(
            f"The folders in {pictures} are the labels, but are spelt otherwise. Rename them, or "
            "correct the labels:\n" + "\n".join(lines)
        )


def _simple(name: str) -> str:
    """Without case, outer spaces, and the two ways in which Unicode writes an accent."""
    return unicodedata.normalize("NFC", name.strip().casefold())


def _known_labels(model: Path, settings: Settings) -> tuple[str, ...] | None:
    """Those beside the weights, or in LABELS. Raises CardError where the two disagree."""
    found = find_labels(model, _parts(model, settings))
    check_labels_agree(settings.card_hints, found)
    return found.labels if found is not None else settings.labels


def _draw_up(model: Path, pictures: Path | None, settings: Settings) -> None:
    """Write the card of what is known. Raises CardError that says what is missing."""
    weights, path = weights_file(model, settings), card_path(model)
    source = settings.model_source.of(model, weights)
    found = without_card(model, source.hints, source.cache_dir, weights)
    engine = open_engine(found, source)
    size = engine.signature.height, engine.signature.width
    draft = draft_of(found, engine, drawn_pictures([pictures] if pictures else [], settings, size))
    engine.close()
    click.echo("\n".join(_concluded(draft)))
    draft.complete()
    text = f'{draft_text(draft)}sha256: "{found.sha256}"\n'
    replace_whole(path, lambda part: part.write_text(text, encoding="utf-8"))
    click.echo(f"{path} is written.")


def _concluded(draft: CardDraft) -> Iterator[str]:
    for known in draft.conclusions:
        yield f"  {known.field:{_FIELD_WIDTH}} {known.value:{_VALUE_WIDTH}} {known.why}"


def _learn(model: Path, pictures: Path, settings: Settings) -> None:
    """Make the baseline, where the model and the number of the pictures allow it."""
    try:
        files = drawn(list(picture_files([pictures])))
        path, count = learn(model, None, files, settings)
    except (SettingsError, UnsupportedModelError) as error:
        click.echo(f"No baseline: {error}")
    else:
        click.echo(f"{path}: of {count} pictures")


def _show(model: Path, pictures: Path | None, settings: Settings) -> None:
    """Six answers, for a person to see whether they are right."""
    classifier = load_classifier(
        settings.model_source.of(model, weights_file(model, settings)),
        DirectReader(settings.image_limits),
    )
    click.echo(f"\n{classifier.card.name}: {', '.join(classifier.card.labels)}")
    if pictures is not None:
        files = list(picture_files([pictures]))
        most = min(_SHOWN, len(files))
        some = [files[place * len(files) // most] for place in range(most)]
        click.echo("Some of your pictures, as they are answered now:")
        width = max(map(len, map(name_of, some)))
        for file in some:
            click.echo(in_words(_answer(classifier, file, settings.max_upload_bytes), width))
        click.echo("Are these wrong? 'vistazo predict --show-input' shows what the model sees.")
    classifier.close()


def _answer(classifier: Classifier, file: Path, max_bytes: int) -> Row:
    try:
        return Row(file, classifier.classify(read_file(file, max_bytes)), None)
    except InputError as error:
        return Row(file, None, error)
