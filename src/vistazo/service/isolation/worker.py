"""The program of a worker: decodes one picture after the other until its pipe is closed.

``worker_process`` starts it. It imports little, and is told on its pipe what to do: no setting and
no key of the service comes here.
"""

from __future__ import annotations

import gc
import io
import json
import os
import select
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vistazo.errors import InputError, RejectedUploadError
from vistazo.pictures import EncodedImage, ImageLimits, Picture, open_image
from vistazo.pictures.appearance import Appearance
from vistazo.pictures.claims import is_refused
from vistazo.pictures.decode import load_reader_of
from vistazo.pictures.formats import format_of
from vistazo.pictures.preprocessing import decode_size, prepare_and_look
from vistazo.pictures.preview import preview
from vistazo.pictures.shape import suits
from vistazo.service.allocator import give_back_freed_blocks, keep_freed_blocks, trim
from vistazo.service.isolation import confinement, wire
from vistazo.service.isolation.recipe import Recipe

_BUFFER_BYTES = 65_536  # four times as fast as the usual 8 kB
_MAX_TEXT = 2_000
_REST_S = 1.0
_LARGE_PIXELS = 4_000_000  # what is free after one would lie beside what the next one takes
_TOO_MUCH_MEMORY: dict[str, object] = {"kind": "no_memory"}

_FIRST_RECIPES = (
    Recipe(8, 8, 1, "grey", "stretch", "bilinear",
           antialias=True, equalize=True, pad_value=0, scale="1/255",
           min_side_px=1, max_aspect_ratio=1),
    Recipe(8, 8, 3, "rgb", "stretch", "bilinear",
           antialias=False, equalize=False, pad_value=0, scale="none",
           min_side_px=1, max_aspect_ratio=1),
)  # fmt: skip


@dataclass(frozen=True)
class _Opened:
    data: bytes
    frame: int | None
    image: EncodedImage


@dataclass
class Worker:
    """Pipes from and to the service, and what may be decoded."""

    incoming: io.BufferedReader[io.FileIO]
    outgoing: io.FileIO
    limits: ImageLimits
    space_bytes: int | None  # mapped while it waits
    cpu_s: float
    _last: _Opened | None = None
    _keeps_blocks: bool = True

    def run(self) -> None:
        """Until the service closes its pipe. Raises ConversationError then."""
        while True:
            if self._has_rest():
                self._last = None
                trim()
            self._job(self._hear())
            if self._last is not None and self._last.image.header.pixels > _LARGE_PIXELS:
                trim()

    def _has_rest(self) -> bool:
        """Whether nothing is asked for a while. Never, where a pipe cannot be watched (Windows)."""
        if sys.platform == "win32":
            return False
        return not select.select([self.incoming], [], [], _REST_S)[0]

    def _job(self, head: Mapping[str, Any]) -> None:
        try:
            confinement.limit_job(self._space_bytes(head["memory_bytes"]), self.cpu_s)
            if self._last is not None and len(self._last.data) != head["n_bytes"]:
                self._last = None  # another picture: the pixels of this one go before it comes
            image = self._opened(self.incoming.read(head["n_bytes"]), head["frame"])
            if head["kind"] == "prepare":
                self._prepare(image, Recipe.from_json(head["recipe"]))
            elif head["kind"] == "preview":
                self._show_picture(preview(image, head["max_side_px"]))
            else:
                self._show_picture(image.decode(head["at_least"]))
        except InputError as error:
            self._last = None
            self._say(_refusal(error))
        except MemoryError:
            self._last = None
            self._say(_TOO_MUCH_MEMORY)
        except wire.ConversationError:
            raise
        except Exception as error:  # a defect of ours: the service logs where, and not of what
            self._last = None
            self._say({"kind": "defect", "where": _where(error)})

    def _opened(self, data: bytes, frame: int | None) -> EncodedImage:
        """A picture is asked for twice in a row where its heatmap is drawn over it, or what the
        model saw is shown: a large PNG is not decoded twice for that.
        """
        last = self._last
        if last is None or last.frame != frame or last.data != data:
            self._last = last = None  # these pixels go before others come
            self._keep_blocks(keep=format_of(data) != "dicom")
            self._load_reader_of(data)
            self._last = last = _Opened(data, frame, open_image(data, self.limits, frame))
        return last.image

    def _keep_blocks(self, *, keep: bool) -> None:
        """GDCM makes a picture four times over, and frees what it grew out of: nine megapixels of
        a lossless JPEG mapped 156 MB where that was kept, and 130 where not.
        """
        if keep != self._keeps_blocks:
            (keep_freed_blocks if keep else give_back_freed_blocks)()
            self._keeps_blocks = keep

    def _load_reader_of(self, data: bytes) -> None:
        """Its library is no part of the memory that a picture may take."""
        before_bytes = confinement.address_space_bytes()
        if load_reader_of(data) and self.space_bytes is not None:
            loaded_bytes = (confinement.address_space_bytes() or 0) - (before_bytes or 0)
            self.space_bytes += max(0, loaded_bytes)

    def _prepare(self, image: EncodedImage, recipe: Recipe) -> None:
        """Of a picture that does not suit the card the header alone is told: the service refuses
        it, in words.
        """
        header, said = wire.encoded({"kind": "header", **asdict(image.header)}), image.header
        fits = suits(said.width, said.height, recipe)
        if not fits or is_refused(said.radiograph, recipe.accepts):
            wire.send(self.outgoing, header)
            return
        picture = image.decode(at_least=decode_size(recipe))
        decoded_s = time.perf_counter()
        pixels, appearance = prepare_and_look(picture, recipe, image.upright_size)
        prepare_s = time.perf_counter() - decoded_s
        sides = picture.width, picture.height
        self._show(pixels, sides, prepare_s, appearance, before=header)

    def _show_picture(self, picture: Picture) -> None:
        self._show(np.ascontiguousarray(picture.pixels), (picture.width, picture.height))

    def _show(
        self,
        pixels: NDArray[Any],
        sides: tuple[int, int],
        prepare_s: float = 0.0,
        appearance: Appearance | None = None,
        before: bytes = b"",
    ) -> None:
        head = {
            "kind": "pixels",
            "shape": list(pixels.shape),
            "dtype": str(pixels.dtype),
            "width": sides[0],
            "height": sides[1],
            "prepare_s": prepare_s,
            "appearance": None if appearance is None else asdict(appearance),
        }
        wire.send(self.outgoing, before + wire.encoded(head), pixels.data)

    def _hear(self) -> dict[str, Any]:
        head: dict[str, Any] = json.loads(wire.read_head(self.incoming))
        return head

    def _say(self, head: Mapping[str, object]) -> None:
        wire.send(self.outgoing, wire.encoded(head))

    def _space_bytes(self, memory_bytes: int) -> int | None:
        return None if self.space_bytes is None else self.space_bytes + memory_bytes


def _refusal(error: InputError) -> dict[str, object]:
    broken = error.broken if isinstance(error, RejectedUploadError) else ()
    return {
        "kind": "refused",
        "code": error.code,
        "text": str(error)[:_MAX_TEXT],
        "broken": [[rule.rule, rule.detail, rule.figures] for rule in broken],
    }


def _where(error: Exception) -> str:
    """The kind of an error, and where it was raised: its words may quote the picture."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"


def _warm_up(limits: ImageLimits) -> None:
    """Use what pictures will use, so that it is loaded before memory is limited."""
    for image_format in ("JPEG", "PNG"):
        buffer = io.BytesIO()
        Image.new("RGB", (64, 64)).save(buffer, image_format)
        for recipe in _FIRST_RECIPES:
            image = open_image(buffer.getvalue(), limits)
            prepare_and_look(image.decode(decode_size(recipe)), recipe, image.upright_size)


def main(argument: str) -> None:
    """``argument``: JSON, see ``worker_process``."""
    given = json.loads(argument)
    confinement.confine(given["service_pid"])
    keep_freed_blocks()
    outgoing = confinement.keep_stdout()
    limits = ImageLimits(**given["limits"])
    _warm_up(limits)
    gc.collect()
    gc.freeze()
    confinement.silence_stderr()
    incoming = io.BufferedReader(io.FileIO(0), _BUFFER_BYTES)
    space_bytes = confinement.address_space_bytes()
    worker = Worker(incoming, outgoing, limits, space_bytes, given["cpu_s"])
    wire.send(outgoing, wire.encoded({"kind": "warm"}))
    worker.run()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except wire.ConversationError:
        os._exit(0)  # the service has ended, or wants this worker no more
