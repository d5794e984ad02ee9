from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts" / "deploy"), str(Path(__file__).parent)]

import commands  # noqa: E402
from calls import Pace  # noqa: E402
from render_stand_in import KEY, MODEL, SERVICE, RenderStandIn, running  # noqa: E402

import deploy  # noqa: E402

QUICK = Pace(call_s=2, first_wait_s=0.01, longest_wait_s=0.02, attempts=4, poll_s=0.01)


@dataclass
class Ended:
    status: int
    said: str


@pytest.fixture
def render() -> Iterator[RenderStandIn]:
    with running(RenderStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def run_deploy(
    render: RenderStandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """``run_deploy("render", IMAGE, SETTING="...")``: deploy.py in this process, in a hurry."""
    monkeypatch.setenv("no_proxy", "*")

    def run(*argv: str, **settings: str) -> Ended:
        environment = {
            "RENDER_API_KEY": KEY,
            "RENDER_SERVICE_ID": SERVICE,
            "RENDER_API_URL": f"{render.url}/v1",
            **settings,
        }
        hurry = [] if "--test-timeout" in argv else ["--test-timeout", "0.1"]
        model = [] if "--model-sha256" in argv else ["--model-sha256", MODEL]
        options = deploy.arguments().parse_args([*argv, *model, *hurry])
        status = commands.run(options, environment, QUICK)
        captured = capsys.readouterr()
        assert captured.out == ""
        return Ended(status, captured.err)

    return run
