"""What a station is asked to be: where X-rays come from, where reports go, and its bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from vistazo.errors import SettingsError
from vistazo.pacs.peers import Called, Peer
from vistazo.pacs.since import Since
from vistazo.pacs.tls import TlsFiles


@dataclass(frozen=True)
class Secrets:
    """Who we are to an archive over HTTP. They come from the environment alone."""

    user: str = ""
    password: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True)
class Asked:
    """Of ``peers`` and ``dicomweb`` there is at least one: a way in. ``stow`` is for reports alone.

    Times are in seconds, but ``give_up_after`` in hours.
    """

    spool: Path
    title: str
    host: str
    port: int
    peers: tuple[Peer, ...]
    send_to: tuple[Called, ...]
    dicomweb: str | None
    stow: str | None
    no_heatmap: bool
    since: Since
    every: float
    modalities: tuple[str, ...]
    tls_cert: str | None
    tls_key: str | None
    tls_ca: str | None
    send_tls: bool
    max_object_bytes: int
    max_waiting: int
    max_waiting_bytes: int
    max_associations: int
    timeout: float
    give_up_after: float

    def check(self) -> None:
        """Raises SettingsError."""
        if not self.peers and self.dicomweb is None:
            raise SettingsError(
                "No X-rays can come: say who may send them (--peer TITLE@ADDRESS), or where to "
                "look for them (--dicomweb URL)."
            )
        if self.stow_base is None and not self.send_to:
            raise SettingsError(
                "Reports have nowhere to go: name an archive with --send-to TITLE@HOST:PORT, or "
                "with --stow URL."
            )
        if self.tls_key and not self.tls_cert:
            raise SettingsError("--tls-key is that of a certificate: give --tls-cert, too.")
        if self.tls_ca and not (self.tls_cert or self.send_tls):
            raise SettingsError("--tls-ca is of no use without --tls-cert or --send-tls.")

    @property
    def stow_base(self) -> str | None:
        """Where reports are stored over HTTP; None where they are sent by C-STORE alone."""
        if self.stow is not None:
            return self.stow
        return None if self.send_to else self.dicomweb

    @property
    def tls(self) -> TlsFiles:
        return TlsFiles(self.tls_cert or "", self.tls_key, self.tls_ca)


def base_of(text: str) -> str:
    """The root of an archive's services: no key in it, no query. Raises ValueError."""
    url = text.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise ValueError(
            "write it as https://HOST/dicom-web; who you are there belongs into "
            "PACS_DICOMWEB_TOKEN, or PACS_DICOMWEB_USER and PACS_DICOMWEB_PASSWORD"
        )
    return url


def since_of(text: str) -> Since:
    """``2026-05-31``, or ``3d`` for the last three days. Raises ValueError."""
    if days := re.fullmatch(r"([0-9]{1,4})d", text.strip()):
        return Since(None, int(days[1]))
    try:
        return Since(date.fromisoformat(text.strip()))
    except ValueError:
        raise ValueError(f"'{text}' is no day: write 2026-05-31, or 3d for three days") from None


def modality_of(text: str) -> str:
    """A code such as DX. Raises ValueError."""
    if not re.fullmatch(r"[A-Z]{2,16}", text.strip()):
        raise ValueError(f"'{text}' is no modality, such as DX")
    return text.strip()
