"""What an archive says that it stored (DICOM PS3.18, section 10.5.3; attributes of table 10.5.3-1).

The status alone does not tell: one that stored nothing may answer 200, and one that changed an
element on the way in, and stored all, 202.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

_FAILED, _STORED, _INSTANCE, _REASON = "00081198", "00081199", "00081155", "00081197"
# PS3.7, annex C: it has it already, and ours are the same each time they are sent; it met a trouble
# of its own.
DUPLICATE, PROCESSING_FAILURE = 0x0111, 0x0110
NO_RESOURCES = range(0xA700, 0xA800)  # PS3.4, table B.2-1
_WORDS = (_FAILED.encode(), b"FailedSOPSequence")


@dataclass(frozen=True)
class Outcome:
    """``missing`` says what was not stored; empty where all was. ``is_for_now``: by a trouble of
    the archive, not for what it is.
    """

    missing: str = ""
    is_for_now: bool = False


def outcome_of(status: int, body: bytes, uids: Collection[str]) -> Outcome:
    """What became of these instances. ``status`` is 200, 202 or 409.

    Where the body does not speak of instances at all, 200 is believed, and the others are not.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, Mapping) or not {_FAILED, _STORED} & answer.keys():
        return _by_status(status, body)
    stored = {_value(item, _INSTANCE) for item in _items(answer, _STORED)}
    reasons = {_value(item, _INSTANCE): _value(item, _REASON) for item in _items(answer, _FAILED)}
    stored |= {uid for uid, reason in reasons.items() if reason == DUPLICATE}
    missing = [uid for uid in uids if uid not in stored]
    if not missing:
        return Outcome()
    codes = {code for uid in missing if isinstance(code := reasons.get(uid), int)}
    said = [f"the archive stored {len(uids) - len(missing)} of {len(uids)}"]
    said += [f"0x{code:04X}" for code in sorted(codes)]
    return Outcome(" ".join(said), bool(codes) and all(map(is_for_now, codes)))


def is_for_now(code: int) -> bool:
    """Whether a status or a failure reason speaks of the archive, and not of what was sent."""
    return code == PROCESSING_FAILURE or code in NO_RESOURCES


def _by_status(status: int, body: bytes) -> Outcome:
    if any(word in body for word in _WORDS):  # XML, which nobody had asked for
        return Outcome("the archive did not store all")
    if status == HTTPStatus.OK:
        return Outcome()
    return Outcome(f"the archive answered {status}, and not what it has stored")


def _items(answer: Mapping[str, object], tag: str) -> list[object]:
    element = answer.get(tag)
    items = element.get("Value") if isinstance(element, Mapping) else None
    return items if isinstance(items, list) else []


def _value(item: object, tag: str) -> str | int:
    element = item.get(tag) if isinstance(item, Mapping) else None
    values = element.get("Value") if isinstance(element, Mapping) else None
    value = values[0] if isinstance(values, list) and values else ""
    return value if isinstance(value, (str, int)) else ""
