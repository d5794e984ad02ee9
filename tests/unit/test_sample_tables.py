"""Texts and rows out of the files that people have them in."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pytest

from vistazo.cli import sample_files
from vistazo.cli.sample_files import STANDARD_INPUT, read_rows, read_texts
from vistazo.errors import InputError, SettingsError
from vistazo.training.tables import read_table


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.json", '["one", "two"]', ["one", "two"]),
        ("a.json", '{"texts": ["one", ""]}', ["one", ""]),
        ("a.json", '{"text": "one"}', ["one"]),
        ("a.json", '[{"text": "one", "id": 7}]', ["one"]),
        ("a.json", "[]", []),
        ("a.json", b'\xef\xbb\xbf["\xc3\xb1"]', ["ñ"]),
        ("a.jsonl", '"one"\n\n"two\\u2028"\n', ["one", "two\u2028"]),
        ("a.txt", "one\r\n\r\ntwo\n", ["one", "", "two"]),
        ("a.txt", "one\ntwo", ["one", "two"]),
        ("a.txt", "one\n\n", ["one", ""]),
        ("a.txt", "a\u2028b\x0bc\n", ["a\u2028b\x0bc"]),
        ("a.txt", "", []),
        ("a.txt", b"\xef\xbb\xbfone\n", ["one"]),
        ("a.txt", "uno\n".encode("utf-16"), ["uno"]),
        ("a.csv", 'id;texto\n1;"one; ""two""\nthree"\n2;four\n', ['one; "two"\nthree', "four"]),
        ("a.csv", "only\nthis, that\n", ["this"]),
        ("a.csv", '"id; or so",text\n7,this;that\n', ["this;that"]),
        ("a.csv", "text\n" + "x" * 200_000 + "\n", ["x" * 200_000]),
    ],
)
def test_texts_are_read_in_order(
    name: str, content: str | bytes, texts: list[str], tmp_path: Path
) -> None:
    assert read_texts(written(tmp_path, name, content)) == texts


def test_what_is_no_text_is_an_error_in_its_place(tmp_path: Path) -> None:
    texts = read_texts(written(tmp_path, "a.json", '["one", 2, null, ["three"]]'))
    assert texts[0] == "one"
    assert [str(each) for each in texts[1:]] == [
        "This is no text but a number.",
        "This is no text but nothing at all.",
        "This is no text but a list or an object.",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", '["one"', "not valid JSON"),
        ("a.json", "[" * 100_000, "not valid JSON"),
        ("a.json", '"one"', "holds no texts"),
        ("a.jsonl", '"one"\ntwo\n', "line 2 is not valid JSON"),
        ("a.txt", b"a\xf1o\n", "not UTF-8 text (byte 1)"),
        ("a.csv", "a,b\n1,2\n", "Which column of"),
        ("a.csv", "1,2\n", "does not name its columns"),
        ("a.csv", 'text\none\n"two\nthree\n', "no CSV that can be read"),
        ("a.xlsx", "no zip", "no Excel file"),
    ],
)
def test_a_file_that_holds_no_texts_is_refused_in_words(
    name: str, content: str | bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        read_texts(written(tmp_path, name, content))
    assert said in str(refused.value)
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "1,2.5,\n-3e2,nan,0\n"),
        ("a.csv", "b,a,c,id\n2.5,1,,x\nNA,-3e2,0,y\n"),
        ("a.csv", "\ufeffa;b;c\r\n1;2.5;\r\n-300;;0\r\n"),
        ("a.tsv", "a\tb\tc\n1\t2.5\t\n-300\tnull\t0\n"),
        ("a.json", '{"rows": [[1, 2.5, null], [-300, NaN, false]]}'),
        ("a.json", '[[1, 2.5, null], ["-300", null, 0]]'),
        ("a.json", '[{"c": null, "a": 1, "b": 2.5}, {"a": -300, "c": 0}]'),
        ("a.jsonl", "[1, 2.5, null]\n[-300, null, 0]\n"),
    ],
)
def test_rows_are_read_by_name_where_there_are_names(
    name: str, content: str, tmp_path: Path
) -> None:
    found = read_rows(written(tmp_path, name, content), ("a", "b", "c"))
    assert found == [(1.0, 2.5, None), (-300.0, None, 0.0)]


def test_an_excel_file_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("Id", "Text", "a"), (1, "one", 0.5), (None, None, None), (2, "two", None)):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert read_texts(tmp_path / "a.xlsx") == ["one", "two"]
    assert read_rows(tmp_path / "a.xlsx", ("a",)) == [(0.5,), (None,)]


def test_a_row_that_is_not_of_numbers_is_an_error_in_its_place(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a,b\n1,2\n1\n1,zwei\n1,1_0\n")
    found = read_rows(path, ("a", "b"))
    assert found[0] == (1.0, 2.0)
    assert [str(each) for each in found[1:]] == [
        "The row ends after 1 numbers.",
        "'zwei' is no number. Write it with a decimal point.",
        "'1_0' is no number. Write it with a decimal point.",
    ]
    digits = written(tmp_path, "a.json", f"[[1{'0' * 400}], [[1]]]")
    assert all(isinstance(each, InputError) for each in read_rows(digits, ()))


def test_a_column_that_is_there_twice_is_not_guessed(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "a,b,a\n1,2,3\n")
    assert read_rows(path, ("b",)) == [(2.0,)]
    with pytest.raises(SettingsError, match=r"the column 'a' twice"):
        read_rows(path, ("a", "b"))


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no column 'c'\. The model takes a, c; the file has"):
        read_rows(written(tmp_path, "a.csv", "a,b\n1,2\n"), ("a", "c"))


@pytest.mark.parametrize("content", ['{"rows": 3}', "3", "[[1], {}]", '{"a": [1]}'])
def test_json_that_holds_no_rows_is_refused(content: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"rows|lists alone"):
        read_rows(written(tmp_path, "a.json", content), ())


def test_standard_input_is_json_where_it_looks_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr(sample_files.sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(' ["one", "two"]')
    assert read_texts(STANDARD_INPUT) == ["one", "two"]
    given("one\ntwo\n")
    assert read_texts(STANDARD_INPUT) == ["one", "two"]
    given(json.dumps({"rows": [[1]]}))
    assert read_rows(STANDARD_INPUT, ()) == [(1.0,)]
    given("a,b\n1,2\n")
    assert read_rows(STANDARD_INPUT, ("b",)) == [(2.0,)]


def test_another_kind_of_file_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"give a .csv, .tsv, .json, .jsonl or .xlsx file"):
        read_table(written(tmp_path, "a.png", "x"))
