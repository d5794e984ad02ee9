"""The recipes of docs/cookbook.md, given to the programs that read them."""

from __future__ import annotations

import configparser
import datetime
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from builders import encoded, film
from documents import ROOT, text_of
from ports import free_port, is_open
from vistazo.service.settings import Settings

PICTURE = {"file": ("film.png", encoded(film(300, 200)))}


def recipe(language: str) -> str:
    """The one block of that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", text_of("cookbook.md"), re.DOTALL)
    return str(found)


def program(name: str) -> str:
    """Of the tests' own packages, or of the machine."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        pytest.skip(f"there is no {name}")
    return found


def certificate(folder: Path) -> tuple[Path, Path]:
    """One for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "privkey.pem"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def replaced(text: str, *parts: tuple[str, str]) -> str:
    for old, new in parts:
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def started(command: list[str], port: int, folder: Path) -> Iterator[None]:
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            stderr=log,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        deadline = time.monotonic() + 30
        while not is_open(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def is_asked_through(url: str, trusted: ssl.SSLContext) -> None:
    """As a service that answers four times an hour, and tells callers apart by their address."""

    def caller(address: str) -> httpx.Client:
        way = httpx.HTTPTransport(verify=trusted, local_address=address)
        return httpx.Client(base_url=url, transport=way, timeout=30)

    with caller("127.0.0.2") as client:
        assert client.post("/predict", files=PICTURE).json()["filename"] == "film.png"
        large = client.post("/predict", files={"file": ("large.png", bytes(32_500_000))})
        assert (large.status_code, large.json()["code"]) == (413, "upload_too_large")
        claimed = {"X-Forwarded-For": "192.0.2.1"}
        assert [client.get("/model", headers=claimed).status_code for _ in range(4)][-1] == 429
    with caller("127.0.0.3") as client:
        assert client.get("/model").status_code == 200


@pytest.mark.longer
def test_nginx_in_front(running: Callable[..., Any], tmp_path: Path) -> None:
    nginx, port = program("nginx"), free_port()
    chain, private = certificate(tmp_path)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    beside = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    with running(TRUSTED_PROXIES="127.0.0.1", RATE_LIMIT="4/hour") as service:
        site = replaced(
            recipe("nginx"),
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("server_name example.org", "server_name localhost"),
            ("/etc/letsencrypt/live/example.org/fullchain.pem", str(chain)),
            ("/etc/letsencrypt/live/example.org/privkey.pem", str(private)),
            ("http://127.0.0.1:8000", service.url),
        )
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log stderr;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{beside}{site}}}\n"
        )
        command = [nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
        checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
        assert (checked.returncode, "[warn]" in checked.stderr) == (0, False), checked.stderr
        with started(command, port, tmp_path):
            is_asked_through(f"https://localhost:{port}", ssl.create_default_context(cafile=chain))


@pytest.mark.longer
def test_caddy_in_front(running: Callable[..., Any], tmp_path: Path) -> None:
    caddy, port = program("caddy"), free_port()
    chain, private = certificate(tmp_path)
    with running(TRUSTED_PROXIES="127.0.0.1", RATE_LIMIT="4/hour") as service:
        written = tmp_path / "Caddyfile"
        site = replaced(
            recipe("caddy"),
            ("example.org {", f"localhost:{port} {{\n\ttls {chain} {private}"),
            ("127.0.0.1:8000", service.url.removeprefix("http://")),
        )
        written.write_text(f"{{\n\tadmin off\n\thttp_port {free_port()}\n}}\n{site}")
        command = [caddy, "run", "--adapter", "caddyfile", "--config", str(written)]
        with started(command, port, tmp_path):
            is_asked_through(f"https://localhost:{port}", ssl.create_default_context(cafile=chain))


def test_caddy_reads_its_recipe_and_would_write_it_so(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(recipe("caddy"))
    command = [program("caddy"), "fmt", "--diff", str(tmp_path / "Caddyfile")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    command[1:3] = ["adapt", "--config"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_unit_is_one_and_runs_what_is_there(tmp_path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(recipe("ini"))
    service = unit["Service"]
    assert service["ExecStart"] == "/opt/vistazo/.venv/bin/python -m vistazo serve"
    assert (ROOT / "src" / "vistazo" / "__main__.py").exists()
    assert int(service["TimeoutStopSec"]) > Settings.from_environment({}).drain_timeout_s
    settings = {name.upper() for name in Settings.model_fields}
    named = re.findall(
        r"(\w+)=", " ".join(re.findall(r"^Environment=(.*)", recipe("ini"), re.MULTILINE))
    )
    assert set(named) - {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"} <= settings
    written = tmp_path / "vistazo.service"
    written.write_text(recipe("ini").replace("/opt/vistazo/.venv/bin/python", sys.executable))
    command = [program("systemd-analyze"), "verify", "--man=no", str(written)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "vistazo.service" not in checked.stderr, checked.stderr


def test_what_the_page_says_of_the_locked_files_is_there() -> None:
    page = text_of("cookbook.md")
    help_text = (ROOT / "scripts" / "lock").read_text("utf-8")
    for option in re.findall(r"scripts/lock (--\w+)", page):
        assert f'"{option}"' in help_text
