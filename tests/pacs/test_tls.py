"""Associations within TLS, with certificates of our own."""

from __future__ import annotations

import datetime
import gc
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pacs_peers import Listening, all_that_comes, association, connection, stored, x_ray
from vistazo.errors import SettingsError
from vistazo.pacs.tls import TlsFiles, accepting, calling

Listen = Callable[..., Listening]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Signed by itself, so that it is its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return TlsFiles(str(pem), str(private), str(pem))


def test_who_has_a_certificate_sends_within_tls(listen: Listen, files: TlsFiles) -> None:
    ours = listen(tls=accepting(files))
    assert stored(ours.port, x_ray(1, 200_000), x_ray(2), tls=calling(files)) == [0, 0]
    assert len(ours.files()) == 2


# pynetdicom leaves a socket that could not connect to be collected.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_who_has_none_is_refused_and_the_rest_goes_on(listen: Listen, files: TlsFiles) -> None:
    ours = listen(tls=accepting(files), timeout_s=2.0)
    stranger = calling(TlsFiles("", None, files.authorities))
    for tls in (stranger, None):
        with association(ours.port, tls=tls) as sender:
            assert not sender.is_established
    assert stored(ours.port, x_ray(1), tls=calling(files)) == [0]
    gc.collect()


@pytest.mark.longer
def test_who_says_nothing_in_a_handshake_holds_up_nobody(listen: Listen, files: TlsFiles) -> None:
    ours = listen(tls=accepting(files), timeout_s=2.0)
    with connection(ours.port) as silent, connection(ours.port) as slow:
        slow.sendall(b"\x16\x03")
        assert stored(ours.port, x_ray(1), tls=calling(files)) == [0]
        all_that_comes(silent)
        all_that_comes(slow)


def test_files_that_cannot_be_used_are_told_in_words(tmp_path: Path, files: TlsFiles) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for wrong in (TlsFiles(str(tmp_path / "empty")), TlsFiles(files.certificate, str(tmp_path))):
        with pytest.raises(SettingsError, match="cannot be used"):
            accepting(wrong)
    assert calling(files).verify_mode is ssl.CERT_REQUIRED
    assert calling(files).check_hostname
