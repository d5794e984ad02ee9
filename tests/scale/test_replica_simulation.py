"""The simulation, against what is known of queues."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from replica_simulation import Autoscaling, Costs, Layout, Machine, Simulation

LONG_MS = 100_000


def test_one_replica_waits_as_the_queue_of_one_server_does() -> None:
    times = np.random.default_rng(1).exponential(10, 2000)  # M/M/1 at two thirds: W = S / (1 - 2/3)
    costs = Costs(tuple(times), proxy=0.0)
    layout = Layout(1, max_ongoing=10_000)
    simulation = Simulation(costs, layout)
    outcome = simulation.open(1000 / times.mean() * 2 / 3, LONG_MS)
    assert outcome.p50_ms == pytest.approx(3 * times.mean() * np.log(2), rel=0.2)
    assert outcome.refused == 0


def test_replicas_are_asked_evenly_and_add_up() -> None:
    outcome = Simulation(Costs((20.0,), proxy=1.0), Layout(4)).closed(40, LONG_MS / 10)
    assert outcome.per_s == pytest.approx(200, rel=0.02)


def test_a_proxy_is_the_limit_where_replicas_have_time() -> None:
    outcome = Simulation(Costs((20.0,), proxy=5.0), Layout(100)).open(180, LONG_MS / 4)
    assert outcome.proxy_busy == pytest.approx(0.9, abs=0.03)
    beyond = Simulation(Costs((20.0,), proxy=5.0), Layout(100)).closed(50, LONG_MS / 10)
    assert beyond.per_s == pytest.approx(200, rel=0.02)
    two = Simulation(Costs((20.0,), proxy=5.0), Layout(100, proxies=2)).closed(50, LONG_MS / 10)
    assert two.per_s == pytest.approx(400, rel=0.02)


def test_what_finds_no_room_is_refused() -> None:
    layout = Layout(1, max_ongoing=2, max_queued=3)
    outcome = Simulation(Costs((10.0,), proxy=0.1), layout).open(200, LONG_MS / 4)
    assert outcome.per_s == pytest.approx(100, rel=0.03)
    assert outcome.refused == pytest.approx(0.5, abs=0.03)
    assert outcome.p99_ms <= 60.1 + 10


def test_work_at_the_same_time_shares_the_cores() -> None:
    machine, ended = Machine(cores=1), []
    machine.work(10, lambda: ended.append(machine.now))
    machine.work(20, lambda: ended.append(machine.now))
    machine.after(5, lambda: machine.work(1, lambda: ended.append(machine.now)))
    machine.run(100)
    assert ended == pytest.approx([8, 21, 31])


def test_more_replicas_come_after_the_delay_and_their_start() -> None:
    costs = Costs((20.0,), proxy=0.1)
    scaling = Autoscaling(target=2, most=5, start_ms=5000)
    early = Simulation(costs, Layout(1, max_queued=10_000)).open(100, 34_000, scaling)
    assert early.replicas == 1
    late = Simulation(costs, Layout(1, max_queued=10_000)).open(100, 120_000, scaling)
    assert late.replicas == 5
