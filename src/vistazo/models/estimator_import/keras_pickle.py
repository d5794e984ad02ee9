"""A Keras model in a pickle: Keras pickles the bytes of the file that it would have saved.

Sources: keras/src/saving/keras_saveable.py (Keras 3: a .keras file in a BytesIO) and Keras 2.12's
saving/pickle_utils.py (its bytes); before, programs gave Model a __getstate__ with those of a .h5.
"""

from __future__ import annotations

from collections.abc import Iterator

from vistazo.models.estimator_import.values import KerasBytes, Record

_PACKAGES = ("keras", "tensorflow", "tf_keras", "scikeras")
_FILES = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n")
_DEEPEST = 3


def with_keras_models(value: object) -> object:
    """The value, where a Keras model in it whose bytes are there is a ``KerasBytes``.

    Looked for at the top, and in a dictionary at the top.
    """
    if isinstance(value, dict):
        return {key: _as_bytes(each) for key, each in value.items()}
    return _as_bytes(value)


def _as_bytes(value: object) -> object:
    if isinstance(value, Record) and value.package in _PACKAGES:
        for data in _bytes_in(value, 0):
            if data.startswith(_FILES):
                return KerasBytes(data)
    return value


def _bytes_in(value: object, depth: int) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif depth < _DEEPEST:
        for part in _parts(value):
            yield from _bytes_in(part, depth + 1)


def _parts(value: object) -> list[object]:
    if isinstance(value, Record):
        return [*value.arguments[:8], value.state, *list(value.attributes.values())[:8]]
    if isinstance(value, tuple | list):
        return list(value[:8])
    return list(value.values())[:8] if isinstance(value, dict) else []
