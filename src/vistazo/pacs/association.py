"""Reports go by C-STORE (DICOM PS3.4, annex B), all that are due in one association."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.errors import InvalidDicomError
from pynetdicom import _config, evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from vistazo.pacs.destinations import Parcel, Receipt, UnreachableError
from vistazo.pacs.framed_socket import FramedTlsSocket, framed_call
from vistazo.pacs.part10 import SOP_CLASS, TRANSFER_SYNTAX, file_meta
from vistazo.pacs.peers import Called
from vistazo.pacs.store_answer import DUPLICATE, NO_RESOURCES, is_for_now

_HEAD_BYTES = 4_096
# Of C-STORE (PS3.4, table B.2-1): a warning says that it was stored, and how.
_STORED = (0x0000, 0xB000, 0xB006, 0xB007, DUPLICATE)


@dataclass(frozen=True)
class ArchiveEntity:
    """``title`` is our own."""

    called: Called
    title: str
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        return str(self.called)

    def send(self, parcels: Iterable[Parcel]) -> Iterator[Receipt]:
        """Raises UnreachableError."""
        parcels = list(parcels)
        association = self._associate(parcels)
        try:
            for parcel in parcels:
                yield _sent(association, parcel)
        finally:
            if association.is_established:
                association.release()
            else:
                association.abort()

    def _associate(self, parcels: Sequence[Parcel]) -> Association:
        # As it is on the disk: nothing is decoded here, or written anew.
        _config.LOG_HANDLER_LEVEL, _config.STORE_SEND_CHUNKED_DATASET = "none", True
        entity = ApplicationEntity(self.title)
        entity.acse_timeout = entity.dimse_timeout = self.timeout_s
        entity.network_timeout = entity.connection_timeout = self.timeout_s
        wanted = {_kind(path) for parcel in parcels for path in parcel.files}
        contexts = [build_context(*kind) for kind in sorted(wanted)]
        tls = None
        if self.tls is not None:
            self.tls.sslsocket_class = FramedTlsSocket
            tls = self.tls, self.called.host
        association = entity.associate(
            self.called.host,
            self.called.port,
            contexts,
            ae_title=self.called.title,
            tls_args=tls,
            evt_handlers=[(evt.EVT_CONN_OPEN, self._frame)],
        )
        if not association.is_established:
            refused = "refuses us" if association.is_rejected else "does not answer"
            raise UnreachableError(f"{self.called} {refused}.")
        return association

    def _frame(self, event: evt.Event) -> None:
        transport = event.assoc.dul.socket
        if transport is not None and transport.socket is not None:
            transport.socket = framed_call(transport.socket, self.timeout_s)


def _kind(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        meta = file_meta(file.read(_HEAD_BYTES))
    return meta[SOP_CLASS], meta[TRANSFER_SYNTAX]


def _sent(association: Association, parcel: Parcel) -> Receipt:
    for path in parcel.files:
        try:
            status = association.send_c_store(path)
        except ValueError:  # no context for it was accepted
            return Receipt(parcel.key, f"the archive takes no {_kind(path)[0]}")
        except (RuntimeError, InvalidDicomError, OSError) as error:
            why = f"The association has ended: {type(error).__name__}."
            raise UnreachableError(why, parcel.key) from error
        if "Status" not in status:
            raise UnreachableError("The association has ended without an answer.", parcel.key)
        if status.Status in NO_RESOURCES:
            why = f"The archive has no room now (0x{status.Status:04X})."
            raise UnreachableError(why, parcel.key)
        if status.Status not in _STORED:
            why = f"the archive answered 0x{status.Status:04X}"
            return Receipt(parcel.key, why, is_for_now(status.Status))
    return Receipt(parcel.key)
