"""Real processes with the variables, the probes and the ends that the manifests say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import manifests
import pytest
from manifests import KINDS, ROOT, SYSTEMS, card_of, container_of, environment_of

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, film
from ports import free_port

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]

DEPLOY = ROOT / "scripts" / "deploy" / "deploy.py"
PICTURE = encoded(film(300, 200))
LAG_S = 1.5  # until whoever sends requests has heard that a pod is going


class Pod:
    """The image's command, with what the manifest and the image set."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        moved = {name: value.replace("/app/", f"{ROOT}/") for name, value in environment.items()}
        self.environment, self.folder = moved, folder
        self.start()

    def start(self) -> None:
        self.port, self.metrics_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = (self.folder / f"{self.port}.log").open("w+")
        own = {"PORT": str(self.port), "METRICS_PORT": str(self.metrics_port), "PYTHONPATH": ""}
        self.process = subprocess.Popen(
            [sys.executable, str(DEPLOY), "serve"],
            env={**os.environ, "THREADS": "1", **self.environment, **own},
            cwd=self.folder,
            stderr=self.log,
            text=True,
        )

    def said(self) -> str:
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def answers(self, path: str, port: int | None = None, **options: Any) -> int:
        """The status of a GET; 0 where nobody listens."""
        try:
            url = f"http://127.0.0.1:{port or self.port}{path}"
            return httpx.get(url, timeout=10, **options).status_code
        except httpx.TransportError:
            return 0

    def is_ready(self, path: str) -> None:
        deadline = time.monotonic() + 60
        while self.answers(path) != 200:
            if self.process.poll() is not None and "in use" in self.said():
                self.start()  # another program of this machine was quicker to take the port
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def started(cache: Path, tmp_path: Path) -> Iterator[Callable[..., Pod]]:
    """``started(kind, system, NAME=value)``: a pod of that manifest."""
    pods: list[Pod] = []

    def start(kind: str, system: str, **changes: str) -> Pod:
        environment = {"CACHE_DIR": str(cache), **environment_of(kind, system), **changes}
        pods.append(Pod(environment, tmp_path))
        return pods[-1]

    yield start
    for pod in pods:
        pod.end()


def mounted_keys(folder: Path, entries: str) -> Path:
    """As the kubelet lays a Secret: names that are links, over a link to a folder."""
    (folder / "..first").mkdir(parents=True)
    (folder / "..first" / "api-keys").write_text(entries.replace(",", "\n"))
    (folder / "..data").symlink_to("..first")
    (folder / "api-keys").symlink_to(Path("..data") / "api-keys")
    return folder / "api-keys"


@pytest.mark.parametrize(("kind", "system"), list(product(KINDS, SYSTEMS)))
def test_every_probe_of_a_manifest_is_answered_by_its_container(
    kind: str, system: str, started: Callable[..., Pod], tmp_path: Path
) -> None:
    keys = {}
    if "API_KEYS_FILE" in environment_of(kind, system):
        keys = {"API_KEYS_FILE": str(mounted_keys(tmp_path / "keys", ENTRIES))}
    pod, container = started(kind, system, **keys), container_of(kind, system)
    pod.is_ready(container["readinessProbe"]["httpGet"]["path"])
    probes = [each for name, each in container.items() if name.endswith("Probe")]
    assert [pod.answers(each["httpGet"]["path"]) for each in probes] == [200] * len(probes)
    assert pod.answers("/metrics", pod.metrics_port) == 200
    assert pod.answers("/model") == (401 if keys else 200)
    assert pod.answers("/model", headers=bearer(KEYS["ward"])) == 200
    assert [pod.answers(f"/v2/health/{each}") for each in ("live", "ready")] == [200, 200]
    name = card_of(kind, system)["name"]
    for asked in (f"/v2/models/{name}/ready", f"/v1/models/{name}"):
        assert pod.answers(asked, headers=bearer(KEYS["ward"])) == 200


def test_a_runtime_whose_model_is_not_there_ends_in_words_and_serves_no_other(
    started: Callable[..., Pod],
) -> None:
    [container] = manifests.runtime()["spec"]["containers"]
    named = {each["name"]: each["value"] for each in container["env"]}
    pod = started(
        "kserve", "pneumonia", MODEL_PATH=named["MODEL_PATH"].replace("{{.Name}}", "mine")
    )
    assert pod.process.wait(60) == 2
    assert "/mnt/models/mine.keras" in pod.said()


def test_a_key_that_is_changed_in_the_secret_is_changed_in_the_pod(
    started: Callable[..., Pod], tmp_path: Path
) -> None:
    ward, graphs, boss = ENTRIES.split(",")
    folder = tmp_path / "keys"
    pod = started("plain", "leaves", API_KEYS_FILE=str(mounted_keys(folder, f"{ward},{graphs}")))
    pod.is_ready("/health/ready")
    assert pod.answers("/model", headers=bearer(KEYS["ward"])) == 200
    assert pod.answers("/model", headers=bearer(KEYS["boss"])) == 401
    (folder / "..second").mkdir()
    (folder / "..second" / "api-keys").write_text(f"{boss}\n{graphs}\n")
    (folder / "..next").symlink_to("..second")
    (folder / "..next").replace(folder / "..data")
    time.sleep(2)
    assert pod.answers("/model", headers=bearer(KEYS["boss"])) == 200
    assert pod.answers("/model", headers=bearer(KEYS["ward"])) == 401


class Cluster:
    """Who sends requests, each on a connection of its own, to the pods that he knows of."""

    def __init__(self, pods: list[Pod]) -> None:
        self.known = list(pods)
        self.got: Counter[int | str] = Counter()

    def ask(self, until: threading.Event) -> None:
        turn = 0
        while not until.is_set():
            turn += 1
            pod = self.known[turn % len(self.known)]
            try:
                files = {"file": ("film.png", PICTURE)}
                self.got[httpx.post(f"{pod.url}/predict", files=files, timeout=60).status_code] += 1
            except httpx.TransportError as error:
                self.got[type(error).__name__] += 1

    @contextmanager
    def under_load(self) -> Iterator[None]:
        until = threading.Event()
        callers = [threading.Thread(target=self.ask, args=(until,)) for _ in range(3)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            until.set()
            for caller in callers:
                caller.join()

    def delete(self, pod: Pod, waits_s: float) -> int:
        """As the kubelet does: preStop, then the signal; meanwhile the news gets about."""
        forget = threading.Timer(LAG_S, self.known.remove, [pod])
        forget.start()
        time.sleep(waits_s)
        pod.process.send_signal(signal.SIGTERM)
        forget.join()
        status = pod.process.wait(60)
        time.sleep(0.5)
        return status


def pre_stop_s() -> float:
    lifecycle = container_of("plain", "pneumonia")["lifecycle"]
    return float(lifecycle["preStop"]["sleep"]["seconds"])


def test_no_request_is_lost_with_a_pod_that_is_deleted(started: Callable[..., Pod]) -> None:
    pods = [started("plain", "pneumonia") for _ in range(2)]
    for pod in pods:
        pod.is_ready("/health/ready")
    cluster = Cluster(pods)
    with cluster.under_load():
        begun = time.monotonic()
        status = cluster.delete(pods[0], pre_stop_s())
        took_s = time.monotonic() - begun
    grace_s = manifests.of_system("plain", "pneumonia")["spec"]["template"]["spec"]
    assert status == 0
    assert took_s < grace_s["terminationGracePeriodSeconds"]
    assert set(cluster.got) == {200}, cluster.got
    assert cluster.got[200] > 20


def test_without_the_pause_before_the_signal_some_would_be(started: Callable[..., Pod]) -> None:
    pods = [started("plain", "pneumonia") for _ in range(2)]
    for pod in pods:
        pod.is_ready("/health/ready")
    cluster = Cluster(pods)
    with cluster.under_load():
        assert cluster.delete(pods[0], 0) == 0
    assert cluster.got["ConnectError"] > 0, "then the pause is of no use"
