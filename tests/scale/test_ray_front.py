"""The front in Ray's proxy, before a proxy that answers as Ray's does."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from vistazo.scale.ray_front import Front, middlewares
from vistazo.service.reception import Reception, ReceptionPolicy

MOST_BYTES = 1000
BODY = b"a picture"


@dataclass
class Proxy:
    """Ray's: it reads all that comes, asks a replica, and says nothing where that is gone."""

    answers: list[Response | None]
    bodies: list[bytes] = field(default_factory=list)
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = scope["headers"]
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        answer = self.answers.pop(0)
        if answer is not None:
            await answer(scope, receive, send)
        else:
            await asyncio.wait_for(receive(), 1)  # it listens whether the caller hangs up


@dataclass
class Caller:
    front: Front
    left: bool = False
    sent: list[Message] = field(default_factory=list)

    def ask(
        self,
        path: str = "/predict",
        method: str = "POST",
        parts: Iterable[bytes] = (BODY,),
        length: int | None = None,
        more: Iterable[tuple[bytes, bytes]] = (),
    ) -> Caller:
        parts = list(parts)
        told = sum(map(len, parts)) if length is None else length
        headers = [(b"content-length", str(told).encode())] if told else []
        headers += more
        pieces = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, 1)
        ]
        if not told:
            pieces = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Message:
            if pieces:
                return pieces.pop(0)
            return (
                {"type": "http.disconnect"} if self.left else {"type": "http.request", "body": b""}
            )

        async def send(message: Message) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": headers,
            "client": ("192.0.2.1", 1),
        }
        asyncio.run(self.front(scope, receive, send))
        return self

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name.decode(), value.decode()) for name, value in self.sent[0]["headers"]]

    @property
    def problem(self) -> dict[str, object]:
        assert ("content-type", "application/problem+json") in self.headers
        return self.said

    @property
    def said(self) -> dict[str, object]:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent))


def before(*answers: Response | None, **policy: float) -> tuple[Caller, Proxy]:
    bounds = {"max_bytes": 10_000, "max_uploads": 4, "grace_s": 5, "min_bytes_per_s": 1}
    reception = Reception(ReceptionPolicy(**{**bounds, "timeout_s": 5, **policy}))  # type: ignore[arg-type]
    proxy = Proxy(list(answers))
    return Caller(Front(proxy, reception, MOST_BYTES)), proxy


OK: Callable[[], Response] = lambda: Response(b"{}", media_type="application/json")  # noqa: E731


def test_a_request_that_a_replica_took_with_it_is_asked_again() -> None:
    caller, proxy = before(None, OK())
    assert caller.ask(parts=[b"a pic", b"ture"]).status == 200
    assert proxy.bodies == [BODY, BODY]


def test_whoever_is_lost_twice_is_told_to_ask_again() -> None:
    caller, proxy = before(None, None)
    caller.ask()
    assert (caller.status, caller.problem["code"]) == (503, "not_ready")
    assert ("retry-after", "5") in caller.headers
    assert len(proxy.bodies) == 2


def test_a_protocol_s_client_is_told_in_the_protocol_s_words() -> None:
    caller, _ = before(None, None)
    caller.ask("/v2/models/m/infer")
    assert caller.status == 503
    assert caller.said == {
        "error": "not_ready: The replica that was answering is gone. Send this again."
    }
    caller, _ = before(Response(b'{"outputs": []}', media_type="application/json"))
    assert caller.ask("/v2/models/m/infer").said == {"outputs": []}


def test_a_card_s_own_route_below_v1_is_none_of_a_protocol() -> None:
    problem = Response(b'{"code": "c", "detail": "d"}', 415, media_type="application/problem+json")
    caller, _ = before(problem, None, None)
    assert caller.ask("/v1/classify").problem == {"code": "c", "detail": "d"}
    caller.sent.clear()
    assert caller.ask("/v1/classify").problem["code"] == "not_ready"


ORDERS = [
    (b"x-request-timeout-seconds", b"0.001"),
    (b"X-Request-Disconnect-Disabled", b"?1"),
    (b"serve-multiplexed-model-id", b"\xff"),
    (b"serve_multiplexed_model_id", b"another"),
    (b"x-session-id", b"\xff"),
    (b"traceparent", b"\xff"),
    (b"x-request-id", b"\xff"),
]


def test_a_stranger_gives_ray_no_orders() -> None:
    caller, proxy = before(OK())
    caller.ask(more=[*ORDERS, (b"authorization", b"Bearer k")])
    [own_id] = [value for name, value in proxy.headers if name == b"x-request-id"]
    assert re.fullmatch(rb"[0-9a-f]{32}", own_id)
    assert [name for name, _ in proxy.headers] == [
        b"content-length", b"authorization", b"x-request-id"
    ]  # fmt: skip


def test_what_ray_does_not_expect_is_answered_all_the_same() -> None:
    caller, _ = before(OK())

    async def broken(*_: object) -> None:
        raise UnicodeDecodeError("utf-8", b"", 0, 1, "invalid")

    caller.front._app = broken
    assert caller.ask().problem["code"] == "not_ready"


def test_a_refusal_here_is_as_one_of_the_service(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    caller, _ = before(None, None)
    caller.front._origins = ["https://ward.example"]
    caller.ask(more=[(b"x-request-id", b"mine"), (b"origin", b"https://ward.example")])
    assert caller.problem["request_id"] == "mine"
    told = dict(caller.headers)
    assert (told["x-request-id"], told["x-content-type-options"]) == ("mine", "nosniff")
    assert told["access-control-allow-origin"] == "https://ward.example"
    assert caplog.records[-1].__dict__["code"] == "not_ready"


def test_nobody_writes_who_he_is_because_he_comes_over_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    middlewares()
    assert os.environ.pop("FORWARDED_ALLOW_IPS") == ""


@pytest.mark.parametrize("path", ["/feedback", "/feedback/", "/a-prefix/feedback", "/admin/reload"])
def test_what_is_done_once_is_not_asked_twice(path: str) -> None:
    caller, proxy = before(None, OK())
    caller.ask(path)
    assert (caller.status, len(proxy.bodies)) == (500, 1)
    assert "is not known" in str(caller.problem["detail"])
    assert "retry-after" not in dict(caller.headers)


def test_nobody_asks_again_for_a_caller_who_has_left() -> None:
    caller, proxy = before(None, OK())
    caller.left = True
    assert caller.ask().sent == []
    assert len(proxy.bodies) == 1


def test_who_hangs_up_while_he_sends_reaches_no_replica() -> None:
    caller, proxy = before(OK())
    caller.left = True
    pieces = caller.ask(parts=[], length=5)
    assert pieces.sent == []
    assert proxy.bodies == []


@pytest.mark.parametrize(
    ("of_ray", "code"),
    [
        (PlainTextResponse("Request dropped due to backpressure", 429), "queue_full"),
        (PlainTextResponse("The deployment is unavailable", 503), "not_ready"),
        (PlainTextResponse("Request timed out after 1s.", 408), "not_ready"),
    ],
)
def test_a_refusal_of_ray_is_a_problem_document(of_ray: Response, code: str) -> None:
    caller, _ = before(of_ray)
    caller.ask()
    assert caller.status == {429: 429}.get(of_ray.status_code, 503)
    assert caller.problem["code"] == code
    assert "retry-after" in dict(caller.headers)


def test_what_a_replica_answers_is_passed_on_as_it_is() -> None:
    caller, _ = before(Response(b"{}", 429, media_type="application/problem+json"))
    assert caller.ask().problem == {}
    caller, _ = before(PlainTextResponse("vistazo_requests 1"))
    assert caller.ask("/metrics", "GET", parts=[]).status == 200


def test_a_body_beyond_the_largest_is_refused_before_it_is_read() -> None:
    caller, proxy = before(OK())
    caller.ask(length=MOST_BYTES + 1)
    assert (caller.status, caller.problem["code"]) == (413, "upload_too_large")
    assert ("connection", "close") in caller.headers
    assert proxy.bodies == []


def test_a_body_that_is_longer_than_it_says_reaches_no_replica() -> None:
    caller, proxy = before(OK())
    caller.ask(parts=[bytes(600), bytes(600)], length=5)
    assert (caller.status, proxy.bodies) == (413, [])


def test_a_slow_upload_ends_and_holds_no_replica_meanwhile() -> None:
    caller, proxy = before(OK(), grace_s=0.05, min_bytes_per_s=1000)

    class Slow(Front):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def waiting() -> Message:
                await asyncio.sleep(0.2)
                return await receive()

            await super().__call__(scope, waiting, send)

    caller.front.__class__ = Slow
    caller.ask()
    assert (caller.status, caller.problem["code"]) == (408, "upload_too_slow")
    assert proxy.bodies == []


def test_an_answer_has_one_request_id() -> None:
    answer = OK()
    answer.raw_headers += [(b"x-request-id", b"ours"), (b"x-request-id", b"of ray")]
    caller, _ = before(answer)
    ids = [value for name, value in caller.ask().headers if name == "x-request-id"]
    assert ids == ["ours"]


def test_a_proxy_that_is_trusted_is_believed_in_front_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "")
    monkeypatch.delenv("METRICS_PORT", raising=False)
    assert [each.cls.__name__ for each in middlewares()] == ["Front"]
    monkeypatch.setenv("TRUSTED_PROXIES", "192.0.2.0/24")
    assert [each.cls.__name__ for each in middlewares()] == ["Front", "Forwarded"]
