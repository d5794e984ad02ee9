"""vistazo convert."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.cli.estimator_files import estimator_files
from vistazo.models.compilation import EstimatorFiles, compile_model, rewrite_estimator
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.models.store import check_is_there, weights_of
from vistazo.samples.loading import find_estimator
from vistazo.service.settings import Settings


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
@click.option("--input", "input_size", type=ImageSize(), help="For a model that takes any size.")
@click.option("--vectorizer", type=click.Path(path_type=Path), help="Instead of VECTORIZER_PATH.")
@click.option(
    "--with-evidence",
    is_flag=True,
    help="Also give out the last spatial map and what heatmaps ask for. Made for this service: "
    "other runtimes may refuse the file.",
)
def command(
    model: Path,
    out: Path,
    input_size: tuple[int, int] | None,
    vectorizer: Path | None,
    *,
    with_evidence: bool,
) -> None:
    """Convert a Keras model (.keras, .h5) to ONNX, without TensorFlow and without running it.

    The ONNX model takes 'images', float32 (n, height, width, channels), and gives 'scores' (n, k).

    A file of scikit-learn (.joblib, .pkl, .skops ...) becomes OUT.npz, with its vectorizer: the
    same content as arrays and JSON, without a pickle. MODEL_PATH takes it.

    \b
    Examples:
      vistazo convert my_model.h5 my_model.onnx
      vistazo convert news.joblib news.npz
      vistazo convert model.pkl whole.npz --vectorizer vectorizer.pkl
    """  # noqa: D301
    settings = Settings.from_environment()
    if is_estimator(model):
        _convert_estimator(estimator_files(model, vectorizer, settings), out, settings)
        return
    check_is_there(model)
    _check_folder(out)
    weights = weights_of(model, settings.cache_dir)
    size = input_size or settings.input_size
    signature = compile_model(
        weights,
        out,
        size,
        settings.keras_layers,
        with_evidence=with_evidence,
        policy=settings.loading_policy,
    )
    click.echo(
        f"{out}: {signature.height} x {signature.width} x {signature.channels} -> "
        f"{signature.units} ({signature.activation}), {signature.weights:,} weights"
    )


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
