"""The card, the labels and the baseline; and what a link is."""

from __future__ import annotations

from pathlib import Path

import pytest

from downloads import MODEL, PAGE, QUICK, Fetch
from file_server import (
    Files,
    Served,
    status,
)
from vistazo.errors import ModelNotFoundError
from vistazo.models.fetch import Link, ModelFiles, Place, located, parse_location


def test_the_card_the_labels_and_the_baseline_come_from_beside_the_model(
    fetch: Fetch, files: Files
) -> None:
    files["/in/a%20b.keras"] = MODEL
    files["/in/a%20b.card.yaml"] = b"name: m"
    files["/in/labels.txt"] = b"0 NORMAL\n1 PNEUMONIA\n"
    files["/in/a%20b.baseline.npz"] = MODEL
    found = fetch("/in/a%20b.keras")
    assert found.model.name == "a-b.keras"
    assert found.card
    assert found.card.read_bytes() == b"name: m"
    assert found.labels
    assert found.labels.name == "labels.txt"
    assert found.baseline
    assert found.baseline.name.endswith(".baseline.npz")


def test_what_is_not_beside_the_model_is_not_there(fetch: Fetch, files: Files) -> None:
    files["/m.card.yaml"] = PAGE % (b"Not found", b"a page with status 200")
    files["/labels.txt"] = Served(b"", [status(403)])
    files["/m.baseline.npz"] = Served(b"", [status(500)] * 9)
    found = fetch()
    assert (found.card, found.labels, found.baseline) == (None, None, None)


def test_a_card_that_is_too_large_is_none(fetch: Fetch, files: Files) -> None:
    files["/m.card.yaml"] = b"x" * 1_000_001
    assert fetch().card is None


def test_a_card_that_has_changed_is_fetched_again_and_one_that_has_gone_is_gone(
    fetch: Fetch, files: Files
) -> None:
    for card in (b"version: 1", b"version: 2"):
        files["/m.card.yaml"] = card
        found = fetch().card
        assert found
        assert found.read_bytes() == card
    del files["/m.card.yaml"]
    assert fetch().card is None


def test_nothing_is_looked_for_beside_a_link_that_names_no_model(
    fetch: Fetch, files: Files
) -> None:
    files["/download"] = MODEL
    fetch("/download?file=m.keras")
    assert files.paths() == ["/download?file=m.keras"]


def test_the_key_of_a_link_goes_along_to_what_lies_beside_it(fetch: Fetch, files: Files) -> None:
    fetch("/m.keras?sig=s3cret")
    assert "/m.card.yaml?sig=s3cret" in files.paths()


def test_parts_may_have_links_of_their_own_for_a_model_of_this_machine(
    files: Files, cache: Path, tmp_path: Path
) -> None:
    model = tmp_path / "mine.h5"
    files["/cards/1.yaml"] = b"name: m"
    files["/class_indices.json"] = b'{"A": 0}'
    place = Place(
        model,
        cache,
        card=Link(files.url + "/cards/1.yaml"),
        labels=Link(files.url + "/class_indices.json"),
    )
    with located(place, patience=QUICK) as found:
        assert found.model == model
        assert found.card
        assert found.card.read_bytes() == b"name: m"
        assert found.labels
        assert found.labels.name == "class_indices.json"
        assert found.baseline is None


def test_parts_that_are_named_are_not_looked_for(
    fetch: Fetch, files: Files, tmp_path: Path
) -> None:
    card = tmp_path / "my.yaml"
    assert fetch(card=card).card == card
    assert "/m.card.yaml" not in files.paths()


def test_a_part_that_is_named_by_a_link_must_be_there(fetch: Fetch, files: Files) -> None:
    with pytest.raises(ModelNotFoundError, match="There is nothing at"):
        fetch(card=Link(files.url + "/no.yaml"))


def test_without_links_nothing_is_asked_or_made(cache: Path, tmp_path: Path) -> None:
    with located(Place(tmp_path / "m.keras", cache)) as found:
        assert found == ModelFiles(tmp_path / "m.keras", None, None, None)
    assert not cache.exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h.example/in/m.keras?key=1", "https://h.example/.../m.keras"),
        ("https://me:pw@h.example:8443/m.keras#x", "https://h.example:8443/m.keras"),
        ("https://1drv.ms/u/s!AkCh-QtrC8VfZl1kzfziYZ", "https://1drv.ms/..."),
        ("https://h.example", "https://h.example/..."),
    ],
)
def test_a_link_shows_its_host_and_file_only(url: str, shown: str) -> None:
    assert str(Link(url)) == shown
    assert url not in repr(Link(url))


def test_what_begins_like_a_web_address_is_a_link_and_all_else_a_path() -> None:
    assert parse_location(" https://h.example/m.keras ") == Link("https://h.example/m.keras")
    assert parse_location("HTTP://h.example/m.keras") == Link("HTTP://h.example/m.keras")
    for path in ("m.keras", "/a/m.keras", "C:\\m.keras", "C://m.keras", "https/m.keras"):
        assert parse_location(path) == Path(path)
    for wrong in ("ftp://h.example/m.keras", "https://", "https:///m.keras", "https://[x/m"):
        with pytest.raises(ValueError, match="https"):
            parse_location(wrong)
