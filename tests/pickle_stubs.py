"""Classes named like those of other packages, so that Python's own pickle writes files as they do.

scikit-learn is not needed for the tests that every commit runs.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stub_class(module: str, name: str, base: type = object) -> Iterator[type]:
    """A class that pickles as ``module.name`` while inside."""
    made = type(name, (base,), {"__module__": module})
    parts = module.split(".")
    modules = [".".join(parts[: end + 1]) for end in range(len(parts))]
    kept = {each: sys.modules.get(each) for each in modules}
    for each in modules:
        sys.modules[each] = types.ModuleType(each)
    setattr(sys.modules[module], name, made)
    try:
        yield made
    finally:
        for each, before in kept.items():
            if before is None:
                del sys.modules[each]
            else:
                sys.modules[each] = before
