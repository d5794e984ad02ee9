"""Requests, and what RFC 9112 (or another, where its number is given) asks of their answer."""

from __future__ import annotations

from typing import NamedTuple

from builders import encoded, film
from raw_callers import BEGUN, FORM

BODY = BEGUN + encoded(film(40, 40)) + b"\r\n--x--\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n"
HOST = b"Host: x\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\n" + FORM
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LENGTH = len(BODY)
KEPT, CLOSED, EITHER = True, False, None


def chunks(body: bytes = BODY, last: bytes = b"0\r\n\r\n") -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body) + last


class Case(NamedTuple):
    says: str
    section: str
    request: bytes
    statuses: set[int]
    keeps: bool | None


def get(head: bytes = HOST, line: bytes = LIVE, body: bytes = b"") -> bytes:
    return line + head + b"\r\n" + body


def posted(head: bytes, body: bytes = BODY) -> bytes:
    return POST + head + body


# fmt: off
CASES = [
    Case("origin-form", "3.2.1", get(), {200}, KEPT),
    Case("absolute-form MUST be accepted", "3.2.2", get(line=b"GET http://x/health/live HTTP/1.1\r\n"), {200}, KEPT),
    Case("absolute-form, no path", "3.2.2", get(line=b"GET http://x HTTP/1.1\r\n"), {200}, KEPT),
    Case("absolute-form, port and query", "3.2.2", get(line=b"GET HTTP://x:80/health/live?a HTTP/1.1\r\n"), {200}, KEPT),
    Case("authority-form is CONNECT's", "3.2.3", get(line=b"CONNECT x:80 HTTP/1.1\r\n"), {400, 404, 405, 501}, CLOSED),
    Case("authority-form of GET", "3.2.3", get(line=b"GET x:80 HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("asterisk-form", "3.2.4", get(line=b"OPTIONS * HTTP/1.1\r\n"), {204}, KEPT),
    Case("asterisk-form of GET", "3.2.4", get(line=b"GET * HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("a target of 8,000 bytes SHOULD do", "3", get(line=b"GET /health/live?" + b"a" * 8000 + b" HTTP/1.1\r\n"), {200}, KEPT),
    Case("a longer one MUST be 414", "3", get(line=b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n"), {414}, CLOSED),
    Case("no slash", "3.2", get(line=b"GET health/live HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("a fragment", "3.2", get(line=b"GET /health/live#a HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("not ASCII", "3.2", get(line=b"GET /\xc3\xa9 HTTP/1.1\r\n"), {400}, CLOSED),
    Case("NUL, encoded", "3.2", get(line=b"GET /%00 HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("no encoding", "3.2", get(line=b"GET /%zz HTTP/1.1\r\n"), {400, 404}, EITHER),
    Case("a space in the target", "3.2", get(line=b"GET /health/live x HTTP/1.1\r\n"), {400}, CLOSED),
    Case("an empty line before MUST be ignored", "2.2", b"\r\n" + get(), {200}, KEPT),
    Case("two spaces", "3", get(line=b"GET  /health/live HTTP/1.1\r\n"), {400}, CLOSED),
    Case("a tab", "3", get(line=b"GET\t/health/live HTTP/1.1\r\n"), {400}, CLOSED),
    Case("a space before", "3", get(line=b" GET /health/live HTTP/1.1\r\n"), {400}, CLOSED),
    Case("more than a version", "3", get(line=b"GET /health/live HTTP/1.1 x\r\n"), {400}, CLOSED),
    Case("a method is a token", "3.1", get(line=b"G(T /health/live HTTP/1.1\r\n"), {400}, CLOSED),
    Case("a method has its case", "3.1", get(line=b"get /health/live HTTP/1.1\r\n"), {400, 405, 501}, EITHER),
    Case("a method of one's own", "3.1", get(line=b"BREW /health/live HTTP/1.1\r\n"), {405, 501}, KEPT),
    Case("HTTP/0.9", "2.3", b"GET /health/live\r\n", {400}, CLOSED),
    Case("HTTP/1.0 needs no Host", "3.2", b"GET /health/live HTTP/1.0\r\n\r\n", {200}, CLOSED),
    Case("HTTP/1.2 is 1.1 here", "9110 2.5", get(line=b"GET /health/live HTTP/1.2\r\n"), {200, 505}, EITHER),
    Case("HTTP/2.0", "9110 15.6.6", get(line=b"GET /health/live HTTP/2.0\r\n"), {400}, CLOSED),
    Case("HTTP/3.0", "9110 15.6.6", get(line=b"GET /health/live HTTP/3.0\r\n"), {400}, CLOSED),
    Case("HTTP/1.10", "2.3", get(line=b"GET /health/live HTTP/1.10\r\n"), {400}, CLOSED),
    Case("HTTP/1", "2.3", get(line=b"GET /health/live HTTP/1\r\n"), {400}, CLOSED),
    Case("http/1.1", "2.3", get(line=b"GET /health/live http/1.1\r\n"), {400}, CLOSED),
    Case("the preface of HTTP/2", "9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}, CLOSED),
    Case("TLS", "2", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(80), {400}, CLOSED),
    Case("lines that end in LF MAY do", "2.2", get().replace(b"\r\n", b"\n"), {200, 400}, EITHER),
    Case("a bare CR", "2.2", get(HOST + b"X-A: a\rb\r\n"), {400}, CLOSED),
    Case("a bare CR that ends a line", "2.2", get(HOST + b"X-A: a\rX-B: b\r\n"), {400}, CLOSED),
    Case("NUL in a value", "9110 5.5", get(HOST + b"X-A: a\0b\r\n"), {400}, CLOSED),
    Case("a line that is folded", "5.2", get(HOST + b"X-A: a\r\n b\r\n"), {200, 400}, EITHER),
    Case("Content-Length, folded", "5.2", get(HOST + b"Content-Length:\r\n 5\r\n", body=b"hello"), {200, 400}, EITHER),
    Case("a space before the colon MUST be 400", "5.1", get(HOST + b"X-A : a\r\n"), {400}, CLOSED),
    Case("the same for framing", "5.1", get(HOST + b"Transfer-Encoding : chunked\r\n"), {400}, CLOSED),
    Case("a space before the first header", "2.2", get(b" X-A: a\r\n" + HOST), {200, 400}, EITHER),
    Case("a header without a name", "5", get(HOST + b": a\r\n"), {400}, CLOSED),
    Case("a header without a colon", "5", get(HOST + b"X-A\r\n"), {400}, CLOSED),
    Case("a name is a token", "5.1", get(HOST + b"X(A): a\r\n"), {400}, CLOSED),
    Case("space around a value", "5.1", get(b"Host: \t x \t\r\n"), {200}, KEPT),
    Case("an empty value", "5", get(HOST + b"X-A:\r\n"), {200}, KEPT),
    Case("300 headers", "5.4", get(HOST + b"X-A: a\r\n" * 300), {200, 431}, EITHER),
    Case("too many headers MUST be 4xx", "5", get(HOST + b"X-A: a\r\n" * 10_000), {431}, CLOSED),
    Case("a header that is too long", "5", get(HOST + b"X-A: " + b"a" * 100_000 + b"\r\n"), {431}, CLOSED),
    Case("no Host MUST be 400", "3.2", get(b""), {400}, CLOSED),
    Case("two Hosts MUST be 400", "3.2", get(HOST + b"Host: y\r\n"), {400}, CLOSED),
    Case("the same Host twice MUST be 400", "3.2", get(HOST + HOST), {400}, CLOSED),
    Case("an empty Host", "3.2", get(b"Host:\r\n"), {200}, KEPT),
    Case("a Host with a port", "3.2", get(b"Host: x.example:8000\r\n"), {200}, KEPT),
    Case("a Host of IPv6", "3.2", get(b"Host: [::1]:8000\r\n"), {200}, KEPT),
    *(
        Case(f"Host {value!r} MUST be 400", "3.2", get(b"Host: " + value + b"\r\n"), {400}, EITHER)
        for value in (b"a b", b"x/y", b"u@x", b"x:y", b"x, y", b"[::1", b"x\\y", b"<x>", b"x?y", b"x:80:80")
    ),
    Case("Connection: close", "9.6", get(HOST + b"Connection: close\r\n"), {200}, CLOSED),
    Case("Connection: Close, x", "9.6", get(HOST + b"Connection: x, Close\r\n"), {200}, CLOSED),
    Case("HEAD has no body", "6.3", get(line=b"HEAD /health/live HTTP/1.1\r\n"), {200}, KEPT),
    Case("HEAD of nothing has none either", "6.3", get(line=b"HEAD /nothing HTTP/1.1\r\n"), {404}, KEPT),
    Case("GET with a body that looks like a request", "6.3", get(HOST + b"Content-Length: 40\r\n", body=b"GET /model HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\r\n"[:40]), {200}, EITHER),
    Case("a body for nothing", "6.3", get(HOST + b"Content-Length: 5\r\n", b"POST /nothing HTTP/1.1\r\n", b"hello"), {404}, EITHER),
    Case("a form", "6.2", posted(b"Content-Length: %d\r\n\r\n" % LENGTH), {200}, KEPT),
    Case("one length twice", "6.3", posted(b"Content-Length: %d\r\n" % LENGTH * 2 + b"\r\n"), {200, 400}, EITHER),
    Case("one length as a list", "6.3", posted(b"Content-Length: %d, %d\r\n\r\n" % (LENGTH, LENGTH)), {200, 400}, EITHER),
    Case("two lengths MUST be 400", "6.3", posted(b"Content-Length: %d\r\nContent-Length: 5\r\n\r\n" % LENGTH), {400}, CLOSED),
    Case("two lengths as a list", "6.3", posted(b"Content-Length: 5, %d\r\n\r\n" % LENGTH), {400}, CLOSED),
    *(
        Case(f"a length of {value!r}", "6.3", posted(b"Content-Length: " + value + b"\r\n\r\n", b""), {400, 413}, CLOSED)
        for value in (b"", b"-1", b"+5", b"5 5", b"0x5", b"5a", b"1_0", b"\xb2", b"5,", b"1e1", b"5\x0b", b"9" * 25, b"18446744073709551617")
    ),
    Case("chunks", "7.1", posted(CHUNKED, chunks()), {200}, KEPT),
    Case("codings have no case", "7", posted(CHUNKED.replace(b"chunked", b"CHUNKED"), chunks()), {200}, KEPT),
    *(
        Case(f"Transfer-Encoding: {value!r}", "6.1", posted(b"Transfer-Encoding: " + value + b"\r\n\r\n", chunks()), {400}, CLOSED)
        for value in (
            b"", b"identity", b"xchunked", b"chunked, identity", b"identity, chunked", b"gzip, chunked", b"chunked, gzip",
            b"chunked, chunked", b"chunked,", b"chunked;q=1", b"\x0bchunked", b"\"chunked\"", b"chunke", b"chunked\x00",
        )
    ),
    Case("two Transfer-Encodings", "6.1", posted(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", chunks()), {400}, CLOSED),
    Case("both headers of framing", "6.1", posted(b"Content-Length: %d\r\n" % LENGTH + CHUNKED, chunks()), {400}, CLOSED),
    Case("in HTTP/1.0", "6.1", posted(CHUNKED, chunks()).replace(b"1.1", b"1.0", 1), {400}, CLOSED),
    Case("Transfer_Encoding is another", "5.1", get(HOST + b"Transfer_Encoding: chunked\r\n"), {200}, KEPT),
    Case("a size may begin with zeros", "7.1", posted(CHUNKED, b"000%x\r\n%b\r\n0\r\n\r\n" % (LENGTH, BODY)), {200, 400}, EITHER),
    Case("a size of twenty digits", "7.1", posted(CHUNKED, b"%020x\r\n%b\r\n0\r\n\r\n" % (LENGTH, BODY)), {200, 400}, EITHER),
    Case("an extension MUST be ignored", "7.1.1", posted(CHUNKED, b"%x;a=b;c=\"d\"\r\n%b\r\n0;e\r\n\r\n" % (LENGTH, BODY)), {200}, KEPT),
    Case("an extension that is too long", "7.1.1", posted(CHUNKED, b"%x;%b\r\n%b\r\n0\r\n\r\n" % (LENGTH, b"a" * 100_000, BODY)), {200, 400, 431}, EITHER),
    Case("LF in an extension", "7.1.1", posted(CHUNKED, b"%x;a\nb\r\n%b\r\n0\r\n\r\n" % (LENGTH, BODY)), {400}, CLOSED),
    *(
        Case(f"a size of {value!r}", "7.1", posted(CHUNKED, value + b"\r\nhello\r\n0\r\n\r\n"), {400}, CLOSED)
        for value in (b"", b"-5", b"+5", b"0x5", b"5g", b" 5", b"5 5", b"f" * 21, b"5\x0b", b"\xb2", b"5,")
    ),
    Case("no CRLF behind a chunk", "7.1", posted(CHUNKED, b"5\r\nhello0\r\n\r\n"), {400}, CLOSED),
    Case("a chunk longer than it says", "7.1", posted(CHUNKED, b"5\r\nhelloXX\r\n0\r\n\r\n"), {400}, CLOSED),
    Case("LF behind a size", "7.1", posted(CHUNKED, b"%x\n%b\r\n0\r\n\r\n" % (LENGTH, BODY)), {200, 400}, EITHER),
    Case("trailers", "7.1.2", posted(CHUNKED, chunks(last=b"0\r\nX-A: a\r\nContent-Length: 5\r\n\r\n")), {200}, KEPT),
    Case("a trailer that is none", "7.1.2", posted(CHUNKED, chunks(last=b"0\r\nX A: a\r\n\r\n")), {400}, CLOSED),
    Case("trailers that are too long", "7.1.2", posted(CHUNKED, chunks(last=b"0\r\n" + b"X-A: a\r\n" * 10_000)), {400, 431}, CLOSED),
    Case("another expectation MAY be 417", "9110 10.1.1", get(HOST + b"Expect: x\r\n"), {200, 417}, EITHER),
    Case("Upgrade MAY be ignored", "9110 7.8", get(HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"), {200}, KEPT),
    Case("OPTIONS with a body", "9110 9.3.7", get(HOST + b"Content-Length: 5\r\n", b"OPTIONS /model HTTP/1.1\r\n", b"hello"), {204}, EITHER),
    Case("TRACE", "9110 9.3.8", get(line=b"TRACE /health/live HTTP/1.1\r\n"), {405, 501}, KEPT),
]
# fmt: on
