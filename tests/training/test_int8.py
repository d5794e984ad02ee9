"""``vistazo convert --int8``: a model in whole numbers, where that costs no accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import onnx
import pytest
import yaml
from numpy.typing import NDArray

import builders
from training.evaluation_run import Done, run_vistazo
from training.labelled_pictures import write_flat_pictures
from vistazo.cli import int8
from vistazo.engines import quantization
from vistazo.models.signature import ModelSignature

Run = Callable[..., Done]
GREYS = {"DARK": list(range(2, 122, 4)), "BRIGHT": list(range(134, 254, 4))}


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "models"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model that says BRIGHT from a mean grey of 127.5 on, and pictures that are as it says."""
    write_flat_pictures(tmp_path / "pictures", GREYS)
    return builders.write_brightness_model(tmp_path / "mine.keras", maps=True).parent


@pytest.fixture
def run(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("vistazo.training.evaluation.RESAMPLES", 40)
    monkeypatch.setattr("vistazo.training.paired.SWAPS", 60)
    return lambda *arguments: run_vistazo(folder, cache, "convert", *arguments)


def made(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("small*"))


def test_it_writes_the_model_and_its_card_and_says_how_they_compare(
    run: Run, folder: Path, cache: Path
) -> None:
    status, printed, said = run("mine.keras", "small.onnx", "--int8", "pictures")
    assert (status, said.count("Traceback")) == (0, 0)
    assert made(folder) == ["small.card.yaml", "small.onnx"]
    assert "Calibrated on 30 pictures, compared on 30 others." in printed
    assert "The same class for 30 of these" in printed
    assert "No difference that 30 pictures can show: the accuracy of B is 1.0000" in printed
    assert "baseline small.onnx pictures" in printed
    card = yaml.safe_load((folder / "small.card.yaml").read_text())
    assert (card["version"], card["labels"]) == ("1.0.0+int8", ["DARK", "BRIGHT"])
    before = (folder / "small.onnx").read_bytes()
    assert run("mine.keras", "small.onnx", "--int8", "pictures").status == 0  # again, in its place
    assert (folder / "small.onnx").read_bytes() == before
    answered = run_vistazo(folder, cache, "predict", "--model", "small.onnx", "pictures/DARK")
    assert (answered.status, answered.printed.count("DARK  ")) == (0, 30)


@pytest.mark.longer
def test_nothing_is_written_where_the_accuracy_would_suffer(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "quantize", quantize_badly)
    status, printed, _ = run("mine.keras", "small.onnx", "--int8", "pictures")
    assert status == 3
    assert "B is worse: the AUC of B is 0.0000, that of A 1.0000" in printed
    assert "small.onnx is not written" in printed
    assert made(folder) == []


def quantize_badly(source: Path, target: Path, pictures: Iterable[NDArray[Any]]) -> ModelSignature:
    """To a model that says the opposite."""
    signature = quantization.quantize(source, target, pictures)
    model = onnx.load(target)
    for tensor in model.graph.initializer:
        if tensor.name.startswith("score"):
            tensor.CopyFrom(
                onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(tensor), tensor.name)
            )
    onnx.save(model, target)
    return signature


@pytest.mark.longer
def test_what_is_no_quicker_and_what_was_not_measured_is_said(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_share_of_time", lambda _, __: 1.25)
    (folder / "pictures").rename(folder / "mixed")
    for label in GREYS:
        (folder / "mixed" / label).rename(folder / "mixed" / f"of {label}")
    status, printed, _ = run("mine.keras", "small.onnx", "--int8", "mixed")
    assert status == 0
    assert "The same class for 30 of these" in printed
    assert "whether accuracy is lost was not measured" in printed
    assert "difference that" not in printed
    assert "A run takes 1.25 of the time here.\nThat is no gain" in printed


def test_pictures_that_cannot_be_read_are_left_out_and_most_may_not_be(
    run: Run, folder: Path
) -> None:
    files = sorted((folder / "pictures").rglob("*.png"))
    files[0].write_bytes(b"no picture")
    status, _, said = run("mine.keras", "small.onnx", "--int8", "pictures")
    assert (status, f"{files[0].name} is left out" in said) == (0, True)
    for file in files[: len(files) * 3 // 4]:
        file.write_bytes(b"no picture")
    before = (folder / "small.onnx").read_bytes()
    status, _, said = run("mine.keras", "small.onnx", "--int8", "pictures")
    assert status == 2
    assert "can be read" in said
    assert (folder / "small.onnx").read_bytes() == before


def test_what_is_int8_already_is_not_made_so_again(run: Run, folder: Path) -> None:
    assert run("mine.keras", "small.onnx", "--int8", "pictures").status == 0
    status, _, said = run("small.onnx", "smaller.onnx", "--int8", "pictures")
    assert (status, "quantized already" in said) == (2, True)
    assert made(folder) == ["small.card.yaml", "small.onnx"]


def test_the_card_of_another_model_is_never_replaced(run: Run, folder: Path) -> None:
    card = (folder / "mine.card.yaml").read_bytes()
    status, _, said = run("mine.keras", "mine.onnx", "--int8", "pictures")
    assert (status, "mine-int8.onnx" in said) == (2, True)
    assert (folder / "mine.card.yaml").read_bytes() == card
    assert not (folder / "mine.onnx").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plain.onnx", "plain.onnx", "--int8", "pictures"), "OUT is MODEL itself"),
        (("mine.keras", "small.npz", "--int8", "pictures"), "OUT.onnx"),
        (("mine.keras", "small.onnx", "--int8", "pictures", "--input", "8x8"), "the card says"),
        (("mine.keras", "nowhere/small.onnx", "--int8", "pictures"), "no folder"),
        (("mine.keras", "small.onnx", "--int8", "no-pictures"), "does not exist"),
        (("mine.keras", "small.onnx", "--int8", "pictures/DARK/picture-0.png"), "neither"),
        (("mine.keras", "small.onnx", "--int8", "few"), "At least 20"),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_nothing(
    run: Run, folder: Path, arguments: tuple[str, ...], told: str
) -> None:
    write_flat_pictures(folder / "few", {"DARK": [1, 2, 3], "BRIGHT": [250, 251]})
    (folder / "plain.onnx").write_bytes(b"a model")
    status, _, said = run(*arguments)
    assert (status, told in said, "Traceback" in said) == (2, True, False)
    assert (folder / "plain.onnx").read_bytes() == b"a model"
    assert made(folder) == []
