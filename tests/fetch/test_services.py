"""Links of public services and hosts: their names lead to a server on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from builders import write_brightness_model
from file_server import Files, Served, redirect, serving, status
from vistazo.errors import DownloadError, ModelError
from vistazo.models.fetch import Link, ModelFiles, Patience, Place
from vistazo.models.fetch.collection import Collection
from vistazo.models.fetch.redirects import redirected

ADDRESSES = {
    "models.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "cdn.example": ["151.101.1.1"],
    "inner.example": ["10.1.2.3"],
    "both.example": ["93.184.216.34", "127.0.0.1"],
    "mapped.example": ["::ffff:169.254.169.254"],
}


async def resolve(host: str) -> list[str]:
    return ADDRESSES.get(host, [])


class OnLoopback(httpx.AsyncHTTPTransport):
    """Every host is the server at ``url``; the path there begins with the host's name."""

    def __init__(self, url: str) -> None:
        super().__init__(verify=False)
        self._url = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = f"/{request.url.host}".encode() + request.url.raw_path
        url = self._url.copy_with(raw_path=path)
        there = httpx.Request(
            request.method,
            url,
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await super().handle_async_request(there)


@pytest.fixture
def files() -> Iterator[Files]:
    with serving() as files:
        yield files


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return write_brightness_model(tmp_path / "m.keras").read_bytes()


@pytest.fixture
def fetch(files: Files, tmp_path: Path) -> Callable[[str], ModelFiles]:
    async def fetched(url: str) -> ModelFiles:
        place = Place(Link(url), tmp_path / "cache")
        async with httpx.AsyncClient(transport=OnLoopback(files.url)) as client:
            patience = Patience(first_wait_s=0.01)
            return await Collection(
                place, lambda: tmp_path / "cache", patience, client, resolve
            ).fetch()

    return lambda url: asyncio.run(fetched(url))


Fetch = Callable[[str], ModelFiles]
DRIVE = "/drive.usercontent.google.com/download?id=1aB-c&export=download&confirm=t"


def test_a_share_of_google_drive_gives_the_file_and_nothing_beside_it(
    fetch: Fetch, files: Files, model: bytes
) -> None:
    disposition = {"Content-Disposition": 'attachment; filename="lungs.keras"'}
    files[DRIVE] = Served(model, headers=disposition)
    found = fetch("https://drive.google.com/file/d/1aB-c/view?usp=sharing")
    assert found.model.read_bytes() == model
    assert found.model.name == "lungs.keras"
    assert files.paths() == [DRIVE]


@pytest.mark.parametrize(
    ("served", "said"),
    [
        (Served(b"<html><title>Sign in - Google Accounts</title>"), "Anyone with the link"),
        (Served(b"<html><title>Google Drive - Quota exceeded</title>"), "quota"),
        (Served(b"", [status(404)]), "Anyone with the link"),
        (Served(b"", [status(403)]), "Anyone with the link"),
    ],
)
def test_a_share_that_is_not_shared_says_how_to_share_it_and_not_its_key(
    fetch: Fetch, files: Files, served: Served, said: str
) -> None:
    files[DRIVE] = served
    with pytest.raises(ModelError, match=said) as error:
        fetch("https://drive.google.com/file/d/1aB-c/view?usp=sharing")
    assert "The Google Drive link" in str(error.value)
    assert "1aB-c" not in str(error.value)


def test_a_page_of_github_gives_the_file_and_what_lies_beside_it(
    fetch: Fetch, files: Files, model: bytes
) -> None:
    files["/github.com/o/r/raw/main/in/m.keras"] = Served(
        b"", [redirect("https://raw.githubusercontent.com/o/r/main/in/m.keras")]
    )
    files["/raw.githubusercontent.com/o/r/main/in/m.keras"] = model
    files["/github.com/o/r/raw/main/in/labels.txt"] = b"A\nB\n"
    found = fetch("https://github.com/o/r/blob/main/in/m.keras")
    assert found.model.read_bytes() == model
    assert found.labels
    assert found.labels.read_bytes() == b"A\nB\n"


def test_a_pointer_at_github_leads_to_the_file_that_it_stands_for(
    fetch: Fetch, files: Files, model: bytes
) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac\nsize 84977953\n"
    files["/raw.githubusercontent.com/o/r/main/m.keras"] = pointer
    files["/media.githubusercontent.com/media/o/r/main/m.keras"] = model
    assert fetch("https://raw.githubusercontent.com/o/r/main/m.keras").model.read_bytes() == model


def test_a_pointer_that_leads_to_a_pointer_is_refused(fetch: Fetch, files: Files) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac\nsize 84977953\n"
    files["/raw.githubusercontent.com/o/r/main/m.keras"] = pointer
    files["/media.githubusercontent.com/media/o/r/main/m.keras"] = pointer
    with pytest.raises(DownloadError, match="Git LFS pointer"):
        fetch("https://raw.githubusercontent.com/o/r/main/m.keras")


def test_cookies_of_one_redirect_reach_the_next(fetch: Fetch, files: Files, model: bytes) -> None:
    """As SharePoint wants of whoever follows an anonymous share."""
    share = "/org-my.sharepoint.com/:u:/g/personal/x/Ab?e=1&download=1"

    def give_cookie(handler: object, _: Served) -> None:
        handler.answer(302, b"", Location="/there/m.keras", Set_Cookie="FedAuth=x; path=/")  # type: ignore[attr-defined]

    files[share] = Served(b"", [give_cookie])  # type: ignore[list-item]
    files["/org-my.sharepoint.com/there/m.keras"] = model
    fetch("https://org-my.sharepoint.com/:u:/g/personal/x/Ab?e=1")
    assert files.asked[1].headers["cookie"] == "FedAuth=x"


@pytest.mark.parametrize(
    "inside",
    [
        "https://127.0.0.1/m.keras",
        "https://localhost:8443/m.keras",
        "https://[::1]/m.keras",
        "https://10.0.0.1/m.keras",
        "https://192.168.1.1/m.keras",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/m.keras",
        "https://[fd00::1]/m.keras",
        "https://[::ffff:10.0.0.1]/m.keras",
        "https://0.0.0.0/m.keras",
        "https://inner.example/m.keras",
        "https://both.example/m.keras",
        "https://mapped.example/m.keras",
    ],
)
def test_from_outside_nothing_leads_inside(fetch: Fetch, files: Files, inside: str) -> None:
    files["/models.example/m.keras"] = Served(b"", [redirect(inside)])
    with pytest.raises(DownloadError, match="inside this network"):
        fetch("https://models.example/m.keras")
    assert files.paths() == ["/models.example/m.keras"]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://models.example/a", "https://cdn.example/m.keras?key=1"),
        ("https://models.example/a", "https://unknown.example/m.keras"),
        ("https://inner.example/a", "https://10.9.9.9/m.keras"),
        ("https://10.0.0.1/a", "https://10.0.0.1/b"),
        ("http://localhost/a", "http://127.0.0.1/b"),
        ("http://127.0.0.1/a", "https://models.example/b"),
    ],
)
def test_every_other_way_is_open(source: str, target: str) -> None:
    assert asyncio.run(redirected(source, target, resolve, is_pinned=False)) == target


@pytest.mark.parametrize("is_pinned", [True, False])
def test_encryption_is_never_given_up(is_pinned: bool) -> None:
    with pytest.raises(DownloadError, match="without encryption"):
        asyncio.run(
            redirected(
                "https://models.example/a", "http://models.example/m", resolve, is_pinned=is_pinned
            )
        )


def test_a_hash_vouches_for_a_model_without_encryption_but_for_no_card(
    files: Files, tmp_path: Path, model: bytes
) -> None:
    import hashlib

    files["/models.example/m.keras"] = model
    files["/models.example/m.card.yaml"] = b"name: anybody's"
    sha256 = hashlib.sha256(model).hexdigest()
    place = Place(Link("http://models.example/m.keras"), tmp_path / "cache", sha256=sha256)

    async def fetched() -> ModelFiles:
        async with httpx.AsyncClient(transport=OnLoopback(files.url)) as client:
            return await Collection(
                place, lambda: tmp_path / "cache", Patience(), client, resolve
            ).fetch()

    found = asyncio.run(fetched())
    assert found.model.read_bytes() == model
    assert found.card is None
