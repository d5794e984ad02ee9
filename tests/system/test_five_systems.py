"""Each of the five systems from its card, by a real process: what its contract says, word by word.

Three instances behind a balancer are in test_replicas.py, the container in scripts/check-container,
compose and the hosts' files in tests/deploy/test_files.py, demos in test_demo.py.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, film, write_brightness_model
from file_server import serving
from vistazo.models.estimator_import.file_kind import is_estimator
from vistazo.service.settings import Settings

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
PNEUMONIA = ARTIFACTS / "pneumonia" / "pneumonia.keras"
PICTURES = ARTIFACTS / "pictures" / "finalModel.keras"
NEWS = ARTIFACTS / "news" / "news.joblib"
PARTS = ARTIFACTS / "parts" / "trained_best_model2.h5"
LEAVES = ARTIFACTS / "leaves" / "leaves.keras"
SECRET = "an0ther-of-32-Bytes-that-nobody-knows"  # noqa: S105
PHOTO = encoded(film(900, 700).convert("RGB"), "JPEG")

pytestmark = [pytest.mark.longer, pytest.mark.timeout(180)]

Running = Callable[..., Any]


def there(model: Path) -> str:
    if not model.is_file():
        pytest.skip(f"this checkout does not hold {model.relative_to(ROOT)}")
    return str(model)


def predicted(url: str, data: bytes = PHOTO, name: str = "photo.jpg", **headers: str) -> Any:
    sent = httpx.post(f"{url}/predict", files={"file": (name, data)}, headers=headers)
    assert sent.status_code == 200, sent.text
    return sent.json()


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def token(vistazo: Callable[..., Any]) -> dict[str, str]:
    """As the command issues them."""
    made = vistazo("token", "--for", "ward-7", "--hours", "1", JWT_SECRET=SECRET)
    assert made.returncode == 0, made.stderr
    return bearer(made.stdout.strip())


@pytest.mark.parametrize("model", [PNEUMONIA, PICTURES, NEWS, PARTS, LEAVES], ids=lambda m: m.stem)
def test_a_system_has_its_card_its_figures_and_pictures_of_them_in_8_mb(model: Path) -> None:
    there(model)
    beside = {file.name for file in model.parent.iterdir()}
    assert {f"{model.stem}.card.yaml", "evaluation.json", "confusion.png"} <= beside
    assert model.stat().st_size <= (12_000_000 if model == PNEUMONIA else 8_000_000)
    assert json.loads((model.parent / "evaluation.json").read_text("utf-8"))["model"]["sha256"]


def test_pneumonia_needs_no_more_than_pythonpath(running: Running) -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.model_path) == (8000, PNEUMONIA)
    with running() as service:
        answer = predicted(service.url)
        assert answer["probabilities"].keys() == {"NORMAL", "PNEUMONIA"}
        assert sum(answer["predictions"]) == pytest.approx(1)
        assert answer["predicted_class"] in answer["probabilities"]


def test_finalmodel_takes_png_jpg_and_jpeg_at_500_x_720_and_its_page_asks(running: Running) -> None:
    with running(MODEL_PATH=there(PICTURES)) as service:
        described = httpx.get(f"{service.url}/model").json()
        size = described["signature"]["height"], described["signature"]["width"]
        assert size == (500, 720)
        assert described["card"]["page"]["ask"] is True
        assert httpx.get(service.url).status_code == 200
        png = encoded(film(900, 700).convert("RGB"))
        for name, data in (("a.png", png), ("b.jpg", PHOTO), ("c.jpeg", PHOTO)):
            answer = predicted(service.url, data, name)
            assert answer["filename"] == name
            assert len(answer["predictions"]) == len(described["card"]["labels"])
            assert answer["predicted_class"] in described["card"]["labels"]
            assert answer["confidence"] == max(answer["predictions"])
        wrong = httpx.post(
            f"{service.url}/predict", files={"file": ("a.png", b"GIF89a" + bytes(99))}
        )
        assert code_of(wrong) == (415, "unsupported_format")
        _, log = service.stop()
    assert '"code": "unsupported_format"' in log


def test_the_size_of_finalmodel_may_be_set_and_a_wrong_one_is_refused_in_words(
    running: Running, refusal: Callable[..., str]
) -> None:
    with running(MODEL_PATH=there(PICTURES), INPUT_SIZE="500x720") as service:
        predicted(service.url)
    told = refusal(MODEL_PATH=there(PICTURES), INPUT_SIZE="224x224")
    assert "224" in told
    assert "500" in told


def test_whoever_replaces_the_file_gets_the_answers_of_the_new_model(
    running: Running, tmp_path: Path
) -> None:
    model = tmp_path / "finalModel.keras"
    for name in (PICTURES.name, "finalModel.card.yaml"):
        shutil.copy(there(PICTURES.with_name(name)), tmp_path / name)
    with running(MODEL_PATH=str(model), WATCH_MODEL="1") as service:
        before = predicted(service.url)["model"]["sha256"]
        other = write_brightness_model(tmp_path / "next.keras")
        other.with_name("next.card.yaml").rename(tmp_path / "finalModel.card.yaml")
        other.rename(model)
        deadline = time.monotonic() + 60
        while (answer := predicted(service.url))["model"]["sha256"] == before:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert set(answer["probabilities"]) == {"DARK", "BRIGHT"}


@pytest.mark.parametrize("folder", ["src", "."])
def test_uvicorn_main_app_is_found_from_the_source_and_with_pythonpath_from_the_root(
    folder: str,
) -> None:
    """``cd src && uvicorn main:app`` needs no variable; from the root it is PYTHONPATH=src."""
    code = "import uvicorn.importer as i; print(i.import_from_string('main:app').title)"
    path = {} if folder == "src" else {"PYTHONPATH": "src"}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, ''); {code}"],
        cwd=ROOT / folder,
        env={**kept, **path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "Vistazo"


def test_news_answers_falsetrue_to_whoever_has_a_token(
    running: Running, vistazo: Callable[..., Any]
) -> None:
    texts = {"texts": ["El Gobierno aprueba el presupuesto. " * 30, "¡INCREÍBLE! Un marciano ..."]}
    with running(MODEL_PATH=there(NEWS), JWT_SECRET=SECRET) as service:
        path = f"{service.url}/falsetrue"
        assert code_of(httpx.post(path, json=texts)) == (401, "unauthorized")
        answer = httpx.post(path, json=texts, headers=token(vistazo))
        assert answer.status_code == 200
        assert answer.json().keys() == {"is_falsetrue"}
        assert set(answer.json()["is_falsetrue"]) <= {0, 1}
        assert len(answer.json()["is_falsetrue"]) == 2
        made = vistazo(
            "token", "--for", "g", "--hours", "1", "--scope", "metrics", JWT_SECRET=SECRET
        )
        drift = httpx.get(f"{service.url}/drift", headers=bearer(made.stdout.strip()))
        assert drift.json()["state"] in {"too_few", "no_baseline"}
        assert drift.json()["model"]["name"] == "news"


def test_quality_control_comes_from_a_link_and_asks_for_a_key(
    running: Running, cache: Path
) -> None:
    there(PARTS)
    with serving() as drive:
        for file in PARTS.parent.iterdir():
            if file.suffix in {".h5", ".yaml", ".npz", ".txt"}:
                drive[f"/share/{file.name}"] = file.read_bytes()
        link = f"{drive.url}/share/{PARTS.name}"
        with running(MODEL_PATH=link, API_KEYS=ENTRIES) as service:
            path, part = f"{service.url}/predict", {"file": encoded(film(300, 300))}
            assert code_of(httpx.post(path, files=part)) == (401, "unauthorized")
            ward = bearer(KEYS["ward"])
            answer = httpx.post(path, files=part, headers=ward).json()
            labels = (PARTS.parent / "labels.txt").read_text("utf-8").split()
            assert list(answer["probabilities"]) == labels
            empty = httpx.post(path, files={"file": b""}, headers=ward)
            assert code_of(empty) == (422, "corrupt_image")
            text = httpx.post(path, files={"file": b"no picture" * 99}, headers=ward)
            assert code_of(text) == (415, "unsupported_format")
            assert code_of(httpx.post(path, headers=ward))[1] in {"bad_request", "missing_file"}
            described = httpx.get(f"{service.url}/model", headers=ward).json()
            assert described["card"]["labels"] == labels
            assert described["card"]["costs"]
            for told in described["costs"]:
                assert "of 1,000" in told["en"]
                assert "de 1.000" in told["es"]
            assert httpx.get(service.url).status_code == 200, "the page itself is open"


def test_quality_control_has_its_labels_without_its_card_too(
    running: Running, tmp_path: Path
) -> None:
    shutil.copy(there(PARTS), tmp_path / PARTS.name)
    shutil.copy(PARTS.parent / "labels.txt", tmp_path)
    with running(MODEL_PATH=str(tmp_path / PARTS.name), SCALE="1/255") as service:
        labels = (PARTS.parent / "labels.txt").read_text("utf-8").split()
        assert list(predicted(service.url)["probabilities"]) == labels


def test_leaves_answers_to_tokens_and_runs_on_the_device_that_there_is(
    running: Running, vistazo: Callable[..., Any]
) -> None:
    with running(MODEL_PATH=there(LEAVES), JWT_SECRET=SECRET, DEVICE="auto") as service:
        assert httpx.post(f"{service.url}/predict", files={"file": PHOTO}).status_code == 401
        headers = token(vistazo)
        described = httpx.get(f"{service.url}/model", headers=headers).json()
        size = described["signature"]["height"], described["signature"]["width"]
        assert size == (300, 300)
        assert described["runtime"]["device"] in {"cpu", "cuda"}
        answer = predicted(service.url, **headers)
        assert list(answer["probabilities"]) == described["card"]["labels"]
        assert sum(answer["predictions"]) == pytest.approx(1)


class Tokenizer:
    """Code of somebody's own: a pickle names it, and nobody runs it."""


@pytest.mark.parametrize("content", [{"model": Tokenizer()}, [1, 2, 3], "weights"])
def test_a_pickle_of_something_else_is_refused_with_the_way_out(
    content: object, refusal: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(content))
    assert is_estimator(path)
    told = refusal(MODEL_PATH=str(path))
    assert len(told) > 40
    assert "Traceback" not in told
