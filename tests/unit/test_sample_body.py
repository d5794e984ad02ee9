"""JSON with texts or rows: read in one way only, and bounded before any of it is made."""

from __future__ import annotations

import tracemalloc

import pytest

from vistazo.api.sample_body import SentSamples, Shape, read_samples
from vistazo.errors import RequestError, SampleError, VistazoError
from vistazo.texts.limits import SampleLimits

TEXTS, ROWS = Shape("texts"), Shape("rows", 2)
LIMITS = SampleLimits(max_samples=4, max_text_chars=10)
STRANGE = "xyzzy"


def read(body: bytes | str, shape: Shape = TEXTS, limits: SampleLimits = LIMITS) -> SentSamples:
    return read_samples(body.encode() if isinstance(body, str) else body, shape, limits)


def refused(body: bytes | str, shape: Shape = TEXTS) -> VistazoError:
    with pytest.raises((SampleError, RequestError)) as caught:
        read(body, shape).all()
    return caught.value


def test_texts_and_rows_are_read_one_or_several() -> None:
    assert (read('{"text": "añ\\ud83d\\ude00"}').all(), read('{"text": "a"}').is_one) == (
        ["añ😀"],
        True,
    )
    assert (read('{"texts": ["a", ""]}').all(), read('{"texts": ["a"]}').is_one) == (
        ["a", ""],
        False,
    )
    assert read('{"row": [1, -2.5e0]}', ROWS).all() == [[1.0, -2.5]]
    missing = Shape("rows", 2, allows_missing=True)
    assert read('{"rows": [[1, null], [0, 3]]}', missing).all() == [[1.0, None], [0.0, 3.0]]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"text", b'{"text": "\xff"}', b'{"text": "\xed\xa0\x80"}', b"\xef\xbb\xbf{}",
        '{"text": "a"}'.encode("utf-16"), b'{"text": "a\nb"}', b'{"text": "a"} x', b"{'text': 1}",
        b'{"text": "a", "text": "b"}', b'{"texts": [{"a": 1, "a": 2}]}', b'{"text": NaN}',
        b'{"texts": [-Infinity]}', b'{"text": "\\x"}', b'{"text": "', b'{"text": "\\',
        b'{"texts": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_json_or_could_be_read_in_two_ways_is_a_malformed_request(body: bytes) -> None:
    assert isinstance(refused(body), RequestError)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{}", "no 'text' and no 'texts'"),
        ("[]", "no object"),
        ("3", "no object"),
        ('{"text": 3}', "Text 1 is no string"),
        ('{"text": null}', "Text 1 is no string"),
        ('{"text": ["a"]}', "Text 1 is no string"),
        ('{"texts": "a"}', "'texts' is no list"),
        ('{"texts": []}', "empty list"),
        ('{"texts": ["a", 3]}', "Text 2 is no string"),
        ('{"texts": ["a", ["b"]]}', "Text 2 is no string"),
        ('{"texts": ["1", "2", "3", "4", "5"]}', "more than 4 texts"),
        ('{"texts": ["a", "12345678901"]}', "Text 2 has 11 characters"),
        ('{"texts": ["a", "\\ud800"]}', "Text 2 holds half of a character"),
        ('{"text": "a", "texts": ["b"]}', "alone"),
        (f'{{"text": "a", "{STRANGE}": 1}}', "alone"),
        (f'{{"{STRANGE}": "{STRANGE}"}}', "no 'text'"),
        ('{"rows": [[1, 2]]}', "takes texts"),
        ('{"texts": ' + "[" * 100 + "]" * 100 + "}", "Text 1 is no string"),
        ('{"texts": ' + "[" * 20_000, "more than 4 texts"),
    ],
)
def test_json_that_holds_no_texts_is_told_so(body: str, said: str) -> None:
    error = refused(body)
    assert isinstance(error, SampleError)
    assert said in str(error)
    assert STRANGE not in str(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"row": [1]}', "Row 1 has 1 numbers; the model takes 2"),
        ('{"rows": [[1, 2], [1, 2, 3]]}', "Row 2 has 3 numbers"),
        ('{"rows": [[1, 2], 3]}', "Row 2 is no list"),
        ('{"rows": [1, 2]}', "Row 1 is no list"),
        ('{"rows": [[1, "2"]]}', "no number"),
        ('{"rows": [[1, true]]}', "no number"),
        ('{"rows": [[1, [2]]]}', "no number"),
        ('{"rows": [[1, null]]}', "lacks a number"),
        ('{"rows": [[1, 1e999]]}', "too large"),
        ('{"rows": [[1, ' + "9" * 5000 + "]]}", "too large"),
        ('{"rows": [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]}', "more than 4 rows"),
        ('{"rows": [[' + "1, " * 100 + "1]]}", "Row 1 has 101 numbers"),
        ('{"rows": [[' + "1, " * 20_000 + "1]]}", "more than 4 rows of 2 numbers"),
        ('{"text": "a"}', "takes rows"),
    ],
)
def test_json_that_holds_no_rows_is_told_so(body: str, said: str) -> None:
    error = refused(body, ROWS)
    assert isinstance(error, SampleError)
    assert said in str(error)


def test_one_of_several_is_named_by_its_place_among_all() -> None:
    sent = read('{"texts": ["a", "b", 3]}')
    assert sent.only(1).all() == ["b"]
    with pytest.raises(SampleError, match="Text 3 is no string"):
        sent.only(2).all()


_HOSTILE: dict[str, bytes] = {
    "numbers": b"1,", "lists": b"[],", "objects": b"{},", "pairs": b'{"a":1},', "texts": b'"",',
    "wide texts": '"ā",'.encode(), "nested": b"[", "nested objects": b'{"a":', "gaps": b"null,",
    "quotes": b'"', "backslashes": b'\\"', "escapes": b"\\u0041", "names": b'"aaaaaaa":1,',
}  # fmt: skip


@pytest.mark.parametrize("kind", _HOSTILE)
@pytest.mark.parametrize(
    ("shape", "before"),
    [(TEXTS, b'{"texts":['), (TEXTS, b'{"text":"'), (ROWS, b'{"rows":[[')],
    ids=["texts", "a text", "rows"],
)
def test_a_body_never_becomes_many_times_as_large(shape: Shape, kind: str, before: bytes) -> None:
    """2 MB of numbers took 410 MB when they were read into a schema of pydantic, 2 MB of lists 50
    MB as plain JSON.
    """
    n_bytes = 1_000_000
    body = before + _HOSTILE[kind] * (n_bytes // len(_HOSTILE[kind]))
    tracemalloc.start()
    try:
        with pytest.raises((SampleError, RequestError)):
            read_samples(body, shape, SampleLimits()).all()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * n_bytes
