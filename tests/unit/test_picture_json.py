"""Pictures in JSON: what is read, and what is refused before it costs anything."""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import re
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vistazo.api.base64_picture import decoded
from vistazo.api.picture_json import read_one, read_several
from vistazo.errors import (
    InputError,
    MissingFileError,
    NotBase64Error,
    RequestError,
    TooManyFilesError,
    UploadTooLargeError,
    VistazoError,
)
from vistazo.pictures import ImageLimits

LIMITS = ImageLimits(max_bytes=2_000_000)
PICTURE = bytes(range(256)) * 5
TEXT = base64.b64encode(PICTURE).decode()


def one(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_picture_is_the_bytes_that_were_put_in() -> None:
    read = read_one(one(image=TEXT, filename="a.png"), LIMITS)
    assert (read.filename, read.data) == ("a.png", PICTURE)
    assert read_one(one(image=TEXT), LIMITS).filename == ""


@given(st.binary(max_size=300), st.sampled_from(["/", r"\/", r"\u002f", r"\u002F"]))
def test_whatever_bytes_come_back_as_encoders_of_any_kind_write_them(
    data: bytes, slash: str
) -> None:
    text = base64.b64encode(data).decode().replace("/", slash).replace("+", r"\u002B")
    body = f'{{"image":"{text}"}}'.encode()
    assert read_one(body, LIMITS).data == data


def test_a_piece_of_the_decoder_ends_nowhere_in_particular() -> None:
    for n_bytes in (1_572_863, 1_572_864, 1_572_865, 1_999_999):
        data = b"x" * n_bytes
        assert decoded(memoryview(base64.b64encode(data)), LIMITS) == data


@pytest.mark.parametrize(
    "beginning",
    [
        "data:image/png;base64,", "DATA:image/jpeg;BASE64,", "data:;base64,",
        r"data:image\/png;base64,", "data:image/svg+xml;charset=utf-8;base64,",
    ],
)  # fmt: skip
def test_a_data_url_is_read_for_what_it_holds(beginning: str) -> None:
    assert read_one(f'{{"image": "{beginning}{TEXT}"}}'.encode(), LIMITS).data == PICTURE


@pytest.mark.parametrize(
    "text",
    [
        f"data:image/png,{TEXT}", f"data:image/png;base64;{TEXT}",
        f"data:image/png;base64,data:image/png;base64,{TEXT}", f"data:{'a' * 200};base64,{TEXT}",
        "data:image/svg+xml;utf8,<svg/>", "data:image/png;base64,%51%55%4A%44",
        f" {TEXT}", f"{TEXT}\n", "QUJD\r\nQUJD", "QUJ", "QUI", "=QUJD", "QQ==QUJD", "QUJD====",
        "QUJD=", "QU-_", "QUJDé", "QUJ\0", "not base64 at all", '"', "\\",
        "\N{FULLWIDTH LATIN SMALL LETTER A}AAA",
    ],
)  # fmt: skip
def test_what_is_no_base64_is_refused_and_not_guessed_at(text: str) -> None:
    with pytest.raises(NotBase64Error, match="base64"):
        read_one(one(image=text), LIMITS)


def test_padding_in_the_middle_is_refused_where_the_decoder_pauses_too() -> None:
    piece = b"A" * (1 << 20)
    with pytest.raises(NotBase64Error):
        decoded(memoryview(piece[:-2] + b"==" + b"AAAA"), LIMITS)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:8000/admin/reload", "https://example.org/a.png", "file:///etc/passwd",
        "HTTP://169.254.169.254/latest/meta-data", r"http:\/\/php.example\/a.png", "gopher://x",
        "s3://bucket/a.png", "ftp://a@b/c", "blob:null/abc",
    ],
)  # fmt: skip
def test_a_link_is_not_followed_and_the_error_says_why(link: str) -> None:
    with pytest.raises(NotBase64Error, match="fetches nothing for its callers"):
        read_one(f'{{"image": "{link}"}}'.encode(), LIMITS)


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    text = "?" * (LIMITS.max_bytes * 4 // 3 + 8)  # which would be no base64
    with pytest.raises(UploadTooLargeError, match="at most 2000000"):
        read_one(one(image=text), LIMITS)
    assert read_one(one(image=base64.b64encode(b"x" * LIMITS.max_bytes).decode()), LIMITS)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", RequestError), (b"{", RequestError), (b"null", MissingFileError),
        (b'"image"', MissingFileError), (b'["QUJD"]', MissingFileError), (b"{}", MissingFileError),
        (b'{"img": "QUJD"}', MissingFileError), (b'{"text": "QUJD"}', MissingFileError),
        (b'{"\\u0069mage": "QUJD"}', MissingFileError), (b'{"images": ["QUJD"]}', MissingFileError),
        (b'{"image": null}', RequestError), (b'{"image": ["QUJD"]}', RequestError),
        (b'{"image": 1}', RequestError), (b'{"image": {"image": "QUJD"}}', RequestError),
        (b'{"image": "QUJD", "image": "QUJD"}', RequestError),
        (b'{"image": "QUJD", "url": "x"}', RequestError),
        (b'{"image": "QUJD", "filename": null}', RequestError),
        (b'{"image": "QUJD", "filename": 7}', RequestError),
        (b'{"image": "QUJD", "filename": "a\\ud800"}', RequestError),
        (b'{"image": "QUJD", "filename": "\xff"}', RequestError),
        (b'{"image": "QUJD", "filename": "a\n"}', RequestError),
        (b'{"image": "QUJD", "filename": "' + b"a" * 1001 + b'"}', RequestError),
        (b'{"image": "QUJD", "filename": "' + b"a" * 900_000 + b'"}', RequestError),
        (b'\xef\xbb\xbf{"image": "QUJD"}', RequestError), (b'{"image": "QUJD"', RequestError),
        (b'{"image": "QUJD', RequestError), (b'{"image": "QUJD\\', RequestError),
        (b'{"image": "QUJD"} {"image": "QUJD"}', RequestError),
        ('{"image": "QUJD"}'.encode("utf-16"), RequestError), (b"{'image': 'QUJD'}", RequestError),
    ],
)  # fmt: skip
def test_json_that_is_no_picture_is_told_apart(body: bytes, error: type[VistazoError]) -> None:
    with pytest.raises(error) as told:
        read_one(body, LIMITS)
    assert type(told.value) is error
    assert "QUJD" not in str(told.value)


def test_several_are_strings_or_objects_and_each_has_its_own_fault() -> None:
    sent = [TEXT, {"image": TEXT, "filename": "C:\\films\\b.png"}, "?", {"image": "http://a"}, ""]
    files = read_several(one(images=sent), LIMITS, 5)
    assert [file.filename for file in files] == ["", "b.png", "", "", ""]
    assert [file.data for file in files] == [PICTURE, PICTURE, b"", b"", b""]
    assert [type(file.fault) for file in files] == [
        *[type(None)] * 2, *[NotBase64Error] * 2, type(None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([], MissingFileError), (TEXT, RequestError), ([7], RequestError), ([[TEXT]], RequestError),
        ([{}], RequestError), ([{"image": TEXT, "label": "x"}], RequestError),
        ([None], RequestError), ([TEXT] * 6, TooManyFilesError),
        ([{"image": TEXT, "filename": "a"}] * 6, TooManyFilesError),
        ([TEXT] * 5000, TooManyFilesError), ([[]] * 6, TooManyFilesError),
    ],
)  # fmt: skip
def test_what_are_no_pictures_fails_the_whole_batch(images: Any, error: type[VistazoError]) -> None:
    with pytest.raises(error) as told:
        read_several(one(images=images), LIMITS, 5)
    assert type(told.value) is error


def test_a_batch_of_one_is_asked_for_as_a_list() -> None:
    with pytest.raises(MissingFileError, match="'images'"):
        read_several(one(image=TEXT), LIMITS, 5)


N_BYTES = 1_200_000
ATTACKS = {
    "escaped quotes": b'{"image": "' + b'\\"' * (N_BYTES // 2) + b'"}',
    "escaped letters": b'{"image": "' + rb"\u0041" * (N_BYTES // 6) + b'"}',
    "escaped slashes": b'{"image": "' + rb"\/" * (N_BYTES // 2) + b'"}',
    "a string that never ends": b'{"image": "' + b"A" * N_BYTES,
    "backslashes": b'{"image": "' + b"\\" * N_BYTES,
    "whitespace in it": b'{"image": "' + b" " * N_BYTES + b'"}',
    "whitespace around it": b" " * N_BYTES + b'{"image": "QUJD"}',
    "brackets": b"[" * N_BYTES,
    "lists": b'{"image": [' + b"[]," * (N_BYTES // 3) + b"0]}",
    "strings": b'{"image": [' + b'"",' * (N_BYTES // 3) + b'""]}',
    "digits": b'{"image": ' + b"9" * N_BYTES + b"}",
    "names": b"{" + b'"image":"",' * (N_BYTES // 11) + b"}",
    "a wide file name": b'{"image": "QUJD", "filename": "'
    + "\U0001f600".encode() * (N_BYTES // 4)
    + b'"}',
    "commas": b'{"image": "' + b"data:" + b"," * N_BYTES + b'"}',
    "a data URL that never begins": b'{"image": "' + b"data:;base64" * (N_BYTES // 12) + b'"}',
}


@pytest.mark.parametrize("read", [read_one, lambda *given: read_several(*given, 16)])
@pytest.mark.parametrize("name", ATTACKS)
def test_megabytes_of_anything_cost_little_more_than_themselves(
    name: str, read: Callable[..., Any]
) -> None:
    body = ATTACKS[name]
    tracemalloc.start()
    try:
        with contextlib.suppress(RequestError, InputError):
            read(body, ImageLimits())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2.1 * len(body)


@pytest.mark.parametrize("read", [read_one, lambda *given: read_several(*given, 16)])
@pytest.mark.parametrize("name", ["whitespace in it", "escaped letters", "whitespace around it"])
def test_an_error_keeps_nothing_of_the_megabytes_once_it_is_dropped(
    name: str, read: Callable[..., Any]
) -> None:
    """Else they lie there until the garbage collector comes: many such requests are much memory."""
    body = ATTACKS[name].replace(b'"image": "', b'"images": ["') + b"]}"
    sent = ATTACKS[name] if read is read_one else body.replace(b'"}]}', b'"]}')
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        with contextlib.suppress(RequestError, InputError):
            read(sent, ImageLimits())
        kept_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept_bytes < 100_000


@given(st.binary(max_size=60))
def test_any_bytes_are_a_picture_or_one_error(body: bytes) -> None:
    for begun in (body, b'{"image": "' + body + b'"}', b'{"image": ' + body):
        try:
            read_one(begun, LIMITS)
        except (InputError, RequestError):
            continue


@pytest.mark.parametrize("ending", [b" x}", b"\xff}"])
def test_no_place_is_told_that_is_not_one_of_the_body(ending: bytes) -> None:
    """Where a string of 4,000 characters is left out, positions are of no use."""
    body = b'{"image": "' + b"A" * 4_000 + b'"' + ending
    with pytest.raises(RequestError, match=r"no JSON|not UTF-8") as refused:
        read_one(body, LIMITS)
    assert not re.search(r"\d", str(refused.value).replace("UTF-8", ""))
