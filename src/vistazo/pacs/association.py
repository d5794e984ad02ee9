"""Reports go by C-STORE (DICOM PS3.4, annex B), all that are due in one association.

They are offered as they are on the disk, and in Implicit VR Little Endian, which every archive
takes that takes their class at all (PS3.5, section 10.1).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import dcmread
from pydicom.uid import ImplicitVRLittleEndian
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
_TAKES_NONE = "the archive takes none of what we send: neither structured reports nor heatmaps"
# What an archive that takes no such class is said to take none of, and what can be done.
_IN_WORDS = {
    "1.2.840.10008.5.1.4.1.1.7": "no Secondary Captures: --no-heatmap sends it none",
    "1.2.840.10008.5.1.4.1.1.88.33": "no Comprehensive SR, which our reports are",
}


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
        if not association.accepted_contexts:
            yield from (Receipt(parcel.key, _TAKES_NONE) for parcel in parcels)
            return
        try:
            for parcel in parcels:
                yield _sent(association, parcel)
        finally:
            if association.is_established:
                association.release()
            else:
                association.abort()

    def _associate(self, parcels: Sequence[Parcel]) -> Association:
        """Established, or it has answered and takes nothing. Raises UnreachableError."""
        # As it is on the disk: nothing is decoded here, or written anew.
        _config.LOG_HANDLER_LEVEL, _config.STORE_SEND_CHUNKED_DATASET = "none", True
        entity = ApplicationEntity(self.title)
        entity.acse_timeout = entity.dimse_timeout = self.timeout_s
        entity.network_timeout = entity.connection_timeout = self.timeout_s
        wanted = {_kind(path) for parcel in parcels for path in parcel.files}
        # A context for each: of one for both, an archive may choose what has to be converted.
        wanted |= {(sop_class, ImplicitVRLittleEndian) for sop_class, _ in wanted}
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
        if not (association.is_established or association.rejected_contexts):
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
    if unwanted := _unwanted(association, parcel):  # all of it or nothing
        return Receipt(parcel.key, unwanted)
    for path in parcel.files:
        try:
            status = _store(association, path)
        except ValueError:  # it cannot be written anew
            return Receipt(parcel.key, "the archive takes it in Implicit VR Little Endian alone")
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


def _unwanted(association: Association, parcel: Parcel) -> str:
    """What of it the archive takes none of, in words; empty where it takes all."""
    for sop_class, _ in map(_kind, parcel.files):
        if not _accepted(association, sop_class):
            return f"the archive takes {_IN_WORDS.get(sop_class, f'no {sop_class}')}"
    return ""


def _store(association: Association, path: Path) -> Dataset:
    sop_class, syntax = _kind(path)
    as_it_is = syntax in _accepted(association, sop_class)
    return association.send_c_store(path if as_it_is else dcmread(path))


def _accepted(association: Association, sop_class: str) -> set[str]:
    """Transfer syntaxes in which it takes such files."""
    contexts = association.accepted_contexts
    return {str(each.transfer_syntax[0]) for each in contexts if each.abstract_syntax == sop_class}
