from __future__ import annotations

from pathlib import Path

import pytest

from ray_environment import NotInstalledError
from ray_environment import ray_python as interpreter


@pytest.fixture(scope="session")
def ray_python() -> Path:
    """Python of an environment with Ray. Skips where it cannot be installed, and says why."""
    try:
        return interpreter()
    except NotInstalledError as error:
        pytest.skip(f"Ray cannot be installed here: {error}")
