import collections
import pickle
from pathlib import Path

import numpy as np
import pytest

from pickle_stubs import stub_class
from vistazo.errors import HostileModelError, ModelError, UnreadableModelError
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.estimator_import.values import Name, Record

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
