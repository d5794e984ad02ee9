"""Some elements of a DICOM file, without its pixels: what a report repeats of a study."""

from __future__ import annotations

from vistazo.pictures.container.dicom import wanted as names
from vistazo.pictures.container.dicom.elements import Wanted
from vistazo.pictures.container.dicom.source import BIG_ENDIAN, EXPLICIT, source_of
from vistazo.pictures.container.dicom.written import elements, file_head

_ALWAYS: Wanted = {
    names.CHARACTER_SET: "CS",
    names.SOP_CLASS: "UI",
    names.SOP_INSTANCE: "UI",
}


def subset(data: bytes, wanted: Wanted) -> bytes:
    """A file (PS3.10) in explicit VR of the elements that are ``wanted`` and there, of 1,024 bytes
    at most each, and of those that say what the file is; of a sequence the first four items.

    Raises CorruptImageError where the file is damaged, and RejectedUploadError by ``max_elements``.
    """
    source = source_of(data)
    whole = {**_ALWAYS, **wanted}
    found = source.read(whole)
    if found.fault is not None:
        raise found.fault
    order = found.layout.order
    syntax = BIG_ENDIAN if order == ">" else EXPLICIT
    return file_head(found.data_set, syntax) + elements(found.data_set, whole, order)
