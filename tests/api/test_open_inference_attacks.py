"""Bodies of the Open Inference Protocol that nobody means well with."""

from __future__ import annotations

import gzip
import json
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from builders import encoded, film
from inference_calls import (
    HEADER_LENGTH,
    INFER,
    as_base64,
    asking,
    elements,
    error_of,
    of_files,
    packed,
    tensor,
)

Serve = Callable[..., Any]
FILM = encoded(film())
PLAIN = {"name": "input", "datatype": "BYTES", "shape": [1], "data": [as_base64(FILM)]}


def said(**changes: Any) -> bytes:
    return json.dumps(asking({**PLAIN, **changes})).encode()


def lacking(field: str) -> bytes:
    return json.dumps(asking({name: PLAIN[name] for name in PLAIN if name != field})).encode()


# What is sent, and a word of what is said of it; each is 400, bad_request.
JSON = {
    "nothing": (b"", "no JSON"),
    "no-json": (b"{", "no JSON"),
    "no-utf-8": (b'{"\xff": []}', "UTF-8"),
    "a-list": (b"[]", "no object"),
    "no-inputs": (b"{}", "exactly one tensor"),
    "no-input": (b'{"inputs": []}', "exactly one tensor"),
    "two-inputs": (json.dumps({"inputs": [PLAIN, PLAIN]}).encode(), "exactly one tensor"),
    "an-input-that-is-none": (b'{"inputs": [1]}', "no object"),
    "a-name-twice": (b'{"inputs": [], "inputs": []}', "twice"),
    "a-name-twice-written-otherwise": (b'{"inputs": [], "\\u0069nputs": []}', "twice"),
    "lone-surrogate": (b'{"id": "\\ud800", "inputs": []}', "surrogate"),
    "an-id-that-is-a-number": (json.dumps({**asking(PLAIN), "id": 7}).encode(), "'id'"),
    "a-long-id": (json.dumps({**asking(PLAIN), "id": "x" * 1_001}).encode(), "'id'"),
    "no-name": (lacking("name"), "'name'"),
    "no-datatype": (lacking("datatype"), "'datatype'"),
    "no-shape": (lacking("shape"), "'shape'"),
    "no-data": (lacking("data"), "'data'"),
    "data-of-one-string": (said(data="x"), "'data'"),
    "data-of-numbers": (said(data=[1]), "strings"),
    "data-of-words": (said(data=[True]), "'data'"),
    "data-of-objects": (said(data=[{}]), "'data'"),
    "unknown-datatype": (said(datatype="FP16"), "FP16"),
    "shape-of-nothing": (said(shape=[]), "'shape'"),
    "shape-of-zero": (said(shape=[0], data=[]), "has a 0"),
    "shape-below-zero": (said(shape=[-1]), "'shape'"),
    "shape-of-fractions": (said(shape=[1.5]), "'shape'"),
    "shape-of-strings": (said(shape=["1"]), "'shape'"),
    "shape-beyond-all": (said(shape=[2**62]), "'shape'"),
    "shape-of-1e400": (said(shape=[1]).replace(b"[1]", b"[1e400]"), "'shape'"),
    "shape-of-many": (said(shape=[1] * 9), "'shape'"),
    "shape-for-more": (said(shape=[2]), "says 2"),
    "shape-of-a-matrix": (said(shape=[1, 2], data=["", ""]), "takes pictures"),
    "a-lie-of-pixels": (said(datatype="UINT8", shape=[1, 8, 8, 3], data=[0, 0]), "its shape"),
    "pixels-that-overflow": (
        said(datatype="UINT8", shape=[1, 2**32, 2**32], data=[0]),
        "too large",
    ),
    "pixels-beyond-255": (said(datatype="UINT8", shape=[1, 1, 1], data=[256]), "UINT8"),
    "pixels-of-fractions": (said(datatype="UINT8", shape=[1, 1, 1], data=[0.5]), "UINT8"),
    "pixels-of-strings": (said(datatype="UINT8", shape=[1, 1, 1], data=["0"]), "numbers"),
    "one-picture-alone": (said(datatype="UINT8", shape=[8, 8], data=[[0] * 8] * 8), "[8, 8]"),
    "five-colours": (said(datatype="UINT8", shape=[1, 1, 1, 5], data=[0] * 5), "takes pictures"),
    "a-number-of-many-digits": (
        said(datatype="UINT8", shape=[1, 1, 1], data=[0]).replace(
            b"[0]", b"[%s]" % (b"1" * 70_000)
        ),
        "too long",
    ),
    "another-size": (said(datatype="FP32", shape=[1, 9, 9, 1], data=[0] * 81), "[n, 8, 8, 1]"),
    "nan": (
        said(datatype="FP32", shape=[1, 8, 8, 1], data=[0] * 64).replace(b"[0", b"[NaN", 1),
        "NaN",
    ),
    "null": (said(datatype="FP32", shape=[1, 8, 8, 1], data=[None] * 64), "NaN"),
    "raw-pixels-as-if-prepared": (
        said(datatype="FP32", shape=[1, 8, 8, 1], data=[200] * 64),
        "between 0 and 1; here they lie between 200 and 200. Send raw pixels as UINT8",
    ),
    "prepared-for-another": (said(datatype="FP32", shape=[1, 8, 8, 1], data=[-1] * 64), "UINT8"),
    "too-large-for-fp32": (said(datatype="FP32", shape=[1, 8, 8, 1], data=[1e39] * 64), "FP32"),
    "torn-lists": (
        said(datatype="FP32", shape=[1, 8, 8, 1], data=[[[0] * 32], [[0] * 32]]),
        "its shape",
    ),
    "flags-that-are-words": (
        json.dumps(asking(PLAIN, parameters={"binary_data_output": "yes"})).encode(),
        "binary_data_output",
    ),
    "parameters-that-are-none": (json.dumps(asking(PLAIN, parameters=[])).encode(), "parameters"),
    "shared-memory": (said(parameters={"shared_memory_region": "r"}), "Shared memory"),
    "unknown-output": (json.dumps(asking(PLAIN, "secrets")).encode(), "There are scores, labels"),
    "outputs-without-end": (json.dumps(asking(PLAIN, *map(str, range(65)))).encode(), "64"),
    "likeness-of-nothing": (json.dumps(asking(PLAIN, "likeness")).encode(), "no output"),
    "deep": (b'{"inputs": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", "deep"),
    "very-deep": (b'{"inputs": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "beside its data"),
    "names-without-end": (b'{"' + b'":0,"'.join([b"x"] * 2_000) + b'":0}', "far more"),
    "data-elsewhere": (b'{"other": [' + b"0," * 50_000 + b"0]}", "beside its data"),
}


@pytest.mark.parametrize("name", JSON)
def test_json_that_is_hostile_or_wrong_is_one_clear_error(client: TestClient, name: str) -> None:
    body, word = JSON[name]
    assert word in error_of(client.post(INFER, content=body), 400, "bad_request")


BINARY: dict[str, tuple[tuple[bytes, dict[str, str]], str]] = {
    "fewer-bytes-than-said": (packed("BYTES", [1], b""), "1 elements"),
    "a-length-beyond-the-end": (packed("BYTES", [1], struct.pack("<I", 9) + b"x"), "1 elements"),
    "half-a-length": (packed("BYTES", [1], b"\0\0"), "1 elements"),
    "more-elements": (packed("BYTES", [1], elements(FILM, FILM)), "1 elements"),
    "fewer-elements": (packed("BYTES", [2], elements(FILM)), "2 elements"),
    "fewer-pixels": (packed("UINT8", [1, 8, 8], b"\0" * 63), "63 bytes"),
    "nan": (packed("FP32", [1, 8, 8, 1], struct.pack("<f", float("nan")) * 64), "NaN"),
    "infinity": (packed("FP32", [1, 8, 8, 1], struct.pack("<f", float("inf")) * 64), "infinite"),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary_data_that_does_not_add_up_is_one_clear_error(client: TestClient, name: str) -> None:
    (body, headers), word = BINARY[name]
    refused = client.post(INFER, content=body, headers=headers)
    assert word in error_of(refused, 400, "bad_request")


@pytest.mark.parametrize(
    ("length", "word"),
    [
        ("9" * 11, "the body has"),
        ("99999", "the body has"),
        ("-1", "no number"),
        ("x", "no number"),
        ("9" * 5_000, "no number"),
        ("5", "no JSON"),
        ("0", "no JSON"),
    ],
)
def test_a_length_of_the_json_that_is_a_lie(client: TestClient, length: str, word: str) -> None:
    body, _ = packed("BYTES", [1], elements(FILM))
    refused = client.post(INFER, content=body, headers={HEADER_LENGTH: length})
    assert word in error_of(refused, 400, "bad_request")


def test_bytes_behind_the_json_that_no_input_says(client: TestClient) -> None:
    head = json.dumps(asking(PLAIN)).encode()
    refused = client.post(INFER, content=head + b"x", headers={HEADER_LENGTH: str(len(head))})
    assert "behind the JSON" in error_of(refused, 400, "bad_request")


@pytest.mark.parametrize("size", [0, 5, -1, 1e400, "9"])
def test_a_size_of_binary_data_that_is_a_lie(client: TestClient, size: Any) -> None:
    data = elements(FILM)
    said = {"name": "x", "datatype": "BYTES", "shape": [1]}
    head = json.dumps({"inputs": [{**said, "parameters": {"binary_data_size": size}}]})
    head = head.replace("Infinity", "1e400")
    headers = {HEADER_LENGTH: str(len(head))}
    refused = client.post(INFER, content=head.encode() + data, headers=headers)
    assert "binary_data_size" in error_of(refused, 400, "bad_request")


def test_data_and_binary_data_at_once(client: TestClient) -> None:
    head = said(parameters={"binary_data_size": 1})
    refused = client.post(INFER, content=head + b"x", headers={HEADER_LENGTH: str(len(head))})
    assert "not both" in error_of(refused, 400, "bad_request")


def test_what_is_no_base64_and_what_is_a_link(client: TestClient) -> None:
    for text in ("%%%", "http://169.254.169.254/"):
        refused = client.post(INFER, json=asking(tensor("BYTES", [1], [text])))
        error_of(refused, 422, "not_base64")


def test_an_element_that_holds_nothing(client: TestClient) -> None:
    body, headers = packed("BYTES", [1], elements(b""))
    error_of(client.post(INFER, content=body, headers=headers), 422, "missing_file")


def test_more_pictures_than_a_batch_may_have(client: TestClient) -> None:
    for an_input in (
        of_files(*[FILM] * 17),
        tensor("UINT8", [17, 1, 1], [0] * 17),
        tensor("FP32", [17, 8, 8, 1], [0] * 17 * 64),
    ):
        error_of(client.post(INFER, json=asking(an_input)), 422, "too_many_files")


def test_a_few_bytes_that_say_they_are_a_million_elements_become_none(client: TestClient) -> None:
    body, headers = packed("BYTES", [2**39], b"\0" * 4_000_000)
    error_of(client.post(INFER, content=body, headers=headers), 422, "too_many_files")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, deflate"])
def test_an_encoding_that_is_not_read(client: TestClient, encoding: str) -> None:
    refused = client.post(INFER, content=said(), headers={"Content-Encoding": encoding})
    error_of(refused, 415, "wrong_media_type")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b""),
        ("gzip", b"no gzip"),
        ("gzip", zlib.compress(said())),
        ("gzip", gzip.compress(said())[:-9]),
        ("gzip", gzip.compress(said()) + b"\0"),
        ("gzip", gzip.compress(b"") + gzip.compress(said())),
        ("deflate", zlib.compress(said())[2:-4]),
        ("deflate", zlib.compress(said())[:-1] + b"\0"),
    ],
    ids=["nothing", "other", "zlib", "cut", "rest", "two", "bare", "checksum"],
)
def test_a_compressed_body_that_is_damaged(client: TestClient, encoding: str, body: bytes) -> None:
    refused = client.post(INFER, content=body, headers={"Content-Encoding": encoding})
    error_of(refused, 400, "bad_request")


def peak_bytes(client: TestClient, body: bytes, **headers: str) -> tuple[Any, int]:
    client.post(INFER, content=said())  # what is made once
    tracemalloc.start()
    try:
        answer = client.post(INFER, content=body, headers=headers)
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_refused_before_it_has_grown(serving: Serve, encoding: str) -> None:
    most = 1_000_000
    pack: Callable[[bytes], bytes] = gzip.compress if encoding == "gzip" else zlib.compress
    body = pack(b" " * 30 * most)
    with serving(max_queued_bytes=most) as client:
        refused, peak = peak_bytes(client, body, **{"Content-Encoding": encoding})
    assert "1000000 bytes" in error_of(refused, 413, "upload_too_large")
    assert peak < 5 * most


def test_numbers_without_end_never_become_objects(client: TestClient) -> None:
    """Five million of them would be 160 MB as floats in a list."""
    zeros = b"0," * 4_999_999 + b"0"
    head = b'{"inputs": [{"name": "x", "datatype": "%s", "shape": %s, "data": [%s]}]}'
    for datatype, shape in (
        (b"UINT8", b"[1, 8, 8]"),
        (b"FP32", b"[1, 8, 8, 1]"),
        (b"BYTES", b"[1]"),
    ):
        refused, peak = peak_bytes(client, head % (datatype, shape, zeros))
        error_of(refused, 400, "bad_request")
        assert peak < 60_000_000, datatype


def test_pixels_in_json_take_a_few_times_their_text(client: TestClient) -> None:
    zeros = b"0," * 999_999 + b"0"
    body = (
        b'{"inputs": [{"name": "x", "datatype": "UINT8", "shape": [1, 1000, 1000], "data": [%s]}]}'
    )
    answer, peak = peak_bytes(client, body % zeros)
    assert answer.status_code == 200
    assert peak < 20_000_000


TALL = {
    "torn": (b"[[1]" + b",1" * 499_999 + b"]", 400, "bad_request"),
    "nested": (b"[[" + b",".join([b"[1]"] * 500_000) + b"]]", 422, "rejected_upload"),
}


@pytest.mark.parametrize("name", TALL)
def test_the_brackets_of_a_tall_picture_are_compared_many_at_a_time(
    client: TestClient, name: str
) -> None:
    """One at a time they took more than a second a million, and here are half a million."""
    data, status, code = TALL[name]
    said = b'{"inputs": [{"name": "x", "datatype": "UINT8", "shape": [1, 500000, 1], "data": %s}]}'
    started_s = time.process_time()
    refused = client.post(INFER, content=said % data)
    assert time.process_time() - started_s < 0.4
    error_of(refused, status, code)


def test_a_length_of_the_json_that_is_said_twice(client: TestClient) -> None:
    body, headers = packed("BYTES", [1], elements(FILM))
    twice = [(HEADER_LENGTH, headers[HEADER_LENGTH]), (HEADER_LENGTH, "5")]
    for said_twice in (twice, twice[::-1]):
        refused = client.post(INFER, content=body, headers=said_twice)
        assert "twice" in error_of(refused, 400, "bad_request")
