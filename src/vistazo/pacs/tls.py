"""Associations within TLS (DICOM PS3.15, annex B)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from vistazo.errors import SettingsError


@dataclass(frozen=True)
class TlsFiles:
    """Paths of PEM files. With ``authorities`` a caller has to have a certificate of theirs."""

    certificate: str
    key: str | None = None
    authorities: str | None = None


def accepting(files: TlsFiles) -> ssl.SSLContext:
    """For those who call us. Raises SettingsError."""
    context = _context(ssl.Purpose.CLIENT_AUTH, files)
    if files.authorities:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def calling(files: TlsFiles) -> ssl.SSLContext:
    """For those whom we call: their certificate has to fit their name. Raises SettingsError."""
    return _context(ssl.Purpose.SERVER_AUTH, files)


def _context(purpose: ssl.Purpose, files: TlsFiles) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(purpose, cafile=files.authorities)
        if files.certificate:
            context.load_cert_chain(files.certificate, files.key)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The certificate, its key or the authority's cannot be used: {error}."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
