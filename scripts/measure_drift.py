"""Measure when drift is seen, and that nothing is seen where there is none.

    python scripts/measure_drift.py MODEL FOLDER [--other FOLDER]...
    python scripts/measure_drift.py MODEL TABLE --text COLUMN --by COLUMN

FOLDER holds a folder of pictures for each label; a TABLE (.xlsx, .csv) has a text in each row. All
are classified once; then answers are drawn from what the model said. For each of ten seeds one half
of them is the reference, and the other half what is asked: 10,000 answers unshifted; 10,000 while
the share of one class goes slowly through what the card allows; and 250 unshifted ones, then 300
shifted: of the same pictures in another light, exposure and sharpness, of each --other FOLDER, of
texts by those with one value in the column --by. With --shipped the reference is that of the
model's baseline. Run it in the environment of the tests.

Exit status: 1 where there was a false alarm, or a shift was not seen within 300 answers; else 0.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from vistazo.answers.reference import Answered, Reference  # noqa: E402
from vistazo.classifier import Classifier, Prediction  # noqa: E402
from vistazo.cli.picture_files import picture_files  # noqa: E402
from vistazo.loading import AnyClassifier, load_model  # noqa: E402
from vistazo.models.serving_card import DriftSpec  # noqa: E402
from vistazo.pictures.reader import DirectReader  # noqa: E402
from vistazo.samples.classifier import SampleClassifier, SamplePrediction  # noqa: E402
from vistazo.service.drift.quantities import quantities_of  # noqa: E402
from vistazo.service.drift.watch import Quantity, Watch  # noqa: E402
from vistazo.service.settings import Settings  # noqa: E402
from vistazo.training.tables import read_table  # noqa: E402

SEEDS, UNSHIFTED, BEFORE, SHIFTED = 10, 10_000, 250, 300
_LEAST, _MOST = 0.15, 0.85  # share of a class that goes slowly from one to the other
Random = np.random.Generator
Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Kind:
    """Answers to what is of one kind; ``truth`` is what each shows, where that is known. ``others``
    are own ones without these, where they are among them.
    """

    name: str
    answers: list[Answered]
    truth: NDArray[np.str_]
    others: Kind | None = None

    def of(self, rows: NDArray[np.int64]) -> Kind:
        return replace(self, answers=[self.answers[row] for row in rows], truth=self.truth[rows])


# ---- pictures


def _lit_from_one_side(picture: Image.Image) -> Image.Image:
    pixels = np.asarray(picture, np.float32)
    ramp = np.linspace(0.4, 1.3, picture.width, dtype=np.float32)
    lit = pixels * (ramp if pixels.ndim == 2 else ramp[:, np.newaxis])
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def _blurred(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 100))


CHANGES: dict[str, Change] = {
    "exposed longer": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "exposed shorter": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.6),
    "lit from one side": _lit_from_one_side,
    "blurred": _blurred,
}


def _changed(data: bytes, change: Change) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        changed = change(picture.convert("L" if picture.mode == "L" else "RGB"))
    buffer = io.BytesIO()
    changed.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _pictures(classifier: Classifier, chosen: argparse.Namespace) -> Iterator[Kind]:
    """The own ones, then each kind of others."""
    files = _drawn(sorted(picture_files([chosen.data])), chosen.most)
    data = [file.read_bytes() for file in files]
    truth = np.array([file.parent.name for file in files])
    yield _asked(classifier, "own", data, truth)
    some = data[: chosen.most // 4]
    for name, change in CHANGES.items():
        changed = [_changed(each, change) for each in some]
        yield _asked(classifier, name, changed, truth[: len(some)])
    for folder in chosen.other:
        others = [file.read_bytes() for file in _drawn(sorted(picture_files([folder])), 200)]
        yield _asked(classifier, folder.name, others, np.full(len(others), folder.name))


def _asked(
    classifier: Classifier, name: str, pictures: Sequence[bytes], truth: NDArray[np.str_]
) -> Kind:
    places = {label: place for place, label in enumerate(classifier.card.labels)}
    answers = [_answered(classifier.classify(each), places) for each in pictures]
    return Kind(name, answers, truth)


def _answered(prediction: Prediction | SamplePrediction, places: dict[str, int]) -> Answered:
    return Answered(places[prediction.decision.predicted_class], quantities_of(prediction))


# ---- texts


def _texts(classifier: SampleClassifier, chosen: argparse.Namespace) -> Iterator[Kind]:
    """Those of all values in the column but one, which are others."""
    table = read_table(chosen.data)
    texts, values = (table.column(name) for name in (chosen.text, chosen.by))
    usable = [(str(text), str(value)) for text, value in zip(texts, values, strict=True) if text]
    places = {label: place for place, label in enumerate(classifier.card.labels)}
    predictions = classifier.classify([text for text, _ in usable])
    answers = [_answered(each, places) for each in predictions]
    by = np.array([value for _, value in usable])
    said = np.array([classifier.card.labels[each.label] for each in answers])
    own = Kind("own", answers, said)
    yield own
    for value, count in Counter(by.tolist()).most_common():
        if count >= chosen.fewest:
            others = own.of(np.flatnonzero(by != value))
            named = f"{chosen.by} {value}"
            yield replace(own.of(np.flatnonzero(by == value)), name=named, others=others)


# ---- drawing answers, and watching them


def _drawn(files: list[Path], most: int) -> list[Path]:
    order = np.random.default_rng(0).permutation(len(files))
    return [files[place] for place in order[:most]]


def _turns(watch: Watch, kind: Kind, rows: NDArray[np.int64]) -> Iterator[tuple[int, Quantity]]:
    for number, row in enumerate(rows, start=1):
        answer = kind.answers[row]
        for each in watch.see(watch.reference.labels[answer.label], answer.quantities):
            yield number, each


def _halves(own: Kind, random: Random) -> tuple[Kind, Kind]:
    order = random.permutation(len(own.answers))
    middle = len(order) // 2
    return own.of(order[:middle]), own.of(order[middle:])


class Meter:
    """Prints a line for each kind, and remembers what missed its bar."""

    def __init__(self, classifier: AnyClassifier, own: Kind, shipped: Reference | None) -> None:
        self._labels, self._spec, self._own = classifier.card.labels, classifier.card.drift, own
        self._shipped = shipped
        self.missed: list[str] = []

    def _watch(self, reference: Kind, spec: DriftSpec | None = None) -> Watch:
        made = self._shipped or Reference.of(self._labels, reference.answers)
        return Watch(made, spec or self._spec)

    def _drawn_from(self, random: Random) -> tuple[Kind, Kind]:
        """What the reference is of, and what is asked."""
        return (self._own, self._own) if self._shipped else _halves(self._own, random)

    def unshifted(self) -> None:
        alarms: list[str] = []
        for seed in range(SEEDS):
            random = np.random.default_rng(seed)
            reference, asked = self._drawn_from(random)
            rows = random.integers(len(asked.answers), size=UNSHIFTED)
            found = _turns(self._watch(reference), asked, rows)
            alarms += [f"seed {seed}: {each.name}" for _, each in found if each.is_drifting]
        self._say_alarms(f"{UNSHIFTED:,} unshifted, {SEEDS} seeds", alarms)

    def class_mix(self) -> None:
        """By what the pictures show, or else by what the model says of the texts."""
        kinds = sorted(set(self._own.truth.tolist()))
        allowed = dict.fromkeys(self._labels, (_LEAST / 2, (1 + _MOST) / 2))
        spec = self._spec.model_copy(update={"class_share": allowed})
        alarms: list[str] = []
        for seed in range(SEEDS):
            random = np.random.default_rng(seed)
            reference, asked = self._drawn_from(random)
            one = np.flatnonzero(asked.truth == kinds[seed % len(kinds)])
            others = np.flatnonzero(asked.truth != kinds[seed % len(kinds)])
            shares = np.linspace(_LEAST, _MOST, UNSHIFTED)
            is_one = random.random(UNSHIFTED) < shares
            rows = np.where(is_one, random.choice(one, UNSHIFTED), random.choice(others, UNSHIFTED))
            found = _turns(self._watch(reference, spec), asked, rows)
            alarms += [f"seed {seed}: {each.name}" for _, each in found if each.is_drifting]
        self._say_alarms(
            f"one class goes from {_LEAST:.0%} to {_MOST:.0%}, {UNSHIFTED:,}, {SEEDS} seeds", alarms
        )

    def shifted(self, kind: Kind) -> None:
        needed: list[int] = []
        names: Counter[str] = Counter()
        for seed in range(SEEDS):
            random = np.random.default_rng(seed)
            others = kind.others  # texts are few: all of them are the reference, and are asked
            reference, asked = (others, others) if others else self._drawn_from(random)
            watch = self._watch(reference)
            list(_turns(watch, asked, random.integers(len(asked.answers), size=BEFORE)))
            rows = random.integers(len(kind.answers), size=SHIFTED)
            found = [(at, each) for at, each in _turns(watch, kind, rows) if each.is_drifting]
            needed += [found[0][0]] if found else []
            names.update({each.name for _, each in found})
        seen = f"{np.median(needed):.0f} (at most {max(needed)})" if needed else "never"
        named = ", ".join(f"{name} {count}" for name, count in names.most_common())
        print(f"{kind.name:28} {len(kind.answers):4}  seen after {seen}; {named}", flush=True)
        if len(needed) < SEEDS:
            self.missed.append(f"{kind.name}: seen by {len(needed)} of {SEEDS} seeds")

    def cost(self) -> None:
        reference, asked = self._drawn_from(np.random.default_rng(0))
        rows = np.random.default_rng(1).integers(len(asked.answers), size=2_000)
        tracemalloc.start()
        watch = self._watch(reference)
        list(_turns(watch, asked, rows))
        held_kb = tracemalloc.get_traced_memory()[0] / 1e3
        tracemalloc.stop()
        started_s = time.process_time()
        list(_turns(watch, asked, rows))
        each_ms = (time.process_time() - started_s) / len(rows) * 1e3
        print(f"{each_ms:.4f} ms of CPU for an answer, {held_kb:.0f} kB held", flush=True)

    def _say_alarms(self, what: str, alarms: list[str]) -> None:
        print(f"{what}: {len(alarms)} false alarms {alarms[:9] or ''}", flush=True)
        if alarms:
            self.missed.append(f"{what}: {len(alarms)} false alarms")


def main(chosen: argparse.Namespace) -> None:
    settings = Settings.from_environment()
    source = replace(settings.model_source, path=chosen.model)
    classifier = load_model(source, DirectReader(settings.image_limits))
    if isinstance(classifier, Classifier):
        kinds = _pictures(classifier, chosen)
    else:
        kinds = _texts(classifier, chosen)
    own = next(kinds)
    if chosen.shipped and classifier.reference is None:
        sys.exit("The baseline of the model holds no reference.")
    meter = Meter(classifier, own, classifier.reference if chosen.shipped else None)
    names = sorted({name for answer in own.answers for name in answer.quantities})
    of = "that of the baseline" if chosen.shipped else "half of them"
    print(f"{chosen.model.name}: {len(own.answers)} own; the reference is {of}; {names}")
    meter.unshifted()
    meter.class_mix()
    for kind in kinds:
        meter.shifted(kind)
    meter.cost()
    for line in meter.missed:
        print(f"missed: {line}")
    sys.exit(1 if meter.missed else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path, metavar="FOLDER or TABLE")
    parser.add_argument("--other", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--most", type=int, default=1200, help="Own pictures that are drawn.")
    parser.add_argument("--shipped", action="store_true", help="The model's own reference.")
    parser.add_argument("--text", default="Text", metavar="COLUMN")
    parser.add_argument("--by", default="Source", metavar="COLUMN")
    parser.add_argument("--fewest", type=int, default=20, help="Texts of a value of that column.")
    return parser.parse_args()


if __name__ == "__main__":
    main(_arguments())
