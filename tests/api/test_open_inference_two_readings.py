"""What could be read in two ways, by us and by whoever looked before us, is refused."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from builders import encoded, flat
from inference_calls import HEADER_LENGTH, INFER, PREDICT, as_base64, elements, packed

DARK, BRIGHT = (encoded(flat(grey)) for grey in (20, 230))


@pytest.mark.parametrize("other", ["5", "0", "999999", "the same"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_length_of_the_json_that_comes_twice(
    client: TestClient, other: str, is_first: bool
) -> None:
    body, headers = packed("BYTES", [1], elements(BRIGHT))
    length = headers[HEADER_LENGTH]
    second = length if other == "the same" else other
    both = [(HEADER_LENGTH, length), (HEADER_LENGTH.lower(), second)]
    answer = client.post(INFER, content=body, headers=both if is_first else both[::-1])
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"bad_request: {HEADER_LENGTH}")


@pytest.mark.parametrize(
    "instance",
    [
        {"b64": as_base64(DARK), "image_bytes": {"b64": as_base64(BRIGHT)}},
        {"image_bytes": {"b64": as_base64(DARK)}, "picture": {"b64": as_base64(BRIGHT)}},
        {"b64": as_base64(DARK), "key": "1"},
        {"image_bytes": {"b64": as_base64(DARK), "url": "http://127.0.0.1:1/"}},
        {"image_bytes": {"image_bytes": {"b64": as_base64(DARK)}}},
        {"b64": {"b64": as_base64(DARK)}},
        {"image_bytes": {}},
        {},
    ],
    ids=["two", "another", "key", "link", "nested", "twice", "nothing", "empty"],
)
def test_an_instance_of_version_1_that_holds_more_than_one_picture(
    client: TestClient, instance: Any
) -> None:
    answer = client.post(PREDICT, json={"instances": [instance]})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("bad_request: An instance is")
