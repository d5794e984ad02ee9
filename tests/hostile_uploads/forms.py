"""Forms by the rules of RFC 7578 and RFC 2046, each rule broken now and then."""

from __future__ import annotations

import random
from dataclasses import dataclass

_NAMES = (b"file", b"file", b"file", b"file", b"picture", b"", b"file\0", b"FILE", b"a" * 5000)
_FILENAMES = (
    *(b'; filename="film.jpeg"', b"; filename=film.png", b'; filename=""', b"", b"; filename"),
    b'; filename="../../etc/passwd"',
    b'; filename="C:\\films\\perez.png"',
    b'; filename="' + b"a" * 9000 + b'"',
    b'; filename="\xff\xfe\x80"',
    b'; filename="a\r\n b"',
    b'; filename="a\0b"',
    b'; filename="unclosed',
    b"; filename*=UTF-8''p%C3%A9rez.png",
    b"; filename*=utf-7''+ADw-",
    b"; filename*=unicode_escape''%5Cud800",
    b"; filename*0=a; filename*1=b",
    b'; filename="a"; filename="b"; filename*=x',
    b'; filename="\xed\xa0\x80.png"',
    b'; filename="=?utf-8?Q?p=C3=A9rez?="',
)
_CHARSETS = (
    *("", "; charset=utf-8", "; charset=UTF-16", "; charset=unicode_escape", "; charset=utf-7"),
    *("; charset=idna", "; charset=punycode", "; charset=", "; charset=rot13", "; charset=base64"),
    *("; charset=\x80", '; charset="latin-1"', "; charset=" + "x" * 3000, "; charset=zlib"),
)
_BOUNDARIES = ("x", "x", "x", "----WebKitFormBoundary7MA4", "a" * 70, "a" * 4000, "--", "=_", "0'")
_MOST_BYTES = 2_000_000
_TRANSFERS = (b"base64", b"quoted-printable", b"8bit", b"gzip", b"\xff", b"x" * 3000)


@dataclass(frozen=True)
class Form:
    content_type: str
    body: bytes


def plain_form(files: list[bytes]) -> Form:
    head = b'Content-Disposition: form-data; name="file"; filename="film.png"\r\n\r\n'
    parts = b"".join(b"--x\r\n" + head + file + b"\r\n" for file in files)
    return Form("multipart/form-data; boundary=x", parts + b"--x--\r\n")


def form_by_grammar(chance: random.Random, files: list[bytes]) -> Form:
    return _Writer(chance, chance.choice((0.02, 0.1, 0.3))).form(files)


class _Writer:
    def __init__(self, chance: random.Random, odd: float) -> None:
        self._chance, self._odd = chance, odd

    def form(self, files: list[bytes]) -> Form:
        chance = self._chance
        boundary = chance.choice(_BOUNDARIES)
        parts = [self._part(file) for file in files]
        if self._is_odd():
            more = self._part(b"text")
            parts += [more] * min(chance.choice((1, 17, 400)), _MOST_BYTES // len(more))
        if self._is_odd():
            parts.append(self._nested(files[0]))
        written = boundary.encode()
        body = b"".join(self._line(b"--" + written) + part + self._line() for part in parts)
        body += chance.choice((b"", b"--", b"--" + written[:-1])) if self._is_odd() else b""
        end = b"" if self._is_odd() else b"--" + written + b"--\r\n"
        before = chance.choice((b"preamble\r\n", b"\r\n" * 2000, bytes(90)))
        body = (before if self._is_odd() else b"") + body + end
        behind = chance.choice((b"epilogue", b"\r\n" * 3000, bytes(9000), b"--x\r\n" * 500))
        return Form(self._content_type(boundary), body + (behind if self._is_odd() else b""))

    def _is_odd(self) -> bool:
        return self._chance.random() < self._odd

    def _line(self, text: bytes = b"") -> bytes:
        return text + (self._chance.choice((b"\n", b"\r", b"")) if self._is_odd() else b"\r\n")

    def _part(self, content: bytes) -> bytes:
        chance = self._chance
        name = chance.choice(_NAMES) if self._is_odd() else b"file"
        filename = chance.choice(_FILENAMES)
        kind = b"attachment" if self._is_odd() else b"form-data"
        heads = [self._line(b'Content-Disposition: %s; name="%s"%s' % (kind, name, filename))]
        if chance.random() < 0.5:
            heads.append(self._line(b"Content-Type: " + self._media_type()))
        if self._is_odd():
            heads.append(self._line(b"Content-Transfer-Encoding: " + chance.choice(_TRANSFERS)))
        if self._is_odd():
            odd = (b"X: " + b"x" * 20_000, b"X" * 20_000, b": x", b"X-\xff: 1", b"X:\0", b" folded")
            heads += [self._line(chance.choice(odd))] * chance.choice((1, 1, 300))
        if self._is_odd():
            chance.shuffle(heads)
        if self._is_odd():
            del heads[0]
        return b"".join(heads) + self._line() + content

    def _media_type(self) -> bytes:
        usual = (b"image/png", b"image/jpeg", b"application/octet-stream")
        odd = (
            b"",
            b"image/png; charset=utf-16",
            b"multipart/mixed; boundary=y",
            b"\0",
            b"a" * 9000,
        )
        return self._chance.choice(odd if self._is_odd() else usual)

    def _nested(self, content: bytes) -> bytes:
        inner = (
            b'--y\r\nContent-Disposition: file; filename="a"\r\n\r\n' + content + b"\r\n--y--\r\n"
        )
        head = b'Content-Disposition: form-data; name="file"\r\n'
        return head + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n" + inner

    def _content_type(self, boundary: str) -> str:
        chance = self._chance
        if not self._is_odd():
            return f"multipart/form-data; boundary={boundary}"
        if chance.random() < 0.5:
            return f"multipart/form-data; boundary={boundary}{chance.choice(_CHARSETS)}"
        odd = (
            *("", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed"),
            *("application/json", "image/jpeg", "application/x-www-form-urlencoded", "text/plain"),
            *("multipart/form-data; boundary=other", "multipart/form-data; boundary=x; boundary=y"),
            *('multipart/form-data; boundary="', "multipart/form-data;" * 300),
            *("MULTIPART/FORM-DATA; BOUNDARY=x", "multipart/form-data; boundary=\x80\xff"),
            "multipart/form-data; boundary*=utf-8''x",
        )
        return chance.choice(odd)
