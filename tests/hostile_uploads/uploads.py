"""Which file comes in a request."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache

from costly_pictures import any_recipe
from hostile_boxes import ATTACKS as BOXED_ATTACKS
from hostile_boxes import LARGE as LARGE_BOXED
from hostile_dicom import ATTACKS as DICOM_ATTACKS
from hostile_dicom import ODD as ODD_DICOM
from hostile_pictures import ATTACKS as FIRST_ATTACKS
from hostile_pictures import LARGE as FIRST_LARGE
from hostile_uploads.dicom_mutations import mutated_dicom
from hostile_uploads.foreign import foreign_file
from hostile_uploads.jpeg_grammar import jpeg_by_grammar
from hostile_uploads.mutations import mutated_boxed_picture, mutated_picture
from hostile_uploads.png_grammar import png_by_grammar

ATTACKS, LARGE = {**FIRST_ATTACKS, **BOXED_ATTACKS}, {**FIRST_LARGE, **LARGE_BOXED}
_ATTACK_BYTES = (10_000, 10_000, 10_000, 300_000, 9_800_000)


def _known_attack(chance: random.Random) -> bytes:
    return _attack(chance.choice(list(ATTACKS)), chance.choice(_ATTACK_BYTES))


def _known_dicom_attack(chance: random.Random) -> bytes:
    """Of fewer bytes than pictures: to deflate megabytes takes long here, and not there."""
    return _dicom_attack(chance.choice(list(DICOM_ATTACKS)), chance.choice((10_000, 300_000)))


def _odd_dicom(chance: random.Random) -> bytes:
    return chance.choice(list(ODD_DICOM.values()))()


def _costly(chance: random.Random) -> bytes:
    return any_recipe(chance).made(chance.choice((1_000_000, 12_000_000)))


def _large(chance: random.Random) -> bytes:
    return _attack(chance.choice(list(LARGE)), 0)


@cache
def _attack(name: str, n_bytes: int) -> bytes:
    return {**ATTACKS, **LARGE}[name](n_bytes)


@cache
def _dicom_attack(name: str, n_bytes: int) -> bytes:
    return DICOM_ATTACKS[name](n_bytes)


# How often each comes, of a thousand.
_KINDS: dict[Callable[[random.Random], bytes], int] = {
    mutated_picture: 180,
    mutated_boxed_picture: 210,
    mutated_dicom: 180,
    jpeg_by_grammar: 130,
    png_by_grammar: 130,
    foreign_file: 75,
    _odd_dicom: 30,
    _known_dicom_attack: 20,
    _known_attack: 33,
    _large: 6,
    _costly: 6,
}


def hostile_picture(chance: random.Random) -> tuple[str, bytes]:
    """Of what kind it is, and the file."""
    (make,) = chance.choices(list(_KINDS), list(_KINDS.values()))
    return make.__name__.strip("_"), make(chance)
