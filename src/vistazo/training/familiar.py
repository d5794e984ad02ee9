"""The baseline of a model, from pictures of the kind that it was made for."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vistazo.answers.baseline_file import baseline_path, write_baseline
from vistazo.answers.discriminant import Strangers, Told
from vistazo.answers.likeness import COMPONENTS, fit_baseline, preparation, tell_apart
from vistazo.engines.base import Engine
from vistazo.engines.rehearsal import open_rehearsed
from vistazo.errors import SettingsError, UnsupportedModelError
from vistazo.models.bounded_child import LoadingPolicy
from vistazo.models.card import InputSpec
from vistazo.models.drafting import CardHints
from vistazo.models.store import StoredModel, compiled, find_model
from vistazo.pictures.bulk import in_threads
from vistazo.training.checkpoint import replace_whole
from vistazo.training.unlike import Floats, Prepare, Unlike, upside_down

_MOST_PICTURES, _MOST_UNSEEN = 2000, 1000


def make_baseline(
    model: Path,
    card: Path | None,
    prepare: Prepare,
    spec: InputSpec,
    *,
    seen: NDArray[np.int64],
    unseen: NDArray[np.int64],
    hints: CardHints | None = None,
    cache_dir: Path | None = None,
    policy: LoadingPolicy | None = None,
    weights: Path | None = None,
    unlike: Sequence[Unlike] = (),
    threads: int = 1,
    show: Callable[[int, int], None] = lambda *_: None,
    tell: Callable[[tuple[Told, ...]], None] = lambda _: None,
) -> Path:
    """Write the baseline beside a model, from the feature maps that serving will see.

    Where there is no ``card``, ``hints`` are what the environment says in its place; with a
    ``cache_dir`` the compiled model is kept. ``weights`` is the file of the weights, where the
    model's own has its layers alone and this one does not lie beside it.

    ``prepare`` gives the picture (h, w, c), prepared as ``spec`` says, of a number in ``seen``,
    which the components are made from, or ``unseen``, which set the limit; it is asked in so many
    ``threads``. Of many, some are drawn at random. ``unlike`` are examples of what the model was
    not made for; own pictures turned upside down join them. ``tell`` is told which of them the
    baseline can tell. Raises ModelError, and SettingsError for too few pictures.
    """
    random = np.random.default_rng(0)
    seen = random.permutation(seen)[:_MOST_PICTURES]
    unseen = random.permutation(unseen)[:_MOST_UNSEEN]
    _check_enough(len(seen), len(unseen))
    found = find_model(model, card, hints=hints, cache_dir=cache_dir, weights_file=weights)
    kinds = [upside_down(prepare, seen), *unlike]
    total = len(seen) + len(unseen) + sum(kind.count for kind in kinds)
    with _engine(found, cache_dir, policy or LoadingPolicy()) as engine:
        if engine.signature.features is None:
            raise UnsupportedModelError(f"{model} has no spatial feature map to compare.")
        learner = _Learner(engine, threads, lambda done: show(done, total))
        maps, others = learner.maps(prepare, seen), learner.maps(prepare, unseen)
        strangers = [learner.strangers(kind) for kind in kinds]
    baseline = fit_baseline(maps, others, found.sha256, preparation(spec))
    baseline, told = tell_apart(baseline, maps, others, strangers)
    path = baseline_path(model)
    replace_whole(path, lambda part: write_baseline(baseline, part))
    tell(told)
    return path


def _check_enough(seen: int, unseen: int) -> None:
    if seen < COMPONENTS or not unseen:
        raise SettingsError(
            f"A baseline needs {2 * COMPONENTS} pictures, and more are better: here are "
            f"{seen + unseen}."
        )


@contextmanager
def _engine(model: StoredModel, cache_dir: Path | None, policy: LoadingPolicy) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="vistazo-") as folder:
        with compiled(model, cache_dir or Path(folder), policy=policy) as onnx:
            engine = open_rehearsed(onnx, str(model.home), policy)
        yield engine
        engine.close()


class _Learner:
    """Runs an engine over many pictures, on all ``threads``, and counts them."""

    def __init__(self, engine: Engine, threads: int, show: Callable[[int], None]) -> None:
        self._engine, self._threads, self._show, self._done = engine, threads, show, 0

    def maps(self, prepare: Prepare, rows: NDArray[np.int64]) -> Floats:
        """Feature maps (n, fh, fw, fc)."""

        def look(row: int) -> Floats | None:
            return self._engine.run(prepare(row)[np.newaxis]).features

        maps = []
        with contextlib.closing(in_threads(look, rows.tolist(), self._threads)) as found:
            for features in found:
                maps.append(features)
                self._done += 1
                self._show(self._done)
        return np.concatenate([some for some in maps if some is not None])

    def strangers(self, kind: Unlike) -> Strangers:
        maps = self.maps(kind.prepare, np.arange(kind.count))
        return Strangers(kind.name, maps, kind.fewest, kind.enough)
