"""A few of the uploads that scripts/measure_hostile_uploads.py sends by thousands."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable

import pytest

from hostile_uploads import hostile_inference, hostile_picture, hostile_request
from hostile_uploads.inference_answers import LENGTH, wrong_inference_answer
from hostile_uploads.jpeg_grammar import jpeg_by_grammar
from hostile_uploads.mutations import mutated_picture
from hostile_uploads.png_grammar import png_by_grammar
from vistazo.errors import InputError
from vistazo.pictures import ImageLimits, open_image


def chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def is_decoded(data: bytes) -> bool:
    """Any other error than one that says what is wrong with the picture is the service's own."""
    try:
        open_image(data, ImageLimits()).decode((112, 112))
    except InputError:
        return False
    return True


@pytest.mark.parametrize("make", [mutated_picture, jpeg_by_grammar, png_by_grammar])
def test_a_hostile_picture_is_a_picture_or_an_input_error(
    make: Callable[[random.Random], bytes],
) -> None:
    outcomes = [is_decoded(make(chance(seed))) for seed in range(25)]
    # What never gets as far as a decoder tests nothing but the look before it.
    assert 2 <= sum(outcomes) <= 23


def test_an_upload_is_the_same_every_time() -> None:
    assert [hostile_request(seed) for seed in range(9)] == [hostile_request(s) for s in range(9)]
    first, again = (hostile_picture(chance(4)) for _ in range(2))
    assert first == again


def test_a_request_for_inference_is_the_same_every_time() -> None:
    assert [hostile_inference(seed) for seed in range(9)] == [
        hostile_inference(s) for s in range(9)
    ]
    sorts = {hostile_inference(seed).kind.split(",")[0] for seed in range(60)}
    assert sorts >= {"v2", "v1", "mutated v2"}


SCORES = {"name": "scores", "datatype": "FP32", "shape": [1, 2]}
JSON = {"Content-Type": "application/json"}


def answered(*outputs: dict[str, object], behind: bytes = b"", **headers: str) -> str:
    document = json.dumps({"model_name": "m", "outputs": outputs}).encode()
    sent = {LENGTH: str(len(document))} if behind else {}
    return wrong_inference_answer(200, {**sent, **headers}, document + behind)


def test_an_answer_that_breaks_the_protocol_is_found() -> None:
    assert answered({**SCORES, "data": [0.5, 0.5]}) == ""
    assert "2 values" in answered({**SCORES, "shape": [2, 2], "data": [0.5, 0.5]})
    binary = {**SCORES, "parameters": {"binary_data_size": 8}}
    assert answered(binary, behind=bytes(8)) == ""
    assert "7 bytes" in answered(binary, behind=bytes(7))
    assert "more behind" in answered(binary, behind=bytes(9))
    named = {"name": "labels", "datatype": "BYTES", "shape": [1]}
    label = {**named, "parameters": {"binary_data_size": 6}}
    assert answered(label, behind=b"\2\0\0\0no") == ""
    assert "strings of 7" in answered(label, behind=b"\3\0\0\0no")
    assert "not to be read" in wrong_inference_answer(200, {"Content-Encoding": "gzip"}, b"{}")
    assert wrong_inference_answer(200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")) == ""


def test_an_error_that_no_client_can_read_is_found() -> None:
    error = b'{"error": "corrupt_image: it ends in the middle"}'
    assert wrong_inference_answer(422, JSON, error) == ""
    assert wrong_inference_answer(503, JSON, error) == ""
    assert wrong_inference_answer(500, JSON, error)
    assert wrong_inference_answer(422, {"Content-Type": "application/problem+json"}, error)
    assert wrong_inference_answer(422, {**JSON, "Content-Encoding": "gzip"}, error)
    assert wrong_inference_answer(422, JSON, b'{"detail": "it ends in the middle"}')
