"""Whatever Python's own pickle writes of plain values and arrays is read as Python reads it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from vistazo.models.estimator_import.reader import read_objects

pytestmark = pytest.mark.longer
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**900), 2**900)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
KEYS = st.text() | st.integers(-1000, 1000) | st.booleans() | st.tuples(st.text(), st.integers())
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner)
        | st.frozensets(st.text())
        | st.sets(st.integers(-9, 9))
    ),
    max_leaves=40,
)
ARRAYS = of_numpy.arrays(
    dtype=of_numpy.scalar_dtypes().filter(lambda each: each.kind in "biufcSU"),
    shape=of_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0),
)


@given(VALUES, st.integers(0, 5))
@example("0000000000", 1)
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_plain_values(tmp_path: Path, value: object, version: int) -> None:
    path = tmp_path / "value.pkl"
    path.write_bytes(pickle.dumps(value, version))
    assert read_objects(path, 50_000_000) == value


@given(ARRAYS, st.sampled_from("CF"), st.integers(0, 5))
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_arrays(tmp_path: Path, array: np.ndarray, order: str, version: int) -> None:
    path = tmp_path / "array.pkl"
    data = pickle.dumps(np.asarray(array, order=order), version)
    path.write_bytes(data)
    found, expected = read_objects(path, 50_000_000), pickle.loads(data)  # noqa: S301
    assert isinstance(found, np.ndarray)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()
