"""A model for the browser behind a link: ``model.json``, and beside it what it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import tfjs_files
from downloads import Fetch, left_over
from file_server import Files, Served, status
from tfjs_files import SMALL, TOPOLOGY
from vistazo.errors import DownloadError, ModelError, ModelNotFoundError, UnsupportedModelError
from vistazo.models.keras_import.tfjs_manifest import shard_names
from vistazo.models.labels import labels_beside
from vistazo.models.parts import find_parts

_SHARDS = [f"group1-shard{n}of3.bin" for n in (1, 2, 3)]
_METADATA = {"packageName": "@teachablemachine/image", "labels": ["A", "B"]}


@pytest.fixture
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read here what is read in a child otherwise: in one test that is done."""
    monkeypatch.setattr(
        "vistazo.models.fetch.collection.name_shards",
        lambda model: shard_names(json.loads(model.read_bytes()), model.name),
    )


def hash_of(model: Path) -> str:
    files = [model, *map(model.with_name, _SHARDS)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@pytest.fixture
def published(files: Files, tmp_path: Path) -> Callable[[], bytes]:
    """Put a model of three shards on the server; gives the bytes of all its files."""

    def publish() -> bytes:
        folder = tmp_path / "published"
        folder.mkdir(exist_ok=True)
        path = tfjs_files.as_converter(folder, [SMALL], TOPOLOGY, shard_bytes=16)
        names = ["model.json", *_SHARDS]
        contents = [path.with_name(name).read_bytes() for name in names]
        for name, content in zip(names, contents, strict=True):
            files[f"/in/{name}"] = content
        files["/in/metadata.json"] = json.dumps(_METADATA).encode()
        return b"".join(contents)

    return publish


def test_its_files_are_laid_together_with_its_labels(
    fetch: Fetch, published: Callable[[], bytes], cache: Path
) -> None:
    content = published()
    found = fetch("/in/model.json")
    parts = find_parts(found.model)
    assert parts.sha256 == hashlib.sha256(content).hexdigest() == found.model.parent.name
    labels = labels_beside(found.model)
    assert labels is not None
    assert labels.labels == ("A", "B")
    assert not left_over(cache)


@pytest.mark.usefixtures("_quickly")
def test_a_second_start_asks_for_each_file_once_and_fetches_none(
    fetch: Fetch, published: Callable[[], bytes], files: Files
) -> None:
    published()
    first = fetch("/in/model.json").model
    files.asked.clear()
    assert fetch("/in/model.json").model == first
    asked = [one for one in files.asked if one.path.endswith((".bin", "model.json"))]
    assert len(asked) == 4
    assert all("if-none-match" in one.headers for one in asked)


@pytest.mark.usefixtures("_quickly")
def test_without_the_network_the_copy_is_served(
    fetch: Fetch, published: Callable[[], bytes], files: Files
) -> None:
    content = published()
    fetch("/in/model.json")
    for name in ("model.json", "metadata.json", *_SHARDS):
        files[f"/in/{name}"].acts = [status(500)] * 9
    pinned = hashlib.sha256(content).hexdigest()
    for sha256 in (None, pinned):
        found = fetch("/in/model.json", sha256=sha256)
        assert hash_of(found.model) == pinned


@pytest.mark.usefixtures("_quickly")
def test_a_new_version_lies_in_a_folder_of_its_own(
    fetch: Fetch, published: Callable[[], bytes], files: Files
) -> None:
    published()
    before = fetch("/in/model.json").model
    files["/in/group1-shard3of3.bin"] = b"12345678"
    del files["/in/metadata.json"]
    after = fetch("/in/model.json").model
    assert after.parent != before.parent
    assert hash_of(before) == before.parent.name
    assert hash_of(after) == after.parent.name
    assert labels_beside(before) is not None
    assert labels_beside(after) is None


@pytest.mark.usefixtures("_quickly")
def test_a_damaged_copy_in_the_cache_is_made_again(
    fetch: Fetch, published: Callable[[], bytes]
) -> None:
    content = published()
    model = fetch("/in/model.json").model
    shard = model.with_name("group1-shard2of3.bin")
    shard.unlink()
    shard.write_bytes(b"x" * 16)
    assert hash_of(fetch("/in/model.json").model) == hashlib.sha256(content).hexdigest()


@pytest.mark.usefixtures("_quickly")
def test_a_shard_that_is_not_there_is_named(
    fetch: Fetch, published: Callable[[], bytes], files: Files
) -> None:
    published()
    del files["/in/group1-shard2of3.bin"]
    with pytest.raises(ModelNotFoundError, match=r"group1-shard2of3\.bin"):
        fetch("/in/model.json")


@pytest.mark.usefixtures("_quickly")
def test_all_files_together_stay_within_the_bound(
    fetch: Fetch, published: Callable[[], bytes]
) -> None:
    content = published()
    fetch("/in/model.json", max_bytes=len(content))
    with pytest.raises(DownloadError, match="MAX_MODEL_BYTES"):
        fetch("/in/model.json?again", max_bytes=len(content) - 1)


@pytest.mark.usefixtures("_quickly")
@pytest.mark.parametrize("path", ["../m.keras", "/m.keras", "https://example.org/m.keras"])
def test_no_name_leads_to_another_folder(
    path: str, fetch: Fetch, files: Files, tmp_path: Path
) -> None:
    model = tfjs_files.write(tmp_path, [{"paths": [path], "weights": []}])
    files["/in/model.json"] = model.read_bytes()
    with pytest.raises(ModelError, match="plain names"):
        fetch("/in/model.json")
    assert {one.path for one in files.asked} == {"/in/model.json"}


@pytest.mark.usefixtures("_quickly")
def test_a_graph_model_is_refused_in_words(fetch: Fetch, files: Files) -> None:
    files["/in/model.json"] = b'{"format": "graph-model", "modelTopology": {"node": []}}'
    with pytest.raises(UnsupportedModelError, match="graph model"):
        fetch("/in/model.json")


@pytest.mark.usefixtures("_quickly")
def test_a_share_says_that_the_model_has_more_files(
    fetch: Fetch, files: Files, published: Callable[[], bytes]
) -> None:
    published()
    files["/share"] = Served(files["/in/model.json"].data)
    with pytest.raises(DownloadError, match="share a zip of them"):
        fetch("/share")
