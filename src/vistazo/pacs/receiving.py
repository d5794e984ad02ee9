"""Data sets of C-STORE on their way to the disk, within limits; all other messages are small.

pynetdicom holds a data set in memory, or writes it to a file, however long it becomes, and takes
messages in without end. So it is given each message without its data set: that is written here.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.fsm import StateMachine
from pynetdicom.pdu_primitives import P_DATA

from vistazo.errors import CorruptImageError
from vistazo.pacs.part10 import file_head
from vistazo.pacs.spool import SpoolFullError

if TYPE_CHECKING:
    from pynetdicom.association import Association

log = logging.getLogger(__name__)

_MAX_COMMAND_BYTES = 65_536
_COMMAND, _LAST = 1, 2  # bits of a message control header (PS3.8, annex E.2)
_NOT_OURS = "Evt19"  # an invalid PDU: the association is aborted (PS3.8, table 9-10)
_DATA, _ABORTED = "Evt10", "Sta13"
# One that is being answered, one that came meanwhile: nothing else was negotiated.
_MAX_PENDING = 2
# A data set that is refused is read to its end, if that is not too far off.
_MAX_DISCARDED = 4


@dataclass(frozen=True)
class ReceivingLimits:
    """A data set that is slower than ``bytes_per_s``, after ``grace_s``, ends its association."""

    object_bytes: int
    grace_s: float = 30.0
    bytes_per_s: float = 8_000.0


@dataclass
class Arrival:
    """A data set: its file, or ``refused``, why there is none, and whether to ``try_later``."""

    path: Path
    refused: str = ""
    try_later: bool = True
    n_bytes: int = 0
    started_s: float = field(default_factory=time.monotonic)


class _NotAllowedError(Exception):
    """What the association has to end for."""


class ContainedMachine(StateMachine):
    """What pynetdicom has no transition for ends an association, and not with a trace."""

    def do_action(self, event: str) -> None:
        """Take the next step of PS3.8, table 9-10."""
        try:
            super().do_action(event)
            if event == _DATA and self.current_state == _ABORTED:
                self._cut_off("data after its end")
        # The boundary of a connection's thread: callers choose what happens in which order.
        except Exception as error:
            self._cut_off(type(error).__name__)

    def _cut_off(self, why: str) -> None:
        log.warning("an association was cut off", extra={"reason": why})
        self.dul.kill_dul()
        if self.dul.socket is not None:
            self.dul.socket.close()


class BoundedDimse(DIMSEServiceProvider):
    """``check_room`` raises SpoolFullError where nothing more can be taken. Arrivals are in the
    order of their messages.
    """

    def __init__(
        self,
        association: Association,
        limits: ReceivingLimits,
        incoming: Path,
        check_room: Callable[[], None],
    ) -> None:
        super().__init__(association)
        self.arrivals: deque[Arrival] = deque()
        self._limits, self._incoming, self._check_room = limits, incoming, check_room
        self._command_bytes = self._data_bytes = 0
        self._arrival: Arrival | None = None
        self._file: BinaryIO | None = None

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Fragments of messages, as they come."""
        try:
            for context_id, data in primitive.presentation_data_value_list:
                self._receive(context_id, data)
        except _NotAllowedError as error:
            self._abort(str(error))
        # The boundary of a caller's bytes: what they make pynetdicom raise ends his association,
        # where it would end the thread that serves it.
        except Exception as error:
            self._abort(type(error).__name__)

    def close(self) -> None:
        """The association is over: nothing of it stays."""
        for arrival in (self._arrival, *self.arrivals):
            if arrival is not None:
                arrival.path.unlink(missing_ok=True)
        if self._file is not None:
            self._file.close()

    def _receive(self, context_id: int, data: bytes) -> None:
        if not data:
            raise _NotAllowedError("a fragment without a header")
        if self.message is None:
            self._command_bytes = self._data_bytes = 0
            if self.msg_queue.qsize() >= _MAX_PENDING:
                raise _NotAllowedError("more messages at once than were negotiated")
        if data[0] & _COMMAND:
            self._command_bytes += len(data)
            if self._command_bytes > _MAX_COMMAND_BYTES:
                raise _NotAllowedError("a command is too long")
        elif isinstance(self.message, C_STORE_RQ):
            data = self._write(context_id, data)
        else:
            self._data_bytes += len(data)
            if self._data_bytes > _MAX_COMMAND_BYTES:
                raise _NotAllowedError("a data set that is not to be stored is too long")
        one = P_DATA()
        # Its type says tuples, and it takes lists alone.
        one.presentation_data_value_list = cast(Any, [[context_id, data]])
        super().receive_primitive(one)

    def _write(self, context_id: int, data: bytes) -> bytes:
        """What is left of a fragment for pynetdicom: its header."""
        arrival = self._arrival or self._begin(context_id)
        arrival.n_bytes += len(data) - 1
        self._check(arrival)
        if not arrival.refused:
            self._append(arrival, data[1:])
        if data[0] & _LAST:
            self._end(arrival)
        return data[:1]

    def _begin(self, context_id: int) -> Arrival:
        self._arrival = arrival = Arrival(self._incoming / f"{secrets.token_hex(16)}.part")
        try:
            self._check_room()
            self._file = arrival.path.open("xb")
            command = cast(C_STORE_RQ, self.message).command_set
            contexts = {each.context_id: each for each in self.assoc.accepted_contexts}
            syntax = str(contexts[context_id].transfer_syntax[0])
            uids = (str(command.AffectedSOPClassUID), str(command.AffectedSOPInstanceUID))
            self._append(arrival, file_head(*uids, syntax))
        except CorruptImageError as error:
            arrival.try_later = False
            self._refuse(arrival, str(error))
        except (SpoolFullError, sqlite3.Error) as error:
            arrival.refused = str(error)
        except OSError as error:
            self._refuse(arrival, error.strerror or "the disk refuses")
        return arrival

    def _check(self, arrival: Arrival) -> None:
        limits = self._limits
        took_s = time.monotonic() - arrival.started_s
        if took_s > limits.grace_s + arrival.n_bytes / limits.bytes_per_s:
            raise _NotAllowedError("a data set is too slow")
        if arrival.n_bytes > _MAX_DISCARDED * limits.object_bytes:
            raise _NotAllowedError("a data set is far too long")
        if arrival.n_bytes > limits.object_bytes and not arrival.refused:
            arrival.try_later = False
            self._refuse(arrival, f"It is larger than {limits.object_bytes} bytes.")

    def _append(self, arrival: Arrival, data: bytes) -> None:
        try:
            cast(BinaryIO, self._file).write(data)
        except OSError as error:
            self._refuse(arrival, error.strerror or "the disk refuses")

    def _refuse(self, arrival: Arrival, why: str) -> None:
        arrival.refused = why
        self._close_file(arrival)
        arrival.path.unlink(missing_ok=True)

    def _end(self, arrival: Arrival) -> None:
        self._close_file(arrival)
        if arrival.refused:
            arrival.path.unlink(missing_ok=True)
        self.arrivals.append(arrival)
        self._arrival = None

    def _close_file(self, arrival: Arrival) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:  # what was buffered did not fit
                arrival.refused = arrival.refused or error.strerror or "the disk refuses"

    def _abort(self, why: str) -> None:
        log.warning("an association was aborted", extra={"reason": why})
        self.dul.event_queue.put(_NOT_OURS)
