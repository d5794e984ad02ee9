"""Ray Serve: ``serve run vistazo.scale.ray:app``. Nothing imports this; it needs the extra 'ray'.

A replica is the service's own ASGI app, built from the same environment variables as for
``vistazo serve``. What is not there is the service's own server: Ray's proxy takes its place, with
``vistazo.scale.ray_front`` in it.

https://docs.ray.io/en/latest/serve/http-guide.html
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import ray
from fastapi import FastAPI
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig, BackpressureConfig

from vistazo.api.app import create_app
from vistazo.api.service import Service
from vistazo.errors import ModelError, SettingsError, VistazoError
from vistazo.scale.replicas import ReplicaPlan, Replicas, planned_settings, replica_settings
from vistazo.service.allocator import give_back_freed_blocks
from vistazo.service.telemetry import configure_logging

NAME = "Vistazo"
_FRONT = "vistazo.scale.ray_front:middlewares"
_FRONT_VARIABLE = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
_LOOK_S = 0.05
_CANNOT_SERVE = 2  # the exit status, as that of ``vistazo serve``


def app(arguments: Mapping[str, str]) -> Application:
    """The deployment, with options from the environment; ``arguments`` are those of ``Replicas``.

    A YAML for ``serve deploy`` may change each option. Raises SettingsError, on a cluster; the
    command ``serve run``, where Ray has not begun yet, ends with its words.
    """
    try:
        replicas = Replicas.given(arguments)
        plan = ReplicaPlan.of(planned_settings(os.environ), replicas)
    except SettingsError as error:
        if ray.is_initialized():
            raise SettingsError(str(error)) from None  # Ray tells the causes too, values and all
        sys.stderr.write(f"vistazo: {error}\n")
        sys.exit(_CANNOT_SERVE)
    # Read by the proxies of a Ray that 'serve run' is about to start; one that runs has its own.
    os.environ.setdefault(_FRONT_VARIABLE, _FRONT)
    return serve.deployment(serve.ingress(replica_app)(Replica), **options(plan, replicas)).bind()


def options(plan: ReplicaPlan, replicas: Replicas) -> dict[str, Any]:
    """As ``serve.deployment`` takes them."""
    told = asdict(plan)
    target = told.pop("target_ongoing_requests")
    return {
        "name": NAME,
        "ray_actor_options": {"num_cpus": told.pop("num_cpus")},
        "autoscaling_config": AutoscalingConfig(
            min_replicas=replicas.min_replicas,
            max_replicas=replicas.max_replicas,
            target_ongoing_requests=target,
        ),
        "backpressure_config": BackpressureConfig(
            status_code=429, retry_after_s=told.pop("retry_after_s")
        ),
        **told,
    }


def replica_app() -> FastAPI:
    """In the process of a replica. Raises SettingsError."""
    give_back_freed_blocks()
    cpus = ray.get_runtime_context().get_assigned_resources().get("CPU", 1)
    settings = replica_settings(os.environ, cpus)
    configure_logging(settings.log_format, settings.log_level)
    failures: list[VistazoError] = []
    built = create_app(settings, failures.append)
    built.state.failures = failures
    return built


class Replica:
    """What Ray asks of a replica beside requests; ``app`` is given by ``serve.ingress``."""

    app: FastAPI

    async def check_health(self) -> None:
        """Ray sends no request to a replica before this has returned once: the model is loaded
        then. Raises ModelError where it cannot be served, NotReadyError while shutting down.
        """
        service: Service = self.app.state.service
        failures: list[VistazoError] = self.app.state.failures
        while service.is_starting and not failures:  # noqa: ASYNC110 - nobody tells of the former
            await asyncio.sleep(_LOOK_S)
        if failures:
            raise ModelError(str(failures[0])) from None
        service.refuse_unless_ready()
