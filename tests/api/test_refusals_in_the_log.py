"""The line of a request in the log says what was refused and why, by code and rule."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import BrightnessEngine, brightness_classifier, encoded, evenness, film, flat
from vistazo.api.app import create_app
from vistazo.service import telemetry
from vistazo.service.settings import Settings

SOUND, TINY, TEXT = encoded(flat(230)), encoded(flat(0, 1, 1)), b"perez is no picture"
LONG = encoded(flat(0, 3000, 40))


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [record for record in caplog.records if record.getMessage() == "request"]
    return [vars(record) for record in records]


@pytest.mark.parametrize(
    ("name", "data", "code", "rules"),
    [
        ("file", TINY, "rejected_upload", ["min_side_px"]),
        ("file", LONG, "rejected_upload", ["max_aspect_ratio"]),
        ("file", encoded(flat(0, 300, 20)), "rejected_upload", ["min_side_px"]),
        ("file", TEXT, "unsupported_format", None),
        ("file", b"", "corrupt_image", None),
        ("perez", SOUND, "missing_file", None),
        ("file", b"x" * 33_000_000, "upload_too_large", None),
    ],
    ids=["tiny", "long", "narrow", "text", "empty", "wrong field", "large"],
)
def test_a_refusal_says_its_code_and_the_broken_rules(
    client: TestClient,
    caplog: pytest.LogCaptureFixture,
    name: str,
    data: bytes,
    code: str,
    rules: list[str] | None,
) -> None:
    with caplog.at_level(logging.INFO):
        client.post("/predict", files={name: ("perez.png", data)})
    [line] = lines(caplog)
    assert line["code"] == code
    assert line.get("rules") == rules
    assert "perez" not in str(line)


def test_what_the_router_refuses_has_a_code_and_no_path(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/perez")
        client.put("/predict", content=b"x" * 5000)
        client.post("/predict?explain=perez", files={"file": ("a.png", SOUND)})
    assert [line["code"] for line in lines(caplog)] == [
        "not_found", "method_not_allowed", "bad_request",
    ]  # fmt: skip
    assert "perez" not in str(lines(caplog))


def test_a_picture_of_another_kind_is_logged_with_the_rule(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def load() -> Any:
        engine = BrightnessEngine(maps=True)
        return brightness_classifier(engine, baseline=evenness(), out_of_distribution="reject")

    with (
        TestClient(create_app(Settings(threads=1), load=load)) as client,
        caplog.at_level(logging.INFO),
    ):
        while client.get("/health/ready").status_code == 503:
            pass
        caplog.clear()
        client.post("/predict", files={"file": ("a.png", encoded(film()))})
    assert lines(caplog)[0]["rules"] == ["in_distribution"]


def test_a_batch_counts_what_it_refuses_by_code(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = [SOUND, TEXT, TINY, TINY, LONG, SOUND]
    with caplog.at_level(logging.INFO):
        client.post("/predict/batch", files=[("file", ("perez.png", one)) for one in pictures])
        client.post("/predict/batch", files=[("file", ("perez.png", SOUND))])
        client.post("/predict/batch", files=[("perez", ("perez.png", SOUND))])
    mixed, sound, refused = lines(caplog)
    assert mixed["status"] == 200
    assert mixed["refused"] == {"unsupported_format": 1, "rejected_upload": 3}
    assert mixed["rules"] == ["max_aspect_ratio", "min_side_px"]
    assert "code" not in mixed
    assert not {"code", "refused", "rules"} & set(sound)
    assert refused["code"] == "missing_file"


def test_requests_at_the_same_time_do_not_share_their_refusals(
    serving: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gate = threading.Event()
    with (
        serving(gate, threads=2) as client,
        ThreadPoolExecutor(1) as callers,
        caplog.at_level(logging.INFO),
    ):
        waiting = callers.submit(client.post, "/predict", files={"file": ("a.png", SOUND)})
        while client.app.state.service.admission.requests == 0:
            pass
        client.post("/predict", files={"file": ("b.png", TEXT)})
        gate.set()
        assert waiting.result().status_code == 200
    refused, answered = lines(caplog)
    assert refused["code"] == "unsupported_format"
    assert "code" not in answered


def test_the_line_is_json_with_the_rules_as_a_list() -> None:
    record = logging.makeLogRecord({"msg": "request", "code": "rejected_upload", "rules": ["a"]})
    line = json.loads(telemetry.formatter("json").format(record))
    assert (line["code"], line["rules"]) == ("rejected_upload", ["a"])
