"""Where the Redis is, whether it is worth asking, and how long anybody waits for it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from vistazo.errors import SettingsError
from vistazo.service.settings import Settings
from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.call import Call, LostError, Reason
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.redis_url import address_of, password_of

SECRET = "hunter2-hunter2"  # noqa: S105  # of nothing
CALL = Call("return 1", "key", ())


class FakeClient:
    """Honours the client's protocol: answers each call with its key, after a while, or fails."""

    def __init__(self) -> None:
        self.takes_s = 0.0
        self.fails: Reason | None = None
        self.round_trips: list[int] = []
        self.cancelled = 0

    async def send(self, calls: Sequence[Call]) -> list[object]:
        self.round_trips.append(len(calls))
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails is not None:
            raise LostError(self.fails)
        return [call.key for call in calls]

    async def close(self) -> None:
        await asyncio.sleep(0)


def read_text(reply: object) -> str:
    if reply == "nonsense":
        raise ValueError
    return str(reply)


def linked(client: FakeClient) -> Link[str]:
    return Link(client, Breaker("rates", "redis:6379"), read_text, 0.1)


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "redis://:p%40ss@redis:6379/3",
        "rediss://user:secret@redis.example:6380/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2&password=secret",
        "redis://[::1]:6379",
    ],
)
def test_a_place_of_redis_is_taken(url: str) -> None:
    policy = Settings.from_environment({"REDIS_URL": url}).shared_state_policy
    assert policy is not None
    assert policy.url.get_secret_value() == url
    assert policy.prefix == "vistazo"


@pytest.mark.parametrize(
    "url",
    [
        "redis:6379",
        "http://redis:6379",
        "redis://",
        "redis:///0",
        "unix://",
        f"redis://:{SECRET}#x@redis",
        f"redis://:{SECRET}/x@redis",
        f"redis://:{SECRET}@redis:0",
        f"redis://:{SECRET}@redis:99999",
        f"redis://:{SECRET}@redis/zero",
        f"redis://:{SECRET}@[redis",
        f"redis://:{SECRET}@redis?socket_timeout=60",
        f"redis://:{SECRET}@redis?db=x",
        f"redis://:{SECRET}@redis?decode_responses=true",
        f"rediss://:{SECRET}@redis?ssl_cert_reqs=maybe",
        f"rediss://:{SECRET}@redis?ssl_ca_certs=/nowhere/ca.pem",
    ],
)
def test_what_is_no_place_is_said_and_its_password_is_not(url: str) -> None:
    with pytest.raises(SettingsError, match=r"REDIS_URL: ") as refused:
        Settings.from_environment({"REDIS_URL": url})
    chain = [refused.value, refused.value.__cause__, refused.value.__context__]
    assert SECRET not in "".join(map(str, chain))


def test_neither_settings_nor_their_policy_show_the_password() -> None:
    settings = Settings.from_environment({"REDIS_URL": f"redis://:{SECRET}@redis"})
    assert SECRET not in f"{settings!r} {settings} {settings.shared_state_policy!r}"
    assert SECRET not in settings.model_dump_json()


def test_a_prefix_is_part_of_a_key_and_no_more() -> None:
    settings = Settings.from_environment({"REDIS_URL": "redis://r", "REDIS_PREFIX": "news.v2"})
    assert settings.redis_prefix == "news.v2"
    for prefix in ("a b", "a:b", "a*", "x" * 65):
        with pytest.raises(SettingsError, match="REDIS_PREFIX: write it with letters"):
            Settings.from_environment({"REDIS_PREFIX": prefix})


def test_the_log_may_have_the_address_and_the_hash_the_password() -> None:
    url = "rediss://user:p%40ss@redis.example/0"
    assert (address_of(url), password_of(url)) == ("redis.example:6379", "p@ss")
    url = "unix:///run/redis.sock?password=secret"
    assert (address_of(url), password_of(url)) == ("/run/redis.sock", "secret")
    assert password_of("redis://redis") == ""


def test_a_breaker_tells_each_turn_once_and_tries_ever_more_seldom(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now_s = [0.0]
    breaker = Breaker("rates", "redis:6379", lambda: now_s[0])
    tried: list[float] = []
    with caplog.at_level(logging.INFO):
        while now_s[0] < 200:
            if breaker.may_be_tried:
                tried.append(now_s[0])
                breaker.failed("unreachable")
            now_s[0] += 0.5
        breaker.succeeded()
        breaker.succeeded()
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[:6] == [1, 2, 4, 8, 16, 30]
    assert set(pauses[5:]) == {30}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert vars(caplog.records[0])["reason"] == "it cannot be reached"
    assert breaker.failures["unreachable"] == len(tried)


def test_one_that_comes_and_goes_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    now_s = [0.0]
    breaker = Breaker("rates", "redis:6379", lambda: now_s[0])
    with caplog.at_level(logging.INFO):
        while now_s[0] < 600:
            if breaker.may_be_tried and not breaker.is_closed:
                breaker.succeeded()
            elif breaker.is_closed:
                breaker.failed("full")
            now_s[0] += 0.1
    assert len(caplog.records) < 60
    breaker.succeeded()
    now_s[0] += 61
    breaker.failed("slow")
    now_s[0] += 1
    assert breaker.may_be_tried


def test_before_it_has_answered_nobody_waits_for_it() -> None:
    client = FakeClient()

    async def asked() -> str | None:
        return await linked(client).ask(CALL)

    assert asyncio.run(asked()) is None
    assert client.round_trips == []


def test_those_who_ask_while_an_answer_is_under_way_go_together() -> None:
    client = FakeClient()
    client.takes_s = 0.01

    async def asked() -> list[str | None]:
        link = linked(client)
        return await asyncio.gather(*(link.try_out(Call("", str(n), ()), 5) for n in range(50)))

    assert asyncio.run(asked()) == [str(number) for number in range(50)]
    assert client.round_trips in ([50], [1, 49])


def test_nobody_waits_longer_than_he_should_and_then_nobody_at_all() -> None:
    client = FakeClient()

    async def waited() -> list[float]:
        link = linked(client)
        await link.try_out(CALL, 1)
        client.takes_s = 60
        loop, took = asyncio.get_running_loop(), []

        async def ask(after_s: float) -> None:
            await asyncio.sleep(after_s)
            began_s = loop.time()
            assert await link.ask(CALL) is None
            took.append(loop.time() - began_s)

        await asyncio.gather(*(ask(number / 100) for number in range(30)))
        await link.close()
        return took

    took = asyncio.run(waited())
    assert max(took) < 0.2
    assert sum(one_s < 0.01 for one_s in took) >= 15  # they came when it was lost already
    assert client.cancelled == 1


def test_a_redis_that_answers_in_its_time_is_used_however_many_ask() -> None:
    """Who comes while an answer is under way may find his own time over before his turn has come:
    that is no fault of Redis, which counts him all the same.
    """
    client = FakeClient()
    answers: list[str | None] = []

    async def waited() -> list[float]:
        link = linked(client)
        await link.try_out(CALL, 1)
        client.takes_s = 0.06
        loop, took = asyncio.get_running_loop(), []

        async def ask(after_s: float) -> None:
            await asyncio.sleep(after_s)
            began_s = loop.time()
            answers.append(await link.ask(CALL))
            took.append(loop.time() - began_s)

        await asyncio.gather(*(ask(after_ms / 1_000) for after_ms in range(0, 200, 7)))
        assert link.breaker.is_closed
        assert link.breaker.failures["slow"] == 0
        await asyncio.sleep(0.13)  # the last ones are on their way
        await link.close()
        return took

    took = asyncio.run(waited())
    assert max(took) < 0.15
    assert answers[0] == "key"
    assert answers.count(None) < len(answers) / 2
    assert sum(client.round_trips) == 1 + len(answers)
    assert client.cancelled == 0


class EchoClient(FakeClient):
    """Over a real socket, to somebody who answers at once."""

    async def send(self, calls: Sequence[Call]) -> list[object]:
        self.writer.writelines(call.key.encode() + b"\n" for call in calls)
        return [(await self.reader.readline()).decode().strip() for _ in calls]

    async def open(self, connection: socket.socket) -> None:
        self.reader, self.writer = await asyncio.open_connection(sock=connection)


def test_a_process_that_was_held_back_does_not_blame_redis() -> None:
    """A limit of its CPU stops it for longer than it would wait: the answer is there meanwhile."""
    ours, theirs = socket.socketpair()
    echo = threading.Thread(target=lambda: theirs.sendall(theirs.recv(100)))

    async def asked() -> str | None:
        client = EchoClient()
        await client.open(ours)
        echo.start()
        asking = asyncio.create_task(linked(client).try_out(CALL, 0.05))
        for _ in range(4):  # until it is sent
            await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251  # held back
        answer = await asking
        client.writer.close()
        await client.writer.wait_closed()
        return answer

    with theirs:
        assert asyncio.run(asked()) == "key"
    echo.join()


def test_who_has_gone_meanwhile_spoils_nothing_for_others() -> None:
    client = FakeClient()
    client.takes_s = 0.02

    async def asked() -> str | None:
        link = linked(client)
        gone, stays = (asyncio.create_task(link.try_out(CALL, 1)) for _ in range(2))
        await asyncio.sleep(0.005)
        gone.cancel()
        return await stays

    assert asyncio.run(asked()) == "key"


def test_what_is_not_understood_counts_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    async def asked() -> tuple[str | None, bool]:
        link = linked(FakeClient())
        return await link.try_out(Call("", "nonsense", ()), 1), link.breaker.is_closed

    assert asyncio.run(asked()) == (None, False)
    assert "not understood" in vars(caplog.records[-1])["reason"]
