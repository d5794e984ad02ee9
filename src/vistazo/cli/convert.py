"""vistazo convert."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.cli.estimator_files import estimator_files
from vistazo.cli.weights_file import weights_file, with_weights
from vistazo.errors import CardError
from vistazo.models.card import ModelCard
from vistazo.models.card_file import find_card
from vistazo.models.compilation import EstimatorFiles, Size, compile_model, rewrite_estimator
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.parts import ModelParts
from vistazo.models.signature import ModelSignature
from vistazo.models.store import card_file_of, check_is_there, parts_of
from vistazo.samples.loading import find_estimator
from vistazo.service.settings import Settings

RANDOM_PICTURES = ""


class ImageSize(click.ParamType[tuple[int, int]]):
    """``HEIGHTxWIDTH``, pixels."""

    name = "HEIGHTxWIDTH"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        height, _, width = value.lower().partition("x")
        if not (height.isdecimal() and width.isdecimal()):
            self.fail(f"'{value}' is no size; write it like 224x224", param, ctx)
        return int(height), int(width)


@click.command(name="convert")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT.onnx|OUT.npz")
@click.option("--input", "input_size", type=ImageSize(), help="Instead of INPUT_SIZE.")
@click.option("--weights", type=click.Path(path_type=Path), help="Instead of MODEL_WEIGHTS.")
@click.option("--vectorizer", type=click.Path(path_type=Path), help="Instead of VECTORIZER_PATH.")
@click.option(
    "--with-evidence",
    is_flag=True,
    help="Also give out the last spatial map and what heatmaps ask for. Made for this service: "
    "other runtimes may refuse the file.",
)
@click.option("--output", metavar="NAME", help="Of several outputs the one that becomes 'scores'.")
@click.option(
    "--int8",
    "pictures",
    type=click.Path(exists=True, path_type=Path),
    metavar="PICTURES",
    help="In whole numbers of 8 bits, calibrated on pictures of the kind that MODEL is for: two or "
    "more times as fast on a processor with VNNI. For this service, with a card of its own.",
)
@click.option(
    "--check",
    "check_on",
    is_flag=False,
    flag_value=RANDOM_PICTURES,
    metavar="[PICTURES]",
    help="Then ask Keras itself, where it is installed, about random pictures and about PICTURES, "
    "and print the largest difference. Runs what is in MODEL: for files that you trust.",
)
def command(
    model: Path,
    out: Path,
    input_size: tuple[int, int] | None,
    *,
    weights: Path | None,
    vectorizer: Path | None,
    pictures: Path | None,
    output: str | None,
    check_on: str | None,
    with_evidence: bool,
) -> int:
    """Convert a Keras model (.keras, .h5, or .json with its weights) to ONNX, without TensorFlow
    and without running it.

    The ONNX model takes 'images', float32 (n, height, width, channels), and gives 'scores' (n, k);
    of a model of several outputs each other one is 'outputs/NAME'.

    A file of scikit-learn (.joblib, .pkl, .skops ...) becomes OUT.npz, with its vectorizer: the
    same content as arrays and JSON, without a pickle. MODEL_PATH takes it.

    With --int8 the answers of both are compared on pictures that it was not calibrated on. Where
    PICTURES has one folder for each label, nothing is written (exit status 3) if AUC or accuracy
    become worse, as 'compare' tells it.

    With --check the exit status is 1 where a score differs by more than 1e-4 of the scores' range
    (or of 1, where that is more), and 2 where Keras is not installed or cannot load the file.

    \b
    Examples:
      vistazo convert my_model.h5 my_model.onnx
      vistazo convert model.json my_model.onnx --weights model.weights.h5
      vistazo convert digits.h5 digits.onnx --input 28x28
      vistazo convert my_model.h5 my_model.onnx --check
      vistazo convert my_model.h5 my_model.onnx --check pictures/
      vistazo convert my_model.h5 my_model-int8.onnx --int8 labelled_pictures/
      vistazo convert news.joblib news.npz
      vistazo convert model.pkl whole.npz --vectorizer vectorizer.pkl
    """  # noqa: D301
    settings = with_weights(Settings.from_environment(), weights)
    _check_check(model, check_on, is_int8=pictures is not None)
    if is_estimator(model):
        if pictures is not None or check_on is not None:
            option = "--check" if pictures is None else "--int8"
            raise click.UsageError(f"{option} is for models of pictures.")
        _convert_estimator(estimator_files(model, vectorizer, settings), out, settings)
        return 0
    check_is_there(model)
    _check_folder(out)
    if pictures is not None:
        return _convert_to_int8(model, out, pictures, settings, has_size=input_size is not None)
    parts = parts_of(model, settings.cache_dir, weights_file(model, settings))
    card_file = card_file_of(model, parts)
    signature = _converted(parts, out, card_file, settings, (input_size, output, with_evidence))
    click.echo(
        f"{out}: {signature.height} x {signature.width} x {signature.channels} -> "
        f"{signature.units} ({signature.activation}), {signature.weights:,} weights"
    )
    _tell_outputs(signature)
    if check_on is None:
        return 0
    from vistazo.cli.framework_check import Converted, check  # brings a runtime

    converted = Converted(parts.file, parts.weights, out, signature, card_file)
    return check(converted, None if check_on == RANDOM_PICTURES else Path(check_on), settings)


def _converted(
    parts: ModelParts,
    out: Path,
    card_file: Path,
    settings: Settings,
    asked: tuple[Size, str | None, bool],
) -> ModelSignature:
    """``asked``: size, output and whether with evidence; what is not asked for, the card says."""
    input_size, output, with_evidence = asked
    card = _card_in(card_file)
    on_card = (card.input.height, card.input.width) if card is not None else None
    size = input_size or on_card or settings.input_size
    return compile_model(
        parts.file,
        out,
        size,
        settings.keras_layers,
        output=output or (card.output.name if card is not None else None),
        weights=parts.weights,
        with_evidence=with_evidence,
        policy=settings.loading_policy,
    )


def _check_check(model: Path, check_on: str | None, *, is_int8: bool) -> None:
    """Before minutes are spent."""
    if check_on is None:
        return
    if is_int8:
        raise click.UsageError("--int8 compares by itself; --check is for a model in float.")
    if model.suffix.lower() == ".onnx":
        raise click.UsageError("--check asks Keras, and this is a model in ONNX already.")
    if check_on != RANDOM_PICTURES and not Path(check_on).exists():
        raise click.UsageError(f"There is no {check_on}. PICTURES of --check are a folder or file.")


def _card_in(file: Path) -> ModelCard | None:
    """To convert, there need not be one, nor a whole one."""
    try:
        return find_card(file)
    except CardError:
        return None


def _tell_outputs(signature: ModelSignature) -> None:
    """What each of several outputs is called in the file."""
    if not signature.has_several:
        return
    click.echo(f"  scores: {signature.output}")
    for other in signature.others:
        click.echo(f"  {other.tensor}: {other.units} ({other.activation})")
    for name in signature.no_rows:
        click.echo(f"  left out: {name}, which is no row of numbers for each picture")


def _convert_to_int8(
    model: Path, out: Path, pictures: Path, settings: Settings, *, has_size: bool
) -> int:
    from vistazo.cli.int8 import convert_to_int8  # brings the runtime, and its tools

    if has_size:
        raise click.UsageError("With --int8 the card says the size of the input.")
    if out.suffix.lower() != ".onnx":
        raise click.UsageError(f"A model in int8 is written to OUT.onnx, not to {out.name}.")
    return convert_to_int8(model, out, pictures, settings)


def _convert_estimator(files: EstimatorFiles, out: Path, settings: Settings) -> None:
    if out.suffix.lower() != ".npz":
        raise click.UsageError(
            f"A file of scikit-learn is converted to OUT.npz, not to {out.name}: what it does with "
            "texts, and with numbers of 64 bits, has no like in ONNX."
        )
    find_estimator(files)
    _check_folder(out)
    summary = rewrite_estimator(files, out, settings.loading_policy)
    takes = summary.takes if summary.takes == "texts" else f"{summary.n_features} numbers"
    click.echo(f"{out}: {takes} -> {len(summary.labels)} labels, {summary.framework}")


def _check_folder(out: Path) -> None:
    if not out.parent.is_dir():
        raise click.UsageError(f"There is no folder {out.parent}.")
