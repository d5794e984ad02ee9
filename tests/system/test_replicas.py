"""Three instances behind Caddy, as compose's profile scale starts them: real processes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, film
from ports import free_port, is_open
from redis_server import redis_server

CADDYFILE = Path(__file__).parents[2] / "scripts" / "deploy" / "Caddyfile"
OLDEST = (2, 11)
CALLERS = 6
PICTURE = encoded(film(2400, 1800), "JPEG")

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def caddy() -> str:
    """That of the tests' own packages, else the machine's."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("caddy", path=beside)
    if found is None:
        pytest.skip("there is no caddy: ./scripts/test installs it on Linux")
    said = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if version < OLDEST:
        pytest.skip(f"caddy {said.strip()} is too old: it does not send a body again")
    return found


@dataclass
class Balanced:
    """Who asks the balancer, and what he got: statuses, or the names of what went wrong."""

    url: str
    trusts: ssl.SSLContext
    got: Counter[int | str] = field(default_factory=Counter)

    def client(self, address: str | None = None) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=self.trusts, local_address=address)
        return httpx.Client(base_url=self.url, transport=transport, timeout=60)

    def ask(self, until: threading.Event) -> None:
        with self.client() as client:
            while not until.is_set():
                try:
                    answer = client.post("/predict", files={"file": PICTURE})
                    self.got[answer.status_code] += 1
                except httpx.HTTPError as error:
                    self.got[type(error).__name__] += 1

    @contextmanager
    def under_load(self) -> Iterator[None]:
        until = threading.Event()
        callers = [threading.Thread(target=self.ask, args=(until,)) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            until.set()
            for caller in callers:
                caller.join()

    def answers_more(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        wanted, deadline = self.got[200] + count, time.monotonic() + 60
        while self.got[200] < wanted:
            assert time.monotonic() < deadline, self.got
            time.sleep(0.05)


@contextmanager
def balancing(caddy: str, ports: Sequence[int], home: Path) -> Iterator[Balanced]:
    port = free_port()
    settings = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "HTTP_PORT": str(free_port()),
        "HTTPS_PORT": str(port),
        "REPLICAS": " ".join(f"127.0.0.1:{port}" for port in ports),
    }
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=log)
    try:
        root = home / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        deadline = time.monotonic() + 30
        while not (root.exists() and is_open(port)):
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        balanced = Balanced(f"https://localhost:{port}", ssl.create_default_context(cafile=root))
        while not is_ready(balanced):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield balanced
    finally:
        process.terminate()
        process.wait(30)


def is_ready(balanced: Balanced) -> bool:
    """Its certificate comes a moment after its port."""
    with balanced.client() as client, suppress(httpx.TransportError):
        return client.get("/health/ready").status_code == 200
    return False


def port_of(service: Any) -> int:
    return int(service.url.rsplit(":", 1)[1])


def answers_of(service: Any) -> float:
    lines = httpx.get(f"{service.url}/metrics").text.splitlines()
    counted = [line for line in lines if line.startswith("vistazo_predictions_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in counted)


@pytest.fixture
def replicas(running: Callable[..., Any], tmp_path: Path) -> Iterator[list[Any]]:
    with ExitStack() as stack:
        settings = {"LOG_LEVEL": "error", "RATE_LIMIT": "100000/minute"}
        yield [stack.enter_context(running(**settings)) for _ in range(3)]


def test_a_replica_that_is_killed_and_one_that_drains_cost_no_request(
    caddy: str, replicas: list[Any], tmp_path: Path
) -> None:
    ports = [port_of(each) for each in replicas]
    with balancing(caddy, ports, tmp_path) as balanced, balanced.under_load():
        balanced.answers_more(30)
        while not all(answers_of(each) > 0 for each in replicas):
            balanced.answers_more(10)
        assert replicas[0].stop(signal.SIGKILL)[0] == -signal.SIGKILL
        balanced.answers_more(40)
        assert replicas[1].stop(signal.SIGTERM)[0] == 0
        balanced.answers_more(20)
    assert set(balanced.got) == {200}, balanced.got
    assert answers_of(replicas[2]) > 20


def test_a_replica_that_comes_back_is_asked_again(
    caddy: str, running: Callable[..., Any], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(running(LOG_LEVEL="error"))
        later = free_port()
        ports = [port_of(first), later]
        with balancing(caddy, ports, tmp_path) as balanced, balanced.under_load():
            balanced.answers_more(10)
            second = stack.enter_context(running(port=later))
            deadline = time.monotonic() + 30
            while answers_of(second) < 5:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert set(balanced.got) == {200}, balanced.got


def test_rates_see_the_caller_and_not_the_balancer_nor_what_a_caller_says_of_himself(
    caddy: str, running: Callable[..., Any], tmp_path: Path
) -> None:
    settings = {"RATE_LIMIT": "3/hour", "TRUSTED_PROXIES": "127.0.0.1", "LOG_LEVEL": "error"}
    with running(**settings) as service, balancing(caddy, [port_of(service)], tmp_path) as balanced:

        def asks(address: str, **headers: str) -> int:
            with balanced.client(address) as client:
                answer = client.post("/predict", files={"file": PICTURE}, headers=headers)
            return answer.status_code

        assert [asks("127.0.0.2") for _ in range(4)] == [200, 200, 200, 429]
        assert asks("127.0.0.2", **{"X-Forwarded-For": "127.0.0.9"}) == 429
        assert asks("127.0.0.3") == 200


def test_a_rate_is_that_of_all_replicas_where_they_share_a_redis(
    caddy: str, running: Callable[..., Any], tmp_path: Path
) -> None:
    settings = {"RATE_LIMIT": "7/hour", "TRUSTED_PROXIES": "127.0.0.1", "LOG_LEVEL": "info"}
    home = tmp_path / "caddy"
    home.mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(redis_server(tmp_path))
        shared = {**settings, "REDIS_URL": server.url}
        logs = [tmp_path / f"{place}.log" for place in range(3)]
        three = [
            stack.enter_context(running(**shared, stderr=stack.enter_context(log.open("w"))))
            for log in logs
        ]
        deadline = time.monotonic() + 30
        while not all('"what": "rates"' in log.read_text() for log in logs):
            assert time.monotonic() < deadline, logs[0].read_text()
            time.sleep(0.05)
        balanced = stack.enter_context(balancing(caddy, [port_of(each) for each in three], home))
        statuses: Counter[int] = Counter()
        for address in ("127.0.0.2", "127.0.0.3"):
            for _ in range(12):
                with balanced.client(address) as client:
                    statuses[client.get("/model").status_code] += 1
        assert statuses == {200: 14, 429: 10}
        asked = [log.read_text().count('"path": "/model"') for log in logs]
        assert sum(count > 0 for count in asked) > 1, "Caddy asked several"


def test_a_feedback_may_come_to_another_replica_than_its_answer(
    caddy: str, running: Callable[..., Any], tmp_path: Path
) -> None:
    """They share a folder of records, as compose has it; each writes what it has answered within
    half a second.
    """
    settings = {"RECORDS_DIR": str(tmp_path / "records"), "LOG_LEVEL": "error"}
    with ExitStack() as stack:
        three = [stack.enter_context(running(**settings)) for _ in range(3)]
        ports = [port_of(each) for each in three]
        balanced = stack.enter_context(balancing(caddy, ports, tmp_path))
        client = stack.enter_context(balanced.client())
        answers = [client.post("/predict", files={"file": PICTURE}).json() for _ in range(12)]
        time.sleep(2)
        for answer in answers:
            true = {"request_id": answer["request_id"], "label": "NORMAL"}
            said = client.post("/feedback", json=true)
            assert said.status_code == 200, said.text
            assert said.json()["agrees"] is (answer["predicted_class"] == "NORMAL")
        assert sum(answers_of(each) > 0 for each in three) > 1


def test_what_is_too_large_is_refused(
    caddy: str, running: Callable[..., Any], tmp_path: Path
) -> None:
    with (
        running(LOG_LEVEL="error") as service,
        balancing(caddy, [port_of(service)], tmp_path) as balanced,
        balanced.client() as client,
    ):
        for size in (33_000_000, 70_000_000):
            assert client.post("/predict", files={"file": bytes(size)}).status_code == 413
