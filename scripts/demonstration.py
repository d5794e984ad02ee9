"""Run one of the five systems without Docker, with the keys and files that it needs.

Standard library only: the environment that serves is made first, as by scripts/serve.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import virtual_environment

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "artifacts"
EXAMPLES = """\
examples:
  ./scripts/demo --list
  ./scripts/demo news
  ./scripts/demo quality --port 9000

Ctrl-C ends it, and all that it started. Exit status: 0 so; 2 where the name, the port or the model
is none; 1 where no key could be made; that of the service where it ends by itself.
"""
INTERRUPTED = 130
# The page then asks whether an answer was right, and shows what has changed.
SCOPES = ("--scope", "predict", "--scope", "feedback", "--scope", "metrics")

Settings = dict[str, str]
# What else is set while it runs, and the header with which it may be asked.
Prepared = tuple[Settings, str]


@dataclass(frozen=True)
class System:
    """``ask`` is the end of a curl line; ``{url}`` stands for where the service is."""

    what: str
    model: Path
    ask: str
    prepare: Callable[[Path], AbstractContextManager[Prepared]]


@contextlib.contextmanager
def open_to_all(model: Path) -> Iterator[Prepared]:
    yield {"MODEL_PATH": str(model)}, ""


@contextlib.contextmanager
def with_a_token(model: Path) -> Iterator[Prepared]:
    """A JSON Web Token, signed with a secret of this run."""
    secret = {"JWT_SECRET": secrets.token_urlsafe(48)}
    token = vistazo("token", "--for", "demo", "--hours", "12", *SCOPES, **secret)
    yield {"MODEL_PATH": str(model), **secret}, f"Authorization: Bearer {token}"


@contextlib.contextmanager
def with_a_token_and_any_device(model: Path) -> Iterator[Prepared]:
    with with_a_token(model) as (settings, header):
        yield {**settings, "DEVICE": "auto"}, header


@contextlib.contextmanager
def from_a_link_with_a_key(model: Path) -> Iterator[Prepared]:
    """The model comes over HTTP at start, and who asks needs a key."""
    with tempfile.TemporaryDirectory() as folder, serving_files(model.parent) as drive:
        keys = Path(folder) / "keys.txt"
        key = vistazo("keys", "add", "demo", "--file", str(keys), *SCOPES)
        say(f"A file server of its own stands for the shared drive: {drive}")
        settings = {"MODEL_PATH": f"{drive}/{model.name}", "API_KEYS_FILE": str(keys)}
        yield {**settings, "CACHE_DIR": folder}, f"Authorization: Bearer {key}"


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """The service's log says what it fetched."""


@contextlib.contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietFiles, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


A_PICTURE = "-F file=@{} {{url}}/predict"
TEXTS = """-H 'Content-Type: application/json' -d '{{"texts": ["El Gobierno aprueba ..."]}}' \
{url}/falsetrue"""
SYSTEMS = {
    "pneumonia": System(
        "chest X-rays of children: NORMAL or PNEUMONIA",
        ARTIFACTS / "pneumonia/pneumonia.keras",
        A_PICTURE.format("film.jpeg"),
        open_to_all,
    ),
    "pictures": System(
        "what a picture shows, at 500 x 720, and a page with a button Predict",
        ARTIFACTS / "pictures/finalModel.keras",
        A_PICTURE.format("picture.jpg"),
        open_to_all,
    ),
    "news": System(
        "POST /falsetrue: 0 false, 1 true; asks for a token",
        ARTIFACTS / "news/news.joblib",
        TEXTS,
        with_a_token,
    ),
    "quality": System(
        "parts, ok or defective; the model comes from a link, and a key is asked for",
        ARTIFACTS / "parts/trained_best_model2.h5",
        A_PICTURE.format("part.png"),
        from_a_link_with_a_key,
    ),
    "leaves": System(
        "apple leaves and their diseases; asks for a token, takes a GPU where there is one",
        ARTIFACTS / "leaves/leaves.keras",
        A_PICTURE.format("leaf.jpg"),
        with_a_token_and_any_device,
    ),
}


def main(argv: list[str]) -> int:
    options = arguments().parse_args(argv)
    if options.list:
        for name, system in SYSTEMS.items():
            print(f"{name:10} {system.what}")
        return 0
    if options.name is None:
        arguments().error("which one? --list shows them")
    system = SYSTEMS[options.name]
    if not system.model.is_file():
        say(f"There is no {system.model.relative_to(ROOT)}: this checkout does not hold it.")
        return 2
    if is_taken(options.port):
        say(f"Port {options.port} is taken: --port names another one.")
        return 2
    try:
        virtual_environment.prepare("serving")
        with tempfile.TemporaryDirectory() as kept, system.prepare(system.model) as prepared:
            settings, header = prepared
            return run(system, options.port, {"RECORDS_DIR": kept, **settings}, header)
    except KeyboardInterrupt:
        return INTERRUPTED
    except subprocess.CalledProcessError as error:
        say(error.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "demo", description=__doc__.partition("\n")[0], epilog=EXAMPLES, formatter_class=raw
    )
    parser.add_argument("name", nargs="?", choices=SYSTEMS, metavar="NAME", help="see --list")
    parser.add_argument("--list", action="store_true", help="show the systems")
    parser.add_argument("--port", type=a_port, default=8000, help="(%(default)s)")
    return parser


def a_port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text} is no port: it is 1 to 65535")
    return int(text)


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def vistazo(*command: str, **settings: str) -> str:
    """What one of its commands answers."""
    done = subprocess.run(
        [str(virtual_environment.PYTHON), "-m", "vistazo", *command],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def environment(settings: Settings) -> Settings:
    """That of this process, without what it says of another model or of who may call."""
    others = ("MODEL_", "API_KEYS", "JWT_", "LABELS", "VECTORIZER_PATH", "RECORDS_", "KEEP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **settings}


def run(system: System, port: int, settings: Settings, header: str) -> int:
    """The exit status of the service, once somebody has ended it."""
    command = [str(virtual_environment.PYTHON), "-m", "vistazo", "serve"]
    variables = environment({**settings, "PORT": str(port)})
    # In a session of its own it is told to end once, by this process, whoever told this one.
    with subprocess.Popen(command, env=variables, start_new_session=True) as service:
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: service.terminate())
        try:
            if is_ready(service, port):
                tell(system, f"http://localhost:{port}", header)
            return service.wait()
        except KeyboardInterrupt:
            service.terminate()
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return service.wait()


def is_ready(service: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it is, sooner or later; not where it ends before."""
    while service.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.client.OK:
                return True
        time.sleep(0.1)
    return False


def tell(system: System, url: str, header: str) -> None:
    who = f"-H '{header}' " if header else ""
    say(f"\nReady: {system.what}\n\n  {url}   the page\n")
    say(f"  curl {who}{system.ask.format(url=url)}\n")
    say("What is answered, and what you say of it, is kept until the end.\nCtrl-C ends it.")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
