"""A model in two files behind links: its layers, its weights, or both."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import model_pairs
from downloads import QUICK, Fetch
from file_server import Files, hang_up
from vistazo.errors import DownloadError, UnreadableModelError
from vistazo.models.fetch import Link, Place, located
from vistazo.models.store import find_model

LAYERS = json.dumps(model_pairs.config()).encode()


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    return model_pairs.write_legacy(tmp_path / "w.h5").read_bytes()


@pytest.mark.parametrize("name", ["fer.weights.h5", "fer.h5", "fer_weights.h5"])
def test_weights_come_from_beside_the_layers(
    name: str, fetch: Fetch, files: Files, weights: bytes
) -> None:
    files["/in/fer.json"], files[f"/in/{name}"] = LAYERS, weights
    found = fetch("/in/fer.json")
    assert found.model.read_bytes() == LAYERS
    assert found.model.name == "fer.json"
    assert found.weights is not None
    assert found.weights.read_bytes() == weights


@pytest.mark.parametrize("name", ["fer.json", "fer.yaml"])
def test_layers_come_from_beside_the_weights(
    name: str, fetch: Fetch, files: Files, weights: bytes
) -> None:
    files["/in/fer.weights.h5"], files[f"/in/{name}"] = weights, LAYERS
    found = fetch("/in/fer.weights.h5")
    assert (found.model.name, found.model.read_bytes()) == (name, LAYERS)
    assert found.weights is not None
    assert found.weights.read_bytes() == weights


def test_model_weights_may_be_a_link_or_a_file_whatever_the_model_is(
    fetch: Fetch, files: Files, weights: bytes, cache: Path, tmp_path: Path
) -> None:
    files["/fer.json"], files["/elsewhere/best.h5"] = LAYERS, weights
    link = Link(files.url + "/elsewhere/best.h5")
    found = fetch("/fer.json", weights=link)
    assert found.weights is not None
    assert found.weights.name == "best.h5"
    assert fetch("/fer.json", weights=tmp_path / "w.h5").weights == tmp_path / "w.h5"
    mine = model_pairs.write_layers(tmp_path / "mine.json")
    with located(Place(mine, cache, weights=link), patience=QUICK) as local:
        assert local.model == mine
        assert local.weights is not None
        assert local.weights.read_bytes() == weights


def test_both_come_from_the_cache_where_the_network_is_gone(
    fetch: Fetch, files: Files, weights: bytes
) -> None:
    files["/fer.json"], files["/fer.h5"] = LAYERS, weights
    first = fetch("/fer.json")
    for name in ("fer.json", "fer.h5"):
        files[f"/{name}"].acts = [hang_up] * 9
    assert fetch("/fer.json") == first


def test_nothing_is_asked_for_beside_a_whole_model(fetch: Fetch, files: Files) -> None:
    fetch("/m.keras")
    assert not [path for path in files.paths() if path.endswith((".json", ".h5"))]


def test_the_hash_that_is_asked_for_is_that_of_both(
    fetch: Fetch, files: Files, weights: bytes
) -> None:
    files["/fer.json"], files["/fer.h5"] = LAYERS, weights
    both = hashlib.sha256(LAYERS + weights).hexdigest()
    for path in ("/fer.json", "/fer.h5"):
        found = fetch(path, sha256=both)
        assert find_model(found.model, None, weights_file=found.weights, sha256=both)
        with pytest.raises(UnreadableModelError, match="MODEL_SHA256"):
            find_model(found.model, None, weights_file=found.weights, sha256="0" * 64)


@pytest.mark.parametrize("page", [b'{"error": "none"}', b"[1, 2]"])
def test_json_that_is_no_models_layers_is_refused(page: bytes, fetch: Fetch, files: Files) -> None:
    files["/fer.json"] = page
    with pytest.raises(DownloadError, match="JSON instead of a model"):
        fetch("/fer.json")


def test_weights_that_are_cut_short_are_asked_for_again(
    fetch: Fetch, files: Files, weights: bytes
) -> None:
    files["/fer.json"], files["/fer.h5"] = LAYERS, weights[:-100]
    with pytest.raises(DownloadError, match="cut short"):
        fetch("/fer.json", weights=Link(files.url + "/fer.h5"))
