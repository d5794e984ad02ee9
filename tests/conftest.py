from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from xdist.scheduler import LoadFileScheduling

# What takes seconds to start, and the files that need it: one worker is given all of them.
STARTED_ONCE = {
    "TensorFlow": (
        "tests/engines/",
        "tests/system/test_default_model.py",
        "tests/system/test_without_a_card.py",
        "tests/training/test_resampling.py",
        "tests/training/test_training.py",
    ),
    "a browser": ("tests/page/",),
}


class StartedOnce(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        for name, files in STARTED_ONCE.items():
            if nodeid.startswith(files):
                return name
        return super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> StartedOnce | None:
    return StartedOnce(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing here is encrypted, and to read all certificates, as each ``httpx.get`` does, takes
    longer than most tests.
    """
    first = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----")
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    file.write_text("".join(first[:2]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield
