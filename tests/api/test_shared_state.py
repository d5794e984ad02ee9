"""What the service has of a state that is shared, and what it costs where there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import brightness_classifier
from live_service import PICTURE
from metric_samples import measured
from ports import free_port
from vistazo.api.app import create_app
from vistazo.errors import SettingsError
from vistazo.service.settings import Settings

ROOT = Path(__file__).parents[2]
NOT_LOADED = """
import sys
from vistazo.api.app import create_app
from vistazo.service.settings import Settings
create_app(Settings.from_environment({}))
ours = [name for name in sys.modules if name.startswith("vistazo") and "shared" in name]
print(sorted([*ours, *(name for name in sys.modules if name.startswith("redis"))]))
"""


@pytest.mark.longer
def test_without_a_redis_nothing_of_it_is_loaded() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NOT_LOADED],
        env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    settings = ["vistazo.service.shared_state", "vistazo.service.shared_state.settings"]
    assert ended.stdout == f"{settings}\n"


def test_without_what_speaks_to_redis_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "vistazo.service.shared_state.client", raising=False)
    settings = Settings.from_environment({"REDIS_URL": "redis://:hunter2@redis"})
    with pytest.raises(
        SettingsError, match=r"pip install -r scripts/requirements/redis\.txt"
    ) as no:
        create_app(settings, load=brightness_classifier)
    assert "hunter2" not in str(no.value)


def test_a_redis_that_is_not_there_keeps_nobody_waiting(serving: Callable[..., Any]) -> None:
    url = f"redis://:hunter2@127.0.0.1:{free_port()}"
    with serving(rate_limit="4/minute", redis_url=url) as client:
        found = [client.post("/predict", files={"file": PICTURE}) for _ in range(3)]
        assert [answer.status_code for answer in found] == [200] * 3
        assert found[-1].headers["ratelimit"] == '"requests";r=1;t=60'
        figures = measured(client)
        assert client.get("/metrics").status_code == 429
    assert figures["vistazo_shared_state_up"] == {("rates",): 0}
    assert figures["vistazo_shared_state_failures_total"]["unreachable", "rates"] >= 1
    assert figures["vistazo_shared_drift_answers_total"][("sent",)] == 0


def test_the_metrics_are_there_only_where_something_is_shared(
    serving: Callable[..., Any],
) -> None:
    with serving() as client:
        assert not [name for name in measured(client) if "shared" in name]
        assert "is_shared" not in client.get("/drift").json()["window"]
