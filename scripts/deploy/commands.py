"""The commands that deploy: settings in, exit status out, no key on the screen."""

from __future__ import annotations

import argparse
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial

import exit_status
from calls import Caller, DeploymentError, Pace, checked_address
from expected_model import ANY_MODEL, expected_model
from render_api import API, RenderApi
from rollout import (
    ApiHost,
    BrokenServiceError,
    FailedRolloutError,
    HookHost,
    Host,
    Rollout,
)
from smoke_test import Expectation, SmokeTestError, smoke_test

IMAGE = re.compile(r"[\w.:-]+(/[\w.-]+)+@sha256:[0-9a-f]{64}")
SHA256 = re.compile(r"[0-9a-f]{64}")
SECRETS = ("RENDER_API_KEY", "RENDER_DEPLOY_HOOK", "SERVICE_KEY")

Say = Callable[[str], None]


def run(
    options: argparse.Namespace, environment: Mapping[str, str], pace: Pace | None = None
) -> int:
    """Every line goes through ``say``, which knows the keys and leaves them out."""
    secrets = _secrets(environment)

    def say(text: str) -> None:
        for secret in secrets:
            text = text.replace(secret, "***")
        print(text, file=sys.stderr, flush=True)

    caller = Caller(pace or Pace(), say)
    command = {"render": render, "smoke-test": test}[options.command]
    try:
        command(options, environment, caller, say)
    except DeploymentError as error:
        say(f"deploy.py: {error}")
        return _status_of(error)
    except KeyboardInterrupt:
        say("Interrupted.")
        return exit_status.INTERRUPTED
    except Exception:  # the outermost boundary: a traceback may quote an address that is a key
        say(traceback.format_exc())
        return exit_status.FAILED
    return exit_status.DONE


def _status_of(error: DeploymentError) -> int:
    if isinstance(error, BrokenServiceError):
        return exit_status.BROKEN
    if isinstance(error, FailedRolloutError | SmokeTestError):
        return exit_status.FAILED
    return exit_status.NOT_STARTED


def _secrets(environment: Mapping[str, str]) -> list[str]:
    """The keys, and the parts of a hook's address that are keys: its path and its query."""
    secrets = [environment.get(name, "").strip() for name in SECRETS]
    hook = secrets[1].partition("://")[2].partition("/")[2]
    parts = [hook, *hook.split("?"), *re.findall(r"key=([^&]+)", hook)]
    return sorted({text for text in [*secrets, *parts] if len(text) > 3}, key=len, reverse=True)


def render(
    options: argparse.Namespace, environment: Mapping[str, str], caller: Caller, say: Say
) -> None:
    for name, image in (("IMAGE", options.image), ("--previous", options.previous)):
        if image is not None and not IMAGE.fullmatch(image):
            raise DeploymentError(
                f"{name} is to be named by digest, HOST/NAME@sha256:..., not as '{image}': a tag "
                "may mean another image tomorrow."
            )
    expected = _expectation(options, environment, say)
    url = options.url or environment.get("SERVICE_URL", "").strip()
    host, url = _host(environment, url, options.timeout, caller, say=say)
    pass_test = partial(smoke_test, caller, url, say=say)
    Rollout(host, pass_test, expected, say).run(options.image, options.previous)


def _host(
    environment: Mapping[str, str], url: str, timeout_s: float, caller: Caller, *, say: Say
) -> tuple[Host, str]:
    """Where to deploy to, and the address of the service there."""
    key, service_id, hook, api_url = (
        environment.get(name, "").strip()
        for name in ("RENDER_API_KEY", "RENDER_SERVICE_ID", "RENDER_DEPLOY_HOOK", "RENDER_API_URL")
    )
    if key and service_id:
        if not (key.isascii() and key.isprintable()):
            raise DeploymentError("RENDER_API_KEY holds a line break or worse. Copy it again.")
        api = RenderApi(caller, key, service_id, api_url or API)
        url = url or api.service_url()
        return ApiHost(api, caller, timeout_s, say), checked_address("SERVICE_URL", url)
    if hook and url:
        hook = checked_address("RENDER_DEPLOY_HOOK", hook)
        return HookHost(caller, hook, say), checked_address("SERVICE_URL", url)
    raise DeploymentError(
        "Set RENDER_API_KEY and RENDER_SERVICE_ID, or RENDER_DEPLOY_HOOK and --url. "
        "'deploy.py render --help' tells more."
    )


def test(
    options: argparse.Namespace, environment: Mapping[str, str], caller: Caller, say: Say
) -> None:
    url, expected = checked_address("URL", options.url), _expectation(options, environment, say)
    smoke_test(caller, url, expected, say)


def _expectation(
    options: argparse.Namespace, environment: Mapping[str, str], say: Say
) -> Expectation:
    sha256 = options.model_sha256 or expected_model(environment, say)
    if sha256 != ANY_MODEL and not SHA256.fullmatch(sha256):
        raise DeploymentError(
            f"--model-sha256 takes 64 hexadecimal digits or '{ANY_MODEL}', not '{sha256}'."
        )
    try:
        picture = options.picture.read_bytes() if options.picture else None
    except OSError as error:
        raise DeploymentError(f"{options.picture} cannot be read: {error.strerror}.") from error
    key = environment.get("SERVICE_KEY", "").strip()
    if not (key.isascii() and (key.isprintable() or not key)):
        raise DeploymentError("SERVICE_KEY holds a line break or worse. Copy it again.")
    wanted = None if sha256 == ANY_MODEL else sha256
    return Expectation(wanted, picture, options.test_timeout, key)
