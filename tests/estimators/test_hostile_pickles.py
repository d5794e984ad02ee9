"""Pickles, joblib and skops files by the thousand, in processes that are watched and bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hostile_pickles import ATTACKS

TESTS = Path(__file__).parents[1]
SCRIPT = TESTS.parent / "scripts" / "measure_hostile_pickles.py"
pytestmark = pytest.mark.longer


def watched(count: int, seed: int) -> dict[str, object]:
    command = [sys.executable, str(TESTS / "mutated_pickles.py"), str(count), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_watch_sees_what_a_pickle_that_is_executed_does():
    deeds = " ".join(watched(0, 0)["deeds"])
    assert "called with ('a',)" in deeds
    assert "import ('this'" in deeds
    assert "open (" in deeds
    assert "exec (" in deeds


@pytest.mark.timeout(700)
def test_twenty_thousand_mutated_files_give_an_answer_or_one_of_our_errors_and_do_nothing():
    found = watched(20_000, 12)
    assert found["count"] == 20_000
    assert found["accidents"] == []
    assert found["deeds"] == []
    assert found["slowest_s"] < 2
    assert found["growth_mb"] < 200
    verdicts = found["verdicts"]
    assert set(verdicts) == {
        "an answer", "UnreadableModelError", "HostileModelError", "UnsupportedModelError",
    }  # fmt: skip
    assert verdicts["an answer"] > 500
    assert verdicts["HostileModelError"] > 500


@pytest.mark.timeout(600)
def test_no_attack_costs_more_than_the_bar():
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--attacks"],
        capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "beyond the bar: none" in done.stdout
    assert done.stdout.count("\n") > len(ATTACKS)
