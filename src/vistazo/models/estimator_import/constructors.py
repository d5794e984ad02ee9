"""What an object of a pickle is made by, and what is made here in its place.

Nothing is called but the functions of this house: for arrays, types, numbers and Python's own
collections. An object of any other class becomes a ``Record``. What would be called for what it
does is refused as hostile: that of Python's own library which is not listed here, and functions
of the packages that scikit-learn is built on.
"""

from __future__ import annotations

import sys

from vistazo.errors import HostileModelError, UnreadableModelError
from vistazo.models.estimator_import.allowance import (
    BYTES_PER_MEMBER,
    Allowance,
    Arguments,
    Maker,
)
from vistazo.models.estimator_import.arrays import (
    array_of_buffer,
    empty_array,
    made_scalar,
    made_type,
)
from vistazo.models.estimator_import.keys import check_keys
from vistazo.models.estimator_import.sparse import unfilled
from vistazo.models.estimator_import.values import Name, Record

_PACKAGES = ("sklearn", "numpy", "scipy", "joblib")
_OLD_LIBRARY = {"commands", "cPickle", "exceptions", "new", "popen2", "thread", "urllib2"}
# Functions of those packages that only make an object: of Cython, of random states, of arrays.
_FILLERS = (
    "__pyx_unpickle_",
    "newObj",
    "__randomstate_ctor",
    "__bit_generator_ctor",
    "__generator_ctor",
    "_mareconstruct",
    "float",
    "int",
    "uint",
    "bool",
    "str_",
)
# Of the standard library: modules whose very classes do something when they are made.
_ACTIVE = {
    "_io", "_pickle", "asyncio", "bdb", "builtins", "bz2", "cProfile", "code", "codeop",
    "concurrent", "ctypes", "dbm", "distutils", "doctest", "ensurepip", "ftplib", "gc",
    "getpass", "gzip", "http", "idlelib", "imp", "importlib", "inspect", "io", "logging",
    "lzma", "marshal", "mmap", "multiprocessing", "nt", "os", "pdb", "pickle", "pkgutil",
    "platform", "posix", "profile", "pty", "pydoc", "runpy", "select", "shelve", "shutil",
    "signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys",
    "tarfile", "telnetlib", "tempfile", "threading", "timeit", "trace", "types", "unittest",
    "urllib", "venv", "webbrowser", "xmlrpc", "zipfile", "zipimport",
}  # fmt: skip
# Of these modules, and of functions of any, what only makes a value or holds one.
_VALUES = {
    "_io": ("BytesIO", "StringIO"),
    "array": ("_array_reconstructor", "array"),
    "builtins": (
        "getattr", "iter", "object", "range", "reversed", "setattr", "slice", "type", "xrange",
    ),
    "collections": ("defaultdict", "deque"),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "functools": ("partial",),
    "io": ("BytesIO", "StringIO"),
    "itertools": ("chain", "count", "cycle", "islice", "repeat"),
    "logging": ("Logger", "getLogger"),
    "operator": ("attrgetter", "itemgetter", "methodcaller"),
    "re": ("_compile", "compile"),
    "types": ("MappingProxyType", "SimpleNamespace"),
}  # fmt: skip


def construct(function: object, arguments: object, allowance: Allowance) -> object:
    """What calling ``function`` stands for. Raises HostileModelError where it stands for a deed."""
    if not isinstance(arguments, tuple):
        raise UnreadableModelError("The file is damaged: arguments are no tuple.")
    if isinstance(function, Name):
        maker = MAKERS.get(function)
        return maker(allowance, arguments) if maker else _called(function, arguments, allowance)
    if isinstance(function, Record):  # what another one would have returned
        return Record(function.kind, arguments)
    raise HostileModelError("The file asks to call something that is no function.")


def instance(kind: object, arguments: object, allowance: Allowance) -> object:
    """What ``kind.__new__(kind, *arguments)`` stands for."""
    if not isinstance(arguments, tuple):
        raise UnreadableModelError("The file is damaged: arguments are no tuple.")
    if isinstance(kind, Record):
        return Record(kind.kind, arguments)
    if not isinstance(kind, Name):
        raise HostileModelError("The file asks for an object of something that is no class.")
    maker = MAKERS.get(kind)
    if maker:
        return maker(allowance, arguments)
    _check_is_no_deed(kind, is_class=True)
    if kind.module.startswith("scipy.sparse"):
        return unfilled(kind) or Record(kind, arguments)
    return Record(kind, arguments)


def _called(function: Name, arguments: Arguments, allowance: Allowance) -> object:
    _check_is_no_deed(function, is_class=_looks_like_a_class(function))
    if function.name == "newObj" and arguments:  # of the trees of sklearn.neighbors: (class,)
        return instance(arguments[0], (), allowance)
    if function.name.startswith("__pyx_unpickle_") and arguments:  # Cython: (class, checksum, ...)
        made = instance(arguments[0], (), allowance)
        if isinstance(made, Record) and len(arguments) > 2:
            made.state = arguments[2]
        return made
    return Record(function, arguments)


def _check_is_no_deed(name: Name, *, is_class: bool) -> None:
    package = name.module.partition(".")[0]
    if package in _PACKAGES:
        is_deed = not is_class
    elif package in sys.stdlib_module_names or package in _OLD_LIBRARY:
        is_value = _looks_like_a_class(name) and package not in _ACTIVE
        is_deed = not is_value and name.name not in _VALUES.get(name.module, ())
    else:
        return
    if is_deed:
        raise HostileModelError(
            f"The file asks to call {name}, which no model needs. It was not called. Do not open "
            "this file with pickle or joblib."
        )


def _looks_like_a_class(name: Name) -> bool:
    last = name.name.rpartition(".")[2]
    return last.lstrip("_")[:1].isupper() or last.startswith(_FILLERS)


def _as_list(allowance: Allowance, arguments: Arguments) -> list[object]:
    found = arguments[0] if arguments else []
    if not isinstance(found, list | tuple | set | frozenset | dict):
        raise UnreadableModelError("The file is damaged: a collection is made of no members.")
    allowance.spend(BYTES_PER_MEMBER * len(found))
    return list(found)


def _as_tuple(allowance: Allowance, arguments: Arguments) -> tuple[object, ...]:
    return tuple(_as_list(allowance, arguments))


def _as_set(allowance: Allowance, arguments: Arguments) -> set[object]:
    members = _as_list(allowance, arguments)
    check_keys(allowance, members)
    return set(members)


def _as_frozen_set(allowance: Allowance, arguments: Arguments) -> frozenset[object]:
    return frozenset(_as_set(allowance, arguments))


def _as_dictionary(allowance: Allowance, arguments: Arguments) -> dict[object, object]:
    """``OrderedDict()``, or of Python 2 ``OrderedDict([[key, value], ...])``."""
    found = arguments[-1] if arguments else None
    if found is None or isinstance(found, Name):  # what makes the values of a defaultdict
        return {}
    if isinstance(found, dict):
        allowance.spend(BYTES_PER_MEMBER * len(found))
        return dict(found)
    pairs = [_pair(each) for each in _as_list(allowance, (found,))]
    check_keys(allowance, [key for key, _ in pairs])
    return dict(pairs)


def _pair(found: object) -> tuple[object, object]:
    if not isinstance(found, list | tuple) or len(found) != 2:
        raise UnreadableModelError("The file is damaged: a dictionary is made of no pairs.")
    return found[0], found[1]


def _as_bytes(allowance: Allowance, arguments: Arguments) -> bytes:
    """``bytes``, ``bytearray`` and ``_codecs.encode``, as Python 3 writes bytes for Python 2."""
    found = arguments[0] if arguments else b""
    if isinstance(found, str):
        allowance.spend(len(found))
        return found.encode("latin-1")
    if not isinstance(found, bytes):
        raise UnreadableModelError("The file is damaged: bytes are made of none.")
    return found


def _reconstructed(allowance: Allowance, arguments: Arguments) -> object:
    """``copyreg._reconstructor(class, base, state of the base)``."""
    kind, _, state = arguments
    made = instance(kind, (), allowance)
    if isinstance(made, Record) and state is not None:
        made.state = state
    return made


def _new_by_copyreg(allowance: Allowance, arguments: Arguments) -> object:
    return instance(arguments[0], tuple(arguments[1:]), allowance)


def _attribute(_allowance: Allowance, arguments: Arguments) -> object:
    """``getattr``: a class in a class, or a method of an object."""
    owner, name = arguments
    if isinstance(owner, Name) and isinstance(name, str):
        return Name(owner.module, f"{owner.name}.{name}")
    return Record(Name("builtins", "getattr"), arguments)


def _universal_function(_allowance: Allowance, arguments: Arguments) -> object:
    """``_ufunc_reconstruct('numpy', 'log1p')``."""
    module, name = arguments
    return Name(str(module), str(name))


def _complex(_allowance: Allowance, arguments: Arguments) -> object:
    return complex(*arguments)  # type: ignore[call-overload]


_MADE: dict[str, Maker] = {
    "_codecs.encode": _as_bytes,
    "builtins.bytearray": _as_bytes,
    "builtins.bytes": _as_bytes,
    "builtins.complex": _complex,
    "builtins.dict": _as_dictionary,
    "builtins.frozenset": _as_frozen_set,
    "builtins.getattr": _attribute,
    "builtins.list": _as_list,
    "builtins.set": _as_set,
    "builtins.tuple": _as_tuple,
    "collections.Counter": _as_dictionary,
    "collections.OrderedDict": _as_dictionary,
    "collections.defaultdict": _as_dictionary,
    "collections.deque": _as_list,
    "copyreg.__newobj__": _new_by_copyreg,
    "copyreg._reconstructor": _reconstructed,
    "numpy.core._ufunc_reconstruct": _universal_function,
    "numpy.core.multiarray._reconstruct": empty_array,
    "numpy.core.multiarray.scalar": made_scalar,
    "numpy.core.numeric._frombuffer": array_of_buffer,
    "numpy.dtype": made_type,
    "numpy.ndarray": empty_array,
}


def _named(dotted: str) -> Name:
    module, _, name = dotted.rpartition(".")
    return Name(module, name)


MAKERS = {_named(dotted): maker for dotted, maker in _MADE.items()}
