from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from estimator_files import estimator, spam_words
from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.importer import import_plan
from vistazo.models.estimator_import.values import Record, SparseArray
from vistazo.models.estimator_import.values_file import (
    is_values_file,
    read_values,
    write_values,
)

MOST = 10_000_000


def rewritten(content: object, folder: Path) -> object:
    write_values(content, folder / "a.npz")
    return read_values(folder / "a.npz", MOST)


def test_what_was_read_comes_back_as_it_was(tmp_path: Path) -> None:
    record = estimator(
        "Any",
        vocabulary={"palabra": np.int64(3), "ñ\ud800\n": 4},
        odd={1: 2.5, (1, "a"): None},
        numbers=np.arange(6.0).reshape(2, 3)[:, ::-1],
        objects=np.array([[None, "a"]], dtype=object),
        nested=(1, [True, {2}], b"\0\xff"),
        nodes=np.zeros(2, [("left", "<i8"), ("threshold", "<f8")]),
        sparse=SparseArray(np.array([0, 1]), np.array([1]), np.array([2.0]), (1, 3)),
    )
    found = rewritten(record, tmp_path)
    assert isinstance(found, Record)
    assert found.kind == record.kind
    for name in ("vocabulary", "odd", "nested"):
        assert found.attributes[name] == record.attributes[name]
    for name in ("numbers", "nodes", "objects"):
        np.testing.assert_array_equal(found.attributes[name], record.attributes[name])
    sparse = found.attributes["sparse"]
    assert isinstance(sparse, SparseArray)
    assert sparse.dense().tolist() == [[0, 2, 0]]


def test_records_may_hold_each_other(tmp_path: Path) -> None:
    record = estimator("Any")
    record.attributes["itself"] = record
    found = rewritten([record, record], tmp_path)
    assert isinstance(found, list)
    assert found[0] is found[1]
    assert found[0].attributes["itself"] is found[0]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_values(spam_words(), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_rewritten_model_decides_as_before(tmp_path: Path) -> None:
    texts = ["free money", "a meeting", ""]
    before = import_plan(spam_words()).decide(texts).probabilities
    after = import_plan(rewritten(spam_words(), tmp_path)).decide(texts).probabilities
    np.testing.assert_array_equal(before, after)


def test_a_file_that_unpacks_to_more_than_its_room_is_refused(tmp_path: Path) -> None:
    write_values(np.zeros(1_000_000), tmp_path / "bomb.npz")
    assert (tmp_path / "bomb.npz").stat().st_size < 100_000
    with pytest.raises(HostileModelError):
        read_values(tmp_path / "bomb.npz", 1_000_000)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"root": {"record": 7}, "records": []},
        {"root": {"record": -1}, "records": [{"kind": ["a", "b"]}]},
        {"root": {"call": "os.system"}, "records": []},
        {"root": {"words": [{"array": "a0"}] * 3}, "records": []},
        {
            "root": {"sparse": [{"array": "a0"}, {"array": "a0"}, {"array": "a0"}, [9, 9]]},
            "records": [],
        },
        {"root": {"objects": [[-1], []]}, "records": []},
        {"root": [1, 2], "records": []},
        {"root": {"dict": [[{"list": []}, 1]]}, "records": []},
    ],
)
def test_a_tree_that_makes_no_sense_is_refused(tmp_path: Path, tree: object) -> None:
    np.savez(
        tmp_path / "a.npz",
        **{"values.json": np.frombuffer(json.dumps(tree).encode(), np.uint8), "a0": np.arange(3)},  # type: ignore[arg-type]
    )
    assert is_values_file(tmp_path / "a.npz")
    with pytest.raises(UnreadableModelError):
        read_values(tmp_path / "a.npz", MOST)


def test_other_zips_are_told_apart(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("other", "x")
    assert not is_values_file(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"no zip")
    assert not is_values_file(tmp_path / "b.npz")
