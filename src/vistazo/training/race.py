"""Many preparations of the same pictures, run through one model, a few pictures at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vistazo.engines.base import Engine
from vistazo.models.card import InputSpec
from vistazo.models.output_spec import OutputKind
from vistazo.models.signature import ModelSignature
from vistazo.pictures import ImageLimits, open_image
from vistazo.pictures.preprocessing import decode_size, prepare, scale
from vistazo.training.assignment import Order
from vistazo.training.labelled import LabelledPictures
from vistazo.training.progress import Progress
from vistazo.training.remembered import familiarity, in_nats
from vistazo.training.trial import Floats, Trial, logits_of, output_kind, try_out

Images = NDArray[np.float32]

_BLOCK_BYTES, _MOST_AT_ONCE = 64_000_000, 16
_MOST_REMEMBERED = 100


class Race:
    """Runs preparations on the first pictures, keeps what the model said, goes on where it stopped.

    A context: leaving it, by Ctrl-C too, ends what is under way.
    """

    def __init__(
        self,
        engine: Engine,
        labelled: LabelledPictures,
        limits: ImageLimits,
        threads: int,
        progress: Progress,
    ) -> None:
        self.kind: OutputKind | None = None
        self.heeded: str | None = None
        self._engine, self._labelled, self._limits = engine, labelled, limits
        self._progress = progress
        self._executor = ThreadPoolExecutor(threads)
        self._scores: dict[InputSpec, Images] = {}
        self._pictures_run, self._foreseen = 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)

    @property
    def signature(self) -> ModelSignature:
        return self._engine.signature

    def foresee(self, pictures: int) -> None:
        """Say how many more pictures will be run, for the progress bar."""
        self._foreseen = self._pictures_run + pictures

    def trials(self, specs: Sequence[InputSpec], count: int, unit_of: Order | None) -> list[Trial]:
        """How each does on the first ``count`` pictures, best first."""
        pending: dict[int, list[InputSpec]] = {}
        for spec in specs:
            pending.setdefault(len(self._scores.get(spec, ())), []).append(spec)
        for start, some in pending.items():
            self._run(some, start, count)
        labels = self._labelled.labels[:count]
        found = [try_out(spec, self._logits(spec, count), labels, unit_of) for spec in specs]
        return sorted(found, key=lambda trial: trial.log_loss)

    def memories(self, specs: Sequence[InputSpec]) -> dict[InputSpec, float]:
        """What the model's memory of its training says for each, in nats; nothing without one."""
        probe = self._engine.probe
        if probe is None:
            return {}
        rows = range(min(len(self._labelled), _MOST_REMEMBERED))

        def find(spec: InputSpec) -> float | None:
            seen = [probe.measure(self._prepared(row, spec)) for row in rows]
            means, variances = (np.concatenate(part) for part in zip(*seen, strict=True))
            return familiarity(probe, means, variances)

        found = dict(zip(specs, self._executor.map(find, specs), strict=True))
        best = max((value for value in found.values() if value is not None), default=None)
        if best is None:
            return {}
        self.heeded = probe.layer
        return {spec: in_nats(found[spec], best) for spec in specs}

    def _prepared(self, row: int, spec: InputSpec) -> Images:
        data = self._labelled.pictures[row].encoded()
        return prepare(open_image(data, self._limits).decode(decode_size(spec)), spec)[np.newaxis]

    def _logits(self, spec: InputSpec, count: int) -> Floats:
        scores = self._scores[spec][:count]
        if self.kind is None:
            self.kind = output_kind(self._engine.signature, scores)
        return logits_of(scores, self.kind)

    def _run(self, specs: Sequence[InputSpec], start: int, stop: int) -> None:
        views = list(dict.fromkeys(map(_unscaled, specs)))
        spec = specs[0]
        bytes_each = 4 * len(views) * spec.height * spec.width * spec.channels
        step = min(max(1, _BLOCK_BYTES // bytes_each), _MOST_AT_ONCE)
        for first in range(start, stop, step):
            rows = range(first, min(first + step, stop))
            self._run_block(specs, views, rows)
            self._pictures_run += len(specs) * len(rows)
            self._progress.bar("trying preparations", self._pictures_run, self._foreseen)

    def _run_block(
        self, specs: Sequence[InputSpec], views: Sequence[InputSpec], rows: Iterable[int]
    ) -> None:
        """Each picture is decoded once, and once smaller; each view of it serves many specs."""
        seen = list(self._executor.map(lambda row: self._views(row, views), rows))
        of_view = {view: np.stack([of[view] for of in seen]) for view in views}

        def run(spec: InputSpec) -> Images:
            images = of_view[_unscaled(spec)]
            if spec.colour == "bgr":
                images = images[..., ::-1]
            scaled = np.ascontiguousarray(scale(images, spec.scale))
            return self._engine.run(scaled).scores

        for spec, scores in zip(specs, self._executor.map(run, specs), strict=True):
            known = self._scores.get(spec)
            self._scores[spec] = scores if known is None else np.concatenate([known, scores])

    def _views(self, row: int, views: Sequence[InputSpec]) -> dict[InputSpec, Images]:
        data = self._labelled.pictures[row].encoded()
        decoded = {
            size: open_image(data, self._limits).decode(size)
            for size in set(map(decode_size, views))
        }
        return {view: prepare(decoded[decode_size(view)], view) for view in views}


def _unscaled(spec: InputSpec) -> InputSpec:
    colour = "rgb" if spec.colour == "bgr" else spec.colour
    return spec.model_copy(update={"scale": "none", "colour": colour})
