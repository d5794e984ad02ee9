"""deploy.py render, against a stand-in for Render."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import exit_status
import pytest
import rollout
from pictures import drawn_picture
from render_stand_in import (
    HOOK_KEY,
    KEY,
    MODEL,
    NEW,
    OLD,
    SERVICE,
    Behaviour,
    Fault,
    RenderStandIn,
    card,
    image,
)

from access_keys import ENTRIES, KEYS
from live_service import on_a_socket

Run = Callable[..., Any]
HOOK = {"RENDER_API_KEY": "", "RENDER_SERVICE_ID": ""}


def hook_settings(render: RenderStandIn) -> dict[str, str]:
    hook = f"{render.url}/deploy/{SERVICE}?key={HOOK_KEY}"
    return {**HOOK, "RENDER_DEPLOY_HOOK": hook, "SERVICE_URL": f"{render.url}/service"}


def test_a_new_image_is_deployed_watched_and_tested(render: RenderStandIn, run_deploy: Run) -> None:
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.DONE
    assert render.live.image == NEW
    assert "update_in_progress" in ended.said
    assert "passes its test" in ended.said
    assert f"Done: {NEW} is live" in ended.said


def test_a_deploy_that_render_queues_is_found_by_being_new(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.is_queueing = True
    assert run_deploy("render", NEW).status == exit_status.DONE
    assert render.live.image == NEW


@pytest.mark.parametrize("state", ["build_failed", "update_failed", "pre_deploy_failed"])
def test_a_deploy_that_fails_leaves_what_was_live(
    state: str, render: RenderStandIn, run_deploy: Run
) -> None:
    render.outcomes = [["created", "update_in_progress", state]]
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert state in ended.said
    assert render.live.image == OLD
    assert len(render.posted()) == 1


@pytest.mark.parametrize("state", ["canceled", "deactivated"])
def test_a_deploy_that_somebody_else_ended_is_not_undone(
    state: str, render: RenderStandIn, run_deploy: Run
) -> None:
    render.outcomes = [["created", state]]
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert state in ended.said
    assert len(render.posted()) == 1


def test_a_state_that_is_not_known_yet_is_waited_through(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.outcomes = [["created", "warming_the_cache", "live"]]
    assert run_deploy("render", NEW).status == exit_status.DONE


def test_a_deploy_that_takes_for_ever_is_cancelled(render: RenderStandIn, run_deploy: Run) -> None:
    render.outcomes = [["update_in_progress"]]
    ended = run_deploy("render", NEW, "--timeout", "0.05")
    assert ended.status == exit_status.FAILED
    assert "cancelled" in ended.said
    assert render.cancelled == ["dep-1"]


def test_the_wrong_model_brings_the_previous_image_back(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = Behaviour(model="b" * 64)
    render.services[OLD] = Behaviour(model="c" * 64)  # an earlier image may hold an earlier model
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert render.live.image == OLD
    assert "b" * 64 in ended.said
    assert f"{OLD} serves again" in ended.said


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (Behaviour(ready_after=10**6), "/health/ready answers 503"),
        (Behaviour(prediction={"hello": "world"}), "no prediction"),
        (
            Behaviour(prediction={"predictions": ["x"], "predicted_class": "", "model": {}}),
            "no pre",
        ),
        (
            Behaviour(
                prediction={
                    "predictions": [0.9, 0.9],
                    "predicted_class": "A",
                    "model": {"sha256": "a" * 64},
                }
            ),
            "add up to 1.8",
        ),
    ],
    ids=["never ready", "no prediction", "no numbers", "no probabilities"],
)
def test_a_service_that_does_not_work_brings_the_previous_image_back(
    behaviour: Behaviour, said: str, render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = behaviour
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert said in ended.said
    assert render.live.image == OLD


def test_a_service_that_takes_a_while_to_be_ready_is_waited_for(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = Behaviour(ready_after=5)
    assert run_deploy("render", NEW, "--test-timeout", "20").status == exit_status.DONE
    assert render.live.image == NEW


def test_where_going_back_fails_too_the_status_says_so(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = Behaviour(model="b" * 64)
    render.outcomes = [["live"], ["update_failed"]]
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.BROKEN
    assert "failed as well" in ended.said


def test_where_the_previous_image_is_not_known_the_status_says_so(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.tells_digests = False
    render.services[NEW] = Behaviour(model="b" * 64)
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.BROKEN
    assert "no earlier image" in ended.said


def test_previous_names_the_image_to_go_back_to(render: RenderStandIn, run_deploy: Run) -> None:
    render.tells_digests = False
    render.services[NEW] = Behaviour(model="b" * 64)
    assert run_deploy("render", NEW, "--previous", image("7")).status == exit_status.FAILED
    assert render.live.image == image("7")


def test_429_and_5xx_and_a_lost_connection_are_tried_again(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.faults = [Fault(429, {"Retry-After": "0"}), Fault(503), Fault(0), Fault(200, path="/x")]
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.DONE
    assert "status 429" in ended.said
    assert "status 503" in ended.said
    assert "no answer" in ended.said
    assert "trying again" in ended.said


def test_a_fault_while_watching_does_not_lose_the_deploy(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.faults = [Fault(502, path=f"/v1/services/{SERVICE}/deploys/dep-1")]
    assert run_deploy("render", NEW).status == exit_status.DONE
    assert len(render.posted()) == 1


def test_an_api_that_stays_down_before_the_start_changes_nothing(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.faults = [Fault(500)] * 20
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.NOT_STARTED
    assert "500" in ended.said
    assert not render.posted()


def test_an_api_that_goes_down_while_watching_is_a_failure_that_says_so(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.faults = [Fault(0, path=f"/v1/services/{SERVICE}/deploys/dep-1")] * 20
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert "lost sight of" in ended.said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RENDER_API_KEY": "rnd_wrong_key"}, "RENDER_API_KEY"),
        ({"RENDER_SERVICE_ID": "srv-other"}, "RENDER_SERVICE_ID"),
        ({"RENDER_API_KEY": "", "RENDER_SERVICE_ID": ""}, "Set RENDER_API_KEY"),
        ({"RENDER_API_KEY": "rnd_one\nrnd_two"}, "line break"),
        ({"RENDER_API_URL": "http://api.render.example/v1"}, "https://"),
        ({"SERVICE_URL": "ftp://example.com"}, "https://"),
    ],
    ids=["wrong key", "unknown service", "no settings", "two keys", "no https", "no web address"],
)
def test_a_wrong_setting_ends_in_words_before_anything_is_changed(
    settings: dict[str, str], said: str, render: RenderStandIn, run_deploy: Run
) -> None:
    ended = run_deploy("render", NEW, **settings)
    assert ended.status == exit_status.NOT_STARTED
    assert said in ended.said
    assert "rnd_" not in ended.said
    assert "Traceback" not in ended.said
    assert not render.posted()


@pytest.mark.parametrize("name", ["vistazo", "ghcr.io/me/vistazo:main", f"x@sha256:{'1' * 63}"])
def test_an_image_that_is_not_named_by_digest_is_refused(
    name: str, render: RenderStandIn, run_deploy: Run
) -> None:
    ended = run_deploy("render", name)
    assert ended.status == exit_status.NOT_STARTED
    assert "by digest" in ended.said
    assert render.requests == []


def test_an_image_of_another_name_is_refused_by_render_in_its_words(run_deploy: Run) -> None:
    ended = run_deploy("render", image("2", "ghcr.io/someone/else"))
    assert ended.status == exit_status.NOT_STARTED
    assert "must match the service's image" in ended.said


def test_a_hook_deploys_and_the_service_is_tested(render: RenderStandIn, run_deploy: Run) -> None:
    ended = run_deploy("render", NEW, **hook_settings(render))
    assert ended.status == exit_status.DONE
    assert render.live.image == NEW
    assert HOOK_KEY not in ended.said


def test_a_hook_goes_back_to_the_image_that_it_is_told(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = Behaviour(model="b" * 64)
    ended = run_deploy("render", NEW, "--previous", OLD, **hook_settings(render))
    assert ended.status == exit_status.FAILED
    assert render.live.image == OLD


def test_no_key_is_shown_whatever_goes_wrong(render: RenderStandIn, run_deploy: Run) -> None:
    wrong = hook_settings(render)
    wrong["RENDER_DEPLOY_HOOK"] += "x"
    render.services[NEW] = Behaviour(model=KEY)  # even where an answer holds it
    no_address = {**wrong, "RENDER_DEPLOY_HOOK": f"htp://x?key={HOOK_KEY}"}
    said = [run_deploy("render", NEW, **settings).said for settings in (wrong, no_address, {})]
    render.faults = [Fault(0)] * 20
    said += [run_deploy("render", NEW, **each).said for each in ({}, hook_settings(render))]
    assert all(text for text in said)
    assert not [text for text in said if KEY in text or HOOK_KEY in text]


def test_a_traceback_shows_no_key_either(run_deploy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(f"a fault of ours with {KEY}")

    monkeypatch.setattr(rollout.Rollout, "run", fail)
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert "a fault of ours with ***" in ended.said


def test_a_redirect_does_not_carry_the_key_to_another_host(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.faults = [Fault(302, {"Location": f"{render.url}/v1/elsewhere"})]
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.NOT_STARTED
    assert "302" in ended.said
    assert not [line for line in render.requests if "elsewhere" in line]


def test_ctrl_c_says_that_the_deploy_goes_on(
    render: RenderStandIn, run_deploy: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    # Of this module alone: other threads sleep, too.
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=interrupt)
    monkeypatch.setattr(rollout, "time", clock)
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.INTERRUPTED
    assert "The deploy dep-1 goes on at Render" in ended.said


def test_the_smoke_test_alone_tells_good_from_bad(render: RenderStandIn, run_deploy: Run) -> None:
    assert run_deploy("smoke-test", f"{render.url}/service").status == exit_status.DONE
    assert run_deploy("smoke-test", f"{render.url}/nothing").status == exit_status.FAILED


def test_a_picture_is_made_that_the_card_of_the_model_takes(
    render: RenderStandIn, run_deploy: Run
) -> None:
    for asked in (card(min_side_px=700), card(max_aspect_ratio=1), card(min_side_px=1)):
        render.services[OLD] = Behaviour(card=asked)
        assert run_deploy("smoke-test", f"{render.url}/service").status == exit_status.DONE


def test_a_service_that_rejects_what_is_unlike_its_pictures_is_a_good_one(
    render: RenderStandIn, run_deploy: Run, tmp_path: Path
) -> None:
    unlike = {"code": "rejected_upload", "errors": [{"rule": "in_distribution", "detail": ""}]}
    render.services[NEW] = Behaviour(refusal=unlike)
    assert run_deploy("render", NEW).status == exit_status.DONE
    own = tmp_path / "own.png"
    own.write_bytes(drawn_picture())
    failed = run_deploy("smoke-test", f"{render.url}/service", "--picture", str(own))
    assert failed.status == exit_status.FAILED, "a picture of one's own should pass"
    assert "/predict answers 422 (rejected_upload, in_distribution)" in failed.said


def test_a_service_that_rejects_it_is_still_to_have_the_expected_model(
    render: RenderStandIn, run_deploy: Run
) -> None:
    unlike = {"code": "rejected_upload", "errors": [{"rule": "in_distribution", "detail": ""}]}
    render.services[NEW] = Behaviour(refusal=unlike, model="b" * 64)
    assert run_deploy("render", NEW).status == exit_status.FAILED
    assert render.live.image == OLD


def test_any_other_refusal_fails_the_test_and_is_named(
    render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[NEW] = Behaviour(refusal={"code": "corrupt_image"})
    ended = run_deploy("render", NEW)
    assert ended.status == exit_status.FAILED
    assert "/predict answers 422 (corrupt_image)" in ended.said


@pytest.mark.parametrize(
    ("kind", "predictions", "status"),
    [
        ("multilabel", [0.9, 0.8], exit_status.DONE),
        ("multilabel", [1.9, 0.8], exit_status.FAILED),
        ("softmax", [0.9, 0.8], exit_status.FAILED),
        ("softmax", [-0.5, 1.5], exit_status.FAILED),
    ],
)
def test_only_labels_that_exclude_each_other_add_up_to_one(
    kind: str, predictions: list[float], status: int, render: RenderStandIn, run_deploy: Run
) -> None:
    answer = {"predictions": predictions, "predicted_class": "A", "model": {"sha256": MODEL}}
    render.services[OLD] = Behaviour(card=card(kind), prediction=answer)
    assert run_deploy("smoke-test", f"{render.url}/service").status == status


@pytest.mark.parametrize("described", [{}, {"input": 3}, {"input": {}, "output": {}}])
def test_a_service_that_does_not_say_what_its_model_is_fails(
    described: dict[str, Any], render: RenderStandIn, run_deploy: Run
) -> None:
    render.services[OLD] = Behaviour(card=described)
    ended = run_deploy("smoke-test", f"{render.url}/service")
    assert ended.status == exit_status.FAILED
    assert "/model answers something that is no card" in ended.said


def test_the_expected_model_is_the_one_of_model_path_not_always_the_default(
    render: RenderStandIn, run_deploy: Run, tmp_path: Path
) -> None:
    own = tmp_path / "own.h5"
    own.write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    render.services[NEW] = Behaviour(model=sha256)
    asked = ("render", NEW, "--model-sha256", "")
    assert run_deploy(*asked, MODEL_PATH=str(own)).status == exit_status.DONE
    assert run_deploy(*asked, MODEL_SHA256=sha256).status == exit_status.DONE
    assert run_deploy(*asked, MODEL_PATH=str(own), MODEL_SHA256="b" * 64).status != exit_status.DONE
    assert run_deploy(*asked).status != exit_status.DONE, "the repository's is another"


@pytest.mark.parametrize("path", ["https://example.com/m.keras", "/models/mine.h5"])
def test_of_a_model_that_is_not_here_any_passes_and_that_is_said(
    path: str, render: RenderStandIn, run_deploy: Run
) -> None:
    smoke = ("smoke-test", f"{render.url}/service", "--model-sha256", "")
    ended = run_deploy(*smoke, MODEL_PATH=path)
    assert ended.status == exit_status.DONE
    assert "any model passes" in ended.said


def test_a_service_that_wants_a_key_is_tested_with_one(run_deploy: Run) -> None:
    with on_a_socket(api_keys=ENTRIES) as running:
        running.gate.set()
        smoke = ("smoke-test", running.url, "--model-sha256", "0" * 64)
        assert run_deploy(*smoke, SERVICE_KEY=KEYS["boss"]).status == exit_status.DONE
        without, wrong = run_deploy(*smoke), run_deploy(*smoke, SERVICE_KEY=KEYS["graphs"])
    assert "401 (unauthorized); set SERVICE_KEY" in without.said
    assert "403 (forbidden)" in wrong.said
    assert KEYS["graphs"] not in wrong.said
