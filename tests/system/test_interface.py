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
OPTIONS = ("--checks", "all", "--max-examples", "50", "--no-color")


@pytest.fixture
def key(vistazo: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> str:
    """For everything."""
    everything = ("predict", "feedback", "metrics", "admin")
    scopes = [word for scope in everything for word in ("--scope", scope)]
    return vistazo("keys", "add", "x", *scopes, "--file", str(tmp_path / "keys")).stdout.strip()


@pytest.mark.longer
@pytest.mark.timeout(300)
def test_requests_made_of_the_description_find_nothing_that_it_does_not_say(
    running: Callable[..., Any], tmp_path: Path, key: str
) -> None:
    """All checks of schemathesis, with sound and unsound requests, with the key and without."""
    places = f"{ROOT / 'tests'}{os.pathsep}{ROOT / 'src'}"
    kept = {"RECORDS_DIR": str(tmp_path / "records")}
    with running(API_KEYS_FILE=str(tmp_path / "keys"), **kept) as service:
        command = ["schemathesis.cli", "run", f"{service.url}/openapi.json", *OPTIONS]
        done = subprocess.run(
            [sys.executable, "-m", *command, "-H", f"Authorization: Bearer {key}"],
            env={**os.environ, "PYTHONPATH": places, "SCHEMATHESIS_HOOKS": "schemathesis_hooks"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        _, log = service.stop()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout, done.stdout
    assert "Traceback" not in log
