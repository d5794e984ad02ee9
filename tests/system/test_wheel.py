"""The wheel, installed: the package as it is without its repository."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import vistazo
from builders import encoded, film, write_brightness_model
from ports import free_port

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROGRAM = """
import numpy as np
from PIL import Image

limit = Image.MAX_IMAGE_PIXELS
import vistazo

with vistazo.load() as model:
    answers = model.predict(["film.png", np.zeros((300, 400), np.uint8)])
    model.explain("film.png").save("heatmap.png")
assert limit == Image.MAX_IMAGE_PIXELS
print(vistazo.__file__, model.name, [answer.predicted_class for answer in answers])
"""
TYPED = """
import vistazo

model = vistazo.load("m.h5", labels=["A", "B"], threads=1)
answer = model.predict("film.png")
reveal_type(answer)
reveal_type(model.predict(["film.png", b""]))
reveal_type([found for found in model.predict_each(["film.png"])])
model.predict(3)
vistazo.load(thread=1)
"""


def test_all_of_the_default_model_is_in_the_wheel() -> None:
    forced = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {str(file.relative_to(ROOT)) for file in ROOT.glob("artifacts/pneumonia/pneumonia.*")}
    assert forced == {name: f"vistazo/{name}" for name in files}


def test_what_a_release_is_made_of_has_one_version() -> None:
    assert PYPROJECT["project"]["dynamic"] == ["version"]
    first = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first
    assert first[1] == "Unreleased" or first[1].startswith(f"{vistazo.__version__} - ")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


class Installed:
    """The wheel in an environment of its own, which borrows the packages that it needs."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"
        venv.create(folder / "venv", with_pip=False)
        packages = next((folder / "venv").glob("lib/python*/site-packages"))
        (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.python = self.bin / "python"
        install = ["-m", "uv", "pip", "install", "-q", "--no-deps", "--offline", "--no-cache"]
        subprocess.run(
            [sys.executable, *install, "--python", str(self.python), str(wheel)], check=True
        )
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "CACHE_DIR": str(folder / "cache"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def run(self, *command: str) -> str:
        """From its own ``bin``, in its folder."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextlib.contextmanager
    def serving(self, *arguments: str, **environment: str) -> Iterator[str]:
        port = free_port()
        command = [self.bin / "vistazo", "serve", *arguments, "--port", str(port)]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, "PORT": "1", **environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()


def wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    (folder / "film.png").write_bytes(encoded(film(900, 700)))
    return Installed(wheel, folder)


@pytest.mark.longer
def test_the_wheel_holds_the_package_its_types_and_its_model(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {
        str(file.relative_to(ROOT / "src"))
        for file in (ROOT / "src" / "vistazo").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sources < names
    assert {"vistazo/py.typed", "vistazo/artifacts/pneumonia/pneumonia.keras"} < names
    assert wheel.name == f"vistazo-{vistazo.__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < 13_000_000


@pytest.mark.longer
def test_what_is_installed_predicts_with_the_model_that_came_along(installed: Installed) -> None:
    assert installed.run("vistazo", "--version") == f"vistazo {vistazo.__version__}\n"
    [answer] = json.loads(installed.run("vistazo", "predict", "--json", "film.png"))
    assert answer["predicted_class"] in ("NORMAL", "PNEUMONIA")
    (installed.folder / "program.py").write_text(PROGRAM)
    file, name, told = installed.run("python", "program.py").split(maxsplit=2)
    assert Path(file).is_relative_to(installed.folder)
    assert name == "pneumonia"
    assert f"['{answer['predicted_class']}', " in told
    assert (installed.folder / "heatmap.png").exists()


@pytest.mark.longer
def test_what_is_installed_serves_what_its_arguments_say(installed: Installed) -> None:
    picture = encoded(film(900, 700))
    with installed.serving(MODEL_PATH="") as url:
        assert "<title>" in httpx.get(url).text
        answer = answer_of(url, picture)
        assert answer["model"]["name"] == "pneumonia"
        assert httpx.get(f"{url}/openapi.json").json()["info"]["version"] == vistazo.__version__
    write_brightness_model(installed.folder / "mine.keras")
    with installed.serving("mine.keras", MODEL_CARD="nowhere.yaml") as url:
        assert answer_of(url, picture)["model"]["name"] == "brightness"


def answer_of(url: str, picture: bytes) -> dict[str, dict[str, str]]:
    answer: dict[str, dict[str, str]] = httpx.post(
        f"{url}/predict", files={"file": ("film.png", picture)}
    ).json()
    return answer


@pytest.mark.longer
def test_what_is_installed_is_typed_for_the_programs_that_use_it(installed: Installed) -> None:
    (installed.folder / "typed.py").write_text(TYPED)
    check = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(installed.folder / "m")]
    check += ["--python-executable", str(installed.python), "typed.py"]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(
        check, cwd=installed.folder, env=environment, capture_output=True, text=True, check=False
    )
    told = [line.split(": ", 2)[2] for line in done.stdout.splitlines() if "typed.py" in line]
    assert told[:2] == [
        'Revealed type is "vistazo.python.answer.Answer"',
        'Revealed type is "list[vistazo.python.answer.Answer]"',
    ], done.stdout
    assert "InputError" in told[2]
    assert 'No overload variant of "predict" of "Model" matches argument type "int"' in told[3]
    assert any('Unexpected keyword argument "thread"' in each for each in told)
