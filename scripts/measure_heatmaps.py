"""Measure the heatmaps of the model in MODEL_PATH on real pictures.

    ./scripts/measure_heatmaps.py chest_xray_fullres [MOST_PICTURES]

Prints what a heatmap costs, whether it depends on the weights (Adebayo et al. 2018, Sanity Checks
for Saliency Maps) and whether the places that it marks matter to the model (deletion and insertion,
Petsiuk et al. 2018, RISE) more than those of random maps. Run it in the environment of the tests.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.answers.decision import calibrate  # noqa: E402
from vistazo.answers.explanation import Explainer, Frame  # noqa: E402
from vistazo.answers.explanation.heatmap import strengths  # noqa: E402
from vistazo.api.schemas import Heatmap  # noqa: E402
from vistazo.classifier import Classifier  # noqa: E402
from vistazo.engines.onnx import OnnxEngine  # noqa: E402
from vistazo.loading import load_classifier, settle_card  # noqa: E402
from vistazo.models.card import ModelCard  # noqa: E402
from vistazo.models.fetch import located  # noqa: E402
from vistazo.models.store import compiled, find_model  # noqa: E402
from vistazo.pictures import open_image  # noqa: E402
from vistazo.pictures.preprocessing import decode_size, prepare  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402

Floats = NDArray[np.float32]
Show = Callable[[str], object]

_SEED, _STEPS, _RANDOM_MAPS, _REPEAT = 0, 25, 8, 5
_ALL = Frame(0, 0, 1, 1)


@dataclass(frozen=True)
class Subject:
    """A model to be examined, below the classifier."""

    engine: OnnxEngine
    card: ModelCard
    explainer: Explainer

    def grid(self, pixels: Floats, label: str) -> Floats:
        outputs = self.engine.run(pixels[np.newaxis])
        return self.explainer.explain(pixels, outputs, label).grid

    def probabilities(self, images: Floats) -> NDArray[np.float64]:
        return calibrate(self.engine.run(images).scores, self.card)

    def prepared(self, path: Path) -> Floats:
        spec, limits = self.card.input, Settings().image_limits
        picture = open_image(path.read_bytes(), limits).decode(decode_size(spec))
        return prepare(picture, spec)


@contextmanager
def opened(model: Path, card: Path | None, cache: Path) -> Iterator[Subject]:
    found = find_model(model, card)
    with compiled(found, cache) as onnx:
        engine = OnnxEngine(onnx)
    settled, _ = settle_card(found, engine)
    yield Subject(engine, settled, Explainer(engine, settled))
    engine.close()


def cost(classifier: Classifier, pictures: list[Path], show: Show) -> None:
    """Of a prediction with a heatmap, as /predict?explain=true makes it, against one without."""
    bodies = [picture.read_bytes() for picture in pictures]
    Heatmap.of(classifier.explain(bodies[0])[1])  # finds out about the head
    ratios = []
    for _ in range(_REPEAT):
        plain = _median_s(classifier.classify, bodies)
        ratios.append(_median_s(lambda b: Heatmap.of(classifier.explain(b)[1]), bodies) / plain)
    show(f"CPU time of a prediction                 {plain * 1000:6.2f} ms")
    show(f"with a heatmap, times that               {statistics.median(ratios):6.2f}")


def _median_s(work: Callable[[bytes], object], bodies: list[bytes]) -> float:
    times = []
    for body in bodies:
        started = time.thread_time()
        work(body)
        times.append(time.thread_time() - started)
    return statistics.median(times)


def sanity(subject: Subject, model: Path, pictures: list[Path], show: Show) -> None:
    """Correlation with the maps of the same network with its weights shuffled."""
    with tempfile.TemporaryDirectory() as folder:
        card = Path(folder) / "shuffled.card.yaml"
        card.write_text(subject.card.model_copy(update={"sha256": None}).model_dump_json())
        found = []
        for seed in range(_REPEAT):
            shuffled = _shuffled(model, Path(folder) / f"shuffled{seed}.keras", seed)
            with opened(shuffled, card, Path(folder)) as other:
                found.append([_correlation(subject, other, picture) for picture in pictures])
    mean, low, high = _with_interval(np.mean(found, axis=0))
    size = np.abs(np.mean(found, axis=1)).mean()
    show(f"sanity: correlation, shuffled weights    {mean:6.3f} ({low:.3f} to {high:.3f})")
    show(f"sanity: the same, size per network       {size:6.3f}")


def _shuffled(model: Path, target: Path, seed: int) -> Path:
    """A copy of a .keras file with the numbers of every kernel in another order."""
    random = np.random.default_rng(seed)
    with zipfile.ZipFile(model) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            data = source.read(name)
            copy.writestr(name, _with_shuffled(data, random) if name.endswith(".h5") else data)
    return target


def _with_shuffled(weights: bytes, random: np.random.Generator) -> bytes:
    buffer = io.BytesIO(weights)

    def shuffle(_: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim > 1:
            item[...] = random.permuted(item[...].ravel()).reshape(item.shape)

    with h5py.File(buffer, "r+") as file:
        file.visititems(shuffle)
    return buffer.getvalue()


def _correlation(one: Subject, other: Subject, picture: Path) -> float:
    pixels, label = one.prepared(picture), one.card.labels[-1]
    return float(
        np.corrcoef(one.grid(pixels, label).ravel(), other.grid(pixels, label).ravel())[0, 1]
    )


def deletion_and_insertion(subject: Subject, pictures: list[Path], show: Show) -> None:
    """Areas under the curves of the predicted class, against random maps as smooth as ours."""
    random, gains = np.random.default_rng(_SEED), []
    for picture in pictures:
        pixels = subject.prepared(picture)
        index = int(subject.probabilities(pixels[np.newaxis])[0].argmax())
        grid = subject.grid(pixels, subject.card.labels[index])
        ours = _areas(subject, pixels, grid, index)
        others = [
            _areas(subject, pixels, random.normal(size=grid.shape).astype(np.float32), index)
            for _ in range(_RANDOM_MAPS)
        ]
        gains.append([ours, np.mean(others, axis=0)])
    table = np.array(gains)
    for name, column, sign in (("deletion (lower is better)", 0, -1), ("insertion", 1, 1)):
        mean, low, high = _with_interval(sign * (table[:, 0, column] - table[:, 1, column]))
        ours, others = table[:, 0, column].mean(), table[:, 1, column].mean()
        show(f"{name:40} {ours:6.3f} against {others:.3f} of random maps:")
        show(f"  better by                              {mean:6.3f} ({low:.3f} to {high:.3f})")


def _areas(subject: Subject, pixels: Floats, grid: Floats, index: int) -> tuple[float, float]:
    """Of deletion, into the mean grey, and of insertion, into a blurred picture."""
    height, width = pixels.shape[:2]
    order = np.argsort(-_smooth(grid, width, height), axis=None, kind="stable")
    rank = np.empty(height * width)
    rank[order] = np.arange(height * width)
    parts = np.linspace(0, height * width, _STEPS + 1)[:, np.newaxis, np.newaxis, np.newaxis]
    is_first = rank.reshape(height, width, 1) < parts
    grey = np.broadcast_to(pixels.mean(axis=(0, 1)), pixels.shape)
    deleted = np.where(is_first, grey, pixels).astype(np.float32)
    inserted = np.where(is_first, pixels, _blurred(pixels)).astype(np.float32)
    curves = [subject.probabilities(images)[:, index] for images in (deleted, inserted)]
    return float(np.trapezoid(curves[0])) / _STEPS, float(np.trapezoid(curves[1])) / _STEPS


def _smooth(grid: Floats, width: int, height: int) -> Floats:
    shift = grid.min()  # keeps the order of what speaks against the label as well
    return strengths(grid - shift, _ALL, (width, height))


def _blurred(pixels: Floats) -> Floats:
    radius = pixels.shape[0] / 12
    channels = [
        np.asarray(Image.fromarray(channel).filter(ImageFilter.GaussianBlur(radius)))
        for channel in _as_bytes(pixels)
    ]
    low, high = pixels.min(), pixels.max()
    return (np.stack(channels, axis=2).astype(np.float32) / 255 * (high - low) + low).astype("f4")


def _as_bytes(pixels: Floats) -> Iterator[NDArray[np.uint8]]:
    low, high = pixels.min(), pixels.max()
    for channel in np.moveaxis((pixels - low) / max(high - low, 1e-6), 2, 0):
        yield np.ascontiguousarray(channel * 255).astype(np.uint8)


def _with_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean and 95 % interval, percentile bootstrap over pictures."""
    random = np.random.default_rng(_SEED)
    means = random.choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(values.mean()), float(low), float(high)


def main(folder: str, most: str = "60") -> None:
    settings = Settings.from_environment()
    pictures = sorted(path for path in Path(folder).rglob("*.jp*g") if path.is_file())
    pictures = [
        pictures[i]
        for i in np.linspace(0, len(pictures) - 1, min(int(most), len(pictures)), dtype=int)
    ]
    cost(
        load_classifier(settings.model_source, DirectReader(settings.image_limits)), pictures, print
    )
    source = settings.model_source
    with (
        located(source.place) as files,
        opened(files.model, files.card, source.cache_dir) as subject,
    ):
        sanity(subject, files.model, pictures, print)
        deletion_and_insertion(subject, pictures, print)


if __name__ == "__main__":
    main(*sys.argv[1:])
