"""A real service of the small plan, under attack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def run(script: str, *options: str) -> None:
    command = [sys.executable, SCRIPTS / script, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.longer
@pytest.mark.timeout(600)
def test_hostile_uploads_are_answered_or_refused_and_cost_little() -> None:
    """Fifteen hundred of them; the script itself sends twenty thousand."""
    run("measure_hostile_uploads.py", "--count", "1500", "--warm-up", "400")


@pytest.mark.longer
@pytest.mark.timeout(600)
@pytest.mark.parametrize("protocol", ["inference", "inference-of-texts"])
def test_hostile_requests_for_inference_are_answered_in_the_words_of_the_protocol(
    protocol: str,
) -> None:
    counts = ("--count", "1000", "--warm-up", "300")
    run("measure_hostile_uploads.py", "--protocol", protocol, *counts)
