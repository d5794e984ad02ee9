import os
from pathlib import Path

import pytest

from builders import write_brightness_model
from vistazo.errors import CardError
from vistazo.models import store
from vistazo.models.store import compiled, find_model, sha256_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_brightness_model(tmp_path / "mine.keras")


def compile_once(model: Path, cache: Path) -> Path:
    with compiled(find_model(model, None), cache) as onnx:
        assert onnx.is_file()
        return onnx


def test_the_second_start_finds_the_compiled_model(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = compile_once(model, tmp_path / "cache")
    monkeypatch.setattr(store, "compile_model", None)
    assert compile_once(model, tmp_path / "cache") == first


def test_the_compiled_model_carries_its_own_hash(model: Path, tmp_path: Path) -> None:
    onnx = compile_once(model, tmp_path / "cache")
    assert onnx.stem.endswith(sha256_of(onnx))
    assert list((tmp_path / "cache").iterdir()) == [onnx]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied", "foreign"])
def test_a_cache_entry_that_is_not_what_it_says_is_made_again(
    model: Path, tmp_path: Path, damage: str
) -> None:
    entry = compile_once(model, tmp_path / "cache")
    sound = entry.read_bytes()
    changed = {
        "cut": sound[:-10],
        "changed": sound[:-1] + bytes([sound[-1] ^ 1]),
        "emptied": b"",
        "foreign": b"something else",
    }
    entry.write_bytes(changed[damage])
    assert compile_once(model, tmp_path / "cache").read_bytes() == sound


def test_a_changed_model_is_another_entry(model: Path, tmp_path: Path) -> None:
    first = compile_once(model, tmp_path / "cache")
    model.write_bytes(model.read_bytes() + b"\0")  # a zip bears a comment's worth of slack
    assert sha256_of(model)[:32] not in first.name


def test_where_the_cache_cannot_be_written_the_model_is_served_all_the_same(
    model: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.touch()
    onnx = compile_once(model, blocked / "cache")
    assert not onnx.exists(), "what was temporary is gone again"


def test_a_card_that_names_another_file_is_refused(model: Path, tmp_path: Path) -> None:
    card = tmp_path / "mine.card.yaml"
    card.write_text(card.read_text()[:-1] + f', "sha256": "{"0" * 64}"}}')
    with pytest.raises(CardError, match=sha256_of(model)) as refused:
        compile_once(model, tmp_path / "cache")
    assert f"./scripts/vistazo setup {model} PICTURES" in str(refused.value)


def test_the_card_may_lie_elsewhere(model: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.yaml"
    (tmp_path / "mine.card.yaml").rename(elsewhere)
    assert find_model(model, elsewhere).card.name == "brightness"


def test_labels_may_lie_elsewhere_too(model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.card.yaml").unlink()
    (tmp_path / "labels.txt").write_text("not\nasked")
    (tmp_path / "elsewhere.txt").write_text("0 DARK\n1 BRIGHT")
    found = find_model(model, None, labels_file=tmp_path / "elsewhere.txt")
    assert found.labels is not None
    assert found.labels.labels == ("DARK", "BRIGHT")
    with pytest.raises(CardError, match=r"no file of labels at .*nowhere\.txt"):
        find_model(model, None, labels_file=tmp_path / "nowhere.txt")


def test_a_card_that_was_asked_for_by_name_must_be_there(model: Path, tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"no model card at .*nowhere\.yaml"):
        find_model(model, tmp_path / "nowhere.yaml")


@pytest.mark.skipif(os.name == "nt", reason="Windows opens files by other rules")
def test_two_starts_at_once_do_not_disturb_each_other(model: Path, tmp_path: Path) -> None:
    with (
        compiled(find_model(model, None), tmp_path / "cache") as one,
        compiled(find_model(model, None), tmp_path / "cache") as other,
    ):
        assert one == other
