"""A model is replaced by another: what lies beside it and is of the old one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from builders import encoded, film, flat, write_brightness_model
from served_samples import write_text_model
from vistazo.answers.baseline_file import baseline_path, write_baseline
from vistazo.answers.likeness import Baseline
from vistazo.answers.reference import Answered, Reference
from vistazo.classifier import Classifier, OutOfDistributionPolicy
from vistazo.errors import CardError
from vistazo.loading import ModelSource, load_classifier, load_model
from vistazo.models.file_hash import sha256_of
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.reload import stamp_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """With a feature map, and a baseline of its own."""
    path = write_brightness_model(tmp_path / "mine.keras", maps=True)
    even = np.full((1, 64), 1 / 8, np.float32)
    own = Baseline(np.zeros(64, np.float32), even, limit=0.1, sha256=sha256_of(path))
    write_baseline(own, baseline_path(path))
    return path


def replace_weights(model: Path) -> None:
    """As a later training leaves them: another file, whose card says the same."""
    model.write_bytes(model.read_bytes() + b"\0")


def load(model: Path, policy: OutOfDistributionPolicy = "warn") -> Classifier:
    cache = model.parent.parent / "compiled"  # one for all tests: their models are the same two
    source = ModelSource(model, None, cache, out_of_distribution=policy)
    return load_classifier(source, DirectReader(ImageLimits()))


def test_a_baseline_of_these_weights_is_used(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert load(model).classify(encoded(flat(90))).in_distribution is not None
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("fault", "said"),
    [("other weights", "is of other weights"), ("cut", "is damaged"), ("empty", "is damaged"),
     ("another shape", "does not fit")],
)  # fmt: skip
@pytest.mark.parametrize("policy", ["warn", "reject"])
def test_a_baseline_of_no_use_is_left_out_with_a_warning_that_names_the_command(
    model: Path,
    fault: str,
    said: str,
    policy: OutOfDistributionPolicy,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spoil(model, fault)
    prediction = load(model, policy).classify(encoded(film()))
    assert prediction.in_distribution is None
    assert prediction.decision.warnings == ()
    [warning] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert said in vars(warning)["reason"]
    assert "./scripts/vistazo setup MODEL PICTURES" in vars(warning)["reason"]
    assert warning.levelname == ("ERROR" if policy == "reject" else "WARNING")


def spoil(model: Path, fault: str) -> None:
    path = baseline_path(model)
    if fault == "other weights":
        replace_weights(model)
    elif fault == "another shape":
        few = Baseline(np.zeros(4, np.float32), np.zeros((1, 4), np.float32), 1, sha256_of(model))
        write_baseline(few, path)
    else:
        path.write_bytes(path.read_bytes()[:300] if fault == "cut" else b"")


def test_where_nobody_asks_for_it_a_stale_baseline_is_not_even_read(
    model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    replace_weights(model)
    load(model, "off")
    assert "strange" not in caplog.text


def test_what_answers_were_like_is_read_though_nobody_asks_for_strange_pictures(
    model: Path,
) -> None:
    write_baseline(
        None, baseline_path(model), answers_of("DARK", "BRIGHT"), sha256=sha256_of(model)
    )
    for policy in ("off", "warn"):
        loaded = load(model, policy)  # type: ignore[arg-type]  # a literal
        assert (loaded.reference is not None, loaded.baseline) == (True, None)
        assert loaded.warnings == ()
    replace_weights(model)
    assert load(model, "off").reference is None
    assert "drift is not watched" in load(model, "off").warnings[0].lower()


@pytest.mark.parametrize("is_given", [False, True])
def test_what_answers_were_like_is_read_for_a_model_of_texts(
    tmp_path: Path, *, is_given: bool
) -> None:
    model = write_text_model(tmp_path / "falsetrue.joblib")
    place = tmp_path / "elsewhere.npz" if is_given else baseline_path(model)
    source = ModelSource(
        model, None, tmp_path.parent / "plans", baseline=place if is_given else None
    )
    labels = load_model(source, DirectReader(ImageLimits())).card.labels
    write_baseline(None, place, answers_of(*labels), sha256=sha256_of(model))
    assert place in {Path(each[0]) for each in stamp_of(source)}
    found = load_model(source, DirectReader(ImageLimits()))
    assert found.reference is not None
    write_baseline(None, place, answers_of("other", "labels"), sha256=sha256_of(model))
    spoiled = load_model(source, DirectReader(ImageLimits()))
    assert spoiled.reference is None
    assert len(spoiled.warnings) == 1


def answers_of(*labels: str) -> Reference:
    return Reference.of(labels, [Answered(place, {"size": 1.0}) for place in (0, 1)])


def test_a_card_of_other_weights_stays_an_error_that_names_the_command(model: Path) -> None:
    card = model.with_name("mine.card.yaml")
    stamped = {**json.loads(card.read_text()), "sha256": sha256_of(model)}
    card.write_text(json.dumps(stamped))
    load(model)
    replace_weights(model)
    with pytest.raises(CardError) as refused:
        load(model)
    assert f"./scripts/vistazo setup {model} PICTURES" in str(refused.value)
    assert sha256_of(model) in str(refused.value)


def test_the_steps_of_the_readme_update_a_model_whose_baseline_is_still_there(
    model: Path, running: Callable[..., Any]
) -> None:
    replace_weights(model)
    with running(MODEL_PATH=str(model)) as service:
        described = httpx.get(f"{service.url}/model").json()
        picture = {"file": ("a.png", encoded(film()))}
        assert httpx.post(f"{service.url}/predict", files=picture).status_code == 200
        status, log = service.stop()
    assert described["sha256"] == sha256_of(model)
    assert "not told apart" in described["warnings"][0]
    assert str(model.parent) not in described["warnings"][0]
    assert status == 0
    events = [json.loads(line) for line in log.splitlines()]
    warnings = {event["event"]: event for event in events if event["level"] == "warning"}
    assert warnings.keys() == {"nobody is asked for a key", "strange pictures are not told apart"}
    warning = warnings["strange pictures are not told apart"]
    assert "other weights" in warning["reason"]


def test_on_the_command_line_the_reason_is_shown_beside_the_answer(
    model: Path, vistazo: Callable[..., Any]
) -> None:
    replace_weights(model)
    (model.parent / "a.png").write_bytes(encoded(film()))
    done = vistazo("predict", "--model", str(model), str(model.parent / "a.png"))
    assert done.returncode == 0
    assert "is of other weights" in done.stderr
    assert "./scripts/vistazo setup" in done.stderr
