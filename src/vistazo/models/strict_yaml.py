"""YAML that somebody else wrote, read as what it is in a card: a small tree of plain values."""

from __future__ import annotations

import yaml

_MAX_VALUES = 50_000  # tens of thousands of labels; a second of CPU time
_MAX_DEPTH = 32
_MAX_FIELDS = 1_000  # of one mapping: numbers can be chosen so that they collide as its keys
_MAX_DIGITS = 100
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def read_yaml(text: str) -> object:
    """The one document in ``text``. Raises ValueError that says what is wrong, and in which line.

    Nothing in it may stand for more than is written there: aliases (``*name``) are refused, since
    nine lines of them make a billion values, and so is what would take long to read.
    """
    try:
        return yaml.load(text, _TreeLoader)  # noqa: S506 - a SafeLoader, and stricter
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        # What PyYAML trips over, such as ``!!bool maybe``.
        raise ValueError(f"a tag (!!type) does not fit its value ({error!r})") from error


class _TreeLoader(yaml.SafeLoader):
    _values = _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._values += 1
        if self.check_event(yaml.AliasEvent):
            self._refuse("an alias (*name) is not taken here: write out what it stands for")
        if self._values > _MAX_VALUES:
            self._refuse(f"there are more than {_MAX_VALUES} values")
        if self._depth >= _MAX_DEPTH:
            self._refuse(f"values lie more than {_MAX_DEPTH} deep in each other")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, yaml.MappingNode) and len(node.value) > _MAX_FIELDS:
            self._refuse(f"there are more than {_MAX_FIELDS} fields in one place")
        if node is not None and node.tag in _NUMBERS and len(node.value) > _MAX_DIGITS:
            self._refuse(f"a number has more than {_MAX_DIGITS} digits")
        return node

    def _refuse(self, why: str) -> None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        raise yaml.composer.ComposerError(None, None, why, mark)
