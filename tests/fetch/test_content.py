"""What arrives: pages instead of files, cut files, names."""

from __future__ import annotations

import gzip
import io
import pickle
import re
import zipfile
from pathlib import Path
from urllib.parse import quote

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from downloads import MODEL, PAGE, POINTER, Fetch, refused
from file_server import (
    Files,
    Served,
    endless,
    status,
)
from vistazo.models.fetch.content import refusal, suffix_of
from vistazo.models.fetch.names import SUFFIXES, from_disposition, from_url, model_name


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (PAGE % (b"My model", b"Press Download"), "a web page, not a file"),
        (
            b"\xef\xbb\xbf\n " + PAGE % (b"x", b"y" * 200_000),
            "a web page, not a file",
        ),
        (PAGE % (b"Google Drive - Quota exceeded", b"..."), "its quota is used up"),
        (
            PAGE % (b"Error", b" " * 9_000 + b"Too many users have viewed or downloaded this file"),
            "its quota is used up",
        ),
        (PAGE % (b"Google Drive - Virus scan warning", b"..."), "the page about viruses"),
        (PAGE % (b"Sign in - Google Accounts", b"..."), "a sign-in page"),
        (PAGE % (b"x", b"https://accounts.google.com/ServiceLogin?continue=1"), "a sign-in page"),
        (POINTER, "a Git LFS pointer"),
        (b"", "an empty file"),
        (b'{"error": {"code": 403, "message": "downloadQuotaExceeded"}}', "JSON"),
        (b"Not available in your region.", "text, not a model"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "a web page"),
    ],
)
def test_what_is_no_model_is_told_from_its_first_bytes(
    fetch: Fetch, files: Files, cache: Path, data: bytes, said: str
) -> None:
    files["/m.keras"] = data
    assert said in refused(fetch, cache)
    assert files.paths() == ["/m.keras"], "it is no use to try again"


def test_a_page_without_an_end_is_not_read_to_its_end(
    fetch: Fetch, files: Files, cache: Path
) -> None:
    files["/m.keras"] = Served(PAGE % (b"x", b"y" * 500), [endless()])
    assert "a web page" in refused(fetch, cache)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (404, "There is nothing at"),
        (410, "There is nothing at"),
        (401, "anyone who has the link"),
        (403, "anyone who has the link"),
        (418, "answered 418"),
    ],
)
def test_a_refusal_says_what_to_do(
    fetch: Fetch, files: Files, cache: Path, number: int, said: str
) -> None:
    files["/m.keras"].acts = [status(number)]
    assert said in refused(fetch, cache, "/m.keras?key=s3cret")


@pytest.mark.parametrize(
    ("path", "disposition", "name"),
    [
        ("/download?id=1", 'attachment; filename="lungs.h5"', "lungs.h5"),
        ("/download?id=1", "attachment; filename*=UTF-8''pulm%C3%B3n%201.h5", "pulm-n-1.h5"),
        ("/download?id=1", 'attachment; filename="../../etc/x.keras"', "x.keras"),
        ("/download?id=1", 'attachment; filename="..\\\\..\\\\x.keras"', "x.keras"),
        ("/download?id=1", 'attachment; filename=".keras"', "keras.keras"),
        ("/download?id=1", f'attachment; filename="{"x" * 500}.keras"', "x" * 80 + ".keras"),
        ("/download?id=1", "attachment; filename=", "download.keras"),
        ("/download?id=1", None, "download.keras"),
        ("/in/lungs.keras", 'attachment; filename="blob"', "lungs.keras"),
        ("/%2e%2e%2fx%00.keras", None, "x.keras"),
        ("/", None, "model.keras"),
    ],
)
def test_the_name_is_a_safe_one_with_a_models_ending(
    fetch: Fetch, files: Files, path: str, disposition: str | None, name: str
) -> None:
    headers = {"Content-Disposition": disposition} if disposition else {}
    files[path] = Served(MODEL, headers=headers)
    assert fetch(path).model.name == name


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_name_becomes_a_safe_one(disposition: str, path: str) -> None:
    offered = from_disposition(disposition), from_url("https://h.example/" + quote(path))
    name = model_name(offered, None)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
    assert name.lower().endswith(SUFFIXES)
    assert len(name) < 100


def hdf5(folder: Path) -> bytes:
    with h5py.File(folder / "made.h5", "w") as file:
        file["weights"] = list(range(10_000))
    return (folder / "made.h5").read_bytes()


def onnx() -> bytes:
    from onnx import TensorProto, helper

    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    node = helper.make_node("Constant", [], ["y"], value_floats=[1.0] * 5_000)
    model = helper.make_model(helper.make_graph([node], "g", [], [output]))
    return bytes(model.SerializeToString())


def zipped() -> bytes:
    """As Teachable Machine exports a model: with its labels."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        file.writestr("keras_model.h5", MODEL)
        file.writestr("labels.txt", "0 A\n1 B\n")
    return memory.getvalue()


@pytest.mark.parametrize("kind", ["h5", "keras", "onnx", "zip"])
def test_without_a_name_the_bytes_tell_the_ending_and_a_missing_end(
    fetch: Fetch, files: Files, cache: Path, tmp_path: Path, kind: str
) -> None:
    kinds = {"h5": lambda: hdf5(tmp_path), "keras": lambda: MODEL, "onnx": onnx, "zip": zipped}
    whole = kinds[kind]()
    files["/file"] = Served(whole + b"\0" if kind == "zip" else whole)  # a zip bears some slack
    files["/cut"] = whole[:-100]
    assert "cut short" in refused(fetch, cache, "/cut")
    assert fetch("/file").model.name == f"file.{kind}"


def test_files_of_scikit_learn_are_told_by_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for data in (pickle.dumps({"a": 1}, 0), pickle.dumps([1]), gzip.compress(b"\x80\x04N.")):
        path.write_bytes(data)
        assert suffix_of(path) == ".pkl"
        assert refusal(data, "", may_be_text=False) is None
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    assert suffix_of(path) == ".skops"
