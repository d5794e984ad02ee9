"""What lies beside a model in MODEL.baseline.npz: a baseline, a reference, both, or neither."""

from __future__ import annotations

import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest

from builders import card, evenness, write_brightness_model
from vistazo.answers.baseline_file import (
    baseline_path,
    read_baseline,
    read_reference,
    write_baseline,
)
from vistazo.answers.beside import Beside
from vistazo.answers.likeness import preparation
from vistazo.answers.reference import Answered, Reference
from vistazo.errors import UnreadableModelError

SHA256, LABELS, NUMBERS = "0" * 64, ("DARK", "BRIGHT"), 64
SPEC = card().input


def reference(labels: tuple[str, ...] = LABELS) -> Reference:
    values = np.random.default_rng(0).random(60).tolist()
    answers = [Answered(place % len(labels), {"size": value}) for place, value in enumerate(values)]
    return Reference.of(labels, answers)


def test_a_reference_is_read_from_beside_a_baseline_and_both_come_back(tmp_path: Path) -> None:
    path, known = tmp_path / "m.baseline.npz", reference()
    write_baseline(evenness(), path, known)
    found = read_reference(path, SHA256, LABELS, SPEC)
    assert found is not None
    assert found.as_json() == known.as_json()
    again = read_baseline(path, SHA256, NUMBERS, SPEC)
    assert again is not None
    assert again.limit == evenness().limit


def test_a_file_may_hold_a_reference_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.baseline.npz"
    write_baseline(None, path, reference(), sha256=SHA256)
    assert read_reference(path, SHA256, LABELS) is not None
    assert read_baseline(path, SHA256, NUMBERS, SPEC) is None


def test_a_file_of_an_earlier_version_has_no_reference(tmp_path: Path) -> None:
    path = tmp_path / "m.baseline.npz"
    write_baseline(evenness(), path)
    assert read_reference(path, "1" * 64, ("OTHER",), SPEC) is None
    assert Beside(tmp_path / "m.keras", None, SHA256).reference(LABELS, SPEC) == (None, None)


@pytest.mark.parametrize(
    ("sha256", "labels", "prepared", "said"),
    [
        ("1" * 64, LABELS, "", "other weights"),
        (SHA256, LABELS[::-1], "", "other labels"),
        (SHA256, LABELS, preparation(SPEC.model_copy(update={"scale": "none"})), "prepared other"),
    ],
)
def test_a_reference_of_something_else_is_refused(
    sha256: str, labels: tuple[str, ...], prepared: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.baseline.npz"
    write_baseline(None, path, reference(labels), sha256=sha256, prepared=prepared)
    with pytest.raises(UnreadableModelError, match=said):
        read_reference(path, SHA256, LABELS, SPEC)


@pytest.mark.parametrize("kept", [0, 10, 300, 700])
def test_a_damaged_reference_is_an_error_in_words(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "m.baseline.npz"
    write_baseline(None, path, reference(), sha256=SHA256)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnreadableModelError, match=r"damaged.*scripts/vistazo setup"):
        read_reference(path, SHA256, LABELS)


@pytest.mark.parametrize("json", [b"", b"[" * 100_000, b"\xff", b"{}", b'{"labels": [1e999]}'])
def test_what_is_no_reference_is_an_error_in_words(json: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m.baseline.npz"
    entries = {"sha256": np.array(SHA256), "prepared": np.array(""), "reference": np.array(json)}
    np.savez_compressed(path, **entries)  # type: ignore[arg-type]  # allow_pickle is none of them
    with pytest.raises(UnreadableModelError, match="damaged"):
        read_reference(path, SHA256, LABELS)


@pytest.mark.parametrize("entry", ["reference", "sha256", "prepared"])
def test_a_reference_of_a_few_kilobytes_cannot_take_a_gigabyte(entry: str, tmp_path: Path) -> None:
    path = tmp_path / "m.baseline.npz"
    write_baseline(None, path, reference(), sha256=SHA256)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**held, f"{entry}.npy": bytes(4_000_000)}.items():
            archive.writestr(name, content)
    assert path.stat().st_size < 20_000
    with pytest.raises(UnreadableModelError, match="unpacks to 4 MB"):
        read_reference(path, SHA256, LABELS)


def test_a_spoiled_reference_is_served_without_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = write_brightness_model(tmp_path / "m.keras")
    write_baseline(None, baseline_path(model), reference(), sha256="1" * 64)
    with caplog.at_level(logging.WARNING):
        found, fault = Beside(model, None, SHA256).reference(LABELS, SPEC)
    assert found is None
    assert fault is not None
    assert str(tmp_path) not in fault
    [told] = [record for record in caplog.records if record.message == "drift is not watched"]
    assert "other weights" in vars(told)["reason"]
