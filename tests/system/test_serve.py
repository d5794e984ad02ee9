"""A real server process of the default model."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
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


def test_an_upload_that_trickles_is_408_and_holds_no_place_for_ever(
    running: Callable[..., Any],
) -> None:
    with running(RECEIVE_TIMEOUT_S="0.5", QUEUE_SIZE="0") as service:
        host, port = service.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
        assert httpx.post(f"{service.url}/predict", files=FILM).status_code == 200


def test_under_a_flood_every_caller_gets_an_answer_or_429(service: Any) -> None:
    def post(_: int) -> int:
        return httpx.post(f"{service.url}/predict", files=FILM, timeout=60).status_code

    with ThreadPoolExecutor(40) as callers:
        statuses = list(callers.map(post, range(120)))
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 17
    assert httpx.get(f"{service.url}/health/ready").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_requests_finish_and_ends_with_status_0(
    running: Callable[..., Any], number: int
) -> None:
    with running() as service, ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(httpx.post, f"{service.url}/predict", files=FILM) for _ in range(8)]
        time.sleep(0.1)
        status, log = service.stop(number)
        answers = []
        for call in calls:
            try:
                answers.append(call.result().status_code)
            except httpx.TransportError:  # came after the door was shut
                continue
    assert status == 0, log
    assert "Traceback" not in log
    assert set(answers) <= {200, 503}


def test_every_line_of_the_log_is_json_and_a_request_carries_its_id(
    running: Callable[..., Any],
) -> None:
    with running() as service:
        headers = {"X-Request-ID": "visit-42"}
        httpx.post(f"{service.url}/predict", files=FILM, headers=headers)
        _, log = service.stop()
    events = [json.loads(line) for line in log.splitlines()]
    assert {"listening", "ready"} <= {event["event"] for event in events}
    request = next(event for event in events if event["event"] == "request")
    assert request["request_id"] == "visit-42"
    assert request["status"] == 200
    assert "film.jpeg" not in log


def test_nothing_of_a_picture_or_a_form_reaches_the_log_not_even_while_debugging(
    running: Callable[..., Any],
) -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0112] = "perez, 41 years", "perez", 6
    named = PngInfo()
    named.add_text("Patient", "perez")
    pictures = [
        encoded(film(300, 300), "JPEG", exif=exif, comment=b"perez"),
        encoded(film(300, 300), "PNG", exif=exif, pnginfo=named),
    ]
    form = {"content-type": "multipart/form-data; boundary=x"}
    with running(LOG_LEVEL="debug") as service:
        url = f"{service.url}/predict"
        for picture in pictures:
            for path in ("", "?explain=true", "/batch"):
                answer = httpx.post(url + path, files={"file": ("perez.png", picture)})
                assert answer.status_code == 200
        assert httpx.post(url, content=b"perez" * 500, headers=form).status_code == 400
        _, log = service.stop()
    assert "perez" not in log
    loggers = {json.loads(line)["logger"].partition(".")[0] for line in log.splitlines()}
    assert loggers <= {"vistazo", "asyncio", "uvicorn"}


def test_a_port_in_use_is_told_in_words(service: Any, vistazo: Callable[..., Any]) -> None:
    port = service.url.rsplit(":", 1)[1]
    failed = vistazo("serve", PORT=port)
    assert failed.returncode == 2
    assert "in use" in failed.stderr
    assert "Traceback" not in failed.stderr


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
    "case",
    ["a folder", "missing", "empty", "text", "truncated", "no model", "labels", "no card"],
)
def test_a_model_path_that_cannot_be_served_ends_in_words_that_say_why(
    case: str, tmp_path: Path, vistazo: Callable[..., Any]
) -> None:
    path, said = write_bad_models(tmp_path)[case]
    failed = vistazo("serve", MODEL_PATH=str(path), PORT="0", LOG_LEVEL="error")
    assert failed.returncode == 2
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_model_of_ones_own_is_served(running: Callable[..., Any], tmp_path: Path) -> None:
    model = write_brightness_model(tmp_path / "mine.keras")
    with running(MODEL_PATH=str(model)) as service:
        answer = httpx.post(f"{service.url}/predict", files=FILM).json()
    assert answer["model"]["name"] == "brightness"
    assert 0.45 < answer["predictions"][1] < 0.55
