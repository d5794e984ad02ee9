"""How a picture is brought upright, and to square pixels."""

from __future__ import annotations

from vistazo.pictures.dicom.elements import Elements

_PATIENT_ORIENTATION = 0x0020_0020
_ORIENTATION_IN_FRAME = 0x0020_9450
_ASPECT_RATIO = 0x0028_0034  # vertical, horizontal
_PIXEL_SPACING, _IMAGER_SPACING = 0x0028_0030, 0x0018_1164  # between rows, between columns
_PIXEL_MEASURES = 0x0028_9110

_UPRIGHT = 1
# By where rows and columns lead to, which of EXIF says how to have left at the right hand, feet
# below: PS3.3 C.7.6.1.1.1 against JEITA CP-3451, tag 274.
_AS_EXIF = {
    ("L", "F"): _UPRIGHT,
    ("R", "F"): 2,
    ("R", "H"): 3,
    ("L", "H"): 4,
    ("F", "L"): 5,
    ("F", "R"): 6,
    ("H", "R"): 7,
    ("H", "L"): 8,
}
_FRONTAL = ("", "AP", "PA", "FRONTAL")
_ALMOST_SQUARE = 0.01
_MOST_ASPECT = 10.0  # beyond it a header is not believed


def orientation_of(elements: Elements, functional_groups: list[Elements], view: str) -> int:
    r"""That of EXIF, 1 to 8, which brings a frontal ``view`` (as in ``Radiograph``) to L\F: the
    patient's left at the right hand, the feet below. Of other views, and where the header does not
    say how the picture lies, 1.
    """
    if view not in _FRONTAL:
        return _UPRIGHT
    frames = [each.item(_ORIENTATION_IN_FRAME) for each in functional_groups]
    said = [each.texts(_PATIENT_ORIENTATION) for each in (*frames, elements) if each is not None]
    towards = [text[:1].upper() for text in max(said, key=len)]
    return _AS_EXIF.get((towards[0], towards[1]), _UPRIGHT) if len(towards) > 1 else _UPRIGHT


def pixel_aspect_of(elements: Elements, functional_groups: list[Elements]) -> float:
    """How many times as high as wide a pixel is; 1 where that is within a hundredth, or absurd.

    The spacing in the patient, else that at the detector, else Pixel Aspect Ratio, which PS3.3
    C.7.6.3.1.7 wants where there is no spacing.
    """
    measures = [each.item(_PIXEL_MEASURES) for each in functional_groups]
    said = [each.decimals(_PIXEL_SPACING) for each in measures if each is not None]
    said += [elements.decimals(tag) for tag in (_PIXEL_SPACING, _IMAGER_SPACING, _ASPECT_RATIO)]
    for pair in said:
        if len(pair) > 1 and pair[0] > 0 and pair[1] > 0:
            aspect = pair[0] / pair[1]
            is_believed = 1 / _MOST_ASPECT <= aspect <= _MOST_ASPECT
            return aspect if is_believed and abs(aspect - 1) > _ALMOST_SQUARE else 1.0
    return 1.0
