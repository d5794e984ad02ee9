"""From a link to an answer: a real service, a real server of files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from builders import encoded, film, write_brightness_model
from file_server import Files, Served, hang_up, serving, silent
from vistazo.cli.predict import command as predict
from vistazo.errors import CardError, ModelError
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.drafting import CardHints
from vistazo.models.fetch import Link
from vistazo.models.file_hash import sha256_of
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "artifacts" / "pneumonia" / "pneumonia.keras"


@pytest.fixture
def files() -> Iterator[Files]:
    """The default model on the web, beside its card and its baseline."""
    with serving() as files:
        for name in ("pneumonia.keras", "pneumonia.card.yaml", "pneumonia.baseline.npz"):
            files[f"/models/{name}"] = MODEL.with_name(name).read_bytes()
        yield files


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "film.jpeg"
    path.write_bytes(encoded(film(900, 700), "JPEG"))
    return path


def curl(url: str, picture: Path) -> dict[str, Any]:
    command = ["curl", "-sS", "-F", f"file=@{picture}", f"{url}/predict"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.longer
def test_from_a_link_to_curl_and_again_when_the_link_is_dead(
    running: Callable[..., Any], files: Files, picture: Path
) -> None:
    link = f"{files.url}/models/pneumonia.keras?key=s3cret"
    with running(MODEL_PATH=link, LOG_LEVEL="debug") as service:
        answer = curl(service.url, picture)
        _, log = service.stop()
    assert answer["model"]["sha256"] == sha256_of(MODEL)
    assert set(answer["probabilities"]) == {"NORMAL", "PNEUMONIA"}
    assert answer["in_distribution"], "the baseline came along"
    assert '"event": "downloaded"' in log
    assert "s3cret" not in log

    for name in ("keras", "card.yaml", "baseline.npz"):
        files[f"/models/pneumonia.{name}"].acts = [hang_up] * 9
    with running(MODEL_PATH=link) as service:
        again = curl(service.url, picture)
        _, log = service.stop()
    assert again["predictions"] == answer["predictions"]
    assert "its copy in the cache is used" in log


def test_predict_takes_a_link_too(
    files: Files, picture: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_DIR", str(cache))
    link = f"{files.url}/models/pneumonia.keras"
    done = CliRunner().invoke(predict, ["--json", "--model", link, str(picture)])
    assert set(json.loads(done.stdout)[0]["probabilities"]) == {"NORMAL", "PNEUMONIA"}


def test_a_link_without_a_model_ends_in_words_that_say_why(
    refusal: Callable[..., str], files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files["/page.keras"] = b"<!doctype html><title>Shared files</title>"
    with caplog.at_level("INFO"):
        told = refusal(MODEL_PATH=f"{files.url}/page.keras?key=s3cret")
    assert "a web page, not a file" in told
    assert "s3cret" not in told + caplog.text


def test_a_link_without_a_card_says_where_the_card_may_be(files: Files, cache: Path) -> None:
    files["/alone.keras"] = MODEL.read_bytes()
    source = ModelSource(Link(f"{files.url}/alone.keras"), None, cache)
    with pytest.raises(CardError, match="MODEL_CARD"):
        load_classifier(source, DirectReader(ImageLimits(1_000_000, 1_000_000)))


def test_the_hash_of_a_local_file_is_checked_too(cache: Path) -> None:
    source = ModelSource(MODEL, None, cache, sha256="0" * 64)
    with pytest.raises(ModelError, match="MODEL_SHA256"):
        load_classifier(source, DirectReader(ImageLimits(1_000_000, 1_000_000)))


def test_a_signal_ends_a_download_at_once_and_without_a_trace(files: Files, tmp_path: Path) -> None:
    files["/slow.keras"] = Served(b"PK\x03\x04" * 1_000, [silent(20, after=1_000)])
    process = subprocess.Popen(
        [sys.executable, "-m", "vistazo", "serve"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PORT": "0",
            "CACHE_DIR": str(tmp_path / "cache"),
            "MODEL_PATH": f"{files.url}/slow.keras",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not files.asked and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "Traceback" not in log
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_without_a_link_no_http_client_is_imported(cache: Path) -> None:
    code = (
        "import sys\n"
        "import vistazo.api.server, vistazo.cli.serve\n"
        "from vistazo.loading import load_classifier\n"
        "from vistazo.pictures.reader import DirectReader\n"
        "from vistazo.service.settings import Settings\n"
        "settings = Settings.from_environment()\n"
        "reader = DirectReader(settings.image_limits)\n"
        "load_classifier(settings.model_source, reader).close()\n"
        "print({'httpx', 'httpcore', 'certifi'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_a_zip_with_a_model_and_its_labels_is_served_from_a_link(
    files: Files, cache: Path, tmp_path: Path
) -> None:
    model = write_brightness_model(tmp_path / "keras_model.keras")
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        for path in (model, model.with_name("keras_model.card.yaml")):
            archive.write(path, path.name)
    files["/download"] = (tmp_path / "made.zip").read_bytes()
    source = ModelSource(Link(f"{files.url}/download?id=1"), None, cache)
    classifier = load_classifier(source, DirectReader(ImageLimits(1_000_000, 1_000_000)))
    assert classifier.card.name == "brightness"


def test_labels_have_a_link_of_their_own(files: Files, cache: Path, tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    model.with_name("mine.card.yaml").unlink()
    files["/labels.txt"] = b"0 NIGHT\n1 DAY\n"
    hints = CardHints(scale="1/255", colour="grey")
    source = ModelSource(model, None, cache, hints=hints, labels=Link(f"{files.url}/labels.txt"))
    classifier = load_classifier(source, DirectReader(ImageLimits(1_000_000, 1_000_000)))
    assert classifier.card.labels == ("NIGHT", "DAY")
