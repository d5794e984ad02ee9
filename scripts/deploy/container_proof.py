"""Build the image and prove that it works where 256 MB and a tenth of a CPU is all there is."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import assault
from container_engine import Container, Engine, EngineError, find_engine
from memory_gauge import MemoryGauge
from pictures import drawn_picture
from radiograph import drawn_radiograph

from deploy import RECORD

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("sample_model.py")
BASE = "python:3.11-slim-bookworm"
TAG = "vistazo:check"
FIRST_PORT = "net.ipv4.ip_unprivileged_port_start=0"
SIZE_BAR_MB, READY_BAR_S, PEAK_BAR_MB = 305, 25, 200  # with the models of five systems
LIMIT_MB = 256 * 2**20 / 1e6
GIVE_UP_S = 180
GRACE_S = 40

HELP = """\
Needs Docker or Podman; without either it says so and ends with status 0 (1 with --require-engine).

  CONTAINER_ENGINE       the command, with its options: "podman --runtime runc"
  CONTAINER_BUILD        the command that builds: "buildah bud --layers"
  CONTAINER_RUN_OPTIONS  more options for every run: "--network host"
"""


@dataclass
class Report:
    """Figures beside their bars, and statements that hold or do not."""

    lines: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def figure(self, name: str, value: float, unit: str, bar: float) -> None:
        self._add(name, f"{value:.1f} {unit}", f"at most {bar:.0f} {unit}", is_kept=value <= bar)

    def claim(self, name: str, value: object, wanted: object) -> None:
        self._add(name, str(value), str(wanted), is_kept=value == wanted)

    def _add(self, name: str, value: str, bar: str, *, is_kept: bool) -> None:
        self.lines.append((name, value, bar, is_kept))
        print(f"  {'ok  ' if is_kept else 'FAIL'}  {name}: {value} ({bar})", flush=True)

    @property
    def is_kept(self) -> bool:
        return all(line[3] for line in self.lines)


def main(argv: list[str]) -> int:
    options = _arguments().parse_args(argv)
    engine = find_engine()
    if engine is None:
        print("*" * 80)
        print("SKIPPED: THE CONTAINER WAS NOT CHECKED. Neither docker nor podman works here.")
        print("*" * 80)
        return int(options.require_engine)
    picture = options.picture.read_bytes() if options.picture else drawn_picture(2000, 1600)
    report = Report()
    try:
        for title, check in CHECKS.items():
            print(f"\n{title}", flush=True)
            check(Proof(engine, picture, options, report))
    except (EngineError, TimeoutError) as error:
        print(f"\ncheck-container: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{'Every bar is kept.' if report.is_kept else 'NOT EVERY BAR IS KEPT.'}")
    return 0 if report.is_kept else 1


def _arguments() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "check-container", description=__doc__, epilog=HELP, formatter_class=raw
    )
    add = parser.add_argument
    add("--require-engine", action="store_true", help="fail where there is none")
    add("--picture", type=Path, help="a picture to send, instead of a made picture")
    add("--model", type=Path, help="somebody's own .h5, with its card beside it")
    add("--requests", type=int, default=500, help="how many (%(default)s)")
    add("--starts", type=int, default=3, help="starts to measure (%(default)s)")
    return parser


@dataclass(frozen=True)
class Proof:
    engine: Engine
    picture: bytes
    options: argparse.Namespace
    report: Report


def check_image(proof: Proof) -> None:
    engine, started = proof.engine, time.monotonic()
    engine.build(ROOT, TAG)
    print(f"  built in {time.monotonic() - started:.0f} s")
    beyond_mb = (engine.size_bytes(TAG) - engine.size_bytes(BASE)) / 1e6
    proof.report.figure("size beyond the base image", beyond_mb, "MB", SIZE_BAR_MB)
    probe = "import importlib.util as u, shutil as s; print([n for n in ('tensorflow', 'keras')"
    probe += " if u.find_spec(n)] + [c for c in ('gcc', 'cc', 'curl') if s.which(c)])"
    unwanted = engine.run_once(TAG, "python", "-c", probe).strip()
    proof.report.claim("TensorFlow, compiler, curl", unwanted, "[]")


def check_starts(proof: Proof) -> None:
    times = []
    for _ in range(proof.options.starts):
        with _running(proof) as running:
            times.append(running.ready_s)
            print(f"  {running.ready_s:.1f} s, {running.gauge.peak_bytes / 1e6:.0f} MB")
    proof.report.figure("ready, median", statistics.median(times), "s", READY_BAR_S)


def check_service(proof: Proof) -> None:
    report = proof.report
    with _running(proof) as running:
        container, port = running.container, running.port
        report.claim("user is root", container.execute("id", "-u").strip() == "0", wanted=False)
        command = container.execute("cat", "/proc/1/cmdline").replace("\0", " ").strip()
        report.claim("PID 1 is the service", "-m vistazo serve" in command, wanted=True)
        container.execute("python", "-IS", "scripts/deploy/healthcheck.py")
        started = time.monotonic()
        report.claim("a full-size picture", assault.post(proof.picture, port), 200)
        print(f"  answered in {time.monotonic() - started:.2f} s")
        report.claim("an X-ray in lossless JPEG", assault.post(drawn_radiograph(), port), 200)
        count, started = proof.options.requests, time.monotonic()
        statuses, wrong = assault.assault(port, proof.picture, count, callers=4)
        print(f"  {count} requests in {time.monotonic() - started:.0f} s: {dict(statuses)}")
        report.claim(f"{count} requests: answers that are not allowed", sorted(set(wrong)), [])
        report.claim("a picture afterwards", assault.post(proof.picture, port), 200)
        report.claim("kills for want of memory", container.memory_kills(), 0)
        running.tell_memory(report, PEAK_BAR_MB)
        started = time.monotonic()
        report.claim("exit status after SIGTERM", container.stop(GRACE_S), 0)
        print(f"  ended in {time.monotonic() - started:.1f} s")


def check_own_model(proof: Proof) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _put_model(proof, folder)
        print(f"  {(folder / 'own.h5').stat().st_size / 1e6:.0f} MB")
        settings = {"MODEL_PATH": "/models/own.h5"}
        with _running(proof, settings, "--volume", f"{folder}:/models:ro") as running:
            print(f"  ready in {running.ready_s:.1f} s")
            proof.report.claim(
                "a full-size picture", assault.post(proof.picture, running.port), 200
            )
            proof.report.claim("kills for want of memory", running.container.memory_kills(), 0)
            running.tell_memory(proof.report, LIMIT_MB)


def _put_model(proof: Proof, folder: Path) -> None:
    if proof.options.model:
        own: Path = proof.options.model
        shutil.copy(own, folder / "own.h5")
        shutil.copy(own.with_suffix(".card.yaml"), folder / "own.card.yaml")
    else:
        mounts = ("--volume", f"{folder}:/models", "--volume", f"{SAMPLE}:/sample.py:ro")
        options = (*mounts, "--user", "0")
        proof.engine.run_once(TAG, "python", "/sample.py", "/models", options=options)
    folder.chmod(0o755)  # the container's user reads it


def check_own_image(proof: Proof) -> None:
    tag = f"{TAG}-own"
    with _context() as context:
        folder = context / "artifacts" / "mine"
        folder.mkdir()
        _put_model(proof, folder)
        model = folder / "own.h5"
        model.chmod(0o600)  # the container's user reads it all the same
        sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
        proof.engine.build(context, tag, MODEL_PATH="artifacts/mine/own.h5")
    recorded = proof.engine.run_once(tag, "cat", f"/var/cache/vistazo/{RECORD}").split()[0]
    proof.report.claim("the record of the build", recorded, sha256)
    with _running(proof, tag=tag) as running:
        print(f"  ready in {running.ready_s:.1f} s")
        proof.report.claim("a full-size picture", assault.post(proof.picture, running.port), 200)
        log = running.container.log()
        proof.report.claim("the model that is ready", sha256 in log, wanted=True)
        proof.report.claim("compiled again at the start", "compiling" in log, wanted=False)


def check_port_80(proof: Proof) -> None:
    if proof.engine.has_host_network:
        print("  not on the host's network, where the host says who may use which port")
        return
    bind = "import os, socket; socket.socket().bind(('', 80)); print(os.getuid())"
    # Docker sets this by itself since 20.10.
    options = () if "docker" in proof.engine.command[0] else ("--sysctl", FIRST_PORT)
    user = proof.engine.run_once(TAG, "python", "-c", bind, options=options).strip()
    proof.report.claim("the user on port 80", user, "10001")


@contextlib.contextmanager
def _context() -> Iterator[Path]:
    """A copy of the repository, to change."""
    with tempfile.TemporaryDirectory() as name:
        context = Path(name) / "context"
        ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
        shutil.copytree(ROOT, context, ignore=ignored)
        yield context


def check_rebuild(proof: Proof) -> None:
    before = proof.engine.layers(TAG)
    with _context() as context:
        changed = context / "src" / "vistazo" / "__init__.py"
        changed.write_text(changed.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
        started = time.monotonic()
        proof.engine.build(context, f"{TAG}-changed")
    print(f"  built in {time.monotonic() - started:.0f} s")
    after = proof.engine.layers(f"{TAG}-changed")
    new = [layer for layer in after if layer not in before]
    print(f"  {len(after) - len(new)} of {len(after)} layers are the same")
    proof.report.claim("layers made again: the source, and what is made of it", len(new), 2)


CHECKS = {
    "The image": check_image,
    "Starts, with 256 MB and 0.1 CPU": check_starts,
    "A picture, hostile requests, and the end": check_service,
    "Somebody's own .h5, mounted, compiled at start on a read-only disk": check_own_model,
    "An image with somebody's own .h5, compiled when it is built": check_own_image,
    "Port 80": check_port_80,
    "A build after a change of the source alone": check_rebuild,
}


@dataclass(frozen=True)
class Running:
    """A container that is ready, and what it has needed since its start."""

    container: Container
    port: int
    ready_s: float
    gauge: MemoryGauge

    def tell_memory(self, report: Report, bar_mb: float) -> None:
        if self.gauge.peak_bytes:
            report.figure("peak memory", self.gauge.peak_bytes / 1e6, "MB", bar_mb)
        else:
            print("  peak memory: this host cannot see into the container")
        with_cache_mb = self.container.peak_bytes() / 1e6
        print(f"  {with_cache_mb:.0f} MB with page cache, which goes when room is wanted")


@contextlib.contextmanager
def _running(
    proof: Proof, settings: dict[str, str] | None = None, *options: str, tag: str = TAG
) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    with (
        proof.engine.started(tag, "vistazo-check", port, settings or {}, *options) as container,
        container.gauge() as gauge,
    ):
        while not _is_ready(port):
            if time.monotonic() - started > GIVE_UP_S or container.state("Running") != "true":
                raise TimeoutError(f"The service did not become ready:\n{container.log()}")
            time.sleep(0.1)
        yield Running(container, port, time.monotonic() - started, gauge)


def _is_ready(port: int) -> bool:
    try:
        return assault.is_ready(port)
    except (OSError, http.client.HTTPException):  # not listening yet, or not any more
        return False
