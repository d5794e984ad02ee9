"""What a model file says in YAML, as ``model.to_yaml()`` wrote it until Keras 2.6 took that away.

Read from YAML's events, so that nothing in it is made but plain values. Keras wrote tuples with
Python's own tag, and an alias (``*id001``) wherever one object stood twice; what aliases stand for
is counted as if it were written out, since nine lines of them make a billion values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from vistazo.errors import HostileModelError, UnreadableModelError, UnsupportedModelError
from vistazo.models.keras_import.document import MAX_CONFIG_DEPTH

MAX_YAML_BYTES = 8 << 20  # InceptionResNetV2 has 0.6 MB
MAX_VALUES = 1_000_000
_MAX_NUMBER_CHARS = 100

_PLAIN = "tag:yaml.org,2002:"
_TEXTS = frozenset(f"{_PLAIN}{name}" for name in ("str", "python/str", "python/unicode", "binary"))
_SCALARS = frozenset(f"{_PLAIN}{name}" for name in ("null", "bool", "int", "float"))
_PYTHON_SCALARS = {
    f"{_PLAIN}python/{name}": f"{_PLAIN}{plain}"
    for name, plain in (
        ("none", "null"), ("bool", "bool"), ("int", "int"), ("long", "int"), ("float", "float")
    )
}  # fmt: skip
# What TensorFlow 2.0 to 2.5 keeps lists in, written as a call with one argument: the list.
_WRAPPERS = re.compile(
    _PLAIN + r"python/object/apply:tensorflow\.[\w.]+\.data_structures\.(ListWrapper|_DictWrapper)"
)
_LISTS = frozenset(f"{_PLAIN}{name}" for name in ("seq", "python/tuple", "python/list"))
_LOADER = yaml.SafeLoader("")  # knows which plain words are numbers
_MAPS = frozenset(f"{_PLAIN}{name}" for name in ("map", "python/dict", "omap"))


@dataclass
class _Open:
    """A list or a mapping that has begun.

    ``count`` is of all values in it, and ``depth`` how deep they lie: aliases are written out.
    """

    value: list[object] | dict[str, object]
    anchor: str | None
    count: int = 1
    depth: int = 1
    key: str | None = None
    is_wrapper: bool = False

    def add(self, value: object) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key], self.key = value, None
        elif isinstance(value, list | dict):
            raise UnreadableModelError("a list or a mapping is the name of a value")
        else:
            self.key = str(value)


@dataclass
class _Builder:
    """Makes one document of events. ``anchored``: what each alias stands for, count and depth."""

    what: str
    open: list[_Open] = field(default_factory=list)
    anchored: dict[str, tuple[object, int, int]] = field(default_factory=dict)
    document: object = None

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchored:  # or it is not closed yet, and holds itself
                raise HostileModelError(f"'{self.what}' has an alias to nothing, or to itself.")
            self._put(*self.anchored[event.anchor])
        elif isinstance(event, yaml.ScalarEvent):
            self._named(event.anchor, _scalar(event, self.what), 1, 0)
        elif isinstance(event, yaml.SequenceStartEvent):
            is_wrapper = _WRAPPERS.fullmatch(event.tag or "") is not None
            if not is_wrapper:
                self._check_tag(event.tag, _LISTS)
            self._begin([], event.anchor, is_wrapper=is_wrapper)
        elif isinstance(event, yaml.MappingStartEvent):
            self._check_tag(event.tag, _MAPS)
            self._begin({}, event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self.open.pop()
            value = _unwrapped(closed.value) if closed.is_wrapper else closed.value
            self._named(closed.anchor, value, closed.count, closed.depth)

    def _begin(
        self,
        value: list[object] | dict[str, object],
        anchor: str | None,
        *,
        is_wrapper: bool = False,
    ) -> None:
        self._check_depth(1)
        self.open.append(_Open(value, anchor, is_wrapper=is_wrapper))

    def _named(self, anchor: str | None, value: object, count: int, depth: int) -> None:
        if anchor is not None:
            self.anchored[anchor] = (value, count, depth)
        self._put(value, count, depth)

    def _put(self, value: object, count: int, depth: int) -> None:
        if not self.open:
            self.document = value
            return
        self._check_depth(depth)
        outer = self.open[-1]
        outer.add(value)
        outer.count, outer.depth = outer.count + count, max(outer.depth, depth + 1)
        if outer.count > MAX_VALUES:
            raise HostileModelError(f"'{self.what}' stands for more than {MAX_VALUES} values.")

    def _check_depth(self, more: int) -> None:
        if len(self.open) + more > MAX_CONFIG_DEPTH:
            raise HostileModelError(
                f"'{self.what}' is nested deeper than {MAX_CONFIG_DEPTH} levels."
            )

    def _check_tag(self, tag: str | None, known: frozenset[str]) -> None:
        if tag not in (None, "!") and tag not in known:
            raise _refused(str(tag), self.what)


def parse_yaml(text: bytes, what: str) -> dict[str, object]:
    """A mapping of YAML, bounded in size, in depth and in what its aliases stand for.

    Raises UnreadableModelError, HostileModelError, and UnsupportedModelError where it holds objects
    of Python; ``what`` is the text's name in them.
    """
    if len(text) > MAX_YAML_BYTES:
        raise HostileModelError(f"'{what}' is larger than {MAX_YAML_BYTES} bytes.")
    builder = _Builder(what)
    try:
        for event in _events(text):
            builder.take(event)
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnreadableModelError(
            f"'{what}' is not valid YAML ({reason}). The file is damaged; copy it again."
        ) from error
    if not isinstance(builder.document, dict):
        raise UnreadableModelError(f"'{what}' does not describe a model.")
    return builder.document


def _unwrapped(arguments: object) -> object:
    if isinstance(arguments, list) and len(arguments) == 1:
        return arguments[0]
    raise ValueError("a list of TensorFlow is not written as one")


def _events(text: bytes) -> Iterator[yaml.Event]:
    """Those of the first document; by the library in C where it is there."""
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        yield event
        if isinstance(event, yaml.DocumentEndEvent):
            return


def _scalar(event: yaml.ScalarEvent, what: str) -> object:
    text = str(event.value)
    tag = event.tag
    if tag is None or tag == "!":
        is_plain = tag is None and event.implicit[0] and len(text) <= _MAX_NUMBER_CHARS
        # PyYAML's own function has no types.
        tag = _LOADER.resolve(yaml.ScalarNode, text, (is_plain, not is_plain))  # type: ignore[no-untyped-call]
        tag = tag if tag in _SCALARS else f"{_PLAIN}str"  # a date is a text here
    if tag in _TEXTS:
        return text
    tag = _PYTHON_SCALARS.get(tag, tag)
    if tag not in _SCALARS or len(text) > _MAX_NUMBER_CHARS:
        raise _refused(tag, what)
    try:
        return yaml.SafeLoader.yaml_constructors[tag](_LOADER, yaml.ScalarNode(tag, text))
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:  # as ``!!bool x``
        raise ValueError(f"a tag (!!type) does not fit its value ({error!r})") from error


def _refused(tag: str, what: str) -> UnsupportedModelError:
    name = tag.replace(_PLAIN, "!!")
    return UnsupportedModelError(
        f"'{what}' holds an object of Python ({name[:100]}), which is never made here. Write the "
        "layers as JSON: open('model.json', 'w').write(model.to_json())."
    )
