"""vistazo convert."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.models.compilation import compile_model
from vistazo.models.store import check_is_there, weights_of
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
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT.onnx")
@click.option("--input", "input_size", type=ImageSize(), help="For a model that takes any size.")
@click.option(
    "--with-evidence",
    is_flag=True,
    help="Also give out the last spatial map and what heatmaps ask for. Made for this service: "
    "other runtimes may refuse the file.",
)
def command(
    model: Path, out: Path, input_size: tuple[int, int] | None, *, with_evidence: bool
) -> None:
    """Convert a Keras model (.keras, .h5) to ONNX, without TensorFlow and without running it.

    The ONNX model takes 'images', float32 (n, height, width, channels), and gives 'scores' (n, k).

    \b
    Example:
      vistazo convert my_model.h5 my_model.onnx
    """  # noqa: D301
    check_is_there(model)
    if not out.parent.is_dir():
        raise click.UsageError(f"There is no folder {out.parent}.")
    settings = Settings.from_environment()
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
