"""One connection of the web server: what happens below requests, in HTTP itself."""

from __future__ import annotations

import asyncio
import contextlib
import re
import select
from http import HTTPStatus

import h11
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from vistazo.api.closing import LINGER_S
from vistazo.api.paths import route_path
from vistazo.api.problems import problem_response
from vistazo.api.protocols.speaking import answer_in_its_words
from vistazo.errors import RequestError

_MALFORMED = (
    "The request is not HTTP/1.1 as RFC 9112 has it, its headers are too long, or its body comes "
    "in too many small pieces."
)
# A piece costs the same however small it is: ten million bytes, one by one, a minute of CPU time.
_SMALL_PIECE_BYTES = 64
_MAX_SMALL_PIECES = 20_000
# Requests that are sent ahead, before the answer to the first.
_MAX_AHEAD_BYTES = 16_384
# What is read of a connection at a time: a picture in one piece or two. Of a thousand connections
# that would be much; those that come when there are some already are read in smaller ones.
_WIDE_READ_BYTES, _READ_BYTES = 262_144, 65_536
_WIDE_CONNECTIONS = 16
_LOOK_S = 1.0
# Of a target, and of all headers. Half of it is the least that a target should have (RFC 9112, 3).
_MAX_HEAD_BYTES = 16_384
# As long as a request that was on its way at the end may take to arrive.
_LAST_REQUEST_S = 1.0
_BEFORE_AN_ANSWER = (h11.IDLE, h11.SEND_RESPONSE)
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)(/[^?]*)?(\?.*)?", re.IGNORECASE)
# uri-host [ ":" port ] of RFC 9110 section 7.2: a name or an address, as RFC 3986 has them.
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~%!$&'()*+;=]*)(:[0-9]*)?")


class _Parser(h11.Connection):
    """h11's, which takes what h11 takes for a head, and a body in pieces of any size, up to a
    number of small ones.
    """

    # Of a fault, as far as it was told; and the method of the request, while one is there.
    fault_status = 400
    method = b""
    _small_pieces = 0
    _head = b""

    def send(self, event: h11.Event) -> bytes | None:  # type: ignore[override]
        """The head of an answer goes with what follows: one call of the system, and one packet."""
        output = super().send(event)
        if isinstance(event, h11.Response):
            self._head = output or b""
            return b""
        head, self._head = self._head, b""
        return head + (output or b"") if head else output

    @property
    def n_waiting(self) -> int:
        """Bytes that have been received and not yet been looked at."""
        return len(self._receive_buffer)

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        is_head = self.their_state is h11.IDLE
        if is_head and self.trailing_data[0].startswith(b"\r\n"):
            self._receive_buffer.maybe_extract_at_most(2)  # RFC 9112 section 2.2
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                self.method, self._small_pieces = event.method, 0
                event = _checked(event)
            elif isinstance(event, h11.Data) and len(event.data) < _SMALL_PIECE_BYTES:
                self._count_small_piece()
        except h11.RemoteProtocolError as error:
            self.fault_status = _of_the_caller(error.error_status_hint)
            is_cut_off = is_head and self.their_state is h11.ERROR  # else h11 has taken it whole
            if is_cut_off and self.fault_status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
                self.fault_status = _of_a_long_head(self.trailing_data[0])
            raise
        return event

    def _count_small_piece(self) -> None:
        self._small_pieces += 1
        if self._small_pieces > _MAX_SMALL_PIECES:
            raise h11.RemoteProtocolError("too many small pieces")


def _of_the_caller(status: int) -> int:
    """A caller does not make a 5xx, on which alarms are set: 501 of a transfer coding that nobody
    knows only should be (RFC 9112 section 6.1).
    """
    return status if status < HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.BAD_REQUEST


def _of_a_long_head(received: bytes) -> HTTPStatus:
    """Where its first line alone is too long, RFC 9112 section 3 has a status for that."""
    if b"\n" in received[:_MAX_HEAD_BYTES]:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return HTTPStatus.REQUEST_URI_TOO_LONG


def _checked(request: h11.Request) -> h11.Request:
    """With a target in origin-form, or ``*`` of OPTIONS. Raises RemoteProtocolError."""
    if not request.http_version.startswith(b"1."):
        raise _fault("another version")
    if len(request.target) > _MAX_HEAD_BYTES:
        raise _fault("a long target", HTTPStatus.REQUEST_URI_TOO_LONG)
    if sum(len(name) + len(value) for name, value in request.headers) > _MAX_HEAD_BYTES:
        raise _fault("long headers", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    host = next((value for name, value in request.headers if name == b"host"), b"")
    absolute = _ABSOLUTE.fullmatch(request.target)
    if absolute is not None:
        host = absolute[1]
        request = h11.Request(
            method=request.method,
            headers=[(name, host if name == b"host" else value) for name, value in request.headers],
            target=(absolute[2] or b"/") + (absolute[3] or b""),
            http_version=request.http_version,
        )
    is_server = request.method == b"OPTIONS" and request.target == b"*"
    if not (request.target.startswith(b"/") or is_server) or not _HOST.fullmatch(host):
        raise _fault("a target or a Host that is none")
    return request


def _fault(what: str, status: int = HTTPStatus.BAD_REQUEST) -> h11.RemoteProtocolError:
    return h11.RemoteProtocolError(what, error_status_hint=status)


class Connection(H11Protocol):
    """uvicorn's, which refuses what is no HTTP as everything else is refused, and parts politely.

    What is used of uvicorn beside its settings is here: the tests in test_http_edges would tell of
    a change.
    """

    _is_refused = False
    _ahead = b""
    _look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.conn: _Parser = _Parser(h11.SERVER)
        if hasattr(transport, "max_size"):
            is_one_of_few = len(self.connections) <= _WIDE_CONNECTIONS
            transport.max_size = _WIDE_READ_BYTES if is_one_of_few else _READ_BYTES

    def _is_answering(self) -> bool:
        """A request that is there, with all of its body."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def data_received(self, data: bytes) -> None:
        """What comes while a request is answered waits beside the parser, and reading goes on: who
        does not read does not learn either that the caller has left.
        """
        if self._is_refused:
            return
        if self._is_answering():
            self._ahead += data
        else:
            super().data_received(data)
        if self._is_answering():
            self._read_on()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        ahead, self._ahead = self._ahead, b""
        if self.transport.is_closing():
            return
        if ahead:
            self.data_received(ahead)
        elif self._is_answering():
            self._read_on()

    def _read_on(self) -> None:
        """Up to a limit; beyond it look now and then whether the caller has left."""
        if len(self._ahead) + self.conn.n_waiting <= _MAX_AHEAD_BYTES:
            self.flow.resume_reading()
            return
        self.flow.pause_reading()
        if self._look is None:
            self._look = self.loop.call_later(_LOOK_S, self._look_for_leaving)

    def _look_for_leaving(self) -> None:
        self._look = None
        if self.transport.is_closing() or not self._is_answering():
            return
        if _has_left(self.transport.get_extra_info("socket").fileno()):
            self.transport.abort()
        else:
            self._look = self.loop.call_later(_LOOK_S, self._look_for_leaving)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Say so, unless an answer has begun, and nothing more; but let the client finish."""
        self._is_refused = True
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in _BEFORE_AN_ANSWER:
            self.transport.close()
            return
        self._refuse()
        with contextlib.suppress(OSError):  # the client has just left
            self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _refuse(self) -> None:
        status = HTTPStatus(self.conn.fault_status)
        answer: Response = problem_response(
            RequestError(_MALFORMED),
            {"Connection": "close", "X-Content-Type-Options": "nosniff"},
            status,
        )
        if self.cycle is not None and not self.cycle.response_complete:  # its head was sound
            answer = answer_in_its_words(route_path(dict(self.cycle.scope)), answer)
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        events: list[h11.Event] = [
            h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        ]
        if self.conn.our_state is not h11.SEND_RESPONSE or self.conn.method != b"HEAD":
            events.append(h11.Data(data=bytes(answer.body)))
        for event in (*events, h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: who asks for another protocol gets an answer in this one (RFC 9110, 7.8)."""

    def shutdown(self) -> None:
        """Close at once what is idle, as uvicorn does, would lose a request that is on its way."""
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(_LAST_REQUEST_S, self._shut_down)
        else:
            super().shutdown()

    def _shut_down(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()


def _has_left(descriptor: int) -> bool:
    """Whether the other side has closed the connection, as far as Linux tells without reading."""
    if not hasattr(select, "POLLRDHUP"):
        return False
    looked = select.poll()
    looked.register(descriptor, select.POLLRDHUP)
    return bool(looked.poll(0))
