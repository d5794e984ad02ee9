import base64

import pytest

from vistazo.errors import DownloadError
from vistazo.models.fetch.share_links import download_link, large_file_link

DRIVE = "https://drive.usercontent.google.com/download"
ID = "1a2B-3c_4D5e6F7g8H9i0JkLmNoPqRsTu"
SHARED = "https://1drv.ms/u/s!AkCh-QtrC8VfZl1kzfziYZfreiM?e=7aLpVf"
TOKEN = "u!" + base64.urlsafe_b64encode(SHARED.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("shared", "download"),
    [
        (
            "https://teachablemachine.withgoogle.com/models/aB_3-xY/",
            "https://teachablemachine.withgoogle.com/models/aB_3-xY/model.json",
        ),
        (
            f"https://drive.google.com/file/d/{ID}/view?usp=sharing",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            f"https://drive.google.com/file/u/0/d/{ID}/edit",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            f"https://drive.google.com/file/d/{ID}/view?usp=sharing&resourcekey=0-AbC_d",
            f"{DRIVE}?resourcekey=0-AbC_d&id={ID}&export=download&confirm=t",
        ),
        (
            f"https://drive.google.com/open?id={ID}&usp=drive_fs",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            f"https://docs.google.com/uc?export=download&id={ID}",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            f"https://drive.google.com/u/1/uc?id={ID}&export=download",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            f"{DRIVE}?id={ID}&export=download&authuser=0",
            f"{DRIVE}?id={ID}&export=download&confirm=t",
        ),
        (
            "https://www.dropbox.com/scl/fi/abc/my%20model.h5?rlkey=s3cret&st=x1&dl=0",
            "https://www.dropbox.com/scl/fi/abc/my%20model.h5?rlkey=s3cret&st=x1&dl=1",
        ),
        (
            "https://www.dropbox.com/s/abc/model.h5",
            "https://www.dropbox.com/s/abc/model.h5?dl=1",
        ),
        (
            "https://dropbox.com/s/abc/model.h5?raw=1",
            "https://www.dropbox.com/s/abc/model.h5?dl=1",
        ),
        (
            "https://www.dropbox.com/scl/fo/abc/key/in/model.h5?rlkey=s3cret&dl=0",
            "https://www.dropbox.com/scl/fo/abc/key/in/model.h5?rlkey=s3cret&dl=1",
        ),
        (
            "https://dl.dropboxusercontent.com/scl/fi/abc/model.h5?rlkey=s3cret",
            "https://dl.dropboxusercontent.com/scl/fi/abc/model.h5?rlkey=s3cret",
        ),
        (SHARED, f"https://api.onedrive.com/v1.0/shares/{TOKEN}/root/content"),
        (
            "https://onedrive.live.com/embed?cid=D3A1&resid=D3A1%211156&authkey=ANIJy5",
            "https://onedrive.live.com/download?cid=D3A1&resid=D3A1!1156&authkey=ANIJy5",
        ),
        (
            "https://ai4b-my.sharepoint.com/:u:/g/personal/someone_org/EXhX84sb?e=q7GJpb",
            "https://ai4b-my.sharepoint.com/:u:/g/personal/someone_org/EXhX84sb?e=q7GJpb&download=1",
        ),
        (
            "https://github.com/o/r/blob/main/models/m.keras",
            "https://github.com/o/r/raw/main/models/m.keras",
        ),
        (
            "https://github.com/o/r/blob/v1.0/m.keras?raw=true",
            "https://github.com/o/r/raw/v1.0/m.keras",
        ),
        (
            "https://github.com/o/r/raw/refs/heads/main/m.keras",
            "https://github.com/o/r/raw/refs/heads/main/m.keras",
        ),
        (
            "https://huggingface.co/o/r/blob/main/m.keras",
            "https://huggingface.co/o/r/resolve/main/m.keras",
        ),
        (
            "https://huggingface.co/o/r/resolve/refs%2Fpr%2F1/in/m.keras?download=true",
            "https://huggingface.co/o/r/resolve/refs%2Fpr%2F1/in/m.keras",
        ),
        (
            "https://huggingface.co/datasets/o/r/raw/main/m.h5",
            "https://huggingface.co/datasets/o/r/resolve/main/m.h5",
        ),
        (
            "https://gitlab.com/group/sub/r/-/blob/main/m.h5?ref_type=heads",
            "https://gitlab.com/group/sub/r/-/raw/main/m.h5",
        ),
    ],
)
def test_a_shared_link_becomes_the_link_of_the_file(shared: str, download: str) -> None:
    assert download_link(shared).url == download
    assert download_link(download).url == download, "a download link stays what it is"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/models/m.keras?version=2&key=a%2Fb",
        "https://github.com/o/r/releases/download/v1/m.keras",
        "https://github.com/o/r/releases/latest/download/m.keras",
        "https://raw.githubusercontent.com/o/r/main/m.keras",
        "https://notdropbox.com/s/abc/m.h5?dl=0",
        "https://drive.google.com.evil.example/file/d/abc/view",
        "http://127.0.0.1:8000/blob/m.keras",
    ],
)
def test_any_other_link_is_left_as_it_is_and_has_a_folder(url: str) -> None:
    link = download_link(url)
    assert (link.url, link.has_folder) == (url, True)


@pytest.mark.parametrize(
    ("shared", "has_folder"),
    [
        (f"https://drive.google.com/file/d/{ID}/view", False),
        ("https://www.dropbox.com/s/abc/model.h5", False),
        (SHARED, False),
        ("https://github.com/o/r/blob/main/m.keras", True),
        ("https://huggingface.co/o/r/resolve/main/m.keras", True),
    ],
)
def test_files_lie_beside_a_file_but_not_beside_a_share(shared: str, has_folder: bool) -> None:
    assert download_link(shared).has_folder == has_folder


@pytest.mark.parametrize(
    ("url", "service"),
    [
        (f"https://drive.google.com/drive/folders/{ID}?usp=sharing", "Google Drive"),
        (f"https://drive.google.com/drive/u/0/folders/{ID}", "Google Drive"),
        ("https://www.dropbox.com/scl/fo/abc/key?rlkey=s3cret&dl=0", "Dropbox"),
        ("https://www.dropbox.com/sh/abc/key?dl=0", "Dropbox"),
        ("https://1drv.ms/f/c/0dc5/IQAF?e=x", "OneDrive"),
        ("https://github.com/o/r", "GitHub"),
        ("https://github.com/o/r/tree/main/models", "GitHub"),
        ("https://github.com/o/r/releases/tag/v1", "GitHub"),
        ("https://huggingface.co/o/r/tree/main", "Hugging Face"),
    ],
)
def test_the_link_of_a_folder_is_refused_in_words_that_do_not_repeat_it(
    url: str, service: str
) -> None:
    with pytest.raises(DownloadError, match=f"{service} link leads to a list of files") as error:
        download_link(url)
    assert "s3cret" not in str(error.value)


def test_a_pointer_of_github_has_its_file_elsewhere() -> None:
    raw = "https://raw.githubusercontent.com/o/r/main/m.keras"
    media = "https://media.githubusercontent.com/media/o/r/main/m.keras"
    assert large_file_link(raw) == media
    assert large_file_link(media) is None
    assert large_file_link("https://example.org/m.keras") is None
