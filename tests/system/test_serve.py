"""A real server process of the default model."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from builders import encoded, film, write_brightness_model

FILM = {"file": ("film.jpeg", encoded(film(900, 700), "JPEG"))}


@pytest.fixture(scope="module")
def service(running: Callable[..., Any]) -> Iterator[Any]:
    with running() as service:
        yield service


def test_the_default_model_answers(service: Any) -> None:
    answer = httpx.post(f"{service.url}/predict", files=FILM).json()
    assert set(answer["probabilities"]) == {"NORMAL", "PNEUMONIA"}
    assert sum(answer["predictions"]) == pytest.approx(1)
    assert answer["model"]["name"] == "pneumonia"


def test_200_mb_are_refused_before_they_are_read_and_memory_stays_flat(service: Any) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 1_000_000

    before = service.memory_mb()
    headers = {
        "content-type": "multipart/form-data; boundary=x",
        "content-length": "200000000",
    }
    response = httpx.post(f"{service.url}/predict", content=body(), headers=headers, timeout=60)
    assert response.status_code == 413
    assert response.json()["code"] == "upload_too_large"
    assert service.memory_mb() - before < 20
    assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200


def test_the_refusal_of_a_large_body_comes_before_the_body(service: Any) -> None:
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        )
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_under_a_flood_every_caller_gets_an_answer_or_429(service: Any) -> None:
    def post(_: int) -> int:
        return httpx.post(f"{service.url}/predict", files=FILM, timeout=60).status_code

    with ThreadPoolExecutor(40) as callers:
        statuses = list(callers.map(post, range(120)))
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 17
    assert httpx.get(f"{service.url}/health/ready").status_code == 200


@dataclass(frozen=True)
class Ended:
    """A service that logged all it could, until Ctrl-C in the middle of some requests."""

    own_answer: Any
    last_answers: set[int]
    status: int
    log: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]


@pytest.fixture(scope="module")
def ended(running: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Ended:
    model = write_brightness_model(tmp_path_factory.mktemp("mine") / "mine.keras", maps=True)
    with running(MODEL_PATH=str(model), LOG_LEVEL="debug") as service:
        url, headers = f"{service.url}/predict", {"X-Request-ID": "visit-42"}
        own_answer = httpx.post(url, files=FILM, headers=headers).json()
        send_what_nobody_may_read(url)
        with ThreadPoolExecutor(8) as callers:
            calls = [callers.submit(httpx.post, url, files=FILM) for _ in range(8)]
            time.sleep(0.1)
            status, log = service.stop(signal.SIGINT)
    return Ended(own_answer, {status_of(call) for call in calls}, status, log)


def send_what_nobody_may_read(url: str) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = "perez, 41 years", "perez", 6
    named = PngInfo()
    named.add_text("Patient", "perez")
    pictures = [
        encoded(film(300, 300), "JPEG", exif=exif, comment=b"perez"),
        encoded(film(300, 300), "PNG", exif=exif, pnginfo=named),
    ]
    for picture in pictures:
        for path in ("", "?explain=true", "/batch"):
            answer = httpx.post(url + path, files={"file": ("perez.png", picture)})
            assert answer.status_code == 200
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert httpx.post(url, content=b"perez" * 500, headers=form).status_code == 400


def status_of(call: Future[httpx.Response]) -> int:
    """0 where it came after the door was shut."""
    try:
        return call.result().status_code
    except httpx.TransportError:
        return 0


def test_a_signal_lets_running_requests_finish_and_ends_with_status_0(ended: Ended) -> None:
    assert ended.status == 0, ended.log
    assert "Traceback" not in ended.log
    assert ended.last_answers <= {200, 503, 0}


def test_a_model_of_ones_own_is_served(ended: Ended) -> None:
    assert ended.own_answer["model"]["name"] == "brightness"
    assert 0.45 < ended.own_answer["predictions"][1] < 0.55


def test_every_line_of_the_log_is_json_and_a_request_carries_its_id(ended: Ended) -> None:
    assert {"listening", "ready"} <= {event["event"] for event in ended.events}
    (request,) = [event for event in ended.events if event.get("path") == "/predict"][:1]
    assert request["request_id"] == "visit-42"
    assert (request["event"], request["status"]) == ("request", 200)
    assert "film.jpeg" not in ended.log


def test_nothing_of_a_picture_or_a_form_reaches_the_log_not_even_while_debugging(
    ended: Ended,
) -> None:
    assert "perez" not in ended.log
    loggers = {event["logger"].partition(".")[0] for event in ended.events}
    assert loggers <= {"vistazo", "asyncio", "uvicorn"}


def write_bad_models(folder: Path) -> dict[str, tuple[Path, str]]:
    """What MODEL_PATH may point at by mistake, and a word that the message must hold."""
    sound = write_brightness_model(folder / "sound.keras")
    card = sound.with_name("sound.card.yaml").read_text()
    cases = {
        "a folder": (folder, "folder"),
        "missing": (folder / "missing.keras", "no model at"),
        "empty": (folder / "empty.keras", "empty"),
        "text": (folder / "text.h5", "text"),
        "truncated": (folder / "truncated.keras", "truncated"),
        "no model": (folder / "data.h5", "model"),
        "labels": (folder / "labels.keras", "3 labels"),
        "no card": (folder / "bare.keras", "Labels are never guessed"),
    }
    for path, _ in cases.values():
        if path != folder:
            path.with_name(f"{path.stem}.card.yaml").write_text(card)
    (folder / "empty.keras").touch()
    (folder / "text.h5").write_text("this is not a model\n" * 10)
    (folder / "truncated.keras").write_bytes(sound.read_bytes()[:700])
    write_plain_hdf5(folder / "data.h5")
    write_brightness_model(folder / "labels.keras", labels=("A", "B", "C"))
    write_brightness_model(folder / "bare.keras").with_name("bare.card.yaml").unlink()
    return cases


def write_plain_hdf5(path: Path) -> None:
    import h5py

    with h5py.File(path, "w") as file:
        file["measurements"] = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "case", ["a folder", "missing", "empty", "text", "no model", "labels", "no card"]
)
def test_a_model_path_that_cannot_be_served_is_refused_in_words_that_say_why(
    case: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    path, said = write_bad_models(tmp_path)[case]
    assert said in refusal(MODEL_PATH=str(path))


def test_where_the_model_cannot_be_served_the_process_ends_with_these_words_alone(
    tmp_path: Path, vistazo_process: Callable[..., Any]
) -> None:
    path, said = write_bad_models(tmp_path)["truncated"]
    failed = vistazo_process("serve", MODEL_PATH=str(path), PORT="0", LOG_LEVEL="error")
    assert failed.returncode == 2
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr
