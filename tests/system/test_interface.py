"""The interface is what /openapi.json says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = ("--checks", "all", "--max-examples", "100", "--no-color")


@pytest.mark.longer
@pytest.mark.timeout(300)
def test_requests_made_of_the_description_find_nothing_that_it_does_not_say(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    """All checks of schemathesis, with sound and unsound requests."""
    places = f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'src'}"
    with running() as service:
        document = f"{service.url}/openapi.json"
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", document, *OPTIONS],
            env={**os.environ, "PYTHONPATH": places, "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        _, log = service.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
    assert "Traceback" not in log
