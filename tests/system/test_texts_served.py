"""A file of scikit-learn, served as it is: by a real process."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from canaries import canary, found
from otlp_receiver import receiving
from served_samples import write_text_model
from vistazo.service.access.api_key import new_key

ROOT = Path(__file__).parents[2]
OPTIONS = ("--checks", "all", "--max-examples", "50", "--no-color")
KEY = new_key()
# Where in JSON a caller can put a value.
IN_JSON = ("text", "field", "value", "nested", "garbage", "surrogate", "charset", "row", "query")
PLANTED = {channel: canary(f"json {channel}") for channel in IN_JSON}
PATHS = ("/predict", "/predict/batch", "/predict?explain=true", "/explain", "/falsetrue")


def bodies() -> Iterator[str | bytes]:
    text, other = f"es verdad {PLANTED['text']}", PLANTED["value"]
    yield from (json.dumps({"text": text}), json.dumps({"texts": [text, text]}))
    yield json.dumps({"text": text * 400})
    yield json.dumps({"texts": [text] * 9})
    yield json.dumps({"texts": [text, {PLANTED["nested"]: other}]})
    yield json.dumps({"text": text, PLANTED["field"]: other})
    yield json.dumps({PLANTED["field"]: other})
    yield json.dumps({"rows": [[PLANTED["row"]]]})
    yield f'{{"text": "{text}", "text": "{other}"}}'
    yield f'{{"text": "{PLANTED["surrogate"]}\\ud800"}}'
    yield f'{{"text": "{text}" {PLANTED["garbage"]}'
    yield f'{{"text": "{text}'.encode() + b"\xff"
    yield f'"{PLANTED["garbage"]}\\x"'
    yield json.dumps({"texts": [text * 3000]})


def ask_everything(client: httpx.Client) -> Iterator[httpx.Response]:
    sent = {"Content-Type": "application/json"}
    for path, body in itertools.product(PATHS, bodies()):
        yield client.post(path, content=body, headers=sent)
    for kind in (f"application/json; charset={PLANTED['charset']}", "text/plain", "a/b"):
        yield client.post("/predict", content=PLANTED["garbage"], headers={"Content-Type": kind})
    for path in PATHS:
        yield client.post(f"{path.partition('?')[0]}?text={PLANTED['query']}", json={"text": "x"})
    yield client.get("/falsetrue")


@dataclass(frozen=True)
class Said:
    answers: list[httpx.Response]
    metrics: bytes
    traces: list[bytes]
    log: bytes
    children: list[str]


@pytest.fixture(scope="module")
def said(running: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Said:
    folder = tmp_path_factory.mktemp("news")
    model = write_text_model(folder / "news.joblib")
    settings = {"LOG_LEVEL": "debug", "MODEL_PATH": str(model), "CACHE_DIR": str(folder)}
    settings |= {"MAX_TEXTS": "8", "MAX_TEXT_CHARS": "5000", "MAX_JSON_BYTES": "50000"}
    with (
        receiving() as collector,
        running(**settings, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as service,
    ):
        with httpx.Client(base_url=service.url) as client:
            answers = list(ask_everything(client))
            metrics = client.get("/metrics").content
        processes = Path("/proc").glob("[0-9]*/stat")
        children = [line for line in map(_stat, processes) if f" {service.process.pid} " in line]
        _, log = service.stop()
    return Said(answers, metrics, collector.bodies, log.encode(), children)


def _stat(file: Path) -> str:
    """Name, state and parent of a process."""
    try:
        return file.read_text().partition(" ")[2][:40]
    except OSError:
        return ""


@pytest.mark.longer
def test_nothing_of_a_text_is_logged_measured_or_traced(said: Said) -> None:
    assert said.log.count(b'"request"') > 60
    assert b"vistazo_predictions_total" in said.metrics
    assert said.traces
    assert not found([said.log, said.metrics, *said.traces], PLANTED)


@pytest.mark.longer
def test_a_problem_or_an_answer_holds_nothing_of_a_text_but_the_words_that_were_asked_for(
    said: Said,
) -> None:
    statuses = {answer.status_code for answer in said.answers}
    assert {200, 400, 405, 413, 415, 422} <= statuses <= {200, 400, 405, 413, 415, 422}
    explained = ("explain=true", "/explain")
    plain = [
        repr(answer.headers.raw).encode() + answer.content
        for answer in said.answers
        if answer.status_code != 200 or not any(word in str(answer.url) for word in explained)
    ]
    assert not found(plain, PLANTED)


@pytest.mark.longer
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_process_that_decodes_pictures_is_started_for_texts(said: Said) -> None:
    assert said.children == []


@pytest.mark.longer
@pytest.mark.timeout(300)
def test_requests_made_of_the_description_of_a_model_of_texts_find_nothing_else(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    model = write_text_model(tmp_path / "news.joblib")
    settings = {"MODEL_PATH": str(model), "CACHE_DIR": str(tmp_path), "MAX_TEXT_CHARS": "1000"}
    with running(**settings) as service:
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}/openapi.json",
             *OPTIONS],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}"},
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        _, log = service.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in log
