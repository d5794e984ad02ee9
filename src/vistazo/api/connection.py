"""One connection of the web server: what happens below requests, in HTTP itself."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from vistazo.api.closing import LINGER_S
from vistazo.api.problems import problem_response
from vistazo.errors import RequestError

_MALFORMED = (
    "The request is not HTTP/1.1 as RFC 9112 has it, its headers are too long, or its body comes "
    "in too many small pieces."
)
# A piece costs the same however small it is: ten million bytes, one by one, a minute of CPU time.
_SMALL_PIECE_BYTES = 64
_MAX_SMALL_PIECES = 20_000
# As long as a request that was on its way at the end may take to arrive.
_LAST_REQUEST_S = 1.0
_BEFORE_AN_ANSWER = (h11.IDLE, h11.SEND_RESPONSE)


class _Parser(h11.Connection):
    """h11's, which takes a body in pieces of any size, up to a number of small ones."""

    _small_pieces = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._small_pieces = 0
        elif isinstance(event, h11.Data) and len(event.data) < _SMALL_PIECE_BYTES:
            self._small_pieces += 1
            if self._small_pieces > _MAX_SMALL_PIECES:
                raise h11.RemoteProtocolError("too many small pieces")
        return event


class Connection(H11Protocol):
    """uvicorn's, which refuses what is no HTTP as everything else is refused, and parts politely.

    What is used of uvicorn beside its settings is here: the tests in test_http_edges would tell of
    a change.
    """

    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.conn = _Parser(h11.SERVER)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            super().data_received(data)

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
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.close)

    def _refuse(self) -> None:
        answer = problem_response(
            RequestError(_MALFORMED),
            {"Connection": "close", "X-Content-Type-Options": "nosniff"},
        )
        events: list[h11.Event] = [
            h11.Response(status_code=400, headers=answer.raw_headers, reason=b"Bad Request")
        ]
        is_head = self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD"
        if not is_head:
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
