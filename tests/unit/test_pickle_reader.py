import bz2
import collections
import gzip
import io
import lzma
import pickle
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from hostile_pickles import ATTACKS, COSTLY, HARMLESS, LZ4_BOMB
from pickle_stubs import stub_class
from pickled_files import JOBLIB, SPARSE, write_skops
from vistazo.errors import (
    HostileModelError,
    ModelError,
    UnreadableModelError,
    UnsupportedModelError,
)
from vistazo.models.estimator_import.file_kind import looks_like_estimator
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.estimator_import.values import KerasBytes, Name, Record, SparseArray

MOST = 100 << 20


@pytest.fixture
def read(tmp_path: Path):
    def reading(data: bytes) -> object:
        path = tmp_path / "model.pkl"
        path.write_bytes(data)
        return read_objects(path, MOST)

    return reading


VALUES = [
    None, True, False, 0, 1, -1, 255, 65535, -70000, 2**31, -(2**62), 2**63, 2**1000, 0.5, -0.0,
    "", "ñandú 😀", "two\nlines\\n", "x" * 300, b"", b"\x00\xff\n", b"y" * 300,
    (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1, [2, [3]]],
    {}, {"a": 1, "b": {"c": 2}}, {1: 2, 0.5: 3, (1, "a"): 4, None: 5},
    set(), {1, 2}, frozenset({"a", "b"}), bytearray(b"abc"), 1 + 2j, list(range(3000)),
    collections.OrderedDict([("z", 1), ("a", 2)]), collections.defaultdict(list, {"a": [1]}),
    collections.Counter("aab"), collections.deque([1, 2]),
]  # fmt: skip


@pytest.mark.parametrize("version", range(6))
def test_plain_values_are_read_as_python_reads_them(read, version):
    found = read(pickle.dumps(VALUES, protocol=version))
    assert isinstance(found, list)
    plain = [list(each) if isinstance(each, collections.deque) else each for each in VALUES]
    assert found == plain


ARRAYS = [
    np.arange(6.0),
    np.arange(6, dtype=">i4").reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    np.array([]),
    np.zeros((0, 3)),
    np.array(5),
    np.array(["uno", "ñandú"]),
    np.array([b"ab", b"c"]),
    np.array([True, False]),
    np.array(["a", None, 1], dtype=object),
    np.array([[1, 2], ["x", 0.5]], dtype=object),
    np.array([(1, 2.5), (3, 4.5)], dtype=[("left", "<i8"), ("threshold", "<f8")]),
    np.array([(1, 2.5)], dtype=np.dtype({"names": ["a", "b"], "formats": ["u1", "<f8"],
                                         "offsets": [0, 8], "itemsize": 24})),
    np.arange(4).reshape(2, 2).view(np.recarray),
]  # fmt: skip


@pytest.mark.parametrize("version", range(6))
def test_arrays_keep_type_shape_and_values(read, version):
    data = pickle.dumps(ARRAYS, protocol=version)
    found = read(data)
    for array, ours in zip(pickle.loads(data), found, strict=True):  # noqa: S301
        assert type(ours) is np.ndarray
        assert ours.dtype == array.dtype
        assert ours.shape == array.shape
        assert ours.tolist() == array.tolist()


@pytest.mark.parametrize("version", range(6))
def test_numbers_of_numpy_keep_their_type(read, version):
    numbers = [
        np.int64(3),
        np.float32(0.5),
        np.bool(1),
        np.str_("ñ"),
        np.bytes_(b"a"),
        np.int16(-2),
    ]
    found = read(pickle.dumps(numbers, protocol=version))
    assert [type(each) for each in found] == [type(each) for each in numbers]
    assert found == numbers


@pytest.mark.parametrize("version", range(6))
def test_an_object_becomes_a_record_with_its_attributes(read, version):
    with stub_class("sklearn.linear_model._logistic", "LogisticRegression") as stub:
        model = stub()
        model.coef_ = np.ones((1, 2))
        model.me = model
        data = pickle.dumps(model, protocol=version)
    found = read(data)
    assert isinstance(found, Record)
    assert found.kind == Name("sklearn.linear_model._logistic", "LogisticRegression")
    assert found.attributes["coef_"].tolist() == [[1, 1]]
    assert found.attributes["me"] is found


@pytest.mark.parametrize(
    "call",
    [b"cos\nsystem\n(S'true'\ntR.", b"(S'true'\nios\nsystem\n.", b"(cos\nsystem\nS'true'\no."],
)
def test_a_deed_is_refused_by_its_name(read, call):
    with pytest.raises(HostileModelError, match=r"asks to call os\.system"):
        read(call)


def test_a_file_that_is_cut_anywhere_says_so(read):
    data = pickle.dumps([ARRAYS[:4], VALUES], protocol=4)
    for end in range(0, len(data) - 1, 97):
        with pytest.raises(ModelError):
            read(data[:end])


def test_a_file_that_ends_in_the_middle_is_to_be_copied_again(read):
    with pytest.raises(UnreadableModelError, match="Copy it again"):
        read(pickle.dumps(list(range(100)))[:-10])


@pytest.mark.parametrize("name", JOBLIB)
def test_files_of_joblib_are_read_whatever_packs_them(read, name):
    found = read(JOBLIB[name])
    assert found["c"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["f"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["f"].dtype == np.int32
    assert found["o"].tolist() == ["x", None, 2]
    assert found["z"].shape == (0, 2)
    assert found["n"] == np.float32(0.5)


@pytest.mark.parametrize("name", JOBLIB)
def test_a_joblib_file_that_is_cut_says_so(read, name):
    data = JOBLIB[name]
    for end in range(8, len(data) - 30, 23):  # the last bytes may be a checksum alone
        with pytest.raises(UnreadableModelError):
            read(data[:end])


def test_the_first_files_of_joblib_are_read(read):
    packed = zlib.compress(pickle.dumps({"a": 1}, 2))
    size = b"ZF0x" + b"%-17x" % 99
    assert read(size + packed) == read(size + b" " + packed) == {"a": 1}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_matrices_of_every_kind_are_rows(read, name):
    found = read(SPARSE[name])
    assert isinstance(found, SparseArray)
    assert found.starts.tolist() == [0, 2, 3]
    assert found.columns.tolist() == [0, 2, 3]
    assert found.values.tolist() == [1, 2, 3.5]
    assert found.dense().tolist() == [[1, 0, 2, 0], [0, 0, 0, 3.5]]


def test_what_python_2_wrote_is_read(read):
    found = read(
        b"ccopy_reg\n_reconstructor\n(csklearn.svm.classes\nSVC\nc__builtin__\nobject\nNtR"
        b"(dp1\nS'kernel'\nS'rbf'\nsS'name'\nS'\\xf1'\nsVtext\nV\\u00f1\nsS'many'\nL12L\nsS'w_'\n"
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\n"
        b"dtype\n(S'i2'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x01\\x00\\xff\\xff'\ntb"
        b"sS'stop'\nc__builtin__\nset\n((lS'a'\naS'b'\natRsb."
    )
    assert found.kind == Name("sklearn.svm.classes", "SVC")
    assert found.attributes.pop("w_").tolist() == [1, -1]
    assert found.attributes == {
        "kernel": "rbf", "name": "ñ", "text": "ñ", "many": 12, "stop": {"a", "b"},
    }  # fmt: skip


def test_a_joblib_of_many_files_is_refused_in_words(read):
    with stub_class("joblib.numpy_pickle_compat", "NDArrayWrapper") as stub:
        wrapper = stub()
        wrapper.filename = "model.pkl_01.npy"
        data = pickle.dumps([wrapper])
    with pytest.raises(UnsupportedModelError, match="file of its own"):
        read(data)


def test_a_skops_file_is_the_same_record(tmp_path):
    found = read_objects(write_skops(tmp_path / "m.skops"), MOST)
    assert found.kind == Name("sklearn.linear_model._logistic", "LogisticRegression")
    assert found.attributes["coef_"].tolist() == [[0.5, 2]]
    assert found.attributes["classes_"].tolist() == ["no", "sí"]
    assert found.attributes["class_weight"] == {1: 0.5}
    assert found.attributes["dtype"] == Name("numpy", "float64")
    assert found.attributes["C"] == 1.0


def test_a_pickled_keras_model_is_its_bytes(read):
    with stub_class("keras.src.models.sequential", "Sequential") as stub:
        stub._unpickle_model = classmethod(lambda _cls, _data: None)
        stub.__reduce__ = lambda _: (stub._unpickle_model, (io.BytesIO(b"PK\x03\x04 rest"),))
        data = pickle.dumps(stub())
    assert read(data) == KerasBytes(b"PK\x03\x04 rest")
    with stub_class("keras.models", "Sequential") as stub:
        model = stub()
        model.model_str = b"\x89HDF\r\n\x1a\n rest"
        data = pickle.dumps({"model": model, "labels": ["a"]})
    assert read(data) == {"model": KerasBytes(b"\x89HDF\r\n\x1a\n rest"), "labels": ["a"]}


def test_a_name_that_is_only_mentioned_harms_nothing(read):
    found = read(b"\x80\x02}(X\x01\x00\x00\x00acos\nsystem\nX\x01\x00\x00\x00bc__main__\nclean\nu.")
    assert found == {"a": Name("os", "system"), "b": Name("__main__", "clean")}


TORCH = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
UNREADABLE = {
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
    "HTML page": b"<!DOCTYPE html><html>",
    "an HTML page": gzip.compress(b"<html>", mtime=0),
    "is empty": b"",
    "ends in the middle": b"\x80\x04\x95",
    "protocol 9": b"\x80\x09N.",
    "line ends were changed": b"ccopy_reg\r\n_reconstructor\r\np0\r\n(csklearn.svm\r\nSVC\r\n",
}
UNSUPPORTED = {
    "a file of R": b"RDX3\nX\n",
    "MATLAB": b"MATLAB 5.0 MAT-file",
    "is JSON": b'{"coef": [1]}',
    "is a text file": b"import joblib\nmodel = joblib.load('x')\n",
    "a PyTorch model": TORCH + b"\x80\x02M\xe9\x03.",
    r"export\(learn\.model": TORCH + b"cfastai.basic_train\nLearner\n",
    "a compressed archive": gzip.compress(b"m.pkl" + bytes(252) + b"ustar", mtime=0),
    "array of NumPy": b"\x93NUMPY\x01\x00",
    r"name end \.h5": b"\x89HDF\r\n\x1a\n",
}


@pytest.mark.parametrize(("words", "data"), UNREADABLE.items())
def test_what_is_damaged_or_no_model_is_told_by_its_bytes(read, words, data):
    with pytest.raises(UnreadableModelError, match=words):
        read(data)


@pytest.mark.parametrize(("words", "data"), UNSUPPORTED.items())
def test_models_of_another_kind_are_told_by_their_bytes(read, words, data):
    with pytest.raises(UnsupportedModelError, match=words):
        read(data)


@pytest.mark.parametrize(
    ("member", "content", "words"),
    [
        ("archive/data.pkl", b"ctorch._utils\n", "torch.onnx.export.model"),
        ("m/data.pkl", b"cfastai.learner\n", "learn.dls.vocab"),
        ("config.json", b"{}", r"name end \.keras"),
        ("arr_0.npy", b"", "arrays of NumPy"),
        ("readme.txt", b"", "Unpack it"),
    ],
)
def test_a_zip_of_another_kind_is_told_by_its_members(tmp_path, member, content, words):
    path = tmp_path / "m.pkl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    with pytest.raises(UnsupportedModelError, match=words):
        read_objects(path, MOST)


def test_a_file_that_unpacks_to_more_than_there_is_room_for_is_refused(read, tmp_path):
    path = tmp_path / "m.joblib"
    for packed in (
        gzip.compress(bytes(3 << 20)),
        bz2.compress(bytes(3 << 20)),
        lzma.compress(bytes(3 << 20)),
        zlib.compress(bytes(3 << 20)),
        LZ4_BOMB,
    ):
        path.write_bytes(packed)
        with pytest.raises(HostileModelError, match="more than 2 MB"):
            read_objects(path, 2_000_000)


def test_estimators_are_told_by_their_first_bytes():
    assert all(looks_like_estimator(data[:64]) for data in (*JOBLIB.values(), *SPARSE.values()))
    assert all(looks_like_estimator(pickle.dumps({"a": [1]}, version)) for version in range(6))
    assert not any(
        looks_like_estimator(head)
        for head in (b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x08\x07", b"<html>", b"{}", b"xy")
    )


def test_every_attack_that_is_quick_to_make_is_refused(read):
    for name in ATTACKS.keys() - COSTLY - HARMLESS:
        with pytest.raises(ModelError) as refused:
            read(ATTACKS[name]())
        if name.startswith("calls "):
            assert isinstance(refused.value, HostileModelError), name
            assert "It was not called" in str(refused.value)


def test_what_is_odd_and_harmless_is_read(read):
    for name in HARMLESS:
        read(ATTACKS[name]())


def test_a_small_file_is_read_in_little_memory_however_much_it_might_take(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    tracemalloc.start()
    try:
        assert read_objects(path, 2_000_000_000) == [1, 2]
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
