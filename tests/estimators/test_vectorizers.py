"""Vectorizers of five versions of scikit-learn, with options and texts at random."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from estimators.oracles import NEEDED, NoOracleError, python_of
from vistazo.models.estimator_import import estimators
from vistazo.models.estimator_import.fitted import Fitted, version_of
from vistazo.models.estimator_import.reader import read_objects
from vistazo.models.estimator_import.registry import Importing
from vistazo.models.estimator_import.values import Record
from vistazo.models.plan.vectorizer import Vectorizer

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]

_WRITE = Path(__file__).with_name("write_vectorizers.py")
_COUNT = 80
_MOST_BYTES = 100_000_000


@pytest.mark.parametrize(("version", "seed"), list(zip(NEEDED, range(1, 10), strict=False)))
def test_texts_become_the_numbers_that_the_version_makes_of_them(
    version: str, seed: int, tmp_path: Path
) -> None:
    """To 1e-12: the same terms, columns and weights, and nothing else."""
    try:
        python = python_of(version)
    except NoOracleError as reason:
        pytest.skip(f"scikit-learn {version} cannot be installed: {reason}")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [python, _WRITE, tmp_path, str(seed), str(_COUNT)]
    subprocess.run(command, check=True, env=environment, timeout=300)
    told = json.loads((tmp_path / "vectorizers.json").read_text())
    for number, case in enumerate(told):
        rows = _vectorizer(tmp_path / f"{number}.joblib").apply(case["texts"])
        for found, expected in zip(rows.rows(), case["rows"], strict=True):
            columns, values = found
            assert dict(zip(map(str, columns.tolist()), values.tolist(), strict=True)) == (
                pytest.approx(expected, rel=1e-12, abs=1e-12)
            ), case["options"]
    assert len(told) == _COUNT


def _vectorizer(path: Path) -> Vectorizer:
    assert estimators
    record = read_objects(path, _MOST_BYTES)
    assert isinstance(record, Record)
    made = Importing().transform(Fitted(record, version_of(record)))
    assert isinstance(made, Vectorizer)
    return made
