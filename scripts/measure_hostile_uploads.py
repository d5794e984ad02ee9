"""Send uploads that are made to do harm to a small service, and measure what they cost it.

    python scripts/measure_hostile_uploads.py [--count 20000] [--first 0] [--callers 4]
    python scripts/measure_hostile_uploads.py --only SEED
    python scripts/measure_hostile_uploads.py --protocol inference [--count 5000]

A real service with the small plan's settings, in 256 MB where this process may make a memory group
(else its memory is only watched). Each upload is made of its number: mutated pictures, pictures and
forms by grammar with rules broken at random, other formats, forms that are none, lengths that
disagree. Bars: every answer is a 2xx, or a 4xx with a problem document; no process killed, at most
10 MB more of memory than after the first --warm-up ones, at most 256 MB at any time, and 2 seconds
of CPU for the slowest. How much one costs is seen from without, while others run: the --again
costliest are sent again by themselves, and those figures count. --only sends a single one and tells
of it. --protocol inference sends requests of the Open Inference Protocol instead, versions 2 and 1:
tensors as JSON and binary, packed bodies and bombs; an error is then one of that protocol, 503 is
allowed, and so are 26 MB more of memory. --protocol inference-of-texts sends the like to a model of
texts. Takes some minutes for 20,000 on two cores; run it in the environment of the tests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from hostile_uploads import BY_PROTOCOL, Hostile  # noqa: E402
from hostile_uploads.inference_answers import wrong_inference_answer  # noqa: E402
from hostile_uploads.inference_requests import MODEL, VERSION  # noqa: E402
from measured_service import SMALL_BYTES, MeasuredService, MemoryWatch, serving  # noqa: E402
from served_samples import write_text_model  # noqa: E402
from vistazo.service.small_plan import SETTINGS  # noqa: E402

_BAR_S = 2.0
# Of inference one body of MAX_QUEUED_BYTES comes and goes: over thousands that does not add up.
_BAR_GROWTH_MB = {"uploads": 10.0, "inference": 26.0, "inference-of-texts": 26.0}
_TIMEOUT_S = 60
_SEEDS_AT_ONCE = 25
_SETTLED_S = 2.0
_NO_HTTP = (414, 431)  # too long to be read: of no protocol, without a request_id
_UNEXPECTED = "unexpected error"
_PROBLEM = {"type", "title", "status", "detail", "code"}


@dataclass(frozen=True)
class Answer:
    """``wrong`` says why it is not as it has to be; "" where it is."""

    status: int
    code: str
    wrong: str = ""


@dataclass(frozen=True)
class Sent:
    seed: int
    kind: str
    answer: Answer
    cpu_s: float  # of the service while it was answered: others may have run too


class Caller:
    """One connection, kept as long as the service keeps it."""

    def __init__(self, service: MeasuredService, protocol: str) -> None:
        self._service, self._made = service, BY_PROTOCOL[protocol]
        self._kept: socket.socket | None = None

    def send(self, seed: int) -> Sent:
        request, before_s = self._made(seed), self._service.cpu_s()
        try:
            answer = self._answer(request)
        except TimeoutError:
            self._kept, answer = None, Answer(0, "none", f"no answer within {_TIMEOUT_S} s")
        except (OSError, http.client.HTTPException) as error:
            self._kept = None
            wrong = f"no answer: {type(error).__name__}" if request.is_whole else ""
            answer = Answer(0, "none", wrong)
        return Sent(seed, request.kind, answer, self._service.cpu_s() - before_s)

    def _answer(self, request: Hostile) -> Answer:
        if self._kept is not None and request.is_whole:
            try:
                return self._answer_on(self._kept, request)
            except (ConnectionError, http.client.BadStatusLine):  # it may end while nobody asks
                self._kept = None
        return self._answer_on(self._connected(), request)

    def _answer_on(self, connection: socket.socket, request: Hostile) -> Answer:
        with suppress(ConnectionError):  # it may be refused, and answered, in the middle
            connection.sendall(request.wire)
            if not request.is_whole:
                connection.shutdown(socket.SHUT_WR)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
        if request.is_whole:
            self._kept = None if response.will_close else connection
        is_http = request.is_whole and response.status not in _NO_HTTP
        if request.wire.partition(b" ")[2].startswith((b"/v1", b"/v2")):
            answer = checked_inference(response, body)
            if is_http or not answer.wrong:
                return answer
        return checked(response, body, is_whole=is_http)

    def _connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._service.port), timeout=_TIMEOUT_S)


def checked(response: http.client.HTTPResponse, body: bytes, *, is_whole: bool) -> Answer:
    """What is no HTTP has no request_id."""
    status, kind = response.status, response.getheader("Content-Type", "")
    if status == 200 and kind == "image/png":
        is_png = body.startswith(b"\x89PNG\r\n\x1a\n")
        return Answer(status, "png", "" if is_png else "it is no PNG")
    try:
        document = json.loads(body)
    except ValueError:
        return Answer(status, "none", "its body is no JSON")
    if status == 200:
        return Answer(status, "ok", "" if document.get("request_id") else "no request_id")
    code, wrong = str(document.get("code")), ""
    if not 400 <= status < 500:
        wrong = "neither a 2xx nor a 4xx"
    elif kind != "application/problem+json" or not document.keys() >= _PROBLEM:
        wrong = "no problem document"
    elif is_whole and not document.get("request_id"):
        wrong = "no request_id"
    return Answer(status, code, wrong)


def checked_inference(response: http.client.HTTPResponse, body: bytes) -> Answer:
    wrong = wrong_inference_answer(response.status, response.headers, body)
    if wrong or response.status == 200:
        return Answer(response.status, "none" if wrong else "ok", wrong)
    return Answer(response.status, json.loads(body)["error"].partition(":")[0])


def send_all(service: MeasuredService, protocol: str, seeds: Iterable[int]) -> list[Sent]:
    caller = Caller(service, protocol)
    return [caller.send(seed) for seed in seeds]


def sent_by_many(
    service: MeasuredService, protocol: str, seeds: range, callers: int
) -> Iterator[Sent]:
    pieces = [seeds[at : at + _SEEDS_AT_ONCE] for at in range(0, len(seeds), _SEEDS_AT_ONCE)]
    with ProcessPoolExecutor(callers) as pool:
        for piece in pool.map(partial(send_all, service, protocol), pieces):
            yield from piece


def settled(service: MeasuredService) -> tuple[float, float]:
    time.sleep(_SETTLED_S)
    return service.resident_mb()


def costs_alone(
    service: MeasuredService, protocol: str, sent: list[Sent], count: int
) -> list[Sent]:
    costliest = sorted(sent, key=lambda each: -each.cpu_s)[:count]
    again = send_all(service, protocol, [each.seed for each in costliest])
    return sorted(again, key=lambda each: -each.cpu_s)


@contextmanager
def small_service(protocol: str) -> Iterator[MeasuredService]:
    """Of the default model; for texts of one that knows two words, under the same name."""
    with TemporaryDirectory() as folder:
        card = {"name": MODEL, "version": VERSION}
        model = write_text_model(Path(folder) / "texts.joblib", **card)
        of_texts = {"MODEL_PATH": str(model)} if protocol == "inference-of-texts" else {}
        with serving({**SETTINGS, **of_texts}, SMALL_BYTES) as service:
            yield service


def attack(arguments: argparse.Namespace) -> list[str]:
    """The bars that were missed."""
    protocol = arguments.protocol
    first, warm = arguments.first, arguments.first + arguments.warm_up
    with small_service(protocol) as service, MemoryWatch(service) as watch:
        started = time.monotonic()
        sent = list(sent_by_many(service, protocol, range(first, warm), arguments.callers))
        before = settled(service)
        rest = range(warm, first + arguments.count)
        for each in sent_by_many(service, protocol, rest, arguments.callers):
            sent.append(each)
            if len(sent) % 1000 == 0:
                took_s = time.monotonic() - started
                print(f"{len(sent)} sent in {took_s:.0f} s, {watch.most_mb:.0f} MB", flush=True)
        held = Memory(before, settled(service), service.most_mb() or watch.most_mb)
        slowest = costs_alone(service, protocol, sent, arguments.again)
        report(sent, slowest, held, service)
        events = logged(service.log)
        return [
            bar
            for bar, is_missed in {
                "answers": any(each.answer.wrong for each in sent + slowest),
                "killed": service.kills() > 0 or not service.is_up,
                "tracebacks": events[_UNEXPECTED] > 0,
                "growth": held.grown > _BAR_GROWTH_MB[protocol],
                "memory": held.most > SMALL_BYTES / 1e6,
                "slowest": slowest[0].cpu_s > _BAR_S,
            }.items()
            if is_missed
        ]


@dataclass(frozen=True)
class Memory:
    """Of the service and of its children, MB: after warming up, and at the end; ``most`` is that of
    all together.
    """

    before: tuple[float, float]
    after: tuple[float, float]
    most: float

    @property
    def grown(self) -> float:
        return sum(self.after) - sum(self.before)


def report(sent: list[Sent], slowest: list[Sent], held: Memory, service: MeasuredService) -> None:
    answers = Counter((each.answer.status, each.answer.code) for each in sent)
    for (status, code), count in sorted(answers.items()):
        print(f"{count:6} {status or 'closed':>6} {code}")
    for each in [each for each in sent if each.answer.wrong][:20]:
        print(f"wrong: --only {each.seed}: {each.answer.status} {each.answer.wrong} ({each.kind})")
    for each in slowest[:5]:
        print(f"slow: --only {each.seed}: {each.cpu_s:.2f} CPU s ({each.kind})")
    for name, was, became in zip(("service", "children"), held.before, held.after, strict=True):
        print(f"memory of the {name}: {was:.1f} MB, then {became:.1f} MB")
    bound = "of the memory group" if service.group else "watched from without"
    print(f"memory, most: {held.most:.0f} MB ({bound}); processes killed: {service.kills()}")
    events = logged(service.log)
    del events["request"]
    print(f"log, beside requests: {dict(events)}")
    for line in service.log.read_text(encoding="utf-8", errors="replace").splitlines():
        if _UNEXPECTED in line:
            print(line[-3000:])
            break


def logged(log: Path) -> Counter[str]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return Counter(
        json.loads(line)["event"] if line.startswith("{") else line[:60] for line in lines
    )


def tell(seed: int, protocol: str) -> list[str]:
    request = BY_PROTOCOL[protocol](seed)
    print(f"{seed}: {request.kind}, {len(request.wire)} bytes\n{request.wire[:300]!r}")
    with small_service(protocol) as service:
        send_all(service, protocol, [0])  # what is imported on first use is not counted
        with MemoryWatch(service) as watch:
            before = service.resident_mb()
            (sent,) = send_all(service, protocol, [seed])
        print(f"{sent.answer}, {sent.cpu_s:.2f} CPU s, +{watch.most_mb - sum(before):.0f} MB")
        print(service.log.read_text(encoding="utf-8", errors="replace")[-3000:])
        return [sent.answer.wrong] if sent.answer.wrong or sent.cpu_s > _BAR_S else []


def main() -> int:
    parser = argparse.ArgumentParser(description="What hostile uploads cost a small service.")
    for name, usual in (("count", 20_000), ("first", 0), ("callers", 4), ("again", 20)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--warm-up", type=int, default=1500, help="uploads before memory counts")
    parser.add_argument(
        "--protocol", choices=list(BY_PROTOCOL), default="uploads", help="what is sent"
    )
    parser.add_argument("--only", type=int, help="send this one alone, and tell of it")
    arguments = parser.parse_args()
    missed = (
        attack(arguments) if arguments.only is None else tell(arguments.only, arguments.protocol)
    )
    print(f"bars missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
