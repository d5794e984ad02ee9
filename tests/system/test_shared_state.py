"""Two instances, each a process of its own, and a real Redis that goes through all that one can."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, film
from ports import free_port
from redis_server import PASSWORD, PASSWORD_IN_A_URL, RedisServer, redis_server
from vistazo.service.access.api_key import new_key

ROOT = Path(__file__).parents[2]
PICTURE = encoded(film(600, 400), "JPEG")

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]


@dataclass
class Instance:
    """``process`` serves; its measurements have a port of their own, where nobody is counted."""

    process: Any
    metrics_port: int
    client: httpx.Client

    def asks(self, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.get("/model", headers=headers)

    def predicts(self, times: int = 1) -> None:
        for _ in range(times):
            assert self.client.post("/predict", files={"file": PICTURE}).status_code == 200

    def measured(self, name: str) -> dict[str, float]:
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        return {
            " ".join(sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    def shares(self, what: str = "rates", value: float = 1) -> None:
        """Wait until it does, or does not any more."""
        deadline = time.monotonic() + 60
        while self.measured("vistazo_shared_state_up").get(what) != value:
            assert time.monotonic() < deadline, self.measured("vistazo_shared_state_failures_total")
            time.sleep(0.05)

    def finds_it_slow(self) -> None:
        """Wait until it has asked, and waited long enough for an answer."""
        deadline = time.monotonic() + 60
        while self.measured("vistazo_shared_state_failures_total").get("slow rates", 0) == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis"), "--requirepass", PASSWORD) as server:
        server.url = server.url.replace("//", f"//:{PASSWORD_IN_A_URL}@")
        yield server


@pytest.fixture
def instances(
    running: Callable[..., Any], server: RedisServer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., list[Instance]]]:
    """``instances(2, **settings)``, which share what a test before them does not know."""
    with ExitStack() as stack:

        def start(count: int, **settings: str) -> list[Instance]:
            return [stack.enter_context(one(settings)) for _ in range(count)]

        @contextmanager
        def one(settings: dict[str, str]) -> Iterator[Instance]:
            port = free_port()
            shared = {
                "REDIS_URL": server.url,
                "REDIS_PREFIX": re.sub(r"\W", "-", request.node.name)[-60:],
                "METRICS_PORT": str(port),
            }
            with (
                running(**{**shared, **settings}) as process,
                httpx.Client(base_url=process.url, timeout=60) as client,
            ):
                yield Instance(process, port, client)

        yield start


def test_a_rate_holds_over_both(instances: Callable[..., list[Instance]]) -> None:
    two = instances(2, RATE_LIMIT="10/hour")
    for each in two:
        each.shares()
    answers = [each.asks() for each, _ in zip(itertools.cycle(two), range(14), strict=False)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 4
    left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
    assert left == [f"r={n}" for n in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0)]
    log = "".join(each.process.stop()[1] for each in two)
    assert PASSWORD not in log
    assert PASSWORD_IN_A_URL not in log
    told = [json.loads(line) for line in log.splitlines()]
    assert sum(line.get("status") == 429 for line in told) == 1, "over all instances said once"


def test_who_guesses_keys_is_stopped_over_both(instances: Callable[..., list[Instance]]) -> None:
    two = instances(2, API_KEYS=ENTRIES)
    for each in two:
        each.shares()
    in_turn = zip(itertools.cycle(two), range(22), strict=False)
    statuses = [each.asks(bearer(new_key())).status_code for each, _ in in_turn]
    assert statuses == [401] * 20 + [429] * 2
    assert [each.asks(bearer(KEYS["ward"])).status_code for each in two] == [200, 200]


def test_drift_is_that_of_both_and_outlives_a_restart(
    instances: Callable[..., list[Instance]],
) -> None:
    one, other = instances(2)
    for each in (one, other):
        each.predicts()
        each.shares("drift")
    one.predicts(59)
    other.predicts(39)
    deadline = time.monotonic() + 30
    for each in (one, other):
        while (told := each.client.get("/drift").json())["window"]["answers"] < 100:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert told["window"] == {"answers": 100, "of": 250, "is_shared": True}
        assert each.measured("vistazo_drift_window_answers") == {"": 100}
    first, second = (each.client.get("/drift").json() for each in (one, other))
    shown = [
        {each["name"]: each["window"] for each in told["quantities"]} for told in (first, second)
    ]
    assert shown[0] == shown[1]
    one.predicts(7)
    for each in (one, other):
        status, _ = each.process.stop(signal.SIGTERM)
        assert status == 0
    [third] = instances(1)
    third.shares("drift")
    assert third.client.get("/drift").json()["window"]["answers"] == 107
    sent = third.measured("vistazo_shared_drift_answers_total")
    assert (sent["received"], sent["sent"]) == (107, 0)


@dataclass
class Load:
    """Callers who ask in turn until they are told to stop, and what became of that."""

    instances: list[Instance]
    until: threading.Event = field(default_factory=threading.Event)
    got: Counter[int | str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)

    def ask(self, instance: Instance) -> None:
        with httpx.Client(base_url=instance.process.url, timeout=60) as client:
            while not self.until.is_set():
                began_s = time.perf_counter()
                try:
                    self.got[client.get("/model").status_code] += 1
                except httpx.HTTPError as error:
                    self.got[type(error).__name__] += 1
                self.took_s.append(time.perf_counter() - began_s)
                time.sleep(0.01)

    @contextmanager
    def going_on(self, callers: int = 2) -> Iterator[None]:
        threads = [
            threading.Thread(target=self.ask, args=(each,))
            for each in self.instances
            for _ in range(callers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.until.set()
            for thread in threads:
                thread.join()

    def more(self, count: int) -> list[float]:
        """How long as many further answers took."""
        before = len(self.took_s)
        deadline = time.monotonic() + 60
        while len(self.took_s) < before + count:
            assert time.monotonic() < deadline, self.got
            time.sleep(0.02)
        return self.took_s[before:]


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [(RedisServer.stop, RedisServer.start), (RedisServer.hang, RedisServer.go_on)],
    ids=["killed", "hanging"],
)
def test_without_redis_under_load_all_are_answered_and_nobody_waits(
    instances: Callable[..., list[Instance]],
    server: RedisServer,
    breaks: Callable[[RedisServer], None],
    mends: Callable[[RedisServer], None],
) -> None:
    two = instances(2, RATE_LIMIT="1000000/hour", LOG_LEVEL="warning")
    for each in two:
        each.shares()
    load = Load(two)
    with load.going_on():
        usual = sorted(load.more(200)[:200])
        breaks(server)
        try:
            at_once = load.more(100)[:100]
            later = sorted(load.more(300)[:300])
            for each in two:
                assert each.measured("vistazo_shared_state_up")["rates"] == 0
        finally:
            mends(server)
        for each in two:
            each.shares()
        load.more(50)
    assert set(load.got) == {200}, load.got
    # Four were on their way, and waited; whoever else is slow waits for a processor.
    assert max(at_once) < 1
    assert sorted(at_once)[90] < 0.1 + usual[190]
    assert later[150] < 2 * usual[100] + 0.02
    left = [int(each.asks().headers["ratelimit"].split(";")[1][2:]) for each in (*two, *two)]
    assert left == list(range(left[0], left[0] - 4, -1)), "they share again"
    for each in two:
        status, log = each.process.stop()
        assert status == 0
        assert "Traceback" not in log
        assert log.count("state is not shared") <= 2, log


def test_a_service_starts_and_ends_while_redis_hangs(
    instances: Callable[..., list[Instance]], server: RedisServer
) -> None:
    server.hang()
    try:
        [one] = instances(1, RATE_LIMIT="3/hour")
        assert [one.asks().status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        one.finds_it_slow()
        began_s = time.monotonic()
        status, log = one.process.stop(signal.SIGTERM)
        assert status == 0
        assert time.monotonic() - began_s < 10
        assert "state is not shared" in log
    finally:
        server.go_on()


def test_one_that_cannot_be_used_is_said_before_anything_starts() -> None:
    """Neither a word of the URL nor a traceback, and status 2."""
    for url, words in (
        ("redis://:hunter2/hunter2@redis", "REDIS_URL: write it like"),
        ("http://:hunter2@redis", "REDIS_URL: write it like"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "vistazo", "serve"],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "REDIS_URL": url},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 2
        assert words in ended.stderr
        assert "hunter2" not in ended.stderr
        assert "Traceback" not in ended.stderr
