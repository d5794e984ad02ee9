"""What Ray is told of a replica, from the settings of the service: without Ray.

Ray and the service bound the same things, each in its own place. What a replica may hold and how
long it may finish is said once, in the settings, and both keep to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vistazo.errors import SettingsError
from vistazo.models.faults import faults_in, said
from vistazo.service.settings import Settings

_MOST_THREADS = 64  # of Settings
_DRAIN_STEP_S = 2.0
# A replica whose process is gone is replaced after so long.
_HEALTH_CHECK_S = 2.0
_RETRY_AFTER_S = 1  # as QueueFullError has it
# Requests beside those that wait for work: whether it is ready, metrics, the page.
_BESIDE = 16


class Replicas(BaseModel):
    """How many there are: ``serve run vistazo.scale.ray:app min_replicas=2 max_replicas=8``.

    With as many at most as at least, Ray keeps that number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: int = Field(1, ge=0)
    max_replicas: int = Field(10, ge=1)

    @model_validator(mode="after")
    def _are_in_order(self) -> Replicas:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas is less than min_replicas, {self.min_replicas}")
        return self

    @staticmethod
    def given(arguments: Mapping[str, object]) -> Replicas:
        """Raises SettingsError."""
        try:
            return Replicas.model_validate(dict(arguments))
        except ValidationError as error:
            told = "; ".join(
                f"{'.'.join(map(str, fault['loc'])) or 'the arguments'}: {said(fault)}"
                for fault in faults_in(error)
            )
            raise SettingsError(
                f"vistazo.scale.ray:app takes min_replicas and max_replicas. {told}"
            ) from error


@dataclass(frozen=True)
class ReplicaPlan:
    """Of one replica; times in seconds. The names are Ray's, so is the meaning.

    https://docs.ray.io/en/latest/serve/configure-serve-deployment.html
    """

    num_cpus: int
    max_ongoing_requests: int
    max_queued_requests: int
    target_ongoing_requests: int
    graceful_shutdown_wait_loop_s: float
    graceful_shutdown_timeout_s: float
    health_check_period_s: float = _HEALTH_CHECK_S
    retry_after_s: int = _RETRY_AFTER_S

    @staticmethod
    def of(settings: Settings, replicas: Replicas) -> ReplicaPlan:
        """Of the settings that a replica will have, ``replica_settings``.

        A replica is given more than its own queue has room for: it refuses itself what it has no
        place for, and can still say that it is ready. Where none can take a request, as many wait
        in front as all hold together. One is added where each core has its picture and one more
        waits.
        """
        policy = settings.admission_policy
        step_s = min(_DRAIN_STEP_S, max(settings.drain_timeout_s, 0.1))
        return ReplicaPlan(
            num_cpus=settings.threads,
            max_ongoing_requests=policy.places + _BESIDE,
            max_queued_requests=policy.places * replicas.max_replicas,
            target_ongoing_requests=policy.workers + 1,
            graceful_shutdown_wait_loop_s=step_s,
            graceful_shutdown_timeout_s=settings.drain_timeout_s + step_s,
        )


def planned_settings(environment: Mapping[str, str]) -> Settings:
    """Those of each replica, before there is one. Raises SettingsError.

    Without THREADS it is one core each, not all that this machine has: there are more replicas
    where more is to be done.
    """
    threads = environment.get("THREADS", "").strip()
    settings = Settings.from_environment({**environment, "THREADS": threads or "1"})
    if settings.metrics_port is not None:
        raise SettingsError(
            "METRICS_PORT is the port of one process, and each replica would want it. Leave it "
            "out: GET /metrics is answered by the replica that Ray asks, and Ray has metrics of "
            "its own."
        )
    return settings


def replica_settings(environment: Mapping[str, str], cpus: float) -> Settings:
    """Those of a replica, which has been given so many ``cpus``: it works on so many pictures at
    the same time, whatever the machine has. Raises SettingsError.
    """
    threads = min(max(1, int(cpus)), _MOST_THREADS)
    return planned_settings({**environment, "THREADS": str(threads)})
