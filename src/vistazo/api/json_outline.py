"""JSON whose strings, and the numbers of some fields, are left where they lie.

A string of megabytes is never made a text: one letter from afar in it would make four bytes of each
of its own. A list of numbers is never made a list: a digit and a comma would become an object of 24
bytes and its place of 8. What is around them is read as JSON, with their numbers in their places,
and that is little, or it is refused before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vistazo.api.plain_json import STRING, Fields, parsed
from vistazo.errors import RequestError

# What a field holds where that is numbers alone, however they are nested; null is a missing one.
_NUMBERS = re.compile(rb"[ \t\n\r]*:[ \t\n\r]*(\[[-+.0-9eEnul,\[\] \t\n\r]*\])")
_LONGEST_NAME = 100
_BYTES_A_CHARACTER = 12  # of an escaped letter beyond the first plane


@dataclass(frozen=True)
class Outline:
    """``spans`` are where its strings lie, with their quotes, and its lists of numbers, with their
    brackets.
    """

    body: bytes
    spans: Sequence[tuple[int, int]]

    @staticmethod
    def of(
        body: bytes, most_strings: int, refusal: RequestError, numbers_of: Collection[bytes] = ()
    ) -> Outline:
        """Raises ``refusal`` for more strings. Numbers lie in the fields ``numbers_of``: elsewhere
        they are around the rest.
        """
        spans: list[tuple[int, int]] = []
        strings = (string.span() for string in STRING.finditer(body))
        for number, (begins, ends) in enumerate(strings):
            if number == most_strings:
                raise refusal
            spans.append((begins, ends))
            # No copy of a string of megabytes: names are short.
            is_short = ends - begins < _LONGEST_NAME
            if is_short and body[begins + 1 : ends - 1] in numbers_of:
                found = _NUMBERS.match(body, ends)
                spans += [found.span(1)] if found else []
        return Outline(body, spans)

    @property
    def around_bytes(self) -> int:
        """Of all that will be read as JSON."""
        return len(self.body) - sum(ends - begins for begins, ends in self.spans)

    def parsed(self, fields: Fields) -> object:
        """Each string, and each of the lists, is its number, the names among ``fields`` too.

        Raises RequestError.
        """
        outline, behind = bytearray(), 0
        for number, (begins, ends) in enumerate(self.spans):
            outline += self.body[behind:begins] + b'"%d"' % number
            behind = ends
        return parsed(bytes(outline + self.body[behind:]), fields, is_whole=False)

    def are_numbers(self, number: str) -> bool:
        """Whether it stands for a list of numbers, and not for a string."""
        begins, _ = self.spans[int(number)]
        return self.body[begins] == ord("[")

    def literal(self, number: str) -> memoryview:
        """What stands between the quotes, or the outer brackets."""
        begins, ends = self.spans[int(number)]
        return memoryview(self.body)[begins + 1 : ends - 1]

    def text(self, number: str, name: str, max_chars: int) -> str:
        """What a string says. Raises RequestError, with the ``name`` of it, for a longer one, and
        for one that is no Unicode.
        """
        literal = self.literal(number)
        is_short = len(literal) <= _BYTES_A_CHARACTER * max_chars
        text = parsed(b'"%s"' % bytes(literal), is_whole=False) if is_short else None
        if not isinstance(text, str) or len(text) > max_chars:
            raise RequestError(f"'{name}' has more than {max_chars} characters.")
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise RequestError(f"'{name}' holds half of a character (a lone surrogate).")
        return text
