"""Other sides of associations, for tests: who sends, who takes, and who attacks."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association

from ports import free_port
from vistazo.pacs.contexts import VERIFICATION
from vistazo.pacs.spool import Spool

COMPUTED_RADIOGRAPHY = "1.2.840.10008.5.1.4.1.1.1"
ROOT = "1.2.826.0.1.3680043.8.498.78"


@dataclass(frozen=True)
class Listening:
    port: int
    spool: Spool
    folder: Path

    def files(self) -> list[Path]:
        """All that lies in the spool, but what it is kept with."""
        kept = ("incoming", "work", "failed")
        return [file for name in kept for file in (self.folder / name).rglob("*") if file.is_file()]


def x_ray(number: int = 0, n_bytes: int = 1_000) -> Dataset:
    """As far as those who only carry it look."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = COMPUTED_RADIOGRAPHY
    found.SOPInstanceUID = f"{ROOT}.{number}"
    found.StudyInstanceUID, found.SeriesInstanceUID = f"{ROOT}.1.{number}", f"{ROOT}.2.{number}"
    found.PixelData = bytes(n_bytes)
    found["PixelData"].VR = "OB"
    return found


@contextmanager
def association(
    port: int,
    *,
    title: str = "MODALITY",
    called: str = "VISTAZO",
    contexts: tuple[str, ...] = (COMPUTED_RADIOGRAPHY, VERIFICATION),
    tls: ssl.SSLContext | None = None,
) -> Iterator[Association]:
    """With whoever listens; established or not."""
    entity = AE(title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    for sop_class in contexts:
        entity.add_requested_context(sop_class)
    opened: list[Any] = []  # pynetdicom does not close what the other side has closed
    found = entity.associate(
        "127.0.0.1",
        port,
        ae_title=called,
        tls_args=(tls, "localhost") if tls else None,
        evt_handlers=[
            (evt.EVT_CONN_OPEN, lambda event: opened.append(event.assoc.dul.socket.socket))
        ],
    )
    try:
        yield found
    finally:
        if found.is_established:
            found.release()
        for each in opened:
            each.close()


def stored(port: int, *x_rays: Dataset, **how: Any) -> list[int | None]:
    """The status of each; None where there is no answer."""
    with association(port, **how) as sender:
        return [getattr(sender.send_c_store(each), "Status", None) for each in x_rays]


def echoed(port: int) -> bool:
    """Whether it is well."""
    with association(port) as sender:
        return sender.is_established and sender.send_c_echo().Status == 0


@contextmanager
def archive(
    answer: Callable[[Dataset], int],
    takes: tuple[str, ...] = (COMPUTED_RADIOGRAPHY,),
    transfer_syntaxes: tuple[str, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
) -> Iterator[int]:
    """A real SCP of these classes, on the port that is given, with the status of ``answer``."""
    entity = AE("ARCHIVE")
    entity.acse_timeout = entity.network_timeout = 10
    for sop_class in takes:
        entity.add_supported_context(sop_class, list(transfer_syntaxes))
    port = free_port()
    server = entity.start_server(
        ("127.0.0.1", port),
        block=False,
        evt_handlers=[(evt.EVT_C_STORE, lambda event: answer(event.dataset))],
    )
    try:
        yield port
    finally:
        assert server is not None
        server.shutdown()


def pdu(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBL", kind, 0, len(body) if length is None else length) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(body)) + body


def association_request(title: str = "MODALITY", called: str = "VISTAZO") -> bytes:
    """An A-ASSOCIATE-RQ (PS3.8, section 9.3.2), made by hand."""
    contexts = b"".join(
        item(0x20, bytes([number, 0, 0, 0]) + item(0x30, name) + item(0x40, b"1.2.840.10008.1.2"))
        for number, name in ((1, VERIFICATION.encode()), (3, COMPUTED_RADIOGRAPHY.encode()))
    )
    user = item(0x50, item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3.4"))
    application = item(0x10, b"1.2.840.10008.3.1.1.1")
    titles = called.encode().ljust(16) + title.encode().ljust(16)
    return pdu(1, struct.pack(">HH", 1, 0) + titles + bytes(32) + application + contexts + user)


def data_pdu(data: bytes, header: int, context: int = 3) -> bytes:
    """A P-DATA-TF of one fragment."""
    return pdu(4, struct.pack(">LBB", len(data) + 2, context, header) + data)


def store_command(uid: str = f"{ROOT}.9", **changes: int) -> bytes:
    """A C-STORE-RQ (PS3.7, section 9.3.1), Implicit VR Little Endian."""

    def element(number: int, value: bytes) -> bytes:
        value += bytes(len(value) % 2)
        return struct.pack("<HHL", 0, number, len(value)) + value

    fields = {"command": 0x0001, "message": 1, "priority": 0, "data_set": 0x0001, **changes}
    body = b"".join((
        element(0x0002, COMPUTED_RADIOGRAPHY.encode()),
        element(0x0100, struct.pack("<H", fields["command"])),
        element(0x0110, struct.pack("<H", fields["message"])),
        element(0x0700, struct.pack("<H", fields["priority"])),
        element(0x0800, struct.pack("<H", fields["data_set"])),
        element(0x1000, uid.encode()),
    ))  # fmt: skip
    return element(0x0000, struct.pack("<L", len(body))) + body


@contextmanager
def connection(port: int, timeout_s: float = 10.0) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as made:
        yield made


def all_that_comes(connected: socket.socket) -> bytes:
    """Until the other side hangs up."""
    found = b""
    try:
        while data := connected.recv(65_536):
            found += data
    except ConnectionError:
        pass
    return found
