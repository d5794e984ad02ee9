"""The socket that a server listens on."""

from __future__ import annotations

import errno
import socket

from vistazo.errors import SettingsError

BACKLOG = 2048  # the kernel's, for connections that are not accepted yet
_FIRST_PORT_FOR_ALL = 1024


def listen(host: str, port: int, prefix: str = "") -> socket.socket:
    """Raises SettingsError where that cannot be; ``prefix`` is that of the settings' names."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends answers at once (TCP_NODELAY) only on sockets that name their protocol; else
    # each answer on a kept connection waits for the client's delayed acknowledgement, about 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {host}, port {port}: {_why_not(error, port, prefix)}"
        ) from error
    listener.listen(BACKLOG)
    return listener


def _why_not(error: OSError, port: int, prefix: str) -> str:
    """In words, and what to do."""
    if error.errno == errno.EADDRINUSE:
        why = "it is in use by another program"
    elif error.errno == errno.EACCES and port < _FIRST_PORT_FOR_ALL:
        return (
            f"here only root may use a port below {_FIRST_PORT_FOR_ALL}. Set "
            f"{prefix}PORT={8000 + port}, or start the container with --sysctl "
            "net.ipv4.ip_unprivileged_port_start=0 (Docker does so by itself since 20.10)."
        )
    else:
        why = error.strerror or "it cannot be had"
    names = f"{prefix}HOST and {prefix}PORT"
    return f"{why}. Set {names} to an address that is free, such as {prefix}PORT={port + 1}."
