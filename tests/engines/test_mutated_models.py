"""What a changed file of any kind gives: a model, or one of our errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from model_seeds import KINDS
from vistazo.models.keras_import import read_signature

TESTS = Path(__file__).parents[1]
ERRORS = {"UnreadableModelError", "HostileModelError", "UnsupportedModelError"}


def watched(count: int, seed: int, *kinds: str) -> dict[str, Any]:
    command = [sys.executable, str(TESTS / "mutated_models.py"), str(count), str(seed), *kinds]
    done = subprocess.run(command, capture_output=True, text=True, timeout=890, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_mutated_is_a_model_as_it_stands(kind: str, tmp_path: Path) -> None:
    files = KINDS[kind](tmp_path).files
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    path, *weights = (tmp_path / name for name in files)
    assert read_signature(path, weights=weights).units in (2, 3)


def test_the_watch_sees_what_a_reader_does_that_does_harm() -> None:
    found = watched(0, 1)["harm"]
    assert found["count"] == 40
    assert set(found["verdicts"]) == {"an accident", "ended by signal 6", "a model", "no memory"}
    assert any("KeyError('no error of ours')" in accident for accident in found["accidents"])
    assert "os.system" in found["deeds"][0]


def check(found: dict[str, Any], count: int) -> None:
    for kind, of in found.items():
        assert of["count"] == count, kind
        assert (of["accidents"], of["deeds"]) == ([], []), kind
        ended = {verdict for verdict in of["verdicts"] if verdict.startswith("ended by signal")}
        assert set(of["verdicts"]) <= {"a model", "no memory", *ERRORS, *ended}, kind


@pytest.mark.longer
def test_mutated_files_of_every_kind_give_a_model_or_one_of_our_errors() -> None:
    found = watched(30, 1)
    assert set(found) == set(KINDS)
    check(found, 30)


@pytest.mark.longer
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", KINDS)
def test_so_do_twenty_thousand_of_each_kind(kind: str) -> None:
    check(watched(20_000, 2, kind), 20_000)
