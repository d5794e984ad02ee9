"""The labels that lie beside the weights, in the files that people and their tools write.

One label a line (``labels.txt``; Teachable Machine numbers its lines: ``0 Normal``), a JSON list,
or a JSON object between names and places (Keras' ``class_indices``: ``{"NORMAL": 0}``). Their order
is that of the model's outputs. What can be read in two ways is an error: labels are never guessed.
Beside a model for the browser, ``metadata.json`` counts where Teachable Machine wrote it.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from vistazo.errors import CardError
from vistazo.models.teachable_metadata import METADATA_NAME, labels_in_metadata

NAMES = (
    "labels.txt",
    "class_names.txt",
    "class_names.json",
    "class_indices.json",
    "labels.json",
)
MAX_BYTES = 1_000_000
MAX_LABEL_LENGTH = 200

_NUMBERED = re.compile(r"([0-9]{1,6})(?:[ \t]*[:,;=][ \t]*|[ \t]+)(\S.*)")
_NUMBER_LAST = re.compile(r".*\S[ \t]*[\t:,;=][ \t]*[0-9]{1,6}")
_PLACE = re.compile("[0-9]{1,6}")
# What no label has: control characters, halves of characters, and line ends that YAML folds.
_NOT_IN_A_LABEL = {"Cc", "Cs", "Zl", "Zp"}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class FoundLabels:
    """Labels in the order of the model's outputs, and the file that says so."""

    labels: tuple[str, ...]
    path: Path


def labels_beside(model: Path) -> FoundLabels | None:
    """What a file beside the model says; None where there is none.

    A file named after the model (``my_model.labels.txt``, ``my_model_labels.txt``) wins over one
    without its name. Raises CardError where it cannot be read, or where two disagree.
    """
    for names in (_named_after(model.stem), NAMES):
        files = [path for name in names if (path := model.with_name(name)).exists()]
        found = [FoundLabels(read_labels(path), path) for path in files]
        found += _of_teachable_machine(model) if names == NAMES else []
        if found:
            return _agreed(found)
    return None


def is_labels_name(name: str, stem: str) -> bool:
    """Whether labels of the model ``stem`` may lie in a file of this name."""
    return name in NAMES or name in _named_after(stem)


def labels_places(model: Path) -> tuple[Path, ...]:
    """Where labels of the model may lie, beside it."""
    names = (*_named_after(model.stem), *NAMES, METADATA_NAME)
    return tuple(model.with_name(name) for name in names)


def _of_teachable_machine(model: Path) -> list[FoundLabels]:
    path = model.with_name(METADATA_NAME)
    labels = labels_in_metadata(path) if model.suffix.lower() == ".json" else None
    return [] if labels is None else [FoundLabels(check_labels(labels, str(path)), path)]


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels in a file. Raises CardError, in words that name the file and the mend."""
    text = _text(path)
    found = _from_json(text, path) if path.suffix.lower() == ".json" else _from_lines(text, path)
    return check_labels(found, str(path))


def check_labels(labels: Sequence[str], source: str) -> tuple[str, ...]:
    """The same labels. Raises CardError where one is empty, twice there, too long or no text."""
    if not labels:
        raise CardError(f"{source} is empty. Write the labels there, or delete it.")
    for number, label in enumerate(labels, start=1):
        if not label:
            raise CardError(f"{source}: label {number} is empty. Every output needs a label.")
        if len(label) > MAX_LABEL_LENGTH:
            raise CardError(
                f"{source}: label {number} is longer than {MAX_LABEL_LENGTH} characters. Is it a "
                "file of labels?"
            )
        if any(unicodedata.category(character) in _NOT_IN_A_LABEL for character in label):
            raise CardError(f"{source}: label {number} holds control characters. Write it anew.")
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise CardError(f"{source} has the label '{twice}' twice. Labels must differ.")
    return tuple(labels)


def _named_after(stem: str) -> tuple[str, ...]:
    return tuple(f"{stem}{mark}{name}" for mark in "._" for name in NAMES)


def _agreed(found: Sequence[FoundLabels]) -> FoundLabels:
    first = found[0]
    for other in found[1:]:
        if other.labels != first.labels:
            raise CardError(
                f"{first.path} says {_shown(first.labels)}, but {other.path} says "
                f"{_shown(other.labels)}. Delete the wrong one, or name the right one "
                "MODEL.labels.txt after the model."
            )
    return first


def _shown(labels: Sequence[str], most: int = 6) -> str:
    more = ", ..." if len(labels) > most else ""
    return f"{len(labels)} labels ({', '.join(labels[:most])}{more})"


def _text(path: Path) -> str:
    if not path.exists():
        raise CardError(f"There is no file of labels at {path}.")
    if not path.is_file():
        raise CardError(f"{path} is not a file of labels but a folder. Rename or delete it.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CardError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise CardError(f"{path} is larger than {MAX_BYTES} bytes, which no labels are.")
    try:
        return data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise CardError(f"{path} is not UTF-8 text. Save it as UTF-8.") from None


def _from_lines(text: str, path: Path) -> list[str]:
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text.rstrip())]
    if lines == [""]:
        return []
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    pairs = [(int(match[1]), match[2]) for match in numbered if match is not None]
    if len(pairs) == len(lines):
        return _in_order(pairs, path)
    if all(_NUMBER_LAST.fullmatch(line) for line in lines):
        raise CardError(
            f"{path} ends every line in a number. If these are places, write them first, as in "
            "'0 NORMAL'; else write the labels as a JSON list to labels.json: "
            '["first", "second"].'
        )
    return lines


def _in_order(pairs: Sequence[tuple[int, str]], path: Path) -> list[str]:
    """The names by their places. Raises CardError where these are not 0, 1, 2 and so on."""
    if sorted(place for place, _ in pairs) != list(range(len(pairs))):
        raise CardError(
            f"{path} numbers its {len(pairs)} labels, but not from 0 to {len(pairs) - 1}, each "
            "once: number them by the model's outputs. If the numbers belong to the labels, write "
            'these as a JSON list to labels.json: ["first", "second"].'
        )
    return [name for _, name in sorted(pairs)]


def _from_json(text: str, path: Path) -> list[str]:
    try:
        document = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path))
    except (ValueError, RecursionError) as error:
        raise CardError(f"{path} is not valid JSON ({error}). Write it anew.") from error
    if isinstance(document, dict):
        return _in_order(_pairs(document, path), path)
    if not isinstance(document, list) or not all(isinstance(item, str) for item in document):
        raise CardError(_NO_LABELS.format(path=path))
    return [item.strip() for item in document]


_NO_LABELS = (
    '{path} holds no labels. Write a list, ["NORMAL", "PNEUMONIA"], or their places, '
    '{{"NORMAL": 0, "PNEUMONIA": 1}} or {{"0": "NORMAL", "1": "PNEUMONIA"}}.'
)


def _once(pairs: list[tuple[str, object]], path: Path) -> dict[str, object]:
    """JSON lets a name stand twice, and Python would keep the last without a word."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise CardError(f"{path} has the same name twice. Labels and places must differ.")
    return document


def _pairs(document: Mapping[str, object], path: Path) -> list[tuple[int, str]]:
    """Place and name, whichever of the two is the key: the type of the values tells."""
    values = document.values()
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return [(cast(int, place), name.strip()) for name, place in document.items()]
    if all(isinstance(value, str) for value in values) and all(map(_PLACE.fullmatch, document)):
        return [(int(place), str(name).strip()) for place, name in document.items()]
    raise CardError(_NO_LABELS.format(path=path))
