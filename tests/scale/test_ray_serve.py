"""Vistazo behind a real Ray Serve, in an environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ray_environment import ROOT, ray_variables
from ray_serving import RayService, ray_serving, serving_command

pytestmark = [pytest.mark.longer, pytest.mark.timeout(400)]

PICTURE = (ROOT / "artifacts" / "pneumonia" / "pneumonia.example.jpeg").read_bytes()
CALLERS = 8
YAML = ROOT / "scripts" / "deploy" / "ray" / "serve.yaml"


@pytest.fixture(scope="module")
def service(ray_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayService]:
    folder = tmp_path_factory.mktemp("ray")
    settings = {"CACHE_DIR": str(folder / "cache"), "MAX_QUEUED_BYTES": "20000000"}
    with ray_serving(ray_python, folder, settings, min_replicas=2, max_replicas=2) as serving:
        serving.wait_for_replicas(2)
        yield serving


CHECKED = """
import json, os, sys, yaml
from ray.serve.schema import ServeDeploySchema
from vistazo.scale.ray import app
[one] = ServeDeploySchema.model_validate(yaml.safe_load(open(sys.argv[1]))).applications
os.environ.update(one.runtime_env["env_vars"])
told = app(one.args)._bound_deployment
timeout_s = told._deployment_config.graceful_shutdown_timeout_s
cpus = told.ray_actor_options["num_cpus"]
queues = [told.max_ongoing_requests, told.max_queued_requests]
print(json.dumps([told.name, cpus, *queues, timeout_s]))
"""


class Load:
    """Callers who ask one after the other; ``retried`` answers are those that may be asked again,
    as is a connection that broke. What else is not 200 is ``lost``.
    """

    def __init__(self, url: str, retries: tuple[int, ...] = ()) -> None:
        self.answered = self.retried = 0
        self.lost: Counter[str] = Counter()
        self._url, self._retries = url, retries
        self._stopped = threading.Event()
        self._counting = threading.Lock()

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask_on(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as client:
            while not self._stopped.is_set():
                while (told := self._ask(client)) is None:
                    time.sleep(0.2)
                with self._counting:
                    self.answered += told == "200"
                    self.lost.update([] if told == "200" else [told])

    def _ask(self, client: httpx.Client) -> str | None:
        """The status; None where it is to be asked again."""
        try:
            answer = client.post("/predict", files={"file": ("a.jpeg", PICTURE)})
        except httpx.TransportError as error:
            if not self._retries:
                return repr(error)
        else:
            if answer.status_code not in self._retries:
                return str(answer.status_code)
        with self._counting:
            self.retried += 1
        return None

    def goes_on(self, answers: int = 60) -> None:
        """Until so many more are answered."""
        until, deadline = self.answered + answers, time.monotonic() + 60
        while self.answered < until:
            assert time.monotonic() < deadline, (self.answered, self.lost)
            time.sleep(0.05)


def post(service: RayService, **more: object) -> httpx.Response:
    files = {"file": ("a.jpeg", PICTURE)}
    return httpx.post(f"{service.url}/predict", files=files, timeout=60, **more)  # type: ignore[arg-type]


def test_ray_passes_on_what_the_service_answers(service: RayService) -> None:
    answer = post(service, headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.json()["predicted_class"]) == (200, "PNEUMONIA")
    assert answer.headers.get_list("x-request-id") == ["mine"]
    page = httpx.get(service.url)
    assert page.headers["content-type"].startswith("text/html")
    assert "labels" in httpx.get(f"{service.url}/model").text
    assert "/predict" in httpx.get(f"{service.url}/openapi.json").json()["paths"]
    assert "vistazo_requests" in httpx.get(f"{service.url}/metrics").text


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/nowhere", b"", 404, "not_found"),
        ("/predict", b"no picture", 415, "unsupported_format"),
        ("/predict", bytes(33_000_000), 413, "upload_too_large"),
        ("/predict", bytes(70_000_000), 413, "upload_too_large"),
    ],
)
def test_errors_are_problem_documents_behind_ray_too(
    service: RayService, path: str, body: bytes, status: int, code: str
) -> None:
    answer = httpx.post(f"{service.url}{path}", files={"file": ("a.jpeg", body)}, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_replicas_that_start_together_compile_their_model_once(service: RayService) -> None:
    assert service.log.count("compiling the model; this is done once") == 1
    assert service.log.count('"event": "ready"') == 2


def test_a_replica_that_dies_loses_no_request(service: RayService) -> None:
    first, second = service.replicas()
    with Load(service.url, retries=(503,)) as load:
        load.goes_on()
        os.kill(first, signal.SIGKILL)
        load.goes_on(150)
        service.wait_for_ready(3)
        load.goes_on()
    assert (load.lost, load.retried) == (Counter(), 0)  # nobody had to ask again, either
    assert second in service.replicas()
    assert len(service.replicas()) == 2


def test_fewer_replicas_and_a_new_version_of_more_lose_no_request(service: RayService) -> None:
    first = service.replicas()
    with Load(service.url) as load:
        load.goes_on()
        service.deploy(min_replicas=1, max_replicas=1)
        service.wait_for_replicas(1)
        load.goes_on()
        service.deploy(min_replicas=2, max_replicas=2)
        service.wait_for_replicas(2)
        load.goes_on()
    assert not load.lost
    assert not set(first).intersection(service.replicas())


def test_slow_callers_hold_no_replica(service: RayService) -> None:
    """More than both replicas together have places for, each with most of a picture to come."""
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            one.sendall(head + bytes(1000))
        time.sleep(1)
        began = time.monotonic()
        assert post(service).status_code == 200
        assert time.monotonic() - began < 5
        one.settimeout(30)
        assert b" 408 " in one.recv(1000).partition(b"\r\n")[0] + b" "


def test_what_is_sent_without_end_stays_bounded_in_the_proxy(service: RayService) -> None:
    """Chunked, so that no length is told; the front has MAX_QUEUED_BYTES of 20 MB."""
    [proxy] = service.named(b"ray::ProxyActor")
    before_mb = _resident_mb(proxy)
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as one:
        one.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(200):
                one.sendall(b"f4240\r\n" + bytes(1_000_000) + b"\r\n")
        with contextlib.suppress(OSError):
            assert b" 413 " in one.recv(1000)
    assert _resident_mb(proxy) - before_mb < 60


@pytest.mark.parametrize(
    "header", ["X-Request-ID", "serve_multiplexed_model_id", "x-request-disconnect-disabled"]
)
def test_no_header_ends_a_request_before_the_service_sees_it(
    service: RayService, header: str
) -> None:
    answer = post(service, headers={header: b"\xff"})
    assert (answer.status_code, len(answer.json()["request_id"])) == (200, 32)
    assert post(service, headers={"x-request-timeout-seconds": "0.001"}).status_code == 200


def test_a_busy_service_still_says_that_it_is_ready(service: RayService) -> None:
    stopped = threading.Event()

    def ask_on() -> None:
        while not stopped.is_set():
            post(service)

    threads = [threading.Thread(target=ask_on) for _ in range(50)]  # 34 places
    for thread in threads:
        thread.start()
    time.sleep(1)
    asked = [httpx.get(f"{service.url}/health/ready", timeout=60) for _ in range(10)]
    stopped.set()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in asked} == {200}


def test_a_caller_s_address_is_not_what_he_writes(ray_python: Path, tmp_path: Path) -> None:
    settings = {"RATE_LIMIT": "3/minute", "CACHE_DIR": str(tmp_path / "cache")}
    with ray_serving(ray_python, tmp_path, settings, min_replicas=1, max_replicas=1) as limited:
        told = [
            post(limited, headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code
            for number in range(6)
        ]
    assert told == [200, 200, 200, 429, 429, 429]


def _resident_mb(pid: int) -> float:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_a_model_that_cannot_be_served_fails_the_deployment_in_words(
    ray_python: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.h5").write_bytes(b"no model")
    settings = {"MODEL_PATH": str(tmp_path / "model.h5"), "CACHE_DIR": str(tmp_path / "cache")}
    with (
        pytest.raises(TimeoutError, match=r"so it is no \.h5 or \.keras model"),
        ray_serving(ray_python, tmp_path, settings, min_replicas=1, max_replicas=1),
    ):
        pass


def test_a_wrong_setting_ends_before_ray_begins_and_in_words(
    ray_python: Path, tmp_path: Path
) -> None:
    command = serving_command(ray_python, (1, 1), (tmp_path, tmp_path), max_replicas="many")
    ended = subprocess.run(
        command, env=ray_variables(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("vistazo: vistazo.scale.ray:app takes min_replicas and max_repl")
    assert "Traceback" not in ended.stderr


def test_the_yaml_is_one_that_ray_takes_and_says_what_follows_from_the_settings(
    ray_python: Path,
) -> None:
    [application] = told_by([str(ray_python), "-c", CHECKED, str(YAML)]).stdout.splitlines()[-1:]
    assert json.loads(application) == ["Vistazo", 1, 33, 170, 32]


def told_by(command: list[str], *, is_well: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=ray_variables(), capture_output=True, text=True, check=is_well
    )
