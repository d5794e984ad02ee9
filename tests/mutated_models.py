"""Thousands of mutated model files of every kind, read within the bounds of a service's child.

    python tests/mutated_models.py COUNT SEED [KIND...]

prints one JSON object, ``Watched`` by kind. A COUNT of 0 reads with readers that do harm, to show
that the watch sees what it is there for.

Files are read in forked processes with bounded memory and time, many in each: one that a file
ends (HDF5 is a C library) is told as 'ended', as the service tells it, and the next file has a new
one. An audit hook sees every import, process, socket and ``exec``, and every file but the model's
own (PEP 578).
"""

from __future__ import annotations

import base64
import codecs
import io
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent / "src"), str(TESTS)]

from model_seeds import KINDS, Seed, zipped  # noqa: E402
from vistazo.errors import ModelError  # noqa: E402
from vistazo.models.keras_import import convert  # noqa: E402
from watched import Watched  # noqa: E402

Reader = Callable[[Path, list[Path], Path], object]

MOST_MB, MOST_S = 200, 10  # what a child may take
BAR_S = 2  # what a file may cost; HDF5 takes all memory there is for a few damaged groups
_AT_ONCE = 500
_HARMLESS = {"open", "os.rename", "os.remove", "tempfile.mkstemp", "tempfile.mkdtemp"}
_DEEDS = ("import", "exec", "compile", "subprocess", "os.", "socket", "ctypes", "marshal", "pickle")
_NUMBERS = [
    b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80", b"\xff" * 8, b"\x00" * 7 + b"\x80", b"\x00\x00\x00\x00\x00\x01",
]  # fmt: skip
_WORDS = [
    b"0", b"-1", b"1", b"7", b"65537", b"1000000007", b"9223372036854775808", b"1e400", b"-0.0",
    b"null", b"true", b"[]", b"{}", b'""', b"[[[[]]]]", b'"../../etc/passwd"', b'"/dev/zero"',
    b'"Lambda"', b'"channels_first"', b'"theano"', b'"same"', b"NaN", b"Infinity", b"1" * 5000,
    b"*id001", b"&id001 [*id001]", b"!!python/object/apply:os.system [ls]", b"\xef\xbb\xbf",
]  # fmt: skip
_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8-sig", "cp437")
_VALUE = re.compile(rb'-?\d+(?:\.\d+)?|"[^"\\]{0,40}"|true|false|null')


class _Watch:
    """Notes what Python does beside reading and writing in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.is_on, self.deeds = str(folder), False, []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on or not event.startswith(("open", *_DEEDS)):
            return
        if event in _HARMLESS and str(arguments[0]).startswith(self.folder):
            return
        if event == "open" and isinstance(arguments[0], int):
            return
        self.deeds.append(f"{event} {arguments!r}"[:300])


def mutated(rng: random.Random, seed: Seed, others: list[bytes]) -> bytes:
    """The file that is changed; what a zip holds is changed inside as often."""
    data = seed.files[seed.changed]
    if data.startswith(b"PK") and rng.random() < 0.7:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = rng.choice(list(members))
        return zipped({**members, name: _changed(rng, members[name], others)})
    return _changed(rng, data, others)


def _changed(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """In one to three places: bytes, or whole values of a text."""
    for _ in range(rng.randint(1, 3)):
        data = (_changed_bytes if rng.random() < 0.3 else _changed_value)(rng, data, others)
    return data


def _changed_bytes(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 30)))
    other = rng.choice(others)
    start = rng.randrange(len(other))
    return rng.choice(
        (
            lambda: data[:at] + rng.randbytes(end - at) + data[end:],
            lambda: data[:at] + data[end:],
            lambda: data[:end] + data[at:end] * rng.randint(1, 50) + data[end:],
            lambda: data[:at] + rng.choice(_NUMBERS) + data[end:],
            lambda: data[:at] + other[start : start + 200] + data[at:],
            lambda: data[:at] if rng.random() < 0.3 else data,
        )
    )()


def _changed_value(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A number, a string or a constant becomes another of the text, of another file, or an evil
    one; binary files have texts in them too.
    """
    values = list(_VALUE.finditer(data))
    if not values:
        return _changed_bytes(rng, data, others)
    chosen = rng.choice(values)
    elsewhere = list(_VALUE.finditer(rng.choice(others))) or values
    new = rng.choice((rng.choice(values)[0], rng.choice(elsewhere)[0], rng.choice(_WORDS)))
    if b"\x00" in data:  # in a binary file what comes behind stays where it is
        new = new[: len(chosen[0])].ljust(len(chosen[0]))
    return data[: chosen.start()] + new + data[chosen.end() :]


def run(kind: str, count: int, seed: int, read: Reader) -> Watched:
    watched = Watched()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = KINDS[kind](folder)
        others = [content for made in KINDS.values() for content in made(folder).files.values()]
        for path in folder.iterdir():
            path.unlink()
        done = 0
        while done < count:
            done += _fork(folder, whole, others, range(done, min(count, done + _AT_ONCE)), seed,
                          watched, read)  # fmt: skip
    return watched


def _fork(
    folder: Path,
    seed: Seed,
    others: list[bytes],
    cases: range,
    first: int,
    watched: Watched,
    read: Reader,
) -> int:
    """Read these cases in a process of its own; how many are done, the one that ended it too."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        try:
            _read_all(folder, seed, others, cases, first, into, read)
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "r", encoding="utf-8") as told:
        lines = [json.loads(line) for line in told if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    for line in lines:
        _take(watched, line)
    done = sum("verdict" in line for line in lines)
    if done < len(cases):
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        too_slow = number in (signal.SIGALRM, signal.SIGXCPU)
        watched.note("too slow" if too_slow else f"ended by signal {number}")
        data = mutated(_rng(first, cases[done]), seed, others)
        if too_slow or not number:
            watched.accidents.append(f"case {cases[done]}: {status} {_kept(data)}")
        done += 1
    return done


def _take(watched: Watched, line: dict[str, Any]) -> None:
    if "verdict" in line:
        watched.note(line["verdict"], line["s"])
        watched.accidents += line.get("accident", [])
        watched.cpu_s += line["s"]
    else:
        watched.deeds += line["deeds"]
        watched.growth_mb = max(watched.growth_mb, line["growth_mb"])


def _rng(first: int, case: int) -> random.Random:
    return random.Random(f"{first} {case}")  # noqa: S311


def _read_all(
    folder: Path,
    seed: Seed,
    others: list[bytes],
    cases: range,
    first: int,
    into: int,
    read: Reader,
) -> None:
    """In the child: one line for each case, and one about all."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # HDF5 tells its faults there
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    paths = [folder / name for name in seed.names]
    for path, content in zip(paths, seed.files.values(), strict=True):
        path.write_bytes(content)
    _verdict(paths, folder / "out.onnx", read)  # what Python imports at first, it imports here
    for name in _ENCODINGS:
        codecs.lookup(name)
    before, size = _peak_mb(), _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_MB * 1_000_000,) * 2)
    watch = _Watch(folder)
    sys.addaudithook(watch)
    for case in cases:
        data = mutated(_rng(first, case), seed, others)
        (folder / seed.changed).write_bytes(data)
        started = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, 3 * MOST_S)
        resource.setrlimit(resource.RLIMIT_CPU, (int(started) + MOST_S, -1))
        watch.is_on = True
        told = _verdict(paths, folder / "out.onnx", read)
        watch.is_on = False
        line = {**told, "s": time.process_time() - started}
        if line["s"] > BAR_S:
            line["accident"] = f"{line['s']:.2f} s, {line['verdict']}"
        if "accident" in line:
            line["accident"] = [f"{line['accident']} {_kept(data)}"]
        os.write(into, f"{json.dumps(line)}\n".encode())
        if watch.deeds:
            _tell(into, watch, before)
            watch.deeds.clear()
    _tell(into, watch, before)


def _tell(into: int, watch: _Watch, before: float) -> None:
    line = {"deeds": watch.deeds[:20], "growth_mb": _peak_mb() - before}
    os.write(into, f"{json.dumps(line)}\n".encode())


def _verdict(paths: list[Path], out: Path, read: Reader) -> dict[str, str]:
    try:
        read(paths[0], paths[1:], out)
    except ModelError as error:
        return {"verdict": type(error).__name__}
    except MemoryError:
        return {"verdict": "no memory"}
    except BaseException as error:
        accident = f"{error!r} {_place(error)}"
        return {"verdict": "an accident", "accident": accident}
    return {"verdict": "a model"}


def _kept(data: bytes) -> str:
    """The file, to be looked at: base64 of what zlib packs."""
    return base64.b64encode(zlib.compress(data)).decode()


def _place(error: BaseException) -> str:
    """Where it was raised; the traceback module would open every file on the way."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "" if last is None else f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}"


def as_the_service(path: Path, weights: list[Path], out: Path) -> object:
    most = MOST_MB * 1_000_000
    return convert(path, out, weights=weights, with_evidence=True, max_tensor_bytes=most)


def _does_harm(path: Path, weights: list[Path], out: Path) -> object:
    """Each kind of harm, by what the file holds."""
    del weights, out
    case = zlib.crc32(path.read_bytes()) % 4
    if case == 0:
        raise KeyError("no error of ours")
    if case == 1:
        os.abort()
    if case == 2:
        return os.system("true")  # noqa: S605, S607
    return bytearray(MOST_MB * 2_000_000)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(count: int, seed: int, kinds: list[str]) -> dict[str, Any]:
    if not count:
        return {"harm": asdict(run("JSON beside weights", 40, seed, _does_harm))}
    return {kind: asdict(run(kind, count, seed, as_the_service)) for kind in kinds or KINDS}


if __name__ == "__main__":
    how_many, first_seed, *of = sys.argv[1:]
    print(json.dumps(main(int(how_many), int(first_seed), of)))  # noqa: T201
