import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import write_brightness_model
from vistazo.errors import CardError, ModelError, NoRoomError, UnsupportedModelError
from vistazo.models import store
from vistazo.models.card_file import card_path
from vistazo.models.file_hash import sha256_of
from vistazo.models.keras_import import convert
from vistazo.models.signature import ModelSignature
from vistazo.models.store import compiled, find_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_brightness_model(tmp_path / "mine.keras")


@pytest.fixture(autouse=True)
def compiled_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child that compiles takes half a second to start; it is looked at in test_compilation.

    But where a disk is full, it is the child that meets it.
    """
    if not {"onnx_model", "full_disk"}.intersection(request.fixturenames):
        monkeypatch.setattr(store, "compile_model", compile_here)


def compile_here(source: Path, target: Path, *_: object, **__: object) -> ModelSignature:
    try:
        return convert(source, target, with_evidence=True)
    except OSError as error:  # as the child tells of it
        raise NoRoomError(str(error)) from error


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


def test_a_model_that_is_replaced_while_it_is_compiled_is_not_kept_under_the_name_of_the_one_before(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, compile_model = find_model(model, None), store.compile_model

    def compile_another(source: Path, target: Path, **more: Any) -> object:
        write_brightness_model(source, slope=-8)
        return compile_model(source, target, **more)

    monkeypatch.setattr(store, "compile_model", compile_another)
    with (
        pytest.raises(ModelError, match="changed while it was read"),
        compiled(found, tmp_path / "cache"),
    ):
        pass
    assert not list((tmp_path / "cache").glob("*.onnx"))


def test_where_the_cache_cannot_be_written_the_model_is_served_all_the_same(
    model: Path, tmp_path: Path
) -> None:
    blocked = tmp_path / "a file, not a folder"
    blocked.touch()
    onnx = compile_once(model, blocked / "cache")
    assert not onnx.exists(), "what was temporary is gone again"


def partial_of(model: Path, cache: Path) -> Path:
    """Where a start of this process writes what it compiles."""
    entry = compile_once(model, cache)
    entry.unlink()
    return cache / f"{entry.name.rpartition('-')[0]}.{os.getpid()}.partial"


@pytest.fixture
def onnx_model(model: Path, tmp_path: Path) -> Path:
    """Of the kind that is written in one go, under the name of the partial file."""
    path = compile_once(model, tmp_path).rename(tmp_path / "other.onnx")
    card_path(path).write_text(card_path(model).read_text())
    return path


needs_a_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a device of Linux that is always full"
)


@needs_a_full_device
def test_where_the_disk_of_the_cache_is_full_the_model_is_served_all_the_same(
    onnx_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = tmp_path / "cache"
    partial_of(onnx_model, cache).symlink_to("/dev/full")
    onnx = compile_once(onnx_model, cache)
    assert not onnx.exists(), "what was temporary is gone again"
    assert list(cache.iterdir()) == []
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "No space left" in warning.reason


@needs_a_full_device
def test_where_every_disk_is_full_the_error_says_what_to_do(
    onnx_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = partial_of(onnx_model, tmp_path / "cache")

    def full_folder(*_: object) -> str:
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        (folder / partial.name).symlink_to("/dev/full")
        return str(folder)

    partial.symlink_to("/dev/full")
    monkeypatch.setattr("tempfile.mkdtemp", full_folder)
    with pytest.raises(ModelError, match=r"they are full\. Set CACHE_DIR"):
        compile_once(onnx_model, tmp_path / "cache")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("here nobody but root may make a small disk")
    (folder / "filling").write_bytes(bytes(8192))
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)


def test_on_a_disk_without_room_a_keras_model_is_served_all_the_same(
    model: Path, full_disk: Path
) -> None:
    onnx = compile_once(model, full_disk)
    assert not onnx.exists(), "what was temporary is gone again"
    assert [path.name for path in full_disk.iterdir()] == ["filling"]


@pytest.mark.parametrize("what", ["entry", "partial"])
@pytest.mark.parametrize("kind", ["folder", "full folder"])
def test_what_lies_in_the_cache_under_the_name_of_an_entry_is_in_nobodys_way(
    model: Path, tmp_path: Path, what: str, kind: str
) -> None:
    cache = tmp_path / "cache"
    entry = compile_once(model, cache)
    sound = entry.read_bytes()
    in_the_way = entry if what == "entry" else partial_of(model, cache)
    entry.unlink(missing_ok=True)
    (in_the_way / "inner" if kind == "full folder" else in_the_way).mkdir(parents=True)
    with compiled(find_model(model, None), cache) as onnx:
        assert onnx.read_bytes() == sound


def test_a_pipe_in_the_cache_is_not_waited_for(model: Path, tmp_path: Path) -> None:
    entry = compile_once(model, tmp_path / "cache")
    sound = entry.read_bytes()
    entry.unlink()
    os.mkfifo(entry)
    assert compile_once(model, tmp_path / "cache").read_bytes() == sound


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


def keras_pickle(model: Path, target: Path) -> Path:
    """As Keras 2.12 pickles a model: a call with the bytes of its file."""
    data = model.read_bytes()
    called = b"ckeras.saving.pickle_utils\ndeserialize_model_from_bytecode\n"
    target.write_bytes(
        b"\x80\x03" + called + b"B" + len(data).to_bytes(4, "little") + data + b"\x85R."
    )
    return target


def test_a_keras_model_in_a_pickle_is_read_from_the_bytes_in_it(
    model: Path, tmp_path: Path
) -> None:
    inside = find_model(
        keras_pickle(model, tmp_path / "mine.pkl"), None, cache_dir=tmp_path / "cache"
    )
    assert inside.path.read_bytes() == model.read_bytes()


def test_a_pickle_around_keras_without_its_file_says_what_to_save(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x03ckeras.models\nModel\n)\x81.")
    with pytest.raises(UnsupportedModelError, match=r"model\.save"):
        find_model(tmp_path / "a.pkl", None, cache_dir=tmp_path / "cache")
