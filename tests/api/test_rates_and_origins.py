"""How often a caller may ask, from where, and which pages may see the answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from access_keys import ENTRIES, KEYS, bearer
from builders import encoded, flat
from live_service import on_a_socket
from vistazo.service.access.api_key import new_key

Serve = Callable[..., Any]
WHITE = {"file": ("film.png", encoded(flat(230)))}


def of(client: TestClient, address: str) -> TestClient:
    """The same service, as another caller sees it."""
    return TestClient(client.app, client=(address, 5000), raise_server_exceptions=False)


def test_who_asks_too_often_is_told_until_when_to_wait(serving: Serve) -> None:
    with serving(rate_limit="2/minute") as client:
        answers = [client.post("/predict", files=WHITE) for _ in range(3)]
        assert client.get("/health/live").status_code == 200
        assert of(client, "198.51.100.7").get("/model").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"requests";r=1;t=60',
        '"requests";r=0;t=60',
        '"requests";r=0;t=60',
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"requests";q=2;w=60'}
    assert answers[2].headers["retry-after"] == "60"
    assert answers[2].headers["connection"] == "close"  # its body was not read
    assert answers[2].json()["code"] == "rate_limited"


def test_without_the_setting_nothing_is_counted(client: TestClient) -> None:
    assert "ratelimit" not in client.get("/model").headers


def test_a_rate_is_of_a_key_wherever_it_comes_from_and_of_no_other_key(serving: Serve) -> None:
    with serving(rate_limit="2/minute", api_keys=ENTRIES) as client:
        for address, key, status in (
            ("198.51.100.1", "ward", 200),
            ("198.51.100.2", "ward", 200),
            ("198.51.100.3", "ward", 429),
            ("198.51.100.3", "boss", 200),
        ):
            answer = of(client, address).get("/model", headers=bearer(KEYS[key]))
            assert answer.status_code == status


def test_a_network_of_ipv6_is_one_caller(serving: Serve) -> None:
    with serving(rate_limit="2/minute") as client:
        near = [of(client, f"2001:db8::{n}").get("/model").status_code for n in range(1, 4)]
        assert near == [200, 200, 429]
        assert of(client, "2001:db8:0:1::1").get("/model").status_code == 200


def test_who_guesses_is_stopped_and_keeps_nobody_out(serving: Serve) -> None:
    with serving(api_keys=ENTRIES) as client:
        guesser = of(client, "198.51.100.1")
        guesses = [guesser.get("/model", headers=bearer(new_key())) for _ in range(22)]
        assert [guess.status_code for guess in guesses] == [401] * 20 + [429] * 2
        assert guesses[-1].headers["retry-after"] == "60"
        assert guesser.get("/model", headers=bearer(KEYS["ward"])).status_code == 200
        assert guesser.get("/model").status_code == 401  # who sends nothing guesses nothing
        other = of(client, "198.51.100.2").get("/model", headers=bearer(new_key()))
        assert other.status_code == 401


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Not those of the client, which stands in the same process."""
    return [record for record in caplog.records if record.name.startswith("vistazo")]


@pytest.mark.parametrize("headers", [{}, bearer(new_key())], ids=["no key", "a wrong one"])
def test_who_is_refused_again_and_again_does_not_fill_the_log(
    serving: Serve, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with serving(api_keys=ENTRIES) as client:
        caplog.clear()
        for _ in range(25):
            of(client, "198.51.100.1").get("/model", headers=headers)
        assert len(ours(caplog)) == 21
        of(client, "198.51.100.1").get("/model", headers=bearer(KEYS["ward"]))
        of(client, "198.51.100.2").get("/model", headers=headers)
        assert len(ours(caplog)) == 23


def test_over_the_rate_is_said_once(serving: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with serving(rate_limit="2/minute") as client:
        caplog.clear()
        for _ in range(9):
            client.get("/model")
        logged = [vars(record).get("status") for record in ours(caplog)]
    assert logged == [200, 200, 429]


def forwarded(client: TestClient, chain: str, **headers: str) -> int:
    answer = client.get("/model", headers={"X-Forwarded-For": chain, **headers})
    status: int = answer.status_code
    return status


def test_an_address_that_is_only_claimed_is_not_believed(serving: Serve) -> None:
    with serving(rate_limit="2/minute", trusted_proxies="10.0.0.0/8") as client:
        stranger, proxy = of(client, "203.0.113.9"), of(client, "10.0.0.1")
        assert [forwarded(stranger, f"6.6.6.{n}") for n in range(3)] == [200, 200, 429]
        chains = [f"6.6.6.{n}, 198.51.100.1" for n in range(3)]
        assert [forwarded(proxy, chain) for chain in chains] == [200, 200, 429]
        assert forwarded(proxy, "6.6.6.6, 198.51.100.2") == 200


def test_uvicorn_believes_nobody_on_this_machine_either() -> None:
    with on_a_socket(rate_limit="2/minute") as running, httpx.Client() as caller:
        claims = [{"X-Forwarded-For": f"6.6.6.{n}"} for n in range(3)]
        answers = [caller.get(f"{running.url}/model", headers=claim) for claim in claims]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


PAGE = "https://app.example"


def preflight(client: TestClient, origin: str = PAGE, sent: str = "authorization") -> Any:
    asked = {"Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = f"{sent},content-type"
    return client.options("/predict", headers={"Origin": origin, **asked})


def test_a_page_of_another_host_may_send_pictures_in_every_way(serving: Serve) -> None:
    """Bytes and JSON are asked about before, a form is not."""
    ways = ({"content": WHITE["file"][1]}, {"json": {"image": "?"}}, {"files": WHITE})
    with serving(cors_origins=PAGE) as client:
        for method in ("GET", "HEAD", "POST"):
            asked = {"Origin": PAGE, "Access-Control-Request-Method": method}
            assert client.options("/predict", headers=asked).status_code == 200
        assert preflight(client, sent="x-request-id").status_code == 200
        assert preflight(client, sent="x-anything").status_code == 400
        for way in ways:
            answer = client.post("/predict", headers={"Origin": PAGE}, **way)
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert answer.headers["vary"] == "Origin"
        plain = client.options("/predict", headers={"Origin": PAGE})  # asks for the methods only
        assert (plain.status_code, plain.headers["allow"]) == (204, "OPTIONS, POST")


def test_a_page_of_another_host_may_call_where_it_is_named(serving: Serve) -> None:
    settings = {"cors_origins": PAGE, "api_keys": ENTRIES, "rate_limit": "1/minute"}
    with serving(**settings) as client:
        asked = preflight(client)  # browsers send no key with it
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "Authorization" in asked.headers["access-control-allow-headers"]
        for key, status in (("none", 401), ("graphs", 403), ("ward", 200), ("ward", 429)):
            headers = {"Origin": PAGE, **bearer(KEYS.get(key, key))}
            answer = client.post("/predict", files=WHITE, headers=headers)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert "Retry-After" in answer.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("settings", [{}, {"cors_origins": PAGE}])
def test_no_other_page_may(serving: Serve, settings: dict[str, str]) -> None:
    with serving(**settings) as client:
        for origin in ("https://evil.example", f"{PAGE}.evil.example", "null"):
            asked = preflight(client, origin)
            assert asked.status_code in (204, 400)
            if asked.status_code == 400:
                assert asked.headers["content-type"] == "application/problem+json"
                assert asked.json()["code"] == "bad_request"
                assert "Origin" in asked.headers["vary"]
            assert "access-control-allow-origin" not in asked.headers
            answer = client.get("/model", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
