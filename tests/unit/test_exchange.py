"""What a worker answers is not believed: whoever took it over could answer anything."""

import io
import json
import struct
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import card
from vistazo.errors import InputError, RejectedUploadError
from vistazo.pictures import Header, ImageLimits
from vistazo.pictures.radiograph import Radiograph
from vistazo.service.isolation.exchange import DefectError, Exchange, NoMemoryError
from vistazo.service.isolation.memory import MemoryBudget
from vistazo.service.isolation.recipe import Recipe
from vistazo.service.isolation.wire import ConversationError, encoded
from vistazo.service.isolation.worker import Worker

SPEC = card().input  # 8 x 8, grey
LIMITS = ImageLimits(max_pixels=10_000)
HEADER = {"kind": "header", "format": "png", "width": 40, "height": 40, "channels": 1}
PIXELS = {"kind": "pixels", "shape": [8, 8, 1], "dtype": "float32", "width": 40, "height": 40}
PIXELS["prepare_s"] = 0.01
LOOK = {"brightness": 0.5, "contrast": 0.2, "sharpness": 0.3, "width_px": 40, "height_px": 40}
PIXELS["appearance"] = LOOK

RADIOGRAPH = {
    "modality": "DX",
    "view": "PA",
    "laterality": "",
    "body_part": "CHEST",
    "age_years": 3.5,
    "frame": 1,
    "frames": 2,
    "window": "linear",
    "burned_in": None,
    "turned": False,
    "uid": "1.2.3",
    "sop_class": "1.2.840.10008.5.1.4.1.1.1.1",
    "transfer_syntax": "1.2.840.10008.1.2.4.70",
}


def said(*heads: object) -> bytes:
    texts = [json.dumps(head).encode() for head in heads]
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


def exchange(answer: bytes) -> Exchange:
    return Exchange(io.BytesIO(answer), io.BytesIO(), MemoryBudget(LIMITS))


def test_what_was_asked_for_is_taken() -> None:
    talk = exchange(said(HEADER, PIXELS) + bytes(256))
    assert talk.prepared(b"data", SPEC)[0].pixels.shape == (8, 8, 1)
    assert talk.is_in_step


def test_the_sides_of_a_picture_may_be_turned() -> None:
    looks = {**LOOK, "width_px": 40, "height_px": 36}
    said_so = said({**HEADER, "width": 36}, {**PIXELS, "appearance": looks}) + bytes(256)
    seen = exchange(said_so).prepared(b"data", SPEC)[0].appearance
    assert (seen.width_px, seen.height_px) == (40, 36)
    assert (seen.brightness, seen.contrast, seen.sharpness) == (0.5, 0.2, 0.3)


def test_what_the_header_of_a_dicom_file_says_goes_with_its_pixels() -> None:
    header = {**HEADER, "format": "dicom", "radiograph": RADIOGRAPH}
    talk = exchange(said(header, PIXELS) + bytes(256))
    assert talk.prepared(b"data", SPEC)[0].radiograph == Radiograph(**RADIOGRAPH)


def test_another_frame_than_was_asked_for_is_garbage() -> None:
    header = {**HEADER, "format": "dicom", "radiograph": {**RADIOGRAPH, "frames": 2}}
    answer = said(header, PIXELS) + bytes(256)
    asked = header["radiograph"]["frame"]
    assert exchange(answer).prepared(b"data", SPEC, asked)[0].radiograph.frame == asked
    with pytest.raises(ConversationError):
        exchange(answer).prepared(b"data", SPEC, 3 - asked)


def telling(image_format: str = "dicom", **changes: object) -> bytes:
    header = {**HEADER, "format": image_format, "radiograph": {**RADIOGRAPH, **changes}}
    return said(header, PIXELS) + bytes(999)


def looking(**changes: object) -> bytes:
    return said(HEADER, {**PIXELS, "appearance": {**LOOK, **changes}}) + bytes(999)


GARBAGE = {
    "nothing": b"",
    "half a size": b"\0\0",
    "a head without an end": said(HEADER)[:-3],
    "a head of four gigabytes": b"\xff" * 8,
    "not JSON": struct.pack(">I", 3) + b"{]}",
    "JSON of ten thousand lists": struct.pack(">I", 10_000) + b"[" * 10_000,
    "an unknown kind": said({"kind": "shell"}),
    "pixels before the header": said(PIXELS) + bytes(256),
    "a header of no size": said({**HEADER, "width": 0}),
    "a header with more in it": said({**HEADER, "also": 1}),
    "a refusal that is none": said(
        {"kind": "refused", "code": "internal", "text": "", "broken": []}
    ),
    "a refusal without an end": said(
        {"kind": "refused", "code": "corrupt_image", "text": "x" * 60_000, "broken": []}
    ),
    "words as a defect": said({"kind": "defect", "where": "\x1b[2J"}),
    "fewer pixels than were asked for": said(HEADER, {**PIXELS, "shape": [8, 7, 1]}) + bytes(999),
    "more pixels than were asked for": said(HEADER, {**PIXELS, "shape": [8, 9, 1]}) + bytes(999),
    "pixels of another kind": said(HEADER, {**PIXELS, "dtype": "uint8"}) + bytes(999),
    "pixels that end early": said(HEADER, PIXELS) + bytes(255),
    "pixels that look like nothing": said(HEADER, {**PIXELS, "appearance": None}) + bytes(999),
    "a brightness that is no number": looking(brightness=float("nan")),
    "a brightness without end": looking(brightness=float("inf")),
    "a brightness in words": looking(brightness="0.5"),
    "more than white": looking(brightness=1.01),
    "less than black": looking(brightness=-0.01),
    "more contrast than there can be": looking(contrast=0.51),
    "a sharpness that is no number": looking(sharpness=float("nan")),
    "sharper than can be": looking(sharpness=2),
    "the width of another picture": looking(width_px=41),
    "a width of 1e300": looking(width_px=10**300),
    "a height that is a fraction": looking(height_px=40.5),
    "a look with more in it": looking(also=1),
    "a radiograph of a PNG": telling("png"),
    "a DICOM file without a radiograph": said({**HEADER, "format": "dicom"}, PIXELS) + bytes(999),
    "a name as a body part": telling(body_part="MUSTERMANN^ERIKA"),
    "a name as a modality": telling(modality="ERIKA"),
    "a window in words": telling(window="<script>"),
    "an identifier that is none": telling(uid="1.2.3; DROP TABLE"),
    "an identifier without end": telling(uid="1." * 99),
    "an age of nobody": telling(age_years=1e9),
    "an age that is no number": telling(age_years=float("nan")),
    "the third frame of two": telling(frame=3),
    "a radiograph with more in it": telling(name="ERIKA"),
    "a picture larger than is accepted": said(HEADER, {**PIXELS, "width": 4000}) + bytes(999),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_told_as_such(garbage: bytes) -> None:
    talk = exchange(garbage)
    with pytest.raises(ConversationError):
        talk.prepared(b"data", SPEC)
    assert not talk.is_in_step


def test_pixels_after_a_header_that_is_refused_are_nobody_elses() -> None:
    talk = exchange(said({**HEADER, "width": 1}, PIXELS) + bytes(256))
    with pytest.raises(RejectedUploadError):
        talk.prepared(b"data", SPEC)
    with pytest.raises(ConversationError):
        talk.prepared(b"another", SPEC)


@pytest.mark.parametrize(
    "shape", [[200, 200], [40, 40, 4], [2**31, 2**31], [40], [40, 40, 3, 1], [40, 41]]
)
def test_a_picture_of_another_shape_than_it_says_is_not_taken(shape: list[int]) -> None:
    found = {**PIXELS, "shape": shape, "dtype": "uint8", "height": shape[0]}
    with pytest.raises(ConversationError):
        exchange(said(found) + bytes(5000)).picture(b"data", (8, 8))


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [([41, 40], "uint8"), ([40, 41], "uint8"), ([40, 40, 4], "uint8"), ([40, 40], "float32")],
)
def test_a_preview_is_no_larger_than_was_asked_for_and_of_8_bits(
    shape: list[int], dtype: str
) -> None:
    asked = {**PIXELS, "shape": [40, 40, 3], "dtype": "uint8"}
    assert exchange(said(asked) + bytes(4_800)).preview(b"data", 40).pixels.shape == (40, 40, 3)
    found = {**PIXELS, "shape": shape, "dtype": dtype, "height": shape[0], "width": shape[1]}
    with pytest.raises(ConversationError):
        exchange(said(found) + bytes(9_999)).preview(b"data", 40)


@given(st.binary(max_size=200))
def test_no_answer_does_more_than_refuse(answer: bytes) -> None:
    for whole in (answer, struct.pack(">I", len(answer)) + answer):
        with pytest.raises((ConversationError, InputError, NoMemoryError, DefectError)):
            exchange(whole).prepared(b"data", SPEC)


@pytest.mark.parametrize("name", ["modality", "view", "laterality", "body_part", "window", "uid"])
def test_no_worker_tells_a_text_of_a_header(name: str) -> None:
    of_somebody = {**asdict(OF_A_CT), name: "SMITH"}
    talk = exchange(said({**HEADER, "format": "dicom", "radiograph": of_somebody}))
    with pytest.raises(ConversationError):
        talk.prepared(b"data", SPEC)


OF_A_CT = Radiograph(modality="CT")
OF_CHESTS = card(input={"accepts": {"modalities": ["CR"], "refuse": ["modalities"]}}).input


def test_what_its_header_refuses_is_refused_and_no_pixels_are_waited_for() -> None:
    talk = exchange(said({**HEADER, "format": "dicom", "radiograph": asdict(OF_A_CT)}))
    with pytest.raises(RejectedUploadError) as error:
        talk.prepared(b"data", OF_CHESTS)
    assert [rule.rule for rule in error.value.broken] == ["modality"]
    assert talk.is_in_step


class NeverDecoded:
    header = Header("dicom", 64, 48, 1, OF_A_CT)

    def decode(self, **_: object) -> object:
        raise AssertionError("its header was refused")


def test_a_worker_does_not_decode_what_its_header_refuses(tmp_path: Path) -> None:
    path = tmp_path / "answer"
    with io.FileIO(path, "wb") as outgoing:
        recipe = Recipe.from_json(json.loads(json.dumps(Recipe.of(OF_CHESTS).as_json())))
        worker = Worker(io.BufferedReader(io.BytesIO()), outgoing, LIMITS, None, 1)
        worker._prepare(NeverDecoded(), recipe)
    assert path.read_bytes() == encoded({"kind": "header", **asdict(NeverDecoded.header)})
