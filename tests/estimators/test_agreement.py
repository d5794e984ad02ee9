"""Files of five versions of scikit-learn: the same answers as the one that wrote them, to 1e-6."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimators.agreement import disagreements, plan_of, written_in
from estimators.oracles import NEEDED, NoOracleError, python_of, write_files
from estimators.refusable import is_refusable
from vistazo.errors import ModelError

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]


@pytest.mark.parametrize("version", NEEDED)
def test_files_of_a_version_are_answered_as_it_answers_them(version: str, tmp_path: Path) -> None:
    try:
        python = python_of(version)
    except NoOracleError as reason:
        pytest.skip(f"scikit-learn {version} cannot be installed: {reason}")
    write_files(python, tmp_path, "--every", "2", "--offset", str(list(NEEDED).index(version) % 2))
    wrong, agreed = [], 0
    for written in written_in(tmp_path):
        try:
            found = disagreements(written, plan_of(written, tmp_path / "plan.npz"))
        except ModelError as error:
            found = [] if is_refusable(written) else [f"refused: {error}"]
        agreed += not found
        wrong += [f"{written}: {each}" for each in found]
    assert not wrong, "\n".join(wrong)
    assert agreed > 400
