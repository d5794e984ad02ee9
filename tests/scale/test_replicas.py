"""What Ray is told follows from the settings."""

from __future__ import annotations

import pytest

from vistazo.errors import SettingsError
from vistazo.scale.replicas import ReplicaPlan, Replicas, planned_settings, replica_settings
from vistazo.service.settings import Settings


def plan(replicas: int = 10, **environment: str) -> ReplicaPlan:
    given = Replicas(max_replicas=replicas)
    return ReplicaPlan.of(planned_settings(environment), given)


def test_without_threads_a_replica_is_one_core_whatever_the_machine_has() -> None:
    assert plan().num_cpus == 1
    assert plan(THREADS=" ").num_cpus == 1
    assert plan(THREADS="3").num_cpus == 3


@pytest.mark.parametrize(("cpus", "threads"), [(1, 1), (4.0, 4), (0.5, 1), (0, 1), (200, 64)])
def test_a_replica_works_on_as_many_pictures_as_it_has_cores(cpus: float, threads: int) -> None:
    assert replica_settings({"THREADS": "2"}, cpus).threads == threads


def test_a_replica_gets_more_than_its_own_queue_has_room_for() -> None:
    settings = Settings(threads=2, queue_size=5)
    told = ReplicaPlan.of(settings, Replicas(max_replicas=4))
    assert settings.admission_policy.places == 8
    assert told.max_ongoing_requests == 24  # and can say beside these that it is ready
    assert told.max_queued_requests == 32
    assert told.target_ongoing_requests == 4


def test_a_queue_of_none_lets_a_request_pass_by_the_proxy() -> None:
    assert plan(QUEUE_SIZE="0", replicas=1).max_queued_requests == 1


@pytest.mark.parametrize(("drain_s", "step_s", "all_s"), [(30, 2, 32), (1, 1, 2), (0, 0.1, 0.1)])
def test_what_runs_may_take_as_long_as_it_may_at_any_shutdown(
    drain_s: float, step_s: float, all_s: float
) -> None:
    told = plan(DRAIN_TIMEOUT_S=str(drain_s))
    assert told.graceful_shutdown_wait_loop_s == step_s
    assert told.graceful_shutdown_timeout_s == all_s


def test_a_port_that_every_replica_would_want_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match="METRICS_PORT is the port of one process"):
        planned_settings({"METRICS_PORT": "9000"})


def test_a_wrong_setting_is_told_as_by_serve() -> None:
    with pytest.raises(SettingsError, match="MAX_PIXELS"):
        planned_settings({"MAX_PIXELS": "many"})


def test_how_many_replicas_there_are_may_be_said_as_text() -> None:
    assert Replicas.given({}) == Replicas(min_replicas=1, max_replicas=10)
    assert Replicas.given({"min_replicas": "2", "max_replicas": "2"}).max_replicas == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"replicas": "2"}, "replicas"),
        ({"max_replicas": "many"}, "max_replicas"),
        ({"max_replicas": "0"}, "max_replicas"),
        ({"min_replicas": "3", "max_replicas": "2"}, "less than min_replicas, 3"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match="takes min_replicas and max_replicas") as refused:
        Replicas.given(arguments)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
