import io
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from builders import write_brightness_model
from vistazo.errors import (
    HostileModelError,
    ModelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.file_hash import sha256_of
from vistazo.models.store import find_model
from vistazo.models.unpacking import unpack_model
from vistazo.models.zip_member import check_together, open_member

MODEL = b"\x89HDF\r\n\x1a\n" + bytes(1000)


def zipped(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands twice is what one test is about
        for name, content in members:
            archive.writestr(name, content)
    return path


def export(path: Path, *more: tuple[str, bytes], prefix: str = "") -> Path:
    members = ((f"{prefix}keras_model.h5", MODEL), (f"{prefix}labels.txt", b"0 A\n1 B"))
    return zipped(path, *members, *more)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("prefix", ["", "converted_keras/"])
def test_the_model_and_its_labels_are_unpacked_and_nothing_else(
    prefix: str, tmp_path: Path
) -> None:
    archive = export(
        tmp_path / "converted_keras.zip",
        ("__MACOSX/._keras_model.h5", b"notes"),
        (".DS_Store", b"notes"),
        ("example.py", b"print('never run')"),
        ("elsewhere/labels.txt", b"C\nD"),
        prefix=prefix,
    )
    model = unpack_model(archive, tmp_path / "out")
    assert model == tmp_path / "out" / "keras_model.h5"
    assert model.read_bytes() == MODEL
    assert files(tmp_path / "out") == ["keras_model.h5", "labels.txt"]


@pytest.mark.parametrize("prefix", ["", "tm-my-image-model/"])
def test_a_model_for_the_browser_is_unpacked_with_its_weights_and_metadata(
    prefix: str, tmp_path: Path
) -> None:
    members = ("model.json", "weights.bin", "group1-shard1of2", "metadata.json", "index.html")
    archive = zipped(
        tmp_path / "m.zip", *((prefix + name, b"x") for name in members), ("else/b.bin", b"y")
    )
    assert unpack_model(archive, tmp_path / "out") == tmp_path / "out" / "model.json"
    assert files(tmp_path / "out") == sorted(members[:4])


@pytest.mark.parametrize("weights", ["model.h5", "fer.weights.h5"])
def test_layers_are_unpacked_with_their_weights(weights: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "m.zip", (weights, MODEL), ("fer.json", b"{}"), ("a.yaml", b""))
    assert unpack_model(archive, tmp_path / "out").name == weights
    assert files(tmp_path / "out") == sorted(["a.yaml", "fer.json", weights])


@pytest.mark.parametrize(
    "name", ["../../evil.h5", "/etc/evil.h5", "..\\..\\evil.h5", "C:\\evil.h5", "a/../../evil.h5"]
)
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "m.zip", (name, MODEL))
    unpack_model(archive, tmp_path / "deep" / "er")
    assert files(tmp_path) == ["deep/er/evil.h5", "m.zip"]


def test_a_link_in_a_zip_is_not_followed(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("labels.txt")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("m.h5", MODEL)
        archive.writestr(link, "/etc/passwd")
    unpack_model(tmp_path / "m.zip", tmp_path / "out")
    labels = tmp_path / "out" / "labels.txt"
    assert not labels.is_symlink()
    assert labels.read_text() == "/etc/passwd"


ATTACKS: dict[str, tuple[tuple[tuple[str, bytes], ...], type[ModelError], str]] = {
    "nothing": ((), UnreadableModelError, "no model"),
    "no model": ((("labels.txt", b"A\nB"),), UnreadableModelError, "no model"),
    "two models": ((("a.h5", MODEL), ("b/c.keras", MODEL)), UnsupportedModelError, "2 models"),
    "the same name twice": ((("a.h5", MODEL), ("a.h5", b"x")), UnsupportedModelError, "2 models"),
    "a SavedModel": (
        (("model.savedmodel/saved_model.pb", b"x"), ("labels.txt", b"0 A")),
        UnsupportedModelError,
        "SavedModel.*choose Export Model",
    ),
    "a TFLite model": ((("model_unquant.tflite", b"x"),), UnsupportedModelError, "Lite"),
    "a .keras file": (
        (("config.json", b"{}"), ("model.weights.h5", MODEL)),
        UnsupportedModelError,
        r"Rename it to m\.keras",
    ),
    "two models for the browser": (
        tuple((f"{place}/{name}", b"x") for place in "ab" for name in ("model.json", "a.bin")),
        UnsupportedModelError,
        "2 models",
    ),
    "a model for the browser without weights": (
        (("model.json", b"{}"), ("metadata.json", b"{}")),
        UnreadableModelError,
        "nor a model.json with its weights",
    ),
    "labels beyond measure": (
        (("m.h5", MODEL), ("labels.txt", b"A\n" * 1_000_000)),
        HostileModelError,
        "at most 1000000",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_zip_that_is_no_model_with_its_labels_is_an_error_in_words(
    attack: str, tmp_path: Path
) -> None:
    members, error, said = ATTACKS[attack]
    with pytest.raises(error, match=f"(?s){said}"):
        unpack_model(zipped(tmp_path / "m.zip", *members), tmp_path / "out")


def test_many_members_that_are_each_small_enough_are_too_much_together() -> None:
    member = zipfile.ZipInfo("weights.bin")
    member.file_size, member.compress_size = 60_000_000, 60_000
    check_together([member])
    with pytest.raises(HostileModelError, match="together"):
        check_together([member] * 3)


def with_declared_size(data: bytes, size: int) -> bytes:
    """The same zip of one member, whose two headers lie about its unpacked size."""
    local, central = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    changed = bytearray(data)
    changed[local + 22 : local + 26] = struct.pack("<I", size)
    changed[central + 24 : central + 28] = struct.pack("<I", size)
    return bytes(changed)


@pytest.mark.parametrize("size", [10, 10_000_000, (1 << 32) - 1])
def test_a_size_that_is_a_lie_is_found(size: int, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "m.zip", ("m.h5", MODEL))
    archive.write_bytes(with_declared_size(archive.read_bytes(), size))
    with pytest.raises(ModelError, match=r"m\.h5"):
        unpack_model(archive, tmp_path / "out")
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_a_zip_that_was_cut_short_is_an_error(part: float, tmp_path: Path) -> None:
    archive = export(tmp_path / "m.zip")
    data = archive.read_bytes()
    archive.write_bytes(data[: int(part * len(data))])
    with pytest.raises(ModelError):
        unpack_model(archive, tmp_path / "out")


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m.h5", MODEL)
    data = bytearray(buffer.getvalue())
    data[200] ^= 1
    (tmp_path / "m.zip").write_bytes(data)
    assert zlib.crc32(data) != zlib.crc32(buffer.getvalue())
    with pytest.raises(UnreadableModelError, match="damaged"):
        unpack_model(tmp_path / "m.zip", tmp_path / "out")
    assert files(tmp_path / "out") == []


def test_what_is_there_and_the_same_is_left_alone(tmp_path: Path) -> None:
    archive = export(tmp_path / "m.zip")
    model = unpack_model(archive, tmp_path / "out")
    before = model.stat().st_mtime_ns
    assert unpack_model(archive, tmp_path / "out") == model
    assert model.stat().st_mtime_ns == before


def test_what_is_there_and_differs_is_not_written_over(tmp_path: Path) -> None:
    archive = export(tmp_path / "m.zip")
    labels = unpack_model(archive, tmp_path / "out").with_name("labels.txt")
    labels.write_text("mine\nalso mine")
    with pytest.raises(ModelError, match=r"labels\.txt is there already"):
        unpack_model(archive, tmp_path / "out")
    assert labels.read_text() == "mine\nalso mine"


def brightness_zip(folder: Path) -> Path:
    """A model of one sigmoid unit with its labels, zipped."""
    model = write_brightness_model(folder / "inside.keras")
    members = (("inside.keras", model.read_bytes()), ("labels.txt", b"0 DARK\n1 BRIGHT"))
    model.unlink()
    model.with_name("inside.card.yaml").unlink()
    return zipped(folder / "mine.zip", *members)


def test_a_zip_is_found_as_the_model_that_it_holds(tmp_path: Path) -> None:
    archive = brightness_zip(tmp_path)
    found = find_model(archive, None, cache_dir=tmp_path / "cache")
    assert found.home == archive
    assert found.sha256 == sha256_of(found.path) != sha256_of(archive)
    assert found.labels is not None
    assert found.labels.labels == ("DARK", "BRIGHT")


def test_a_damaged_copy_in_the_cache_is_made_again(tmp_path: Path) -> None:
    archive = brightness_zip(tmp_path)
    first = find_model(archive, None, cache_dir=tmp_path / "cache")
    first.path.write_bytes(b"something else")
    again = find_model(archive, None, cache_dir=tmp_path / "cache")
    assert (again.path, again.sha256) == (first.path, first.sha256)


def test_without_a_cache_a_zip_is_unpacked_all_the_same(tmp_path: Path) -> None:
    archive = brightness_zip(tmp_path)
    blocked = tmp_path / "a file, not a folder"
    blocked.touch()
    assert find_model(archive, None, cache_dir=blocked / "cache").path.exists()


def test_a_folder_in_the_cache_under_the_name_of_a_model_is_in_nobodys_way(
    tmp_path: Path,
) -> None:
    archive, cache = brightness_zip(tmp_path), tmp_path / "cache"
    unpacked = find_model(archive, None, cache_dir=cache).path
    unpacked.unlink()
    (unpacked / "inner").mkdir(parents=True)
    found = find_model(archive, None, cache_dir=cache)
    assert found.path.is_file()
    assert found.labels is not None


def test_a_card_beside_a_zip_is_the_card(tmp_path: Path) -> None:
    archive = brightness_zip(tmp_path)
    write_brightness_model(tmp_path / "mine.keras").unlink()
    found: Any = find_model(archive, None, cache_dir=tmp_path / "cache").card
    assert found.labels == ("DARK", "BRIGHT")


def test_a_zip_of_a_megabyte_does_not_unpack_to_a_gigabyte(tmp_path: Path) -> None:
    """Zeros do; numbers that were learnt do not."""
    path = tmp_path / "m.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m.h5", bytes(1000))
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("m.h5")
        entry.compress_size, entry.file_size = 1_000_000, 1_000_000_000
        with pytest.raises(HostileModelError, match="would expand from 1000000 to 1000000000"):
            open_member(archive, "m.h5", path)
