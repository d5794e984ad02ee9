"""A stand-in for Render on loopback: its API, its deploy hooks, and the service it runs.

It honours what https://api-docs.render.com says of the calls that a deployment makes: statuses,
JSON, keys, states. ``faults`` are answers to give first, before any of that.
"""

from __future__ import annotations

import json
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "rnd_Xk29fLqW7sTz"
SERVICE = "srv-cabc123"
HOOK_KEY = "Qw3rTyUiOp0"
NAME = "ghcr.io/someone/vistazo"
MODEL = "a" * 64


def image(digit: str, name: str = NAME) -> str:
    return f"{name}@sha256:{digit * 64}"


OLD, NEW = image("1"), image("2")


@dataclass
class Fault:
    """``status`` 0 hangs up without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""


def card(kind: str = "sigmoid", min_side_px: int = 32, max_aspect_ratio: float = 4) -> Any:
    sides = {"min_side_px": min_side_px, "max_aspect_ratio": max_aspect_ratio}
    return {"input": sides, "output": {"kind": kind}}


@dataclass
class Behaviour:
    """Of the service that an image holds."""

    model: str = MODEL
    ready_after: int = 0
    prediction: dict[str, Any] | None = None
    card: dict[str, Any] = field(default_factory=card)
    refusal: dict[str, Any] | None = None


@dataclass
class Deployed:
    id: str
    image: str
    states: list[str]

    def document(self) -> dict[str, Any]:
        name, _, digest = self.image.partition("@")
        return {
            "id": self.id,
            "image": {"ref": f"{name}:main", "sha": digest},
            "status": self.states[0],
            "trigger": "api",
            "createdAt": "2026-01-01T00:00:00Z",
        }


class RenderStandIn:
    """``outcomes`` are the states that the next deploys go through, one list per deploy."""

    def __init__(self) -> None:
        self.deploys = [Deployed("dep-0", OLD, ["live"])]
        self.outcomes: list[list[str]] = []
        self.services: dict[str, Behaviour] = {}
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.cancelled: list[str] = []
        self.is_queueing = False
        self._unlisted: list[Deployed] = []
        self.tells_digests = True
        self.url = ""
        self._lock = threading.Lock()
        self._asked_ready: dict[str, int] = {}

    @property
    def live(self) -> Deployed:
        return next(deploy for deploy in self.deploys if deploy.states[0] == "live")

    def posted(self) -> list[str]:
        return [line for line in self.requests if line.startswith("POST") and "deploy" in line]

    def start(self, wanted: str) -> Deployed:
        default = ["created", "update_in_progress", "live"]
        states = list(self.outcomes.pop(0)) if self.outcomes else default
        made = Deployed(f"dep-{len(self.deploys)}", wanted, states)
        self.deploys.insert(0, made)
        return made

    def advance(self, deploy: Deployed) -> None:
        """A deploy takes its next state whenever it is looked at."""
        if len(deploy.states) > 1:
            deploy.states.pop(0)
            if deploy.states[0] == "live":
                for other in self.deploys:
                    if other is not deploy and other.states == ["live"]:
                        other.states = ["deactivated"]

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        parts = urlsplit(target)
        with self._lock:
            if self.faults and parts.path.startswith(self.faults[0].path):
                fault = self.faults.pop(0)
                return Reply(fault.status, {"message": "a fault"}, fault.headers)
            if parts.path.startswith("/service/"):
                return self._service(method, parts.path.removeprefix("/service"), body)
            if parts.path.startswith("/deploy/"):
                return self._hook(parts.path, parse_qs(parts.query))
            if headers.get("Authorization") != f"Bearer {KEY}":
                return Reply(401, {"id": "err-1", "message": "Unauthorized"})
            return self._api(method, parts.path, parse_qs(parts.query), body)

    def _api(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Reply:
        if not path.startswith(f"/v1/services/{SERVICE}"):
            return Reply(404, {"id": "err-2", "message": "not found: service"})
        rest = path.removeprefix(f"/v1/services/{SERVICE}")
        if (method, rest) == ("GET", ""):
            details = {"url": f"{self.url}/service", "env": "image"}
            return Reply(200, {"id": SERVICE, "type": "web_service", "serviceDetails": details})
        if (method, rest) == ("GET", "/deploys"):
            return Reply(200, self._list(query))
        if (method, rest) == ("POST", "/deploys"):
            return self._create(json.loads(body)["imageUrl"])
        found = re.fullmatch(r"/deploys/([\w-]+)(/cancel)?", rest)
        deploy = next((one for one in self.deploys if found and one.id == found.group(1)), None)
        if deploy is None or found is None:
            return Reply(404, {"id": "err-3", "message": "not found: deploy"})
        if found.group(2):
            self.cancelled.append(deploy.id)
            deploy.states = ["canceled"]
        else:
            self.advance(deploy)
        return Reply(200, self._document(deploy))

    def _list(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        wanted = query.get("status", [])
        shown = [one for one in self.deploys if not wanted or one.states[0] in wanted]
        shown = [one for one in shown if one not in self._unlisted]
        limit = int(query.get("limit", ["20"])[0])
        self._unlisted.clear()  # what is queued is not in the list at once
        return [{"deploy": self._document(one), "cursor": one.id} for one in shown[:limit]]

    def _document(self, deploy: Deployed) -> dict[str, Any]:
        document = deploy.document()
        if not self.tells_digests:
            document["image"].pop("sha")
        return document

    def _create(self, wanted: str) -> Reply:
        if wanted.partition("@")[0] != self.live.image.partition("@")[0]:
            return Reply(400, {"id": "err-4", "message": "image must match the service's image"})
        made = self.start(wanted)
        if self.is_queueing:
            self._unlisted.append(made)
            return Reply(202, None)
        return Reply(201, self._document(made))

    def _hook(self, path: str, query: dict[str, list[str]]) -> Reply:
        if path != f"/deploy/{SERVICE}" or query.get("key") != [HOOK_KEY]:
            return Reply(404, {"message": "not found"})
        made = self.start(query["imgURL"][0])
        made.states = ["created", "live"]
        self.advance(made)
        return Reply(200, {"deploy": {"id": made.id}})

    def _service(self, method: str, path: str, body: bytes) -> Reply:
        deploy = self.live
        behaviour = self.services.setdefault(deploy.image, Behaviour())
        if (method, path) == ("GET", "/health/ready"):
            asked = self._asked_ready.get(deploy.id, 0)
            self._asked_ready[deploy.id] = asked + 1
            return Reply(200 if asked >= behaviour.ready_after else 503, {"status": "ready"})
        if (method, path) == ("GET", "/model"):
            return Reply(200, {"sha256": behaviour.model, "card": behaviour.card})
        if (method, path) == ("POST", "/predict"):
            if b'name="file"' not in body or b"\x89PNG" not in body:
                return Reply(422, {"code": "missing_file"})
            refusal = behaviour.refusal or _too_small(body, behaviour.card["input"])
            if refusal:
                return Reply(422, refusal)
            sound = {
                "predictions": [0.25, 0.75],
                "predicted_class": "PNEUMONIA",
                "model": {"name": "pneumonia", "version": "1", "sha256": behaviour.model},
            }
            return Reply(200, behaviour.prediction or sound)
        return Reply(404, {"code": "not_found"})


def _too_small(body: bytes, asked: dict[str, Any]) -> dict[str, Any] | None:
    """By the header of the PNG in the form, as the real service refuses it."""
    start = body.index(b"IHDR") + 4
    short, long = sorted(struct.unpack(">II", body[start : start + 8]))
    kept = {
        "min_side_px": short >= asked["min_side_px"],
        "max_aspect_ratio": long <= short * asked["max_aspect_ratio"],
    }
    broken = [{"rule": rule, "detail": ""} for rule, is_kept in kept.items() if not is_kept]
    return {"code": "rejected_upload", "errors": broken} if broken else None


@dataclass
class Reply:
    status: int
    document: Any
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def running(stand_in: RenderStandIn) -> Iterator[RenderStandIn]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stand_in.requests.append(f"{self.command} {self.path}")
            reply = stand_in.answer(self.command, self.path, self.headers, body)
            if reply.status == 0:
                self.close_connection = True
                return
            content = b"" if reply.document is None else json.dumps(reply.document).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_any  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
