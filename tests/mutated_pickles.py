"""Thousands of mutated pickles, joblib and skops files, read in a process that is watched.

    python tests/mutated_pickles.py COUNT SEED

prints one JSON object, see ``Watched``. A COUNT of 0 reads two files with Python's own pickle, to
show that the watch sees what it is there for. An audit hook sees every import, file, socket,
process, ``compile`` and ``exec`` of Python's own (PEP 578); functions that would leave a mark when
called are named in the files themselves.
"""

from __future__ import annotations

import bz2
import codecs
import gc
import gzip
import json
import lzma
import pickle
import random
import resource
import sys
import tempfile
import time
import traceback
import types
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent / "src"), str(TESTS)]

from hostile_pickles import ATTACKS  # noqa: E402
from pickle_stubs import stub_class  # noqa: E402
from pickled_files import JOBLIB, SPARSE, write_skops  # noqa: E402
from vistazo.errors import ModelError  # noqa: E402
from vistazo.models.estimator_import.reader import read_objects  # noqa: E402
from watched import Watched  # noqa: E402

_MOST_BYTES = 20_000_000
_LARGEST_SEED = 20_000
_MEMORY_BYTES = 3 << 30
_HARMLESS = {"builtins.id", "object.__getattr__", "object.__setattr__", "sys._getframe"}
_EVIL = [
    b"cos\nsystem\n", b"cposix\nsystem\n", b"cbuiltins\neval\n", b"cbuiltins\ngetattr\n",
    b"ccanary\ncalled\n", b"icanary\ncalled\n", b"\x8c\x06canary\x8c\x06called\x93",
    b"\x8c\x06canary\x8c\x06called\x93\x8c\x01a\x85R", b"csubprocess\nPopen\n",
    b"cnumpy\nload\n", b"cnumpy\ndtype\n", b"ccopyreg\n_reconstructor\n", b"ccollections\ndeque\n",
]  # fmt: skip
_NUMBERS = [
    b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80", b"\xff" * 8, b"\x00" * 7 + b"\x80", b"\x00\x00\x00\x00\x00\x01",
]  # fmt: skip
_CALLS = (b"", b")R", b")\x81", b"N\x85R")
_OPCODES = bytes(range(0x99))


class _Watch:
    """Notes every event but reading the one file, while a file is read."""

    def __init__(self, path: Path) -> None:
        self.path, self.is_on = str(path), False
        self.deeds: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on or event in _HARMLESS:
            return
        if event == "open" and str(arguments[0]) == self.path and arguments[1] in ("r", "rb"):
            return
        self.deeds.append(f"{event} {arguments!r}"[:300])

    def called(self, *arguments: object) -> None:
        """What a canary of the file does."""
        self.deeds.append(f"called with {arguments!r}"[:300])


def seeds() -> list[bytes]:
    """Whole files, each of another kind, none large."""
    found = [*JOBLIB.values(), *SPARSE.values()]
    with stub_class("sklearn.naive_bayes", "MultinomialNB") as stub:
        model = stub()
        model.classes_ = np.array(["no", "sí"])
        model.feature_log_prob_ = np.arange(6.0).reshape(2, 3)
        model.nodes = np.array([(1, 0.5)], dtype=[("left", "<i8"), ("threshold", "<f8")])
        model.vocabulary_ = {"uno": np.int64(0), "dos": 1}
        model.others = [None, {1, 2}, (1, 2.5), b"ab", "ñ", np.array([None, "x"], object), -(2**70)]
        found += [pickle.dumps(model, version) for version in range(6)]
    with tempfile.TemporaryDirectory() as folder:
        found.append(write_skops(Path(folder) / "m.skops").read_bytes())
    attacks = [made() for name, made in ATTACKS.items() if "bomb" not in name]
    return found + [attack for attack in attacks if len(attack) < _LARGEST_SEED]


_PACKED: tuple[tuple[bytes, Callable[[bytes], bytes], Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress, gzip.compress),
    (b"x", zlib.decompress, zlib.compress),
    (b"BZ", bz2.decompress, bz2.compress),
    (b"\xfd7zXZ", lzma.decompress, lzma.compress),
)


def mutated(rng: random.Random, whole: list[bytes]) -> bytes:
    """One of them, changed in one to three places; what is packed is changed inside as often."""
    data = rng.choice(whole)
    for magic, unpack, pack in _PACKED:
        if data.startswith(magic) and rng.random() < 0.5:
            return pack(_changed(rng, unpack(data), whole))
    return _changed(rng, data, whole)


def _changed(rng: random.Random, data: bytes, whole: list[bytes]) -> bytes:
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 30)))
        other = rng.choice(whole)
        start = rng.randrange(len(other))
        data = rng.choice(
            (
                lambda d=data, a=at, e=end: d[:a] + rng.randbytes(e - a) + d[e:],
                lambda d=data, a=at, e=end: d[:a] + d[e:],
                lambda d=data, a=at, e=end: d[:e] + d[a:e] * rng.randint(1, 50) + d[e:],
                lambda d=data, a=at: d[:a] + bytes(rng.choices(_OPCODES, k=3)) + d[a:],
                lambda d=data, a=at: d[:a] + rng.choice(_EVIL) + rng.choice(_CALLS) + d[a:],
                lambda d=data, a=at, e=end: d[:a] + rng.choice(_NUMBERS) + d[e:],
                lambda d=data, a=at, o=other, s=start: d[:a] + o[s : s + 200] + d[a:],
                lambda d=data, a=at: d[:a] if rng.random() < 0.3 else d,
            )
        )() or b"\x80"  # fmt: skip
    return data


def run(count: int, seed: int) -> Watched:
    rng, whole, watched = random.Random(seed), seeds(), Watched()  # noqa: S311
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        watch = _Watch(path)
        sys.modules["canary"] = types.ModuleType("canary")
        sys.modules["canary"].called = watch.called  # type: ignore[attr-defined]
        for data in whole:  # what Python imports when something is used first, it imports here
            _read(path, data, Watched(), watch)
        for name in ("cp437", "raw-unicode-escape", "utf-8-sig"):
            codecs.lookup(name)
        watch.deeds.clear()
        before, started = _memory_mb(), time.process_time()
        sys.addaudithook(watch)
        for _ in range(count):
            _read(path, mutated(rng, whole), watched, watch)
        watched.cpu_s = time.process_time() - started
        watched.growth_mb = _memory_mb() - before
    watched.deeds = watch.deeds[:20]
    return watched


def _read(path: Path, data: bytes, watched: Watched, watch: _Watch) -> None:
    path.write_bytes(data)
    started = time.process_time()
    watch.is_on = True
    try:
        value = read_objects(path, _MOST_BYTES)
        del value
        verdict = "an answer"
    except ModelError as error:
        verdict = type(error).__name__
    except BaseException as error:
        verdict = "an accident"
        last = traceback.extract_tb(error.__traceback__)[-1]
        watched.accidents.append(f"{error!r} {last.filename}:{last.lineno} {data[:2000].hex()}")
    finally:
        watch.is_on = False
    watched.note(verdict, time.process_time() - started)


def seen_of_python() -> Watched:
    """What the watch sees where a pickle is executed."""
    watch = _Watch(Path("model.pkl"))
    sys.modules["canary"] = types.ModuleType("canary")
    sys.modules["canary"].called = watch.called  # type: ignore[attr-defined]
    sys.addaudithook(watch)
    watch.is_on = True
    for data in (b"ccanary\ncalled\n(S'a'\ntR.", b"cthis\ns\n."):
        pickle.loads(data)  # noqa: S301 (these two)
    watch.is_on = False
    return Watched(deeds=watch.deeds[:100])


def _memory_mb() -> float:
    gc.collect()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    how_many, first_seed = int(sys.argv[1]), int(sys.argv[2])
    print(json.dumps(asdict(run(how_many, first_seed) if how_many else seen_of_python())))  # noqa: T201
