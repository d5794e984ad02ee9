"""A file of answers that runs go on with, wherever they were stopped."""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import BrightnessEngine, brightness_classifier, encoded, evenness, flat
from vistazo.classifier import Classifier
from vistazo.cli import answer_file
from vistazo.cli.output import answers_in
from vistazo.errors import CorruptImageError, SettingsError
from vistazo.models.outputs import OutputSignature
from vistazo.rows.picture_rows import Row

MODEL = brightness_classifier()
SOUND = MODEL.classify(encoded(flat(230)))
DARK = MODEL.classify(encoded(flat(10)))
KINDS = pytest.mark.parametrize("kind", [".csv", ".jsonl"])
ROWS = [
    Row(Path("films/a.png"), SOUND, None),
    Row(Path('films/"quoted", and\nof two lines.png'), DARK, None),
    Row(Path("films/broken.png"), None, CorruptImageError("The picture is damaged,\r\nit seems.")),
    Row(Path("films/\udcff\udc00 ñandú.png"), SOUND, None),
    Row(Path("=1+1.png"), SOUND, None),
    Row(Path("'=1+1.png"), SOUND, None),
    Row(Path("films/z.png"), DARK, None),
]


def written(path: Path, rows: Iterable[Row] = ROWS, model: Classifier = MODEL) -> list[str]:
    """Write what the file does not hold yet; give the names of these."""
    with answers_in(path, model) as answers:
        left = [row for row in rows if row.name not in answers.done]
        for row in left:
            answers.write(row)
        return [row.name for row in left]


def read(path: Path) -> list[dict[str, Any]]:
    text = path.read_bytes().decode()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text, newline="")))


@KINDS
def test_each_row_says_what_was_answered_and_by_what(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"answers{kind}"
    assert len(written(path)) == len(ROWS)
    found = read(path)
    guard = {"=1+1.png": "'=1+1.png", "'=1+1.png": "''=1+1.png"} if kind == ".csv" else {}
    assert [row["file"] for row in found] == [guard.get(row.name, row.name) for row in ROWS]
    assert [row.get("predicted_class") or "" for row in found] == [
        "BRIGHT",
        "DARK",
        "",
        *["BRIGHT"] * 3,
        "DARK",
    ]
    assert "damaged" in found[2]["error"]
    assert {row["model_sha256"] for row in found} == {"0" * 64}
    assert len({row["card_sha256"] for row in found}) == 1


@KINDS
def test_wherever_a_run_was_killed_the_next_goes_on_and_nothing_is_lost_or_doubled(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"answers{kind}"
    written(path)
    whole = path.read_bytes()
    marks = b'\r\n"' if kind == ".csv" else b"\n"
    ends = [at for at, byte in enumerate(whole) if byte in marks]
    for n_bytes in {*range(0, len(whole), 23), *(at + by for at in ends for by in (0, 1))}:
        path.write_bytes(whole[:n_bytes])
        written(path)
        assert path.read_bytes() == whole, n_bytes


@KINDS
def test_what_was_cut_short_is_taken_away_though_nothing_comes_in_its_place(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"answers{kind}"
    written(path, ROWS[:1])
    whole = path.read_bytes()
    written(path, ROWS[:2])
    path.write_bytes(path.read_bytes()[:-5])
    assert written(path, ROWS[:1]) == []
    assert path.read_bytes() == whole


@KINDS
def test_what_is_there_is_not_done_again_and_new_pictures_are_added(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"answers{kind}"
    written(path, ROWS[:3])
    with answers_in(path, MODEL) as answers:
        assert list(answers.done.values()) == [False, False, True]
    assert written(path) == [row.name for row in ROWS[3:]]
    assert written(path) == []


OTHERS = {
    "another model": (brightness_classifier(sha256="b" * 64), "of another model"),
    "another threshold": (brightness_classifier(output={"threshold": 0.7}), "another card"),
    "another baseline": (brightness_classifier(baseline=evenness()), "another baseline"),
    "another limit": (
        brightness_classifier(baseline=replace(evenness(), limit=0.2)),
        "another baseline",
    ),
    "strange ones refused": (brightness_classifier(out_of_distribution="reject"), "OUT_OF"),
}


@KINDS
@pytest.mark.parametrize(("other", "said"), OTHERS.values(), ids=OTHERS)
def test_answers_by_another_model_or_card_are_refused_and_left_as_they_are(
    tmp_path: Path, kind: str, other: Classifier, said: str
) -> None:
    path, first = tmp_path / f"answers{kind}", MODEL
    if said == "another baseline":
        first = brightness_classifier(baseline=replace(evenness(), limit=0.3))
    written(path, model=first)
    path.write_bytes(path.read_bytes()[:-5])
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=said):
        written(path, model=other)
    assert path.read_bytes() == before


@KINDS
@pytest.mark.parametrize(
    "content",
    [
        b"notes of mine",
        b"notes of mine\n",
        b"file,label\r\na.png,1\r\n",
        b"[1, 2]\n",
        b'{"file": "a.png"}\n',
        b'"never closed\n' * 100,
        b"\0" * 5000,
        b"x" * 2_000_000,
        b"\xff\xfe\n",
    ],
    ids=["a note", "a line", "a table", "a list", "other fields", "a quote", "0", "long", "bytes"],
)
def test_somebody_else_s_file_is_refused_and_left_as_it_is(
    tmp_path: Path, kind: str, content: bytes
) -> None:
    path = tmp_path / f"answers{kind}"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="Name another file"):
        written(path)
    assert path.read_bytes() == content


@KINDS
def test_a_damaged_row_in_the_middle_is_refused_and_the_others_are_kept(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"answers{kind}"
    written(path)
    damaged = path.read_bytes().replace(b"films/a.png", b"\0" * 11).replace(b"BRIGHT", b"\0,\0", 2)
    path.write_bytes(damaged)
    with pytest.raises(SettingsError):
        written(path)
    assert path.read_bytes() == damaged


@KINDS
def test_two_runs_do_not_write_to_the_same_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"answers{kind}"
    with answers_in(path, MODEL), pytest.raises(SettingsError, match="Another run"):
        written(path)
    written(path)


@KINDS
def test_a_full_disk_is_told_in_words_and_what_was_written_is_gone_on_with(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Filling(io.FileIO):
        def write(self, data: Any) -> int:
            if self.tell() > 600:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(bytes(data[:100]))

    path = tmp_path / f"answers{kind}"
    with monkeypatch.context() as full:
        full.setattr(answer_file, "FileIO", Filling)
        with pytest.raises(SettingsError, match="No space left") as caught:
            written(path)
    assert "goes on from there" in str(caught.value)
    assert 0 < len(written(path)) < len(ROWS)
    assert written(path) == []
    assert len(read(path)) == len(ROWS)


def test_a_folder_and_a_device_are_no_files_to_write_to(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").mkdir()
    (tmp_path / "null.csv").symlink_to("/dev/null")
    for name in ("answers.csv", "null.csv"):
        with pytest.raises(SettingsError, match="no file"):
            written(tmp_path / name)


def of_several_outputs() -> Classifier:
    """Of which one is called like a column, and one like a label."""
    others = [("error", 1, "linear"), ("BRIGHT", 1, "linear"), ("smile", 2, "softmax")]
    said: dict[str, Any] = {name: {"kind": "value"} for name, *_ in others}
    said["smile"] = {"kind": "logits", "labels": ["no", "yes"]}
    engine = BrightnessEngine(others=tuple(OutputSignature(*each) for each in others))
    return brightness_classifier(engine, more_outputs=said)


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_further_outputs_have_columns_of_their_own(tmp_path: Path, kind: str) -> None:
    if kind == ".parquet":
        pytest.importorskip("pyarrow")
    path, model = tmp_path / f"answers{kind}", of_several_outputs()
    rows = [
        Row(Path("a.png"), model.classify(encoded(flat(204))), None),
        Row(Path("broken.png"), None, CorruptImageError("The picture is damaged.")),
        Row(Path("z.png"), model.classify(encoded(flat(51))), None),
    ]
    assert written(path, rows[:2], model) == ["a.png", "broken.png"]
    assert written(path, rows, model) == ["z.png"]
    if kind == ".jsonl":
        for found, light in zip(read(path)[::2], (0.8, 0.2), strict=True):
            assert found["outputs"]["error"] == {"value": pytest.approx(light), "unit": ""}
            assert found["outputs"]["smile"]["probabilities"] == {"no": 0.5, "yes": 0.5}
        return
    found = read(path) if kind == ".csv" else parquet_rows(path)
    for row, light in zip(found[::2], (0.8, 0.2), strict=True):
        told = [float(row[name]) for name in ("BRIGHT", "output BRIGHT", "output error")]
        assert told == pytest.approx([light] * 3)
        assert (row["smile"], float(row["smile: no"]), row["error"] or "") == ("yes", 0.5, "")
    assert "damaged" in found[1]["error"]
    assert not found[1]["smile"]
    other = brightness_classifier(BrightnessEngine())
    with pytest.raises(SettingsError, match="Name another file"):
        written(path, rows, other)


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet

    return list(pyarrow.parquet.read_table(path).to_pylist())


def test_a_label_that_is_called_like_a_column_is_told_from_it(tmp_path: Path) -> None:
    model = brightness_classifier(labels=["file", "error"], positive="error")
    path = tmp_path / "answers.csv"
    written(path, [Row(Path("a.png"), model.classify(encoded(flat(230))), None)], model)
    [row] = read(path)
    assert (row["file"], row["error"], row["predicted_class"]) == ("a.png", "", "error")
    assert float(row["probability of error"]) == pytest.approx(0.9, abs=0.01)
    assert written(path, [Row(Path("a.png"), None, None)], model) == []
