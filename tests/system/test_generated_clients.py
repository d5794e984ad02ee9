"""Clients that others' tools generate of /openapi.json, driven against the service."""

from __future__ import annotations

import base64
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders import encoded, film
from documents import text_of
from served_samples import write_text_model

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]

PICTURE = encoded(film(640, 520))
TYPESCRIPT = Path(__file__).with_name("typescript_client")
# It reads what is not text, JSON or this as nothing at all.
OVERRIDES = "content_type_overrides:\n  image/png: application/octet-stream\n"


@dataclass(frozen=True)
class Guarded:
    """``spent`` is a key that has asked as often as it may."""

    url: str
    key: str
    spent: str


@pytest.fixture(scope="module")
def guarded(
    running: Callable[..., Any], vistazo: Callable[..., Any], tmp_path_factory: Any
) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    file = str(folder / "keys")
    scopes = ("--scope", "predict", "--scope", "feedback", "--file", file)
    key, spent = (vistazo("keys", "add", name, *scopes).stdout.strip() for name in ("a", "b"))
    settings = {"MAX_UPLOAD_BYTES": "2000000", "RATE_LIMIT": "30/day"}
    records = str(folder / "records")
    with running(API_KEYS_FILE=file, RECORDS_DIR=records, **settings) as service:
        bearer = {"Authorization": f"Bearer {spent}"}
        while httpx.get(f"{service.url}/model", headers=bearer).status_code == 200:
            pass
        yield Guarded(service.url, key, spent)


def generated(url: str, folder: Path, name: str) -> None:
    """A package that can be imported. Nothing of the description is left out."""
    (folder / "overrides.yaml").write_text(OVERRIDES)
    command = ["openapi_python_client", "generate", "--url", f"{url}/openapi.json"]
    options = ["--meta", "none", "--config", "overrides.yaml", "--output-path", name]
    done = subprocess.run(
        [sys.executable, "-m", *command, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "WARNING" not in said, said


class Package:
    """A client for a service: ``package(".models")`` is a module of it, ``package.asking(KEY)`` one
    that is closed in the end.
    """

    def __init__(self, url: str, folder: Path, name: str, closed: ExitStack) -> None:
        generated(url, folder, name)
        self._url, self._name, self._closed = url, name, closed

    def __call__(self, module: str) -> Any:
        return importlib.import_module(f"{self._name}{module}")

    def asking(self, key: str, path: str = "") -> Any:
        client = self(".client").AuthenticatedClient(f"{self._url}{path}", key)
        return self._closed.enter_context(client)


@pytest.fixture
def client_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Package]]:
    """``client_of(url, name)``: a package of its own for each test."""
    monkeypatch.syspath_prepend(tmp_path)
    with ExitStack() as closed:
        yield lambda url, name: Package(url, tmp_path, name, closed)


def test_a_client_in_python_has_answers_and_errors_as_objects(
    guarded: Guarded, client_of: Callable[[str, str], Package]
) -> None:
    of = client_of(guarded.url, "guarded_client")
    models, file = of(".models"), of(".types").File
    as_known = of.asking(guarded.key)
    code = models.ProblemCode
    predict, explain = of(".api.predict.predict").sync, of(".api.predict.explain").sync

    def sent(data: bytes = PICTURE, name: str = "film.png") -> Any:
        return models.PredictFilesBody(file=file(BytesIO(data), name, "image/png"))

    answer = predict(client=as_known, body=sent(), explain=True)
    assert answer.predicted_class in answer.probabilities.additional_properties
    assert answer.warnings == [models.AnswerWarningsItem.OUT_OF_DISTRIBUTION]
    assert answer.heatmap.method is models.HeatmapMethod.CLASS_ACTIVATION
    overlay = explain(client=as_known, body=file(BytesIO(PICTURE)))
    assert overlay.payload.read(4) == b"\x89PNG"
    described = of(".api.predict.model").sync(client=as_known)
    assert described.card["labels"] == ["NORMAL", "PNEUMONIA"]

    both = models.PredictBatchFilesBody(file=[sent().file, sent(b"no picture").file])
    first, second = of(".api.predict.predict_batch").sync(client=as_known, body=both).results
    assert first.predicted_class == answer.predicted_class
    assert second.problem.code is code.UNSUPPORTED_FORMAT

    in_json = models.PredictJsonBody(image=base64.b64encode(PICTURE).decode())
    for body in (file(BytesIO(PICTURE)), in_json):
        assert predict(client=as_known, body=body).probabilities == answer.probabilities
    refused = {
        code.NOT_BASE64: predict(client=as_known, body=models.PredictJsonBody(image="?")),
        code.UNSUPPORTED_FORMAT: predict(client=as_known, body=sent(b"no picture")),
        code.CORRUPT_IMAGE: predict(client=as_known, body=sent(PICTURE[:200])),
        code.UPLOAD_TOO_LARGE: predict(client=as_known, body=sent(bytes(3_000_000))),
    }
    for wanted, (key, problem_status) in {
        code.UNAUTHORIZED: ("wrong", 401),
        code.RATE_LIMITED: (guarded.spent, 429),
    }.items():
        of_key = of.asking(key)
        detailed = of(".api.predict.predict").sync_detailed(client=of_key, body=sent())
        assert detailed.status_code == problem_status
        refused[wanted] = detailed.parsed
    feedback = models.FeedbackBody(request_id="x", label=models.FeedbackBodyLabel.NORMAL)
    refused[code.UNKNOWN_REQUEST] = of(".api.feedback.feedback").sync(
        client=as_known, body=feedback
    )
    elsewhere = of.asking(guarded.key, "/nowhere")
    refused[code.NOT_FOUND] = of(".api.predict.model").sync(client=elsewhere)
    for wanted, problem in refused.items():
        assert isinstance(problem, models.Problem), wanted
        assert problem.code is wanted
        assert problem.detail


def test_a_client_in_python_sends_texts(
    running: Callable[..., Any], client_of: Callable[[str, str], Package], tmp_path: Path
) -> None:
    model = write_text_model(tmp_path / "news.joblib")
    with running(MODEL_PATH=str(model)) as service:
        of = client_of(service.url, "texts_client")
        client, models = of.asking("none is wanted"), of(".models")
        predict = of(".api.predict.predict").sync
        one = predict(client=client, body=models.PredictBodyType0(text="es verdad"))
        assert one.predicted_class in one.probabilities.additional_properties
        body = models.PredictBodyType1(texts=["es verdad", "una mentira"])
        assert len(predict(client=client, body=body).results) == 2
        nothing = predict(client=client, body=models.PredictBodyType1(texts=[]))
        assert nothing.code is models.ProblemCode.BAD_SAMPLE


def test_the_program_that_the_documentation_shows_says_what_the_model_says(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "film.jpeg").write_bytes(encoded(film(640, 520), "JPEG"))
    with running() as service:
        generated(service.url, tmp_path, "vistazo_client")
        program = text_of("http.md").split("```python\n", 1)[1].partition("```")[0]
        program = program.replace("http://localhost:8000", service.url)
        said = _run(tmp_path, sys.executable, "-c", program).split()
    assert said[0] in {"NORMAL", "PNEUMONIA"}
    assert 0.5 < float(said[1]) <= 1


def test_a_client_in_typescript_compiles_and_is_told_the_same(
    guarded: Guarded, tmp_path: Path
) -> None:
    folder = tmp_path / "typescript"
    shutil.copytree(TYPESCRIPT, folder, ignore=shutil.ignore_patterns("node_modules"))
    _install(folder)
    _run(folder, "npx", "openapi-typescript", f"{guarded.url}/openapi.json", "-o", "vistazo.ts")
    _run(folder, "npx", "tsc", "-p", ".")
    picture = base64.b64encode(PICTURE).decode()
    told = _run(folder, "node", "client.js", guarded.url, guarded.key, guarded.spent, picture)
    said = {name: tuple(each.values()) for name, each in json.loads(told).items()}
    assert said["good"][:2] == (200, None)
    assert said["good"][2] in {"NORMAL", "PNEUMONIA"}
    assert said.pop("as JSON") == said.pop("as it is") == said.pop("good")
    assert said == {
        "batch": (200, None, "unsupported_format"),
        "explained": (200, None, "image/png"),
        "damaged": (422, "corrupt_image"),
        "no base64": (422, "not_base64"),
        "no picture": (415, "unsupported_format"),
        "too large": (413, "upload_too_large"),
        "no key": (401, "unauthorized"),
        "too often": (429, "rate_limited"),
        "unknown answer": (404, "unknown_request"),
    }


def _install(folder: Path) -> None:
    """What package-lock.json names; skipped, and said so, where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("THE CLIENT IN TYPESCRIPT IS NOT TESTED: there is no npm")
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lost = done.stderr[-500:]
        assert "code E" in lost, lost
        pytest.skip(f"THE CLIENT IN TYPESCRIPT IS NOT TESTED: npm cannot fetch it: {lost}")


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
