"""JSON with pictures by the rules of RFC 8259 and RFC 4648, each rule broken now and then."""

from __future__ import annotations

import base64
import random

from hostile_uploads.forms import Form

_BEGINNINGS = (
    *(b"data:image/png;base64,", b"data:;base64,", rb"data:image\/jpeg;base64,", b"data:,"),
    *(b"data:text/html,", b"data:" + b"a" * 3000 + b";base64,", b"data:image/png;base64,data:,"),
    *(b"http://127.0.0.1:1/", b"https://example.org/a.png", b"file:///etc/passwd", b"s3://a/"),
)
_NAMES = (
    *(b'"film.png"', b'"../../etc/passwd"', rb'"C:\\films\\perez.png"', b'"' + b"a" * 5000 + b'"'),
    *(rb'"\ud800"', rb'"\u0000"', b'"\xff\xfe"', b'"a\nb"', b"null", b"7", b"[]", b'""'),
    '"película \U0001f600.png"'.encode(),
)
_KINDS = (
    *("application/json; charset=utf-8", "APPLICATION/JSON", "application/json; charset=utf-16"),
    *("application/json;" * 200, "application/json; charset=unicode_escape", "text/json"),
)
_ALONE = (
    *(b"", b"{", b"null", b"[]", b'"', b"NaN", b"-", b"\xef\xbb\xbf{}", b"\0" * 900, b"{" * 9000),
    *(b"[" * 200_000, b" " * 900_000, b"9" * 900_000, b'"' * 100_001, b'{"image": ' * 3000),
    *(b'{"image": "' + b'\\"' * 400_000, b'{"image": "' + rb"\u0041" * 200_000 + b'"}'),
    *(b'{"image": "' + b" " * 900_000 + b'"}', b'{"images": [' + b'"",' * 90_000 + b'""]}'),
)


def json_by_grammar(chance: random.Random, files: list[bytes]) -> Form:
    return _Writer(chance, chance.choice((0.0, 0.03, 0.15))).body(files)


class _Writer:
    def __init__(self, chance: random.Random, odd: float) -> None:
        self._chance, self._odd = chance, odd

    def body(self, files: list[bytes]) -> Form:
        if self._is_odd():
            return Form(self._kind(), self._chance.choice(_ALONE))
        is_one = len(files) == 1 and self._chance.random() < 0.7
        body = self._object(files[0]) if is_one else self._several(files)
        if self._is_odd():
            body = self._chance.choice((b" " * 9_000, b"\xff", b"{}", b"\n")) + body
        if self._is_odd():
            body = body[: self._chance.randrange(len(body) + 1)]
        return Form(self._kind(), body)

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _kind(self) -> str:
        return self._chance.choice(_KINDS) if self._is_odd() else "application/json"

    def _several(self, files: list[bytes]) -> bytes:
        each = [self._chance.choice((self._object, self._string))(file) for file in files]
        if self._is_odd():
            each += self._chance.choice(([b"7"], [b"null"], [b'""'] * 40, [b"[]"], [each[0]]))
        return b'{"images": [' + b", ".join(each) + b"]}"

    def _object(self, file: bytes) -> bytes:
        fields = [(b'"image"', self._string(file))]
        if self._chance.random() < 0.5:
            fields.append(
                (b'"filename"', self._chance.choice(_NAMES if self._is_odd() else _NAMES[:1]))
            )
        if self._is_odd():
            more = ((b'"url"', b'"x"'), fields[0], (rb'"\u0069mage"', b'""'), (b'"image"', b"1"))
            fields.append(self._chance.choice(more))
        self._chance.shuffle(fields)
        colon = self._chance.choice((b":", b": ", b" :\n\t"))
        return b"{" + b", ".join(name + colon + value for name, value in fields) + b"}"

    def _string(self, file: bytes) -> bytes:
        text = base64.b64encode(file)
        if self._is_odd():
            text = base64.urlsafe_b64encode(file)
        if self._chance.random() < 0.2:
            text = text.replace(b"/", rb"\/").replace(b"+", self._chance.choice((b"+", rb"\u002B")))
        if self._chance.random() < 0.2:
            text = _BEGINNINGS[0] + text
        if self._is_odd():
            text = self._chance.choice(_BEGINNINGS) + text
        return b'"' + self._damaged(text) + b'"'

    def _damaged(self, text: bytes) -> bytes:
        if not self._is_odd():
            return text
        at = self._chance.randrange(len(text) + 1)
        pieces = (b"\n", rb"\n", b"=", b"\xc3\xa9", b'"', b"\\", rb"\u0041", b" " * 90, b"\0", b"A")
        return text[:at] + self._chance.choice(pieces) + text[at:]
