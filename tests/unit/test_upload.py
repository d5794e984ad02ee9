import re

import pytest
from pydantic import ValidationError

from builders import card, encoded, flat
from vistazo.errors import RejectedUploadError
from vistazo.pictures import Header, ImageLimits, open_image
from vistazo.pictures.upload import AcceptedUpload, accept

SPEC = card(input={"min_side_px": 32, "max_aspect_ratio": 3}).input


def header(width: int, height: int) -> Header:
    return Header("png", width, height, 1)


@pytest.mark.parametrize(("width", "height"), [(32, 32), (96, 32), (32, 96), (4000, 3000)])
def test_a_plausible_picture_is_accepted(width: int, height: int) -> None:
    assert accept(header(width, height), 100, SPEC).width == width


@pytest.mark.parametrize(
    ("width", "height", "rules"),
    [
        (1, 1, ["min_side_px", "min_side_px"]),
        (31, 64, ["min_side_px"]),
        (64, 31, ["min_side_px"]),
        (97, 32, ["max_aspect_ratio"]),
        (32, 97, ["max_aspect_ratio"]),
    ],
)
def test_every_rule_that_fails_names_itself(width: int, height: int, rules: list[str]) -> None:
    with pytest.raises(RejectedUploadError) as caught:
        accept(header(width, height), 100, SPEC)
    assert [fault.rule for fault in caught.value.broken] == rules
    assert all(
        str(width) in fault.detail or str(height) in fault.detail for fault in caught.value.broken
    )


def test_an_upload_states_its_format_and_never_zero_bytes() -> None:
    sound = {"format": "png", "bytes": 1, "width": 40, "height": 40, "channels": 1}
    AcceptedUpload.model_validate(sound, context=SPEC)
    for wrong in ({"format": "gif"}, {"bytes": 0}, {"channels": 9}):
        with pytest.raises(ValidationError):
            AcceptedUpload.model_validate({**sound, **wrong}, context=SPEC)


def numbers_in(sentence: str) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", sentence)]


@pytest.mark.parametrize(("width", "height"), [(1, 31), (97, 32)])
def test_a_rule_that_is_broken_comes_with_the_numbers_of_its_sentence(
    width: int, height: int
) -> None:
    with pytest.raises(RejectedUploadError) as caught:
        accept(header(width, height), 100, SPEC)
    with pytest.raises(RejectedUploadError) as too_many:
        open_image(encoded(flat(width, height)), ImageLimits(max_pixels=30))
    for fault in (*caught.value.broken, *too_many.value.broken):
        assert numbers_in(fault.detail) == [*fault.figures]
        assert len(fault.figures) >= 2
