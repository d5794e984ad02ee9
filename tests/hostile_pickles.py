"""Pickles made to do harm, each by its name: a function of nothing that gives its bytes.

Most are written opcode by opcode: no pickler makes them.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
from collections.abc import Callable

import numpy as np

from pickled_files import dictionary_node, json_node, node, npy

ATTACKS: dict[str, Callable[[], bytes]] = {}
# Those that may be read: what they make is inert and small, or as large as they are.
HARMLESS = {
    "a_number_that_is_an_address",
    "a_pickle_in_a_pickle_in_a_pickle_of_joblib",
    "a_place_in_the_memo_that_is_huge",
    "a_skops_that_holds_itself",
    "a_type_that_holds_itself",
    "an_array_that_holds_itself",
}
# Those that take a moment to make, or to refuse.
COSTLY = {
    "a_bomb_of_gzip", "records_of_the_same_million_arguments",
    "a_thousand_members_of_gzip_before_much", "a_bomb_of_lz4",
    "a_bomb_of_xz", "a_skops_that_is_a_bomb", "ten_million_marks",
    "ten_million_dictionaries", "a_million_lists_in_each_other", "a_million_tuples_in_each_other",
    "a_million_tuples_in_each_other_as_a_key", "a_set_of_a_long_list_again_and_again",
    "a_hundred_thousand_members_of_gzip", "one_dictionary_of_attributes_again_and_again",
    "a_skops_that_names_one_array_again_and_again", "a_skops_of_a_hundred_thousand_lists",
    "integers_of_one_hash", "tuples_of_one_hash",
}  # fmt: skip
_NUMPY_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
_FLOAT = (
    b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNN"
    b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)

# Eight megabytes: a stored letter, and a match of it again and again.
LZ4_BOMB = b"\x04\x22\x4d\x18\x40\x70\xdf" + struct.pack("<I", 4 + 33_000 + 1)
LZ4_BOMB += b"\x1fa\x01\x00" + b"\xff" * 33_000 + b"\x00" + bytes(4)


def _attack(made: Callable[[], bytes]) -> Callable[[], bytes]:
    ATTACKS[made.__name__] = made
    return made


def _call(module: str, name: str, argument: str = "true") -> Callable[[], bytes]:
    text = argument.encode()
    arguments = b"X" + struct.pack("<I", len(text)) + text + b"\x85R."
    return lambda: b"\x80\x02c" + f"{module}\n{name}\n".encode() + arguments


for _module, _name in (
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "__import__"),
    ("builtins", "open"),
    ("__builtin__", "compile"),
    ("importlib", "import_module"),
    ("runpy", "run_path"),
    ("pickle", "loads"),
    ("socket", "create_connection"),
    ("numpy", "load"),
    ("numpy.testing._private.utils", "runstring"),
    ("joblib", "load"),
    ("sklearn.datasets", "fetch_openml"),
    ("sklearn.utils", "os.system"),
    ("scipy.io", "loadmat"),
    ("types", "CodeType"),
    ("ctypes", "CDLL"),
    ("commands", "getoutput"),
    ("webbrowser", "open"),
    ("functools", "reduce"),
):
    ATTACKS[f"calls {_module}.{_name}"] = _call(_module, _name)


@_attack
def a_chain_of_getattr() -> bytes:
    """getattr(getattr(list, '__class__'), 'mro') and its like: a name of a name is called."""
    get = b"cbuiltins\ngetattr\n"
    inner = get + b"cbuiltins\nlist\nX\x09\x00\x00\x00__class__\x86R"
    return b"\x80\x02" + get + inner + b"X\x0e\x00\x00\x00__subclasses__\x86R)R."


@_attack
def a_class_is_changed() -> bytes:
    return b"\x80\x02csklearn.pipeline\nPipeline\n}X\x07\x00\x00\x00predictK\x01sb."


@_attack
def forty_tuples_of_twice_the_next_as_a_key() -> bytes:
    return b"\x80\x02}K\x01\x85" + b"2\x86" * 40 + b"K\x01s."


@_attack
def a_million_tuples_in_each_other_as_a_key() -> bytes:
    return b"\x80\x02})" + b"\x85" * 1_000_000 + b"K\x01s."


@_attack
def a_million_lists_in_each_other() -> bytes:
    return b"\x80\x02" + b"]" * 1_000_000 + b"a" * 999_999 + b"."


@_attack
def a_million_tuples_in_each_other() -> bytes:
    return b"\x80\x02)" + b"\x85" * 1_000_000 + b"."


@_attack
def forty_lists_of_twice_the_next() -> bytes:
    value: object = [0.0]
    for _ in range(40):
        value = [value, value]
    return pickle.dumps(value)


@_attack
def a_forest_of_a_forest_of_the_same() -> bytes:
    kind = b"csklearn.ensemble\nVotingClassifier\n)\x81}X\x0b\x00\x00\x00estimators_]("
    levels = [kind + b"h%c" % depth * 50 + b"esb\x94" for depth in range(12)]
    return b"\x80\x04]\x94" + b"".join(levels) + b"."


@_attack
def integers_of_one_hash() -> bytes:
    """Multiples of 2**61 - 1: a dictionary of n of them takes n * n steps."""
    keys = b"".join(
        b"\x8a\x0a" + (i * ((1 << 61) - 1)).to_bytes(10, "little") + b"N" for i in range(50_000)
    )
    return b"\x80\x02}(" + keys + b"u."


@_attack
def tuples_of_one_hash() -> bytes:
    keys = b"".join(b"G" + struct.pack(">d", i * 0.5) + b"\x85" for i in range(50_000))
    return b"\x80\x04\x8f(" + keys + b"\x90."


@_attack
def a_set_of_a_long_list_again_and_again() -> bytes:
    members = pickle.dumps(list(range(100_000)), 2)[2:-1]
    return b"\x80\x02" + members + b"q\xff0" + b"cbuiltins\nset\nh\xff\x85R" * 50_000 + b"."


@_attack
def a_long_text_made_bytes_again_and_again() -> bytes:
    text = b"\x80\x04X" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
    return text + b"\x940c_codecs\nencode\n\x940" + b"h\x01h\x00\x85R" * 100_000 + b"."


@_attack
def one_array_filled_again_and_again() -> bytes:
    state = b"(K\x01M\x00\x80\x85" + _FLOAT + b"\x89B\x00\x00\x04\x00" + bytes(1 << 18) + b"t"
    return b"\x80\x04" + state + b"\x940" + (_NUMPY_ARRAY + b"h\x00b") * 20_000 + b"."


@_attack
def one_dictionary_of_attributes_again_and_again() -> bytes:
    state = pickle.dumps(dict.fromkeys(map(str, range(100_000))), 2)[2:-1]
    made = b"csklearn.svm\nSVC\n)\x81}X\x01\x00\x00\x00aNsbr\x00\x00\x00\x01h\xffb"
    return b"\x80\x02" + state + b"q\xff0" + made * 50_000 + b"."


@_attack
def one_long_text_of_numpy_again_and_again() -> bytes:
    kind = _FLOAT.replace(b"\x02\x00\x00\x00f8", b"\x08\x00\x00\x00S1000000")
    data = b"B\x40\x42\x0f\x00" + bytes(1_000_000)
    begin = b"\x80\x04cnumpy.core.multiarray\nscalar\n\x940" + kind + data + b"\x86\x940"
    return begin + b"h\x00h\x01R" * 50_000 + b"."


@_attack
def an_array_of_a_shape_beyond_its_bytes() -> bytes:
    state = b"(K\x01\x8a\x06\x00\x00\x00\x00\x00\x01\x85" + _FLOAT + b"\x89C\x08" + bytes(8) + b"t"
    return b"\x80\x03" + _NUMPY_ARRAY + state + b"b."


@_attack
def an_array_of_a_negative_shape() -> bytes:
    shape = b"J\xff\xff\xff\xffJ\xff\xff\xff\xff\x86"
    state = b"(K\x01" + shape + _FLOAT + b"\x89C\x08" + bytes(8) + b"t"
    return b"\x80\x03" + _NUMPY_ARRAY + state + b"b."


@_attack
def an_array_of_a_shape_that_overflows() -> bytes:
    state = b"(K\x01" + b"\x8a\x05\x00\x00\x00\x00\x01" * 2 + b"\x86" + _FLOAT + b"\x89C\x00t"
    return b"\x80\x03" + _NUMPY_ARRAY + state + b"b."


@_attack
def an_array_of_empty_texts_without_end() -> bytes:
    kind = _FLOAT.replace(b"f8", b"S0")
    return b"\x80\x03" + _NUMPY_ARRAY + b"(K\x01J\x00\x00\x00\x7f\x85" + kind + b"\x89C\x00tb."


@_attack
def an_array_of_objects_out_of_bytes() -> bytes:
    kind = _FLOAT.replace(b"f8", b"O8")
    return b"\x80\x03" + _NUMPY_ARRAY + b"(K\x01K\x01\x85" + kind + b"\x89C\x08AAAAAAAAtb."


@_attack
def a_number_that_is_an_address() -> bytes:
    kind = _FLOAT.replace(b"f8", b"O8")
    return b"\x80\x03cnumpy.core.multiarray\nscalar\n" + kind + b"C\x08AAAAAAAA\x86R."


def _structure(offset: bytes, inner: bytes = _FLOAT, size: bytes = b"K\x08") -> bytes:
    """A dtype of one field at an offset."""
    fields = b"}X\x01\x00\x00\x00a" + inner + offset + b"\x86s"
    kind = b"cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|N"
    return kind + b"X\x01\x00\x00\x00a\x85" + fields + size + b"K\x01K\x10tb"


@_attack
def a_field_beyond_its_item() -> bytes:
    state = b"(K\x01K\x01\x85" + _structure(b"J\x00\x00\x00\x7f") + b"\x89C\x08" + bytes(8) + b"t"
    return b"\x80\x03" + _NUMPY_ARRAY + state + b"b."


@_attack
def a_field_that_is_an_address() -> bytes:
    inner = _FLOAT.replace(b"f8", b"O8")
    state = b"(K\x01K\x01\x85" + _structure(b"K\x00", inner) + b"\x89C\x08AAAAAAAAt"
    return b"\x80\x03" + _NUMPY_ARRAY + state + b"b."


@_attack
def a_type_in_a_type_a_thousand_times() -> bytes:
    kind = _FLOAT
    for _ in range(1000):
        kind = _structure(b"K\x00", kind)
    return b"\x80\x03" + kind + b"."


@_attack
def a_type_that_holds_itself() -> bytes:
    kind = b"cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87Rq\x01(K\x03X\x01\x00\x00\x00|N"
    fields = b"}X\x01\x00\x00\x00ah\x01K\x00\x86s"
    return b"\x80\x03" + kind + b"X\x01\x00\x00\x00a\x85" + fields + b"K\x08K\x01K\x10tb."


# Forty tuples, each of the next one twice: to hash or to show it takes years.
_YEARS = b"K\x01\x85" + b"2\x86" * 40


@_attack
def a_field_whose_name_takes_years_to_hash() -> bytes:
    kind = b"cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|N"
    return b"\x80\x03" + kind + _YEARS + b"\x85}K\x08K\x01K\x10tb."


@_attack
def a_type_whose_name_takes_years_to_show() -> bytes:
    return b"\x80\x03cnumpy\ndtype\n" + _YEARS + b"\x89\x88\x87R."


@_attack
def a_value_that_takes_years_to_show_is_changed() -> bytes:
    return b"\x80\x03" + _YEARS + b"Nb."


@_attack
def a_call_of_what_takes_years_to_show() -> bytes:
    return b"\x80\x03" + _YEARS + b")R."


@_attack
def a_name_that_takes_years_to_show() -> bytes:
    return b"\x80\x04" + _YEARS + b"X\x01\x00\x00\x00a\x93."


@_attack
def an_order_that_takes_years_to_compare() -> bytes:
    return _wrapper(b"K\x01\x85", bytes(9) + b".").replace(b"X\x01\x00\x00\x00C", _YEARS)


@_attack
def records_of_the_same_million_arguments() -> bytes:
    arguments = b"(" + b"N" * 1_000_000 + b"t"
    made = b"(" + b"csklearn.svm\nSVC\nh\x00R" * 20_000 + b"l"
    return b"\x80\x04" + arguments + b"\x940" + made + b"."


@_attack
def sparse_matrices_of_sixteen_million_rows() -> bytes:
    begin = b"cscipy.sparse._csr\ncsc_matrix\n"
    arrays = {"indices": np.array([0]), "indptr": np.array([0, 1]), "data": np.ones(1)}
    state = pickle.dumps({"_shape": (1 << 24, 1), **arrays}, 2)[2:-1]
    return (
        b"\x80\x02"
        + state
        + b"r\xff\xff\xff\x000("
        + ((begin + b")\x81j\xff\xff\xff\x00b") * 50 + b"l.")
    )


@_attack
def a_thousand_members_of_gzip_before_much() -> bytes:
    return gzip.compress(b"") * 999 + gzip.compress(np.random.default_rng(1).bytes(50_000_000), 1)


@_attack
def an_array_of_what_is_no_text() -> bytes:
    return pickle.dumps(np.array(["ab"]), 2).replace(b"b\x00\x00\x00", b"b\x00\x00\x7f")


@_attack
def a_text_of_numpy_that_is_none() -> bytes:
    return pickle.dumps(np.str_("ab"), 4).replace(b"b\x00\x00\x00", b"b\x00\x00\x7f")


@_attack
def a_field_of_what_is_no_text() -> bytes:
    data = pickle.dumps(np.array([("ab", 1)], dtype=[("t", ">U2"), ("i", "i4")]), 4)
    return data.replace(b"\x00\x00\x00b", b"\x7f\x00\x00b")


@_attack
def a_text_of_joblib_that_is_none() -> bytes:
    kind = _FLOAT.replace(b"f8", b"U1")
    return _wrapper(b"K\x01\x85", b"\xff\xff\xff\x7f.", kind)


@_attack
def an_array_that_holds_itself() -> bytes:
    kind = _FLOAT.replace(b"f8", b"O8")
    return b"\x80\x03" + _NUMPY_ARRAY + b"q\x01(K\x01K\x01\x85" + kind + b"\x89]h\x01atb."


@_attack
def a_list_that_holds_itself_as_a_key() -> bytes:
    return b"\x80\x02}]q\x01h\x01aK\x01s."


@_attack
def an_integer_of_a_million_bytes() -> bytes:
    return b"\x80\x02\x8b\x40\x42\x0f\x00" + b"\x7f" * 1_000_000 + b"."


@_attack
def a_number_of_a_million_digits() -> bytes:
    return b"I" + b"9" * 1_000_000 + b"\n."


@_attack
def a_long_number_of_a_million_digits() -> bytes:
    return b"L" + b"9" * 1_000_000 + b"L\n."


@_attack
def a_text_of_two_to_the_sixty_bytes() -> bytes:
    return b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc."


@_attack
def bytes_of_two_to_the_sixty() -> bytes:
    return b"\x80\x05\x96" + struct.pack("<Q", (1 << 64) - 1) + b"abc."


@_attack
def a_frame_of_two_to_the_sixty() -> bytes:
    return b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + b"N."


@_attack
def a_place_in_the_memo_that_is_huge() -> bytes:
    return b"\x80\x02Nr\xff\xff\xff\xffp" + b"9" * 15 + b"\ng" + b"9" * 15 + b"\n."


@_attack
def ten_million_marks() -> bytes:
    return b"\x80\x02" + b"(" * 10_000_000 + b"."


@_attack
def ten_million_dictionaries() -> bytes:
    return b"\x80\x02" + b"}" * 10_000_000 + b"."


@_attack
def persistent_ids() -> bytes:
    return b"Pmodel\n."


@_attack
def an_extension() -> bytes:
    return b"\x80\x02\x82\x01."


@_attack
def a_buffer_from_elsewhere() -> bytes:
    return b"\x80\x05\x97\x98."


@_attack
def a_name_of_a_megabyte() -> bytes:
    return b"c" + b"a" * (1 << 20) + b"\nb\n."


@_attack
def no_stop() -> bytes:
    return b"\x80\x02" + b"N" * 1000


@_attack
def nothing_on_the_stack() -> bytes:
    return b"\x80\x02."


@_attack
def a_sparse_matrix_that_points_outside() -> bytes:
    return _sparse(indices=np.array([0, 1 << 40]), indptr=np.array([0, 2]), shape=(1, 3))


@_attack
def a_sparse_matrix_with_rows_beyond_measure() -> bytes:
    return _sparse("csc", np.array([0]), np.array([0, 1]), (1 << 39, 1))


@_attack
def a_sparse_matrix_with_columns_beyond_measure() -> bytes:
    return _sparse("csc", np.array([0]), np.array([0, 1]), (1, 1 << 39))


@_attack
def a_sparse_matrix_whose_rows_go_backwards() -> bytes:
    return _sparse("csr", np.array([0, 0]), np.array([0, 9, 2]), (2, 3))


def _sparse(
    kind: str = "csr",
    indices: np.ndarray | None = None,
    indptr: np.ndarray | None = None,
    shape: tuple[int, int] = (1, 1),
) -> bytes:
    state = {"_shape": shape, "indices": indices, "indptr": indptr, "data": np.ones(2)}
    inner = pickle.dumps(state, 2)[2:-1]
    return b"\x80\x02cscipy.sparse._csr\n" + kind.encode() + b"_matrix\n)\x81" + inner + b"b."


def _wrapper(shape: bytes, rest: bytes, kind: bytes = _FLOAT) -> bytes:
    """What joblib writes of an array: ``rest`` are its bytes and what follows."""
    said = b"}(X\x05\x00\x00\x00shape" + shape + b"X\x05\x00\x00\x00orderX\x01\x00\x00\x00C"
    said += b"X\x05\x00\x00\x00dtype" + kind
    return b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + said + b"ub" + rest


@_attack
def an_array_of_joblib_beyond_the_file() -> bytes:
    return _wrapper(b"J\x00\x00\x00\x7f\x85", b"abc.")


@_attack
def a_pickle_in_a_pickle_in_a_pickle_of_joblib() -> bytes:
    kind = _FLOAT.replace(b"f8", b"O8")
    data = b"N."
    for _ in range(2000):
        data = _wrapper(b"K\x01\x85", data + b".", kind)
    return data


@_attack
def a_bomb_of_gzip() -> bytes:
    return gzip.compress(b"\x80\x02" + b"N" * 300_000_000)


@_attack
def a_bomb_of_xz() -> bytes:
    return lzma.compress(bytes(300_000_000), preset=0)


@_attack
def a_hundred_thousand_members_of_gzip() -> bytes:
    return gzip.compress(b"") * 100_000


@_attack
def a_dictionary_of_lzma_of_four_gigabytes() -> bytes:
    return b"]\x00\x00\x00\xff" + b"\xff" * 8 + bytes(100)


@_attack
def a_bomb_of_lz4() -> bytes:
    """The same in a block of two gigabytes."""
    n_bytes = 8_000_000
    begin = b"\x04\x22\x4d\x18\x40\x70\xdf" + struct.pack("<I", 4 + n_bytes + 1)
    return begin + b"\x1fa\x01\x00" + b"\xff" * n_bytes + b"\x00" + bytes(4)


@_attack
def a_match_of_lz4_before_the_beginning() -> bytes:
    return b"\x04\x22\x4d\x18\x40\x70\xdf" + struct.pack("<I", 4) + b"\x10a\xff\xff" + bytes(4)


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def _skops(schema: object, **members: bytes) -> bytes:
    return _zip({"schema.json": json.dumps(schema).encode(), **members})


@_attack
def a_skops_of_a_hundred_thousand_lists() -> bytes:
    begin = '{"__loader__":"ListNode","__module__":"builtins","__class__":"list","content":['
    return _zip({"schema.json": (begin * 100_000 + "]}" * 100_000).encode()})


@_attack
def a_skops_nested_within_what_json_reads() -> bytes:
    schema = json_node(1)
    for _ in range(300):
        schema = node("ListNode", "builtins", "list", content=[schema])
    return _skops(schema)


@_attack
def a_skops_that_is_a_bomb() -> bytes:
    return _zip({"schema.json": b" " * 300_000_000}, zipfile.ZIP_DEFLATED)


@_attack
def a_skops_that_names_one_array_again_and_again() -> bytes:
    each = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="a")
    nodes = [dict(each) for _ in range(2000)]
    schema = node("ListNode", "builtins", "list", content=nodes)
    return _skops(schema, a=npy(np.zeros(100_000)))


@_attack
def a_skops_whose_array_lies_about_its_shape() -> bytes:
    data = npy(np.zeros(4)).replace(b"'shape': (4,)", b"'shape': (9" + b"9" * 11 + b",)")
    return _skops(node("NdArrayNode", "numpy", "ndarray", type="numpy", file="a"), a=data)


@_attack
def a_skops_whose_header_is_code() -> bytes:
    data = npy(np.zeros(4)).replace(b"'descr': '<f8'", b"'descr': open ")
    return _skops(node("NdArrayNode", "numpy", "ndarray", type="numpy", file="a"), a=data)


@_attack
def a_skops_that_holds_itself() -> bytes:
    """Its own number inside: what is not made yet is made again, as deep as the file is."""
    inner = dictionary_node({"a": {**json_node(1), "__id__": 7}})
    return _skops({**node("ObjectNode", "sklearn.svm", "SVC", content=inner), "__id__": 7})
