"""Keys of dictionaries and members of sets: only what can be hashed at a price that is known.

Hashing runs through a tuple, and through one that is in it twice twice: forty nested ones take
years, a million deep ones end the process. And the hashes of numbers and tuples hold no secret:
whoever chooses a million of one hash makes a dictionary take hours. Those of texts do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.allowance import Allowance
from vistazo.models.estimator_import.values import DataType, Name, Record

_TEXTS = frozenset({str})
_SMALL = (1 << 61) - 1  # integers of less than this are their own hashes (sys.hash_info.modulus)
_MOST_IN_A_TUPLE, _DEEPEST_TUPLE = 16, 3


def check_keys(allowance: Allowance, keys: Sequence[object]) -> None:
    """Raise ModelError where one of them may not be hashed."""
    if set(map(type, keys)) <= _TEXTS:
        return
    for key in keys:
        if not _is_plain(key):
            allowance.spend_odd_key()
            if not _can_be_hashed(key):
                raise HostileModelError("The file has keys of dictionaries that are no keys.")


def _is_plain(key: object) -> bool:
    if type(key) is int:
        return -_SMALL < key < _SMALL
    return key is None or isinstance(
        key, str | bytes | bool | float | np.integer | np.float64 | np.float32 | np.bool_
    )


def _can_be_hashed(key: object, depth: int = 0) -> bool:
    if isinstance(key, tuple | frozenset):
        is_small = len(key) <= _MOST_IN_A_TUPLE and depth < _DEEPEST_TUPLE
        return is_small and all(_can_be_hashed(part, depth + 1) for part in key)
    if isinstance(key, list | dict | set | np.ndarray):
        raise UnreadableModelError("The file is damaged: a list is the key of a dictionary.")
    return _is_plain(key) or isinstance(key, int | complex | np.generic | Name | Record | DataType)
