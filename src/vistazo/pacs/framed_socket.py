"""Sockets that know how a PDU is framed (DICOM PS3.8, section 9.3.1), and bound its length.

What reads from them takes six bytes, and then as many as these say: up to 4 GB, and as slowly as
the caller likes. So the limits are kept where the bytes come in.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from typing import cast

HEADER_BYTES = 6
# Of what an association is asked for with, and of fragments of data: we announce as much.
MAX_PDU_BYTES = 131_072
_SLACK_BYTES = 64


class _Framed:
    """Where in a PDU the next byte is. ``timeout_s`` is the longest that one may take to come."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._header = bytearray()
        self._left = 0
        self._deadline_s = 0.0

    def begin(self) -> float:
        """Seconds that the next byte may take. Raises TimeoutError."""
        now_s = time.monotonic()
        if not self._header and not self._left:
            self._deadline_s = now_s + self._timeout_s
        if now_s >= self._deadline_s:
            raise TimeoutError("a PDU did not come in time")
        return self._deadline_s - now_s

    def took(self, data: bytes) -> None:
        """Raises OSError for a PDU that is too long."""
        for place in range(len(data)):
            if self._left:
                break
            self._header.append(data[place])
            if len(self._header) == HEADER_BYTES:
                [length] = struct.unpack(">L", self._header[2:])
                self._header.clear()
                if length > MAX_PDU_BYTES + _SLACK_BYTES:
                    raise OSError("a PDU is longer than the limit")
                self._left = length
                data = data[place + 1 :]
                break
        else:
            return
        self._left -= len(data)


class FramedSocket(socket.socket):
    """Of a plain connection."""

    framed: _Framed

    @staticmethod
    def of(connected: socket.socket, timeout_s: float) -> FramedSocket:
        framed = FramedSocket(fileno=connected.detach())
        framed.framed = _Framed(timeout_s)
        return framed

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Raises OSError, as sockets do."""
        self.settimeout(self.framed.begin())
        data = super().recv(bufsize, flags)
        self.framed.took(data)
        return data

    def shutdown(self, how: int) -> None:
        """Whoever has hung up already is closed all the same."""
        with contextlib.suppress(OSError):
            super().shutdown(how)


class FramedTlsSocket(ssl.SSLSocket):
    """The same within TLS. Its handshake is made by the first ``recv``, within the same time."""

    framed: _Framed

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Raises OSError, as sockets do."""
        self.settimeout(self.framed.begin())
        data = super().recv(buflen, flags)
        self.framed.took(data)
        return data

    def shutdown(self, how: int) -> None:
        """Whoever has hung up already is closed all the same."""
        with contextlib.suppress(OSError):
            super().shutdown(how)


def framed_call(connected: socket.socket, timeout_s: float) -> socket.socket:
    """The same, of a connection that we made; within TLS its class is ``FramedTlsSocket``."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if isinstance(connected, FramedTlsSocket):
        connected.framed = _Framed(timeout_s)
        return connected
    return FramedSocket.of(connected, timeout_s)


def framed(
    accepted: socket.socket, timeout_s: float, tls: ssl.SSLContext | None
) -> FramedSocket | FramedTlsSocket:
    """Of a connection that was accepted. Nothing is read yet: whoever says nothing holds up nobody
    else. A command goes before its data set: to wait for its acknowledgement would take 40 ms.
    """
    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls is None:
        return FramedSocket.of(accepted, timeout_s)
    tls.sslsocket_class = FramedTlsSocket
    wrapped = cast(
        FramedTlsSocket,
        tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False),
    )
    wrapped.framed = _Framed(timeout_s)
    return wrapped
