"""Deploy an image, watch it, test it, and go back where it fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from calls import Caller, DeploymentError, NoAnswerError
from render_api import FAILED, LIVE, OVERTAKEN, Deploy, RenderApi, call_hook
from smoke_test import Expectation, SmokeTestError

STILL_EVERY_S = 30.0
SETTLE_POLLS = 12


class FailedRolloutError(DeploymentError):
    """The new image does not serve. An earlier one does, still or again."""


class BrokenServiceError(DeploymentError):
    """The new image does not serve, and no earlier one could be brought back."""


class Host(Protocol):
    """Where images are deployed to."""

    def live_image(self) -> str | None:
        """What is live now, by digest; None where that is not known."""
        ...

    def deploy(self, image: str) -> None:
        """Deploy ``image`` and return once it is live. Raises DeploymentError."""
        ...


class ApiHost:
    """By Render's API: every deploy is watched until it is live or has failed."""

    def __init__(
        self, api: RenderApi, caller: Caller, timeout_s: float, say: Callable[[str], None]
    ) -> None:
        self._api = api
        self._pace = caller.pace
        self._timeout_s = timeout_s
        self._say = say

    def live_image(self) -> str | None:
        live = self._api.deploys(LIVE)
        return live[0].image if live else None

    def deploy(self, image: str) -> None:
        known = {deploy.id for deploy in self._api.deploys()}
        deploy = self._api.start(image) or self._queued(known)
        self._say(f"Render has taken the deploy {deploy.id}.")
        try:
            self._watch(deploy)
        except KeyboardInterrupt:
            self._say(f"No longer watching. The deploy {deploy.id} goes on at Render.")
            raise
        except FailedRolloutError:
            raise
        except DeploymentError as error:
            raise FailedRolloutError(
                f"The deploy {deploy.id} was lost sight of: {error} Look at the dashboard."
            ) from error

    def _queued(self, known: set[str]) -> Deploy:
        """A queued deploy is told apart by being new."""
        for _ in range(SETTLE_POLLS):
            for deploy in self._api.deploys():
                if deploy.id not in known:
                    return deploy
            time.sleep(self._pace.poll_s)
        raise FailedRolloutError(
            "Render has queued the deploy but does not list it. Look at the dashboard."
        )

    def _watch(self, deploy: Deploy) -> None:
        started = time.monotonic()
        told, told_at = "", started
        while deploy.status != LIVE:
            passed_s = time.monotonic() - started
            self._check(deploy, passed_s)
            if deploy.status != told or time.monotonic() - told_at > STILL_EVERY_S:
                told, told_at = deploy.status, time.monotonic()
                self._say(f"  {passed_s:4.0f} s  {deploy.status}")
            time.sleep(self._pace.poll_s)
            deploy = self._api.deploy(deploy.id)
        self._say(f"  {time.monotonic() - started:4.0f} s  {LIVE}")

    def _check(self, deploy: Deploy, passed_s: float) -> None:
        """Raise FailedRolloutError for a deploy that will not become live any more."""
        if deploy.status in FAILED:
            raise FailedRolloutError(
                f"The deploy {deploy.id} ended as {deploy.status} after {passed_s:.0f} s. "
                "The dashboard has its log. Render keeps serving what was live before."
            )
        if deploy.status in OVERTAKEN:
            raise FailedRolloutError(
                f"The deploy {deploy.id} is {deploy.status}: somebody cancelled it, or a newer one "
                "took its place."
            )
        if passed_s > self._timeout_s:
            self._give_up(deploy)

    def _give_up(self, deploy: Deploy) -> None:
        """Cancel, so that the deploy does not go live later with nobody watching."""
        self._api.cancel(deploy.id)
        raise FailedRolloutError(
            f"The deploy {deploy.id} was still {deploy.status} after {self._timeout_s:.0f} s and "
            "was cancelled. Render keeps serving what was live before."
        )


class HookHost:
    """By a deploy hook, which starts a deploy and tells nothing of it."""

    def __init__(self, caller: Caller, hook: str, say: Callable[[str], None]) -> None:
        self._caller = caller
        self._hook = hook
        self._say = say

    def live_image(self) -> str | None:
        return None

    def deploy(self, image: str) -> None:
        call_hook(self._caller, self._hook, image)
        self._say("The deploy hook was called. It tells nothing more: only the service is watched.")


@dataclass(frozen=True)
class Rollout:
    """``test`` raises SmokeTestError where the live service is not as expected."""

    host: Host
    test: Callable[[Expectation], None]
    expected: Expectation
    say: Callable[[str], None]

    def run(self, image: str, previous: str | None = None) -> None:
        """Deploy ``image``; go back to ``previous``, or else to what is live now, where it fails.

        Raises FailedRolloutError or BrokenServiceError; another DeploymentError where nothing
        was changed.
        """
        previous = previous or self.host.live_image()
        self.say(f"Deploying {image}\n  in place of {previous or '(not known)'}")
        try:
            self.host.deploy(image)
        except NoAnswerError as error:
            raise FailedRolloutError(
                f"{error} Whether the deploy was started is not known: look at the dashboard."
            ) from error
        self.say("Testing the live service ...")
        try:
            self.test(self.expected)
        except SmokeTestError as error:
            self.say(str(error))
            self._go_back(image, previous)
            raise FailedRolloutError(
                f"{image} was live but failed its test. {previous} serves again."
            ) from error
        self.say(f"Done: {image} is live.")

    def _go_back(self, image: str, previous: str | None) -> None:
        if previous is None or previous == image:
            raise BrokenServiceError(
                "There is no earlier image to go back to. Deploy a good one: deploy.py render IMAGE"
            )
        self.say(f"Going back to {previous} ...")
        try:
            self.host.deploy(previous)
            self.test(replace(self.expected, model_sha256=None))
        except DeploymentError as error:
            raise BrokenServiceError(
                f"Going back to {previous} failed as well: {error} Look at the service now."
            ) from error
