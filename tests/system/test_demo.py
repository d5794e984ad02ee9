"""The five systems as scripts/demo starts them, asked by the curl lines that it and README give."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, film
from ports import free_port, is_open

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))

import demonstration  # noqa: E402

DEMO = ROOT / "scripts" / "demo"
README = (ROOT / "README.md").read_text(encoding="utf-8")
# A row of README's table of systems: its name, the curl line, and the answer.
ROWS = {
    name: (curl, answer)
    for name, curl, answer in re.findall(
        r"^\|.*\| `\./scripts/demo (\w+)` \| `(curl .*?)` \| (.*) \|$", README, re.MULTILINE
    )
}
NAMES = ("pneumonia", "pictures", "news", "quality", "leaves")
ASKING = ("news", "quality", "leaves")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEMO), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_list_the_help_and_a_wrong_name_tell_which_systems_there_are() -> None:
    listed = run("--list")
    assert (listed.returncode, [line.split()[0] for line in listed.stdout.splitlines()]) == (
        0,
        list(NAMES),
    )
    assert "./scripts/demo quality --port 9000" in run("--help").stdout
    wrong = run("wine")
    assert wrong.returncode == 2
    assert all(name in wrong.stderr for name in NAMES)
    assert "--list shows them" in run().stderr


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    refused = run("news", "--port", port)
    assert (refused.returncode, "is no port" in refused.stderr) == (2, True)


def test_the_readme_has_a_row_for_each_system() -> None:
    assert tuple(ROWS) == NAMES


@dataclass(frozen=True)
class Demo:
    process: subprocess.Popen[str]
    port: int
    curl: str


@contextmanager
def demo(name: str) -> Iterator[Demo]:
    """Once it has said its curl line. A group of its own: Ctrl-C is sent to all of that."""
    port = free_port()
    if not (ROOT / ".venv").exists():
        pytest.skip("there is no .venv, which ./scripts/test makes")
    process = subprocess.Popen(
        [sys.executable, str(DEMO), name, "--port", str(port)],
        env={**os.environ, "LOG_FORMAT": "json", "THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Ctrl-C is ignored where a shell runs the tests behind.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    said: list[str] = []
    assert process.stderr is not None
    # Whoever reads no longer would stop it.
    reading = threading.Thread(target=process.stderr.read)
    try:
        for line in process.stderr:
            said.append(line)
            if line.startswith("Ctrl-C ends it"):
                break
        else:
            pytest.fail("".join(said))
        reading.start()
        [curl] = [line.strip() for line in said if line.startswith("  curl ")]
        yield Demo(process, port, curl)
    finally:
        process.terminate()
        process.wait(30)
        if reading.ident is not None:
            reading.join(30)
        process.stderr.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the pictures that the curl lines send."""
    for name, kind in (("film.jpeg", "JPEG"), ("picture.jpg", "JPEG"), ("leaf.jpg", "JPEG")):
        (tmp_path / name).write_bytes(encoded(film(600, 500).convert("RGB"), kind))
    (tmp_path / "part.png").write_bytes(encoded(film(300, 300)))
    return tmp_path


def ask(line: str, folder: Path) -> Any:
    command = ["curl", "-sS", *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.longer
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", NAMES)
def test_a_demo_is_asked_by_its_own_line_and_by_that_of_the_readme_and_ends_with_ctrl_c(
    name: str, folder: Path
) -> None:
    if not (model := demonstration.SYSTEMS[name].model).is_file():
        pytest.skip(f"this checkout does not hold {model.relative_to(ROOT)}")
    curl, told = ROWS[name]
    with demo(name) as running:
        answer = ask(running.curl, folder)
        shown = curl.replace("localhost:8000", f"localhost:{running.port}")
        header = re.search(r"Bearer (\S+)'", running.curl)
        if name in ASKING:
            assert header
            assert re.search("TOKEN|KEY", shown)
            assert ask(re.sub("TOKEN|KEY", "none", shown), folder)["status"] == 401
            shown = re.sub("TOKEN|KEY", header.group(1), shown)
        same = ask(shown, folder)
        assert list(same) == list(answer)
        for field in re.findall(r"`(\w+)`", told):
            assert field in answer, field
        page = httpx.get(f"http://127.0.0.1:{running.port}/")
        assert "text/html" in page.headers["content-type"]
        os.killpg(running.process.pid, signal.SIGINT)
        assert running.process.wait(60) == 0
    assert not is_open(running.port)


@pytest.mark.longer
def test_a_port_that_is_taken_is_told_before_anything_is_started() -> None:
    with demo("pneumonia") as running:
        second = run("pneumonia", "--port", str(running.port))
    assert second.returncode == 2
    assert f"Port {running.port} is taken" in second.stderr
