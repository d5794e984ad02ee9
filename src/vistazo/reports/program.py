"""The program that writes reports, one after the other, until its pipe is closed.

``child`` starts it. As a worker that decodes pictures, it is told on its pipe what to do, and no
setting and no key of the service comes here.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vistazo.errors import RejectedUploadError
from vistazo.reports.said import Statement
from vistazo.service.isolation import confinement, wire

if TYPE_CHECKING:
    from vistazo.reports.instance import Encoded


@dataclass(frozen=True)
class Program:
    """``space_bytes`` are mapped once all is loaded; a report may take ``memory_bytes`` more."""

    incoming: io.BufferedReader[io.FileIO]
    outgoing: io.FileIO
    space_bytes: int | None
    memory_bytes: int
    cpu_s: float

    def run(self) -> None:
        """Until the service closes its pipe. Raises ConversationError then."""
        while True:
            head: Mapping[str, Any] = json.loads(wire.read_head(self.incoming))
            self._job([self.incoming.read(size) for size in head["sizes"]])

    def _job(self, parts: list[bytes]) -> None:
        try:
            space = None if self.space_bytes is None else self.space_bytes + self.memory_bytes
            confinement.limit_job(space, self.cpu_s)
            files = _written(*parts)
            uids = [each.uid for each in files]
            self._say({"kind": "written", "uids": uids}, *(each.data for each in files))
        except RejectedUploadError as error:
            rules = [[each.rule, each.detail] for each in error.broken]
            self._say({"kind": "refused", "broken": rules})
        except MemoryError:
            self._say({"kind": "no_memory"})
        except wire.ConversationError:
            raise
        except Exception as error:  # a defect of ours, or a header nobody has thought of
            self._say({"kind": "defect", "where": _where(error)})

    def _say(self, head: Mapping[str, object], *parts: bytes) -> None:
        sizes = [len(part) for part in parts]
        wire.send(self.outgoing, wire.encoded({**head, "sizes": sizes}), *parts)


def _written(statement: bytes, header: bytes, overlay: bytes) -> list[Encoded]:
    """The report and, where there is an ``overlay``, the secondary capture."""
    from vistazo.reports.capture import capture
    from vistazo.reports.document import document
    from vistazo.reports.inherited import read_header

    said, inherited = Statement.from_json(statement), read_header(header)
    report = document(inherited, said)
    return [report, capture(inherited, said, overlay)] if overlay else [report]


def _load() -> None:
    """All that a report takes, before memory is limited."""
    import vistazo.reports.capture
    import vistazo.reports.document  # noqa: F401


def _where(error: Exception) -> str:
    """The kind of an error, and where it was raised: its words may quote the header."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = os.path.basename(trace.tb_frame.f_code.co_filename) if trace else "?"  # noqa: PTH119
    return f"{type(error).__name__} at {place}:{trace.tb_lineno if trace else 0}"


def main(argument: str) -> None:
    """``argument``: JSON, see ``child``."""
    given = json.loads(argument)
    confinement.confine(given["service_pid"])
    outgoing = confinement.keep_stdout()
    _load()
    confinement.silence_stderr()
    incoming = io.BufferedReader(io.FileIO(0))
    space_bytes = confinement.address_space_bytes()
    program = Program(incoming, outgoing, space_bytes, given["memory_bytes"], given["cpu_s"])
    wire.send(outgoing, wire.encoded({"kind": "warm"}))
    program.run()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except wire.ConversationError:
        os._exit(0)  # the service has ended, or wants no more reports
