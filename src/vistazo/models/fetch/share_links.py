"""From the link that people share to the link that gives the file: a table, and no network.

Sources: Google Drive's own download form; Dropbox' help ("force a shared link to download");
Microsoft's "Encoding sharing URLs" of the Shares API; GitHub's and Hugging Face's file addresses;
Teachable Machine's own snippet, which adds ``model.json`` to the link that it gives.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from vistazo.errors import DownloadError

DRIVE, DROPBOX, ONEDRIVE = "Google Drive", "Dropbox", "OneDrive"
GITHUB, HUGGING_FACE, GITLAB = "GitHub", "Hugging Face", "GitLab"
TEACHABLE_MACHINE = "Teachable Machine"

_ALL = "*"  # every part of the query is kept


@dataclass(frozen=True)
class DownloadLink:
    """``url`` gives the file itself. Where ``has_folder``, other files may lie beside it."""

    url: str
    service: str | None = None
    has_folder: bool = True


@dataclass(frozen=True)
class _Rule:
    """``host`` and ``path`` are patterns. What they name, and the query, fill in the rest.

    ``query`` is what the new link says, ``keep`` and ``drop`` what it does with the old one's; the
    rule is for links whose query has all that it ``needs``.
    """

    service: str
    host: str
    path: str
    to: str
    query: tuple[tuple[str, str], ...] = ()
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


_DRIVE_FILE = "drive.usercontent.google.com/download"
# confirm=t is what the button "Download anyway" of the page about viruses sends.
_DRIVE_QUERY = (("export", "download"), ("confirm", "t"))
_USER = r"(?:/a/[^/]+)?(?:/u/\d+)?"

_RULES = (
    _Rule(
        DRIVE,
        r"(?:drive|docs)\.google\.com",
        _USER + r"/file(?:/u/\d+)?/d/(?P<id>[\w-]+)(?:/.*)?",
        _DRIVE_FILE,
        (("id", "{id}"), *_DRIVE_QUERY),
        ("resourcekey",),
    ),
    _Rule(
        DRIVE,
        r"(?:drive|docs)\.google\.com|drive\.usercontent\.google\.com",
        _USER + r"/(?:open|uc|download)",
        _DRIVE_FILE,
        (("id", "{id}"), *_DRIVE_QUERY),
        ("resourcekey",),
        needs=("id",),
    ),
    _Rule(
        DROPBOX,
        r"(?:www\.|m\.)?dropbox\.com",
        r"(?P<file>/(?:s|scl/fi|scl/fo/[^/]+/[^/]+|sh/[^/]+/[^/]+)/.+)",
        "www.dropbox.com{file}",
        (("dl", "1"),),
        (_ALL,),
        drop=("raw",),
    ),
    _Rule(
        DROPBOX,
        r"dl\.dropbox\.com|dl\.dropboxusercontent\.com",
        r"(?P<file>/.*)",
        "{host}{file}",
        keep=(_ALL,),
    ),
    _Rule(
        ONEDRIVE,
        r"onedrive\.live\.com",
        r"/(?:embed|download|redir|download\.aspx)",
        "onedrive.live.com/download",
        keep=("cid", "resid", "authkey"),
        needs=("resid", "authkey"),
    ),
    _Rule(
        ONEDRIVE,
        r"1drv\.ms|onedrive\.live\.com",
        r"/.*",
        "api.onedrive.com/v1.0/shares/{token}/root/content",
    ),
    _Rule(
        ONEDRIVE,
        r"[\w-]+\.sharepoint\.com",
        r"(?P<file>/:[a-z]:/.+)",
        "{host}{file}",
        (("download", "1"),),
        (_ALL,),
    ),
    # Of files in Git LFS this address leads on to the file, where raw.githubusercontent.com gives
    # the pointer.
    _Rule(
        GITHUB,
        r"(?:www\.)?github\.com",
        r"(?P<repository>/[^/]+/[^/]+)/(?:blob|raw)/(?P<file>.+)",
        "github.com{repository}/raw/{file}",
    ),
    _Rule(
        HUGGING_FACE,
        r"(?:www\.)?(?:huggingface\.co|hf\.co)",
        r"(?P<repository>(?:/datasets|/spaces)?/[^/]+(?:/[^/]+)?)/(?:blob|raw|resolve)/(?P<file>.+)",
        "huggingface.co{repository}/resolve/{file}",
    ),
    _Rule(
        GITLAB,
        r"gitlab\.com",
        r"(?P<repository>/.+)/-/(?:blob|raw)/(?P<file>.+)",
        "gitlab.com{repository}/-/raw/{file}",
    ),
    _Rule(
        TEACHABLE_MACHINE,
        r"teachablemachine\.withgoogle\.com",
        r"/models/(?P<id>[\w-]+)/?(?:model\.json)?",
        "teachablemachine.withgoogle.com/models/{id}/model.json",
    ),
)

_SHARES = frozenset({DRIVE, DROPBOX, ONEDRIVE})

# Links to a page that lists files, and what to do instead.
_LISTS = (
    (r"drive\.google\.com", r"(?:/drive)?(?:/u/\d+)?/(?:drive/)?folders/.+", DRIVE),
    (r"(?:www\.)?dropbox\.com", r"/(?:sh|scl/fo)/[^/]+/[^/]+/?", DROPBOX),
    (r"1drv\.ms", r"/f/.+", ONEDRIVE),
    (r"[\w-]+\.sharepoint\.com", r"/:f:/.+", ONEDRIVE),
    (
        r"(?:www\.)?github\.com",
        r"/[^/]+/[^/]+(?:/tree/.+|/releases(?:/tag/.+|/latest)?)?/?",
        GITHUB,
    ),
    (r"(?:www\.)?(?:huggingface|hf)\.co", r"/[^/]+/[^/]+(?:/tree/.+)?/?", HUGGING_FACE),
)

_HOW_TO_SHARE = {
    DRIVE: "In Google Drive: Share, General access, 'Anyone with the link'.",
    DROPBOX: "In Dropbox: Share, Create link, 'Anyone with this link'.",
    ONEDRIVE: "In OneDrive: Share, 'Anyone with the link'. A personal OneDrive may still ask "
    "programs to sign in: then put the file elsewhere, such as a GitHub release.",
    GITHUB: "Files of a private repository need a sign-in: make it public, or put the file "
    "elsewhere.",
    TEACHABLE_MACHINE: "In Teachable Machine: Export Model, Tensorflow.js, Upload my model.",
    HUGGING_FACE: "Files of a private or gated repository need a sign-in: make it public, or put "
    "the file elsewhere.",
}


def download_link(url: str) -> DownloadLink:
    """The link of the file behind ``url``. Raises DownloadError where ``url`` is of a folder."""
    parts = urlsplit(url)
    host, query = parts.hostname or "", dict(parse_qsl(parts.query, keep_blank_values=True))
    for host_pattern, path_pattern, service in _LISTS:
        if re.fullmatch(host_pattern, host) and re.fullmatch(path_pattern, parts.path):
            raise DownloadError(
                f"This {service} link leads to a list of files, not to one file. Open it, and copy "
                "the link of the model file itself."
            )
    for rule in _RULES:
        path = re.fullmatch(rule.path, parts.path)
        if path and re.fullmatch(rule.host, host) and all(query.get(n) for n in rule.needs):
            words = {**query, **path.groupdict(), "host": host, "token": _token(url)}
            return DownloadLink(
                _filled(rule, words, query), rule.service, rule.service not in _SHARES
            )
    return DownloadLink(url)


def how_to_share(service: str | None) -> str:
    """What makes a file of this service readable without a sign-in."""
    return _HOW_TO_SHARE.get(service or "", "Make it readable for anyone who has the link.")


def large_file_link(url: str) -> str | None:
    """Where GitHub keeps the file in Git LFS whose pointer ``url`` gives; None elsewhere."""
    parts = urlsplit(url)
    if parts.hostname != "raw.githubusercontent.com":
        return None
    return f"https://media.githubusercontent.com/media{parts.path}"


def _filled(rule: _Rule, words: dict[str, str], query: dict[str, str]) -> str:
    kept = {
        name: value
        for name, value in query.items()
        if (name in rule.keep or _ALL in rule.keep) and name not in rule.drop
    }
    said = {name: value.format_map(words) for name, value in rule.query}
    new_query = urlencode(kept | said, quote_via=quote, safe="!*")
    return f"https://{rule.to.format_map(words)}" + (f"?{new_query}" if new_query else "")


def _token(url: str) -> str:
    """A link as the Shares API wants it: unpadded base64url after ``u!``."""
    return "u!" + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
