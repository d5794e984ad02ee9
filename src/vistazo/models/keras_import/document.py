"""What a model file says in JSON, parsed within bounds."""

from __future__ import annotations

import json

from vistazo.errors import HostileModelError, UnreadableModelError

MAX_CONFIG_BYTES = 32 << 20
MAX_CONFIG_DEPTH = 256


def parse_json(text: str | bytes, what: str) -> dict[str, object]:
    """An object of JSON, bounded in size and depth; also one that was written as a text of JSON.

    Raises UnreadableModelError and HostileModelError; ``what`` is the text's name in them.
    """
    if len(text) > MAX_CONFIG_BYTES:
        raise HostileModelError(f"'{what}' is larger than {MAX_CONFIG_BYTES} bytes.")
    try:
        document = json.loads(text)
        if isinstance(document, str):  # json.dump(model.to_json(), file)
            document = json.loads(document)
    except RecursionError:
        raise HostileModelError(f"'{what}' is nested without end.") from None
    except (ValueError, UnicodeError) as error:
        raise UnreadableModelError(
            f"'{what}' is not valid JSON ({error}). The file is damaged; copy it again."
        ) from error
    if _depth(document) > MAX_CONFIG_DEPTH:
        raise HostileModelError(f"'{what}' is nested deeper than {MAX_CONFIG_DEPTH} levels.")
    if not isinstance(document, dict):
        raise UnreadableModelError(f"'{what}' does not describe a model.")
    return document


def _depth(document: object) -> int:
    level, depth = [document], 0
    while level and depth <= MAX_CONFIG_DEPTH:
        depth += 1
        level = [child for item in level for child in _children(item)]
    return depth


def _children(item: object) -> list[object]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []
