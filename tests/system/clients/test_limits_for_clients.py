"""Keys, rates and a full queue, as real clients meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from builders import encoded
from foreign_client import ClientError, ForeignClient

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]

MODEL = "pneumonia"
NOISE = np.random.default_rng(0).integers(0, 256, (600, 500), np.uint8)
LARGE = encoded(Image.fromarray(NOISE).resize((2400, 2000)), "JPEG")


@pytest.fixture(scope="module")
def guarded(
    running: Callable[..., Any], vistazo: Callable[..., Any], tmp_path_factory: Any
) -> Iterator[tuple[str, str]]:
    """Where it is, and a key."""
    file = str(tmp_path_factory.mktemp("guarded") / "keys")
    key = vistazo("keys", "add", "a", "--scope", "predict", "--file", file).stdout.strip()
    with running(API_KEYS_FILE=file) as service:
        yield service.url, key


def files(data: bytes, count: int = 1) -> list[dict[str, Any]]:
    return [{"name": "image", "shape": [count], "datatype": "BYTES", "values": [data] * count}]


def test_tritonclient_sends_a_key_as_a_header(
    triton: ForeignClient, guarded: tuple[str, str], pictures: list[bytes]
) -> None:
    url, key = guarded
    of = {"address": url.removeprefix("http://"), "model_name": MODEL}
    bearer = {"Authorization": f"Bearer {key}"}
    for ask in ("infer", "infer_with_asyncio"):
        said = triton.call(ask, inputs=files(pictures[0]), headers=bearer, **of)
        assert np.array(said["scores"]).shape == (1, 2)
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            with pytest.raises(ClientError, match="key") as refused:
                triton.call(ask, inputs=files(pictures[0]), headers=headers, **of)
            assert refused.value.status == "401"
    # Who watches it has no key.
    assert triton.call("is_alive", address=of["address"])
    assert triton.call("is_ready", address=of["address"])


def test_kserve_sends_a_key_as_a_header(
    kserve: ForeignClient, guarded: tuple[str, str], pictures: list[bytes]
) -> None:
    url, key = guarded
    headers = {"Authorization": f"Bearer {key}"}
    of = {"url": url, "model": MODEL, "inputs": files(pictures[0])}
    assert len(kserve.call("infer", headers=headers, **of)["scores"]) == 1
    with pytest.raises(ClientError, match="key") as refused:
        kserve.call("infer", **of)
    assert "'401" in refused.value.said
    with pytest.raises(ClientError, match="key"):
        kserve.call("predict", url=url, model=MODEL, instances=[{"b64": "AAAA"}])


def test_who_finds_the_queue_full_is_told_so_and_nobody_else_is_hurt(
    triton: ForeignClient, running: Callable[..., Any]
) -> None:
    """Twenty at once, where one is answered and one may wait."""
    with running(QUEUE_SIZE="1", THREADS="1") as service:
        address = service.url.removeprefix("http://")
        each = [files(LARGE)] * 20
        of = {"address": address, "model_name": MODEL}
        told = triton.call("infer_later", each=each, connections=20, **of)
        answered = [one for one in told if "scores" in one]
        refused = [one for one in told if "status" in one]
        assert len(answered) + len(refused) == 20
        assert answered
        assert refused
        assert {one["status"] for one in refused} == {"429"}
        assert all("queue_full" in one["said"] for one in refused)
        assert len({str(one["scores"]) for one in answered}) == 1
        assert httpx.get(f"{service.url}/v2/health/ready").status_code == 200


def test_many_at_once_are_all_answered_where_there_is_room(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes]
) -> None:
    each = [files(pictures[turn % len(pictures)]) for turn in range(24)]
    of = {"address": pneumonia.address, "model_name": pneumonia.model}
    told = triton.call("infer_later", each=each, connections=4, **of)
    alone = [list(pneumonia.predicted(data).values()) for data in pictures]
    expected = [alone[turn % len(pictures)] for turn in range(24)]
    assert np.array([one["scores"][0] for one in told]) == pytest.approx(
        np.array(expected), abs=1e-6
    )


def test_more_pictures_than_a_request_may_have_and_too_large_ones_are_refused(
    triton: ForeignClient, running: Callable[..., Any], pictures: list[bytes]
) -> None:
    limits = {"MAX_BATCH_FILES": "3", "MAX_UPLOAD_BYTES": "20000", "MAX_QUEUED_BYTES": "5000000"}
    with running(**limits) as service:
        of = {"address": service.url.removeprefix("http://"), "model_name": MODEL}
        assert len(triton.call("infer", inputs=files(pictures[0], 3), **of)["scores"]) == 3
        with pytest.raises(ClientError, match="too_many_files"):
            triton.call("infer", inputs=files(pictures[0], 4), **of)
        with pytest.raises(ClientError) as refused:
            triton.call("infer", inputs=files(LARGE), **of)
        assert refused.value.status == "413"
        zeros = {"name": "image", "shape": [1, 3000, 2000, 1], "datatype": "UINT8"}
        packed = {"request_compression_algorithm": "gzip"}
        with pytest.raises(ClientError) as refused:
            triton.call("infer", inputs=[{**zeros, "values": [0] * 6_000_000}], **packed, **of)
        assert refused.value.status == "413"
