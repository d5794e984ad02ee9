"""Somebody else's client, unmodified, in an environment of its own: a process that does its calls.

client = ForeignClient(python, PROGRAMS / "triton_calls.py")
client.call("is_alive", address="127.0.0.1:8000")
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class ClientError(Exception):
    """What the client raised there: its class, its words, and its status where it has one."""

    kind: str
    said: str
    status: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.status or ''}: {self.said}"


class ForeignClient:
    """Bytes travel as base64, all else as JSON."""

    def __init__(self, python: Path, program: Path) -> None:
        variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [python, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # logs of libraries
            env=variables,
            text=True,
        )

    def call(self, function: str, **arguments: Any) -> Any:
        """What it returned. Raises ClientError."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps([function, arguments], default=_as_base64) + "\n")
        asked.flush()
        line = told.readline()
        assert line, f"the client's process has ended with {self._process.wait()}"
        said = json.loads(line, object_hook=_as_bytes)
        if "raised" in said:
            raise ClientError(**said["raised"])
        return said["returned"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _as_base64(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode()}


def _as_bytes(document: dict[str, Any]) -> Any:
    return base64.b64decode(document["base64"]) if set(document) == {"base64"} else document
