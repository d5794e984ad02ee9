"""The measuring scripts of load, small and with slack: their bars are for a quiet machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.longer, pytest.mark.timeout(300)]


def measured(script: str, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *arguments],
        env={**os.environ, "CACHE_DIR": str(cache), "THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_under_twice_and_ten_times_the_load_some_are_answered_and_the_others_soon_refused(
    cache: Path,
) -> None:
    done = measured("measure_overload.py", cache, "--seconds", "5", "--slack", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("refused: ") == 2
    assert "refused: 0" not in done.stdout


def test_of_two_thousand_requests_of_every_kind_nothing_stays(cache: Path) -> None:
    done = measured("measure_soak.py", cache, "--count", "2000", "--rests", "5")
    assert done.returncode == 0, done.stdout + done.stderr
