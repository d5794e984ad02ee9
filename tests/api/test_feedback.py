"""POST /feedback, and what is kept of every kind of answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import brightness_classifier, encoded, flat
from canaries import canary, found
from kept_answers import answer, rows
from served_samples import FALSETRUE, reading_classifier, row_classifier, text_classifier
from vistazo.answers.reference import Answered, Reference
from vistazo.api.app import create_app
from vistazo.errors import SettingsError
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.records.answer_record import Caller, Feedback
from vistazo.service.settings import Settings

Serve = Callable[..., Any]
WHITE = encoded(flat(230))
BLACK = encoded(flat(20))
JSON = {"Content-Type": "application/json"}


@contextmanager
def serving(
    folder: Path, load: Callable[[], Any] = brightness_classifier, **settings: Any
) -> Iterator[TestClient]:
    given = {"threads": 1, "records_dir": folder, **settings}
    app = create_app(Settings.model_validate(given), load=load)
    with TestClient(app, raise_server_exceptions=False) as client:
        while client.get("/health/ready").status_code == 503:
            pass
        yield client


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serving(tmp_path_factory.mktemp("records")) as client:
        predict(client, "known")
        yield client


def predict(client: TestClient, name: str, data: bytes = WHITE, **options: Any) -> Any:
    headers = {"X-Request-ID": name, **options.pop("headers", {})}
    files = {"file": (options.pop("filename", "film.png"), data)}
    done = client.post(options.pop("path", "/predict"), files=files, headers=headers)
    assert done.status_code == 200
    return done


def tell(client: TestClient, name: str, label: str, **more: Any) -> Any:
    headers = more.pop("headers", {})
    return client.post(
        "/feedback", json={"request_id": name, "label": label, **more}, headers=headers
    )


def test_who_was_answered_says_what_was_true_and_says_it_again(kept: TestClient) -> None:
    predict(kept, "r-1")
    told = tell(kept, "r-1", "DARK")
    assert told.status_code == 200
    expected = {"request_id": "r-1", "index": 0, "label": "DARK", "predicted_class": "BRIGHT"}
    assert told.json() == {**expected, "agrees": False}
    assert tell(kept, "r-1", "BRIGHT").json() == {**expected, "label": "BRIGHT", "agrees": True}


def test_each_answer_of_a_batch_has_its_place_whatever_failed_before_it(
    kept: TestClient,
) -> None:
    files = [("file", ("film.png", data)) for data in (WHITE, b"no picture", BLACK)]
    sent = kept.post("/predict/batch", files=files, headers={"X-Request-ID": "batch"})
    assert sent.status_code == 200
    told = [tell(kept, "batch", "DARK", index=place) for place in range(4)]
    assert [each.status_code for each in told] == [200, 404, 200, 404]
    assert [told[place].json()["predicted_class"] for place in (0, 2)] == ["BRIGHT", "DARK"]
    assert tell(kept, "batch", "DARK", index=2.0).json()["index"] == 2


def test_of_every_way_to_ask_the_answers_are_kept(tmp_path: Path) -> None:
    several = {"texts": ["verdad", "mentira", "verdad"]}
    with serving(tmp_path, lambda: reading_classifier(**FALSETRUE)) as client:
        for name, path, body in (
            ("one", "/predict", {"text": "verdad"}),
            ("many", "/predict", several),
            ("batch", "/predict/batch", {"texts": ["verdad", 7, "mentira"]}),
            ("card", "/falsetrue", several),
            ("words", "/explain", {"text": "mentira"}),
            ("explained", "/predict?explain=true", {"texts": ["verdad", "mentira"]}),
        ):
            assert client.post(path, json=body, headers={"X-Request-ID": name}).status_code == 200
        assert tell(client, "card", "true", index=1).json()["agrees"] is False
    kept = rows(tmp_path, "request_id, place, predicted_class")
    assert kept == [
        ("one", 0, "true"),
        ("many", 0, "true"), ("many", 1, "false"), ("many", 2, "true"),
        ("batch", 0, "true"), ("batch", 2, "false"),
        ("card", 0, "true"), ("card", 1, "false"), ("card", 2, "true"),
        ("words", 0, "false"),
        ("explained", 0, "true"), ("explained", 1, "false"),
    ]  # fmt: skip


def test_where_an_estimator_gives_scores_these_are_kept(tmp_path: Path) -> None:
    with serving(tmp_path, row_classifier) as client:
        client.post("/predict", json={"row": [3, 1]}, headers={"X-Request-ID": "row"})
        assert tell(client, "row", "B").json()["agrees"] is True
    [(shares, scores, confidence)] = rows(tmp_path, "probabilities, scores, confidence")
    assert (shares, confidence) == (None, None)
    assert len(json.loads(scores)) == 2


@pytest.mark.parametrize("path", ["/explain", "/predict?explain=true", "/predict?show_input=true"])
def test_an_answer_with_more_to_it_is_kept_once(kept: TestClient, path: str) -> None:
    predict(kept, f"more-{path}".translate({47: "-", 63: "-", 61: "-"}), path=path)
    name = f"more-{path}".translate({47: "-", 63: "-", 61: "-"})
    assert tell(kept, name, "BRIGHT").json()["agrees"] is True
    folder = kept.app.state.records.policy.folder
    assert len([each for each in rows(folder, "request_id") if each == (name,)]) == 1


def test_without_a_folder_no_feedback_is_taken_and_the_way_to_it_is_said(serving: Serve) -> None:
    with serving() as client:
        assert client.get("/model").json()["records"] == {"feedback": False, "pictures": False}
        refused = tell(client, "r-1", "DARK")
    assert (refused.status_code, refused.json()["code"]) == (409, "feedback_off")
    assert "RECORDS_DIR" in refused.json()["detail"]


def test_the_page_is_told_whether_to_ask(kept: TestClient) -> None:
    assert kept.get("/model").json()["records"] == {"feedback": True, "pictures": False}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b'{"request_id": "known"}', b'{"label": "DARK"}',
        b'{"request_id": 7, "label": "DARK"}', b'{"request_id": "known", "label": null}',
        b'{"request_id": "known", "label": ["DARK"]}',
        b'{"request_id": "known", "label": "DARK", "index": "0"}',
        b'{"request_id": "known", "label": "DARK", "index": true}',
        b'{"request_id": "known", "label": "DARK", "index": 0.5}',
        b'{"request_id": "known", "label": "DARK", "index": -1}',
        b'{"request_id": "known", "label": "DARK", "index": 1e400}',
        b'{"request_id": "known", "label": "DARK", "index": 99999999999999999999}',
        b'{"request_id": "known", "label": "DARK", "index": NaN}',
        b'{"request_id": "known", "label": "DARK", "index": ' + b"9" * 5_000 + b"}",
        b'{"request_id": "known", "label": "DARK", "label": "BRIGHT"}',
        b'{"request_id": "known", "label": "DARK", "note": "a name"}',
        b'{"request_id": "known", "label": "DARK"} {}', b"[" * 9_000, b'{"a":' * 1_800,
        b"\xff\xfe{}", b'{"request_id": "known", "label": "DARK"', b"\0" * 100,
    ],
)  # fmt: skip
def test_what_is_no_feedback_is_refused_and_changes_nothing(kept: TestClient, body: bytes) -> None:
    refused = kept.post("/feedback", content=body, headers=JSON)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert "a name" not in refused.text
    assert rows(kept.app.state.records.policy.folder, "label")[0] == (None,)


def test_too_much_another_kind_and_another_method_are_refused(kept: TestClient) -> None:
    giant = b'{"request_id": "known", "label": "' + b"x" * 10_000 + b'"}'
    for content in (giant, iter([giant])):
        assert kept.post("/feedback", content=content, headers=JSON).status_code == 413
    assert kept.post("/feedback", data={"label": "DARK"}).status_code == 415
    assert kept.get("/feedback").status_code == 405
    assert tell(kept, "known", "GREY").json()["code"] == "unknown_label"
    for name in ("unknown", "\ud800", "é", "k' OR 1=1 --", ""):
        refused = kept.post("/feedback", content=json.dumps({"request_id": name, "label": "DARK"}),
                            headers=JSON)  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_request")


def test_nobody_speaks_of_what_another_key_was_answered(tmp_path: Path) -> None:
    other = new_key()
    entry = str(KeyEntry("other", frozenset({"predict", "feedback"}), digest_of(other)))
    with serving(tmp_path, api_keys=f"{ENTRIES},{entry}") as client:
        ward = bearer(KEYS["ward"])
        predict(client, "same", headers=ward)
        predict(client, "same", BLACK, headers=bearer(other))
        told = tell(client, "same", "DARK", headers=ward)
        assert (told.json()["predicted_class"], told.json()["agrees"]) == ("BRIGHT", False)
        predict(client, "wards", headers=ward)
        assert tell(client, "wards", "DARK", headers=bearer(other)).status_code == 404
        assert tell(client, "wards", "DARK").status_code == 401
        assert tell(client, "wards", "DARK", headers=bearer(KEYS["graphs"])).status_code == 403
    assert rows(tmp_path, "caller, label") == [("ward", "DARK"), ("other", None), ("ward", None)]


def test_feedback_waits_behind_no_picture(tmp_path: Path, serving: Serve) -> None:
    gate = threading.Event()
    gate.set()
    with serving(gate, records_dir=tmp_path, queue_size=0) as client:
        predict(client, "first")
        gate.clear()
        asking = threading.Thread(target=lambda: predict(client, "second"))
        asking.start()
        while client.app.state.service.admission.requests < 1:
            pass
        assert tell(client, "first", "DARK").status_code == 200
        gate.set()
        asking.join()


def test_what_the_disk_does_not_take_is_not_acknowledged_and_pictures_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.service.records.writer._PAUSE_S", 0.01)
    with serving(tmp_path) as client:
        held, _ = client.app.state.records._writer._file.opened()
        held.execute("PRAGMA query_only = ON")
        for number in range(20):
            predict(client, f"r-{number}")
        refused = tell(client, "r-1", "DARK")
        assert (refused.status_code, refused.json()["code"]) == (503, "feedback_not_kept")
        assert refused.headers["retry-after"] == "5"
        held.execute("PRAGMA query_only = OFF")
        assert tell(client, "r-1", "DARK").status_code == 200
        shown = client.get("/metrics").text
    for line in (
        'vistazo_records_total{what="answer"} 20.0',
        'vistazo_records_total{what="feedback"} 1.0',
        'vistazo_records_lost_total{what="answer"} 0.0',
        'vistazo_feedback_total{agrees="false"} 1.0',
        'vistazo_feedback_total{agrees="true"} 0.0',
    ):
        assert line in shown


def test_nothing_of_a_file_or_a_text_is_kept_and_no_address_or_key(tmp_path: Path) -> None:
    planted = {name: canary(name) for name in ("file", "pixels", "text", "agent", "forwarded")}
    planted |= {"key": KEYS["ward"][3:40]}
    headers = {
        **bearer(KEYS["ward"]),
        "User-Agent": planted["agent"],
        "X-Forwarded-For": planted["forwarded"],
    }
    settings = {"api_keys": ENTRIES}
    with serving(tmp_path / "pictures", **settings) as client:
        data = WHITE + planted["pixels"].encode()
        predict(client, "r", data, headers=headers, filename=f"{planted['file']}.png")
    with serving(tmp_path / "texts", text_classifier, **settings) as client:
        text = {"text": planted["text"]}
        assert client.post("/predict", json=text, headers=headers).status_code == 200
    kept = [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()]
    assert found(kept, planted) == {}
    assert b"testclient" not in b"".join(kept)
    assert found(kept, {"name": "ward"})


def test_pictures_are_kept_where_that_was_asked_for_and_never_texts(tmp_path: Path) -> None:
    with serving(tmp_path / "pictures", keep_pictures=True) as client:
        assert client.get("/model").json()["records"] == {"feedback": True, "pictures": True}
        predict(client, "one")
        predict(client, "two", path="/explain")
        predict(client, "other", BLACK, filename="Jane_Roe.png")
    [one, two, other] = [sha256 for (sha256,) in rows(tmp_path / "pictures", "picture")]
    assert one == two != other
    files = {each.name: each for each in (tmp_path / "pictures" / "pictures").rglob("??/*")}
    assert set(files) == {one, other}
    assert (files[one].read_bytes(), files[other].read_bytes()) == (WHITE, BLACK)
    with serving(tmp_path / "texts", text_classifier, keep_pictures=True) as client:
        client.post("/predict", json={"text": "verdad"})
    assert rows(tmp_path / "texts", "picture") == [(None,)]
    assert not (tmp_path / "texts" / "pictures").exists()


def test_a_folder_that_cannot_be_used_ends_the_start_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"RECORDS_DIR: .* cannot be used"):
        create_app(Settings(records_dir=tmp_path / "file"), load=brightness_classifier)


def test_what_was_true_stands_beside_drift_with_what_it_says_of_the_model(tmp_path: Path) -> None:
    right = [Answered(place % 2, {}, is_right=True) for place in range(400)]
    known = Reference.of(("DARK", "BRIGHT"), right)
    with serving(tmp_path, lambda: brightness_classifier(reference=known)) as client:
        nothing = client.get("/drift").json()["feedback"]
        records = client.app.state.records
        records._reader._read = None  # it is looked up once in a few seconds
        identity = client.app.state.service.classifier.identity
        for number in range(39):
            labels = {"labels": ("DARK", "BRIGHT"), "says": "BRIGHT"}
            records.keep(answer(f"r-{number}", model=identity, caller=Caller(), **labels))
            records.judge(Feedback(f"r-{number}", 0, "DARK", Caller()))
        predict(client, "last")
        tell(client, "last", "DARK")
        told = client.get("/drift").json()
    assert (nothing["labelled"], nothing["accuracy"], nothing["over_time"]) == (0, None, [])
    assert nothing["concept_drift"]["state"] == "too_few"
    said = told["feedback"]
    assert (said["answers"], said["labelled"], said["accuracy"]["value"]) == (40, 40, 0)
    assert said["concept_drift"]["state"] == "drifting"
    assert said["concept_drift"]["expected_accuracy"] == 1
    assert "from" in said["over_time"][0]


def test_where_records_cannot_be_read_drift_is_told_without_them(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        (tmp_path / "records.sqlite").unlink()
        found = client.get("/drift")
    assert found.status_code == 200
    assert "feedback" not in found.json()
