"""Exit status 0 where the service in this container is ready, else 1.

The image's HEALTHCHECK. It runs every 30 seconds on what may be a tenth of a CPU, so it asks over
a bare socket: importing an HTTP client would cost ten times as much as the question.
"""

import os
import socket
import sys

TIMEOUT_S = 8


def is_ready(port: int) -> bool:
    request = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
            connection.sendall(request)
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(os.environ.get("PORT") or 8000)) else 1)
