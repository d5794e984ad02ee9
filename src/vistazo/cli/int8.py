"""``vistazo convert --int8``: the model in int8, where that costs no accuracy."""

from __future__ import annotations

import shlex
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from vistazo.cli.gate import SHUT
from vistazo.cli.weights_file import weights_file
from vistazo.engines.choice import EngineChoice
from vistazo.engines.onnx import OnnxEngine
from vistazo.engines.quantization import quantize
from vistazo.errors import InputError, SettingsError
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.card import ModelCard
from vistazo.models.card_file import card_path, find_card, write_card
from vistazo.models.file_hash import sha256_of
from vistazo.models.store import compiled, find_model
from vistazo.pictures.reader import DirectReader
from vistazo.service.settings import Settings
from vistazo.training.checkpoint import replace_whole
from vistazo.training.collection import LabelledPicture, find_unlabelled, folder_names
from vistazo.training.paired import paired_figures
from vistazo.training.pairing import Pair, pair_of_pictures
from vistazo.training.progress import Progress
from vistazo.training.selection import Selection, select_all
from vistazo.training.verdict import check_decides, deciding_figure, judge, sentence

MARK = "+int8"  # of a card's version
_FEWEST, _MOST_LOOKED_AT, _MOST_COMPARED = 20, 100, 2000
_TURNS = 15
_MB = 1_000_000


def convert_to_int8(model: Path, out: Path, pictures: Path, settings: Settings) -> int:
    """Write ``out`` and its card; return the exit status, SHUT where nothing is written because
    the accuracy would suffer.

    Ranges are those of up to 100 of the pictures, the answers are compared on others.
    """
    if out.exists() and out.samefile(model):
        raise click.UsageError("OUT is MODEL itself. Name it otherwise: in float it is exact.")
    place_of_card = _place_of_card(out)
    source = replace(
        settings.model_source.of(model, weights_file(model, settings)),
        engine=EngineChoice(),
        out_of_distribution="off",
    )
    reader, progress = DirectReader(settings.image_limits), Progress()
    in_float = load_classifier(source, reader)
    selection, is_labelled = _select(pictures, in_float.card)
    order = np.random.default_rng(0).permutation(len(selection.pictures))
    count = min(_MOST_LOOKED_AT, len(order) // 2)
    looked_at = [selection.pictures[row] for row in order[:count]]
    others = _of(selection, order[count:][:_MOST_COMPARED])
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, out.name)
        prepared = _prepared(looked_at, reader, in_float.card, progress)
        share, size = _quantized(source, made, prepared)
        write_card(_card_of(in_float.card, made), card_path(made))
        in_int8 = load_classifier(source.of(made), reader)
        pair = pair_of_pictures((in_float, in_int8), others, settings.threads, progress)
        click.echo("\n".join(_told(pair, count, share)))
        if is_labelled and _is_worse(pair):
            click.echo(f"{out} is not written: in int8 the model is worse. Serve it as it is.")
            return SHUT
        replace_whole(out, lambda part: shutil.copyfile(made, part))
        replace_whole(place_of_card, lambda part: shutil.copyfile(card_path(made), part))
    click.echo("\n".join(_written(out, in_float.card, size, pictures, is_labelled=is_labelled)))
    return 0


def _place_of_card(out: Path) -> Path:
    """Raises UsageError where another model's card lies there: there may be no other copy."""
    path = card_path(out)
    if path.exists():
        there = find_card(path)
        if there is not None and not there.version.endswith(MARK):
            raise click.UsageError(
                f"{path} is there already, the card of another model. Name OUT otherwise, such as "
                f"{out.with_stem(out.stem + '-int8').name}."
            )
    return path


def _select(pictures: Path, card: ModelCard) -> tuple[Selection, bool]:
    """All pictures, and whether their labels are known. Raises SettingsError."""
    is_flat = pictures.is_dir() and folder_names(pictures).isdisjoint(card.labels)
    selection = _unlabelled(pictures) if is_flat else select_all(pictures, card.labels)
    if len(selection.pictures) < _FEWEST:
        raise SettingsError(
            f"{pictures} has {len(selection.pictures)} pictures. At least {_FEWEST} are needed, of "
            "the kind that the model is for, and a few hundred are better."
        )
    return selection, not is_flat


def _unlabelled(folder: Path) -> Selection:
    found = tuple(find_unlabelled(folder))
    rows = np.arange(len(found))
    return Selection(found, rows, {"all": rows}, "", unlabelled=frozenset({"all"}))


def _of(selection: Selection, rows: NDArray[np.int64]) -> Selection:
    """The pictures of these rows."""
    pictures = tuple(selection.pictures[row] for row in rows)
    every = {part: np.arange(len(rows)) for part in selection.parts}
    return replace(selection, pictures=pictures, groups=selection.groups[rows], parts=every)


def _prepared(
    pictures: Sequence[LabelledPicture], reader: DirectReader, card: ModelCard, progress: Progress
) -> Iterator[NDArray[np.float32]]:
    """One after the other, as the model takes them. Raises InputError where most are unreadable."""
    read = 0
    for done, picture in enumerate(pictures, 1):
        try:
            yield reader.prepared(picture.encoded(), card.input).pixels
            read += 1
        except InputError as error:
            progress.say(f"{picture.name} is left out: {error}")
        progress.bar("calibrating", done, len(pictures))
    if read < len(pictures) / 2:
        raise InputError(f"Of {len(pictures)} pictures only {read} can be read.")


def _quantized(
    source: ModelSource, target: Path, pictures: Iterator[NDArray[np.float32]]
) -> tuple[float, str]:
    """Write the model in int8; the share of the time that it takes here, and what of the size."""
    found = find_model(Path(str(source.path)), None, hints=source.hints, cache_dir=source.cache_dir)
    with compiled(found, source.cache_dir, source.keras_layers, source.policy) as in_float:
        quantize(in_float, target, pictures)
        share = _share_of_time(OnnxEngine(target), OnnxEngine(in_float))
        sizes = [path.stat().st_size / _MB for path in (target, in_float)]
    return share, "{:.1f} MB, in float {:.1f}".format(*sizes)


def _share_of_time(engine: OnnxEngine, other: OnnxEngine) -> float:
    """Of the other's, of one core: the median of runs in turns."""
    shape = engine.signature.height, engine.signature.width, engine.signature.channels
    blank = np.zeros((1, *shape), np.float32)
    turns = [_run_s(engine, blank) / _run_s(other, blank) for _ in range(_TURNS + 1)]
    return statistics.median(turns[1:])  # a first run is another thing


def _run_s(engine: OnnxEngine, images: NDArray[np.float32]) -> float:
    before = time.thread_time()
    engine.run(images)
    return time.thread_time() - before


def _card_of(card: ModelCard, weights: Path) -> ModelCard:
    """The same but for what other weights were measured to be."""
    changes = {"version": card.version + MARK, "sha256": sha256_of(weights), "figures": {}}
    return card.model_copy(update=changes)


def _told(pair: Pair, count: int, share: float) -> Iterator[str]:
    same = int((pair.a.predicted == pair.b.predicted).sum())
    apart = np.abs(pair.a.probabilities - pair.b.probabilities).max(axis=1)
    yield f"Calibrated on {count} pictures, compared on {len(pair.a)} others."
    yield (
        f"The same class for {same} of these; probabilities differ by {apart.mean():.4f} in the "
        f"mean, {apart.max():.4f} at most."
    )
    yield f"A run takes {share:.2f} of the time here."
    if share >= 1:
        yield (
            "That is no gain: it takes a processor with VNNI, and a model of plain convolutions. "
            "Serve it as it is."
        )


def _is_worse(pair: Pair) -> bool:
    """By the accuracy, or by what 'compare' decides by. Raises InputError as ``check_decides``."""
    names = sorted({"accuracy", deciding_figure(pair, None)})
    figures = paired_figures(pair.a, pair.b, names)
    click.echo("A is the model in float, B in int8:")
    verdicts = []
    for name in names:
        check_decides(figures, name)
        verdicts.append(judge(name, figures[name]))
        click.echo(f"  {sentence(name, figures[name], verdicts[-1], pair)}")
    return "worse" in verdicts


def _written(
    out: Path, card: ModelCard, size: str, pictures: Path, *, is_labelled: bool
) -> Iterator[str]:
    if not is_labelled:
        yield (
            f"No folder in {pictures} is named like a label ({', '.join(card.labels)}): whether "
            "accuracy is lost was not measured."
        )
    yield f"{out}: {size}"
    yield f"{card_path(out)}: version {card.version}{MARK}" + (
        ", without figures: measure again ('evaluate')." if card.figures else "."
    )
    quoted = shlex.quote(str(out)), shlex.quote(str(pictures))
    yield "Next, for what looks strange to it: ./scripts/vistazo baseline {} {}".format(*quoted)
