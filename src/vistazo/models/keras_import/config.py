"""A layer's configuration, read with types: a wrong type is an error that names the layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vistazo.errors import UnreadableModelError

DataFormat = Literal["channels_first", "channels_last"]
_PAIR = 2


@dataclass(frozen=True)
class Config:
    """The configuration of one layer; ``owner`` is how messages call it."""

    owner: str
    fields: Mapping[str, object]

    def get(self, name: str, *others: str, default: object = None) -> object:
        """The first of these fields that is there and not null: versions renamed a few."""
        found = (self.fields[key] for key in (name, *others) if self.fields.get(key) is not None)
        return next(found, default)

    def integer(self, name: str, default: int | None = None) -> int:
        return self._as_integer(name, self.get(name, default=default))

    def optional_integer(self, name: str) -> int | None:
        value = self.get(name)
        return None if value is None else self._as_integer(name, value)

    def number(self, name: str, *others: str, default: float | None = None) -> float:
        value = self.get(name, *others, default=default)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "a number", value)
        return float(value)

    def optional_number(self, name: str) -> float | None:
        return None if self.get(name) is None else self.number(name)

    def flag(self, name: str, default: bool) -> bool:
        value = self.get(name, default=default)
        if not isinstance(value, bool | int):
            raise self.wrong(name, "true or false", value)
        return bool(value)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.get(name, default=default)
        if not isinstance(value, str):
            raise self.wrong(name, "text", value)
        return value

    def pair(self, name: str, default: int | None = None) -> tuple[int, int]:
        """Two whole numbers, for height and width; one number stands for both."""
        value = self.get(name, default=default)
        if isinstance(value, list) and len(value) == _PAIR:
            return self._as_integer(name, value[0]), self._as_integer(name, value[1])
        number = self._as_integer(name, value[0] if isinstance(value, list) and value else value)
        return number, number

    def integers(self, name: str, default: object = None) -> tuple[int, ...]:
        """Whole numbers; one number is a list of one."""
        value = self.get(name, default=default)
        items = value if isinstance(value, list) else [value]
        return tuple(self._as_integer(name, item) for item in items)

    def data_format(self) -> DataFormat:
        value = self.text("data_format", "channels_last")
        if value == "channels_first":
            return "channels_first"
        if value in ("channels_last", "default"):
            return "channels_last"
        raise self.wrong("data_format", "channels_first or channels_last", value)

    def wrong(self, name: str, wanted: str, found: object) -> UnreadableModelError:
        """The error to raise where a field is not what it has to be."""
        shown = str(found)[:60]
        return UnreadableModelError(
            f"{self.owner} has '{name}' = {shown}, where {wanted} belongs. The file is damaged or "
            "was edited by hand."
        )

    def _as_integer(self, name: str, value: object) -> int:
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number", value)
        return value
