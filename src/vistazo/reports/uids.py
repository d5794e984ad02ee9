"""Unique identifiers: the same picture, answered by the same model, has the same ones for ever.

So an archive that is sent a report twice has it once. They are UUIDs of version 5, made of names
(RFC 9562 section 5.5), under the root that needs no registration (DICOM PS3.5 section B.2).
"""

from __future__ import annotations

import uuid
from typing import Literal, Protocol

Kind = Literal["report", "heatmap"]

# Ours alone, made once: what is made of names differs from what others make of the same names.
_NAMESPACE = uuid.UUID("6f2d6a1e-5f0b-4c57-9d8e-2b1c7a4e9f30")


class Model(Protocol):
    """A model, and what its card says: another threshold is another version."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def sha256(self) -> str: ...


def report_uid(source_uid: str, model: Model, kind: Kind, other_label: str = "") -> str:
    """SOP Instance UID of what ``model`` says of the picture with ``source_uid``; of a heatmap for
    another label than the predicted one, that label.
    """
    return _uid("instance", source_uid, model.sha256, model.version, kind, other_label)


def series_uid(study_uid: str, model: Model, kind: Kind) -> str:
    """Series Instance UID: of one study, all reports of a model are in one series."""
    return _uid("series", study_uid, model.sha256, model.version, kind)


def tracking_uid(source_uid: str, model: Model, output: str) -> str:
    """Tracking Unique Identifier of what one output says of the picture."""
    return _uid("tracking", source_uid, model.sha256, model.version, output)


def device_uid(model: Model) -> str:
    """Device Observer UID: the model is who observed."""
    return _uid("device", model.sha256, model.version)


def of_frame(source_uid: str, frame: int, frames: int) -> str:
    """In place of ``source_uid``, so that what is said of two frames of a file has two names."""
    return source_uid if frames == 1 else f"{source_uid}#{frame}"


def _uid(*names: str) -> str:
    """Names cannot run into each other: none holds a line end."""
    made = uuid.uuid5(_NAMESPACE, "\n".join(names))
    return f"2.25.{made.int}"
