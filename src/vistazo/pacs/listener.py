"""An SCP of the Storage Service Class (DICOM PS3.4, annex B): X-rays come by C-STORE."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import sqlite3
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, cast

from pydicom.dataset import Dataset
from pynetdicom import _config, evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.transport import ThreadedAssociationServer

from vistazo.errors import SettingsError
from vistazo.pacs.contexts import STORAGE_CLASSES, TRANSFER_SYNTAXES, VERIFICATION
from vistazo.pacs.framed_socket import MAX_PDU_BYTES, framed
from vistazo.pacs.peers import Peer, may_call, may_connect
from vistazo.pacs.receiving import BoundedDimse, ContainedMachine, ReceivingLimits
from vistazo.pacs.spool import Spool, SpoolFullError
from vistazo.service.telemetry import of_request

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.05  # whether it is to end
# Of C-STORE (PS3.4, table B.2-1).
_SUCCESS, _OUT_OF_RESOURCES, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xC000
_IDLE = "Sta1"  # no connection (PS3.8, table 9-1)
# Rejected: permanent, by the user, the calling title is not known (PS3.8, table 9-21).
_UNKNOWN_CALLER = (0x01, 0x01, 0x03)


@dataclass(frozen=True)
class ListenerPolicy:
    """``timeout_s`` is the longest that a peer may say nothing, and that a PDU may take."""

    title: str
    host: str
    port: int
    peers: tuple[Peer, ...]
    limits: ReceivingLimits
    associations: int = 10
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = None


class _Server(ThreadedAssociationServer):
    """Refuses strangers before a thread is begun for them."""

    request_queue_size = 64

    def __init__(
        self,
        entity: ApplicationEntity,
        policy: ListenerPolicy,
        handlers: list[evt.EventHandlerType],
    ) -> None:
        self._policy = policy
        address, contexts = (policy.host, policy.port), entity.supported_contexts
        super().__init__(entity, address, policy.title, contexts, evt_handlers=handlers)

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        accepted, address = cast(socket.socket, self.socket).accept()
        return framed(accepted, self._policy.timeout_s, self._policy.tls), address

    def verify_request(
        self,
        request: socket.socket | tuple[bytes, socket.socket],  # noqa: ARG002
        client_address: Any,
    ) -> bool:
        """Beyond twice the associations nobody is even told that there are too many."""
        if not may_connect(self._policy.peers, str(client_address[0])):
            log.warning("a connection was refused", extra={"reason": "unknown address"})
            return False
        if len(self.active_associations) >= 2 * self._policy.associations:
            log.warning("a connection was refused", extra={"reason": "too many connections"})
            return False
        return True

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """One connection that could not be begun."""
        log.warning("a connection failed", exc_info=True)

    def shutdown(self) -> None:
        """Take no more connections."""
        socketserver.TCPServer.shutdown(self)
        self.server_close()


class Listener:
    """Takes X-rays into ``spool`` once it is started."""

    def __init__(self, policy: ListenerPolicy, spool: Spool) -> None:
        self._policy, self._spool = policy, spool
        self._server: _Server | None = None

    def start(self) -> None:
        """Raises SettingsError where the address cannot be had."""
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_CONN_OPEN, self._begin),
            (evt.EVT_REQUESTED, self._check_caller),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_CONN_CLOSE, _end),
            (evt.EVT_FSM_TRANSITION, _let_go),
        ]
        try:
            server = _Server(_entity(self._policy), self._policy, handlers)
        except OSError as error:
            raise SettingsError(
                f"{self._policy.host}:{self._policy.port} cannot be listened on: "
                f"{error.strerror or error}."
            ) from error
        threading.Thread(target=server.serve_forever, args=(_LOOK_EVERY_S,), daemon=True).start()
        self._server = server

    def stop(self, within_s: float) -> None:
        """Take no more; associations may end by themselves for a while, then they are cut off."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        deadline_s = time.monotonic() + within_s
        while _established(server) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        for association in server.active_associations:
            association.dul.kill_dul()
            if association.dul.socket is not None:
                _shut(association.dul.socket.socket)

    def _begin(self, event: evt.Event) -> None:
        event.assoc.dul.state_machine = ContainedMachine(event.assoc.dul)
        event.assoc.dimse = BoundedDimse(
            event.assoc, self._policy.limits, self._spool.incoming, self._spool.check_room
        )

    def _check_caller(self, event: evt.Event) -> None:
        """Whether this title may call from this address."""
        association = event.assoc
        asked, address = association.requestor.primitive, association.requestor.address_info
        title = "" if asked is None else asked.calling_ae_title.strip()
        if address is None or not may_call(self._policy.peers, title, address.address):
            log.warning("an association was refused", extra={"reason": "unknown peer"})
            association.acse.send_reject(*_UNKNOWN_CALLER)
            association.kill()  # once it has been told

    def _store(self, event: evt.Event) -> Dataset:
        arrival = cast(BoundedDimse, event.assoc.dimse).arrivals.popleft()
        if arrival.refused:
            log.warning("an X-ray was not taken", extra={"reason": arrival.refused})
            code = _OUT_OF_RESOURCES if arrival.try_later else _NOT_UNDERSTOOD
            return _status(code, arrival.refused)
        try:
            uid = str(cast(C_STORE, event.request).AffectedSOPInstanceUID)
            self._spool.keep(arrival.path, uid)
        except (SpoolFullError, OSError, sqlite3.Error) as error:
            log.warning("an X-ray was not taken", extra={"reason": type(error).__name__})
            return _status(_OUT_OF_RESOURCES, "The spool takes no more now.")
        # The boundary of a caller's message: pynetdicom would answer, and say nothing to the log.
        except Exception:
            with of_request("association"):
                log.exception("unexpected error as an X-ray came")
            return _status(_OUT_OF_RESOURCES, "An internal error.")
        finally:
            with contextlib.suppress(OSError):
                arrival.path.unlink(missing_ok=True)
        return _status(_SUCCESS)


def _entity(policy: ListenerPolicy) -> ApplicationEntity:
    # Its handlers describe each message at length, for a log that nobody is to read.
    _config.LOG_HANDLER_LEVEL = "none"
    entity = ApplicationEntity(policy.title)
    entity.require_called_aet = True
    entity.maximum_associations = policy.associations
    entity.maximum_pdu_size = MAX_PDU_BYTES
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = policy.timeout_s
    entity.add_supported_context(VERIFICATION)
    for sop_class in STORAGE_CLASSES:
        entity.add_supported_context(sop_class, list(TRANSFER_SYNTAXES))
    return entity


def _end(event: evt.Event) -> None:
    if isinstance(event.assoc.dimse, BoundedDimse):
        event.assoc.dimse.close()


def _let_go(event: evt.Event) -> None:
    """A caller who hangs up before he has asked for an association: nobody waits for him."""
    if event.next_state == _IDLE and event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(cast(Any, None))


def _established(server: _Server) -> bool:
    return any(association.is_established for association in server.active_associations)


def _status(code: int, comment: str = "") -> Dataset:
    status = Dataset()
    status.Status = code
    if comment:
        status.ErrorComment = comment[:64]
    return status


def _shut(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
