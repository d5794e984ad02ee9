from __future__ import annotations

import sys
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / "scripts" / "peers"
sys.path += [str(PEERS), str(PEERS / "servers"), str(Path(__file__).parent)]

from benchmark_results import Outcome, Results  # noqa: E402
from turns import Pace, Turn  # noqa: E402


@pytest.fixture
def results() -> Results:
    """Two rounds with one model. Vistazo: 90 and 100 requests/s where the limit is 100."""
    outcomes = {
        "vistazo": Outcome([Turn(90, 10, 8, 150, 0.02), Turn(100, 12, 9, 160, 0.03)]),
        "limit": Outcome([Turn(100, 9, 7), Turn(100, 10, 7)]),
        "litserve": Outcome([Turn(60, 14, 11, 300), Turn(50, 15, 11, 310)]),
        "bentoml": Outcome([Turn(40, 30, 12, 350), Turn(41, 30, 12, 350)]),
        "mosec": Outcome([Turn(95, 9, 9, 270), Turn(99, 11, 9, 270)]),
        "keras": Outcome([Turn(9, 100, 90, 800), Turn(10, 100, 90, 800)]),
        "ray": Outcome([Turn(500, 1, 1, 1)], failure="answered 500 Internal Server Error"),
    }
    return Results("then", {"cores": "2"}, {"litserve": "1.2"}, Pace(), {"MobileNetV2": outcomes})
