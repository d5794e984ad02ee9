"""The drift of all instances is told by each: with a real Redis, and without it."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from builders import brightness_classifier
from redis_server import RedisServer, redis_server
from vistazo.answers.decision import Decision
from vistazo.answers.reference import Answered, Reference
from vistazo.classifier import Classifier, Prediction
from vistazo.service.drift.exchange import Exchange, read_exchange
from vistazo.service.drift.monitor import Monitor, Report
from vistazo.service.drift.shared_window import SharedWindow
from vistazo.service.drift.window import PlacedAnswer, Window
from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.call import Call
from vistazo.service.shared_state.client import RedisClient
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.settings import SharedStatePolicy

LABELS = ("DARK", "BRIGHT")


def known() -> Reference:
    answers = [Answered(place % 2, {"confidence": 0.9 + place / 1e4}) for place in range(500)]
    return Reference.of(LABELS, answers)


def classifier(sha256: str = "0" * 64) -> Classifier:
    return brightness_classifier(reference=known(), sha256=sha256)


@dataclass
class Instance:
    """``served`` is the model that answers, which can be another one."""

    served: list[Classifier]
    monitor: Monitor
    exchange: Exchange

    def answers(self, count: int, confidence: float | None = None) -> None:
        for place in range(count):
            sure = 0.9 + place * 7 % 500 / 1e4 if confidence is None else confidence
            decision = Decision((1 - sure, sure), LABELS[place % 2], sure, ())
            self.monitor.see(Prediction(decision, self.served[0].identity))

    @property
    def report(self) -> Report:
        report = self.monitor.report()
        assert report is not None
        return report

    async def exchanged(self) -> None:
        """Also where the pause after a failure has to be waited for."""
        deadline = time.monotonic() + 10
        while True:
            await self.exchange.run_once()
            if self.exchange.is_up:
                return
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(one_server: RedisServer) -> RedisServer:
    with one_server.client() as client:
        client.flushall()
    return one_server


@asynccontextmanager
async def instance(
    server: RedisServer, served: Classifier | None = None, user: str = ""
) -> AsyncIterator[Instance]:
    url = server.url.replace("//", f"//{user}:any@") if user else server.url
    models = [served or classifier()]
    monitor = Monitor(lambda: models[0], shares=True)
    link = Link(RedisClient(url), Breaker("drift", "redis"), read_exchange, 0.1)
    policy = SharedStatePolicy(SecretStr(url), "vistazo")
    made = Instance(models, monitor, Exchange(monitor, link, policy))
    try:
        yield made
    finally:
        await made.exchange.close()


def run(work: Callable[[Instance, Instance], Awaitable[None]], server: RedisServer) -> None:
    async def between() -> None:
        async with instance(server) as one, instance(server) as other:
            await work(one, other)

    asyncio.run(between())


def test_each_tells_of_the_answers_of_both(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(70)
        other.answers(50)
        assert (one.report.answers, one.report.state) == (70, "too_few")
        for each in (one, other, one):
            await each.exchanged()
        for each in (one, other):
            assert (each.report.answers, each.report.state) == (120, "steady")
        await one.exchanged()
        assert one.report.answers == 120
        assert one.exchange.counts == {"sent": 70, "received": 50, "ignored": 0, "dropped": 0}
        # What may be added over instances are an instance's own.
        assert sum(one.monitor.counts()["confidence"]) == 70

    run(work, server)


def test_what_drifts_at_one_is_seen_by_all_and_each_says_it_once(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(250, confidence=0.6)
        for each in (one, other, one, other):
            await each.exchanged()
        for each in (one, other):
            [confidence] = [one for one in each.report.quantities if one.name == "confidence"]
            assert confidence.is_drifting
            assert confidence.since is not None
            assert datetime.now(UTC) - confidence.since < timedelta(seconds=10)
        assert one.report.quantities[0].window == other.report.quantities[0].window

    with caplog.at_level(logging.WARNING):
        run(work, server)
    assert [record.message for record in caplog.records] == ["drift has begun"] * 2


def test_after_a_restart_the_window_is_there_with_since_when(server: RedisServer) -> None:
    async def lived() -> None:
        async with instance(server) as one:
            one.answers(250, confidence=0.6)
            await one.exchanged()
            one.answers(30, confidence=0.6)  # sent as it ends

    async def lives_again() -> Report:
        async with instance(server) as one:
            await one.exchanged()
            return one.report

    asyncio.run(lived())
    ended = datetime.now(UTC)
    time.sleep(0.05)
    report = asyncio.run(lives_again())
    assert (report.answers, report.state) == (250, "drifting")
    since = report.quantities[0].since
    assert since is not None
    assert since <= ended


def test_no_more_is_kept_than_a_window_holds_and_not_for_ever(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        for _ in range(5):
            one.answers(200)
            await one.exchanged()
        await other.exchanged()
        assert (one.report.answers, other.report.answers) == (250, 250)

    run(work, server)
    with server.client() as client:
        [key] = client.keys("*")
        assert client.xlen(key) == 250
        assert 29 * 86_400_000 < client.pttl(key) <= 30 * 86_400_000
        assert client.memory_usage(key) < 20_000


def test_a_window_is_read_in_pieces_that_do_not_hold_redis_up(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances that start together would else keep it from counting requests meanwhile."""
    monkeypatch.setattr("vistazo.service.drift.exchange._MOST_AT_ONCE", 20)

    async def work(one: Instance, other: Instance) -> None:
        one.answers(250)
        await one.exchanged()
        other.answers(30)
        with server.client() as client:
            before = client.info("commandstats")["cmdstat_eval"]["calls"]
            await other.exchanged()
            asked = client.info("commandstats")["cmdstat_eval"]["calls"] - before
        assert 13 <= asked <= 15
        assert other.exchange.counts == {"sent": 30, "received": 250, "ignored": 0, "dropped": 0}
        await one.exchanged()
        assert (one.report.answers, other.report.answers) == (250, 250)

    run(work, server)


def test_what_came_unconfirmed_is_not_sent_twice_by_who_reads_in_pieces(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vistazo.service.drift.exchange._MOST_AT_ONCE", 20)

    async def work(one: Instance, other: Instance) -> None:
        await one.exchanged()
        shared = one.monitor.shared
        assert shared is not None
        one.answers(10)
        seen_until, batch = shared.seen_until, shared.waiting(10)
        shared.give_back(batch)
        await one.exchanged()
        other.answers(100)
        await other.exchanged()
        shared.give_back(batch)  # as if nobody had confirmed it
        shared.seen_until = seen_until
        one.answers(5)
        await one.exchanged()
        with server.client() as client:
            [key] = client.keys("*")
            assert client.xlen(key) == 115

    run(work, server)


def test_nothing_lies_there_but_places_of_bins(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(3)
        await one.exchanged()

    run(work, server)
    with server.client() as client:
        [key] = client.keys("*")
        entries = client.xrange(key)
        assert [list(fields) for _, fields in entries] == [[b"a"]] * 3
        assert {len(fields[b"a"]) for _, fields in entries} == {8 + 4 + 4 + 1}
        assert [fields[b"a"][12:16] for _, fields in entries] == [
            b"\0\0\0\0",
            b"\0\0\0\1",
            b"\0" * 4,
        ]


def test_a_user_who_may_do_what_the_manual_says_may_share_a_window(server: RedisServer) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
    [rules] = re.findall(r"A user of its own needs `(.*)`", manual)
    with server.client() as client:
        wanted = ("on", "nopass", *rules.replace("PREFIX", "vistazo").split())
        client.execute_command("ACL", "SETUSER", "watcher", "resetkeys", *wanted)

    async def work() -> None:
        async with instance(server, user="watcher") as one:
            one.answers(60)
            await one.exchanged()
            with server.client() as client:
                [key] = client.keys("*")
                client.xadd(key, {"a": "junk"})
            one.answers(60)
            await one.exchanged()
            assert one.exchange.counts == {"sent": 120, "received": 0, "ignored": 1, "dropped": 0}

    asyncio.run(work())


def test_another_model_another_card_another_window(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(60)
        await one.exchanged()
        other.served[0] = classifier("1" * 64)
        other.answers(40)
        await other.exchanged()
        assert other.report.answers == 40
        other.served[0] = classifier()  # as the first has it: the file was put back
        await other.exchanged()
        assert other.report.answers == 60
        spec = classifier().card.drift.model_copy(update={"window": 300})
        shown = classifier()
        shown.card = shown.card.model_copy(update={"drift": spec})  # type: ignore[misc]
        other.served[0] = shown
        await other.exchanged()
        assert other.report.answers == 0

    run(work, server)


def test_the_same_file_loaded_again_finds_its_own_answers(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(60)
        await one.exchanged()
        one.served[0] = classifier()
        assert one.report.answers == 0
        await one.exchanged()
        assert one.report.answers == 60

    run(work, server)


def test_a_model_without_a_reference_shares_nothing(server: RedisServer) -> None:
    async def work() -> None:
        async with instance(server, brightness_classifier()) as one:
            one.answers(60)
            assert not one.exchange.is_needed
            await one.exchange.run_once()

    asyncio.run(work())
    with server.client() as client:
        assert client.keys("*") == []


class FakeRedis:
    """Honours the client's protocol: confirms what it is sent, when it is let."""

    def __init__(self) -> None:
        self.is_let = asyncio.Event()
        self.is_asked = asyncio.Event()
        self.got = 0

    async def send(self, calls: Sequence[Call]) -> list[object]:
        self.is_asked.set()
        await self.is_let.wait()
        for call in calls:
            length, joined = call.arguments[3:5]
            assert isinstance(length, int)
            assert isinstance(joined, bytes)
            self.got += len(joined) // length
        return [[b"1-0", b"", 0, 0, 0] for _ in calls]

    async def close(self) -> None:
        self.is_let.set()


async def fake_instance() -> tuple[Instance, FakeRedis]:
    """Its Redis has answered once, and now takes its time."""
    redis, models = FakeRedis(), [classifier()]
    monitor = Monitor(lambda: models[0], shares=True)
    link = Link(redis, Breaker("drift", "redis"), read_exchange, 0.1)
    policy = SharedStatePolicy(SecretStr("redis://redis"), "vistazo")
    made = Instance(models, monitor, Exchange(monitor, link, policy))
    redis.is_let.set()
    await made.exchanged()
    redis.is_let.clear()
    redis.is_asked.clear()
    return made, redis


def test_at_the_end_also_those_are_sent_that_came_while_others_were_on_their_way() -> None:
    async def work() -> None:
        one, redis = await fake_instance()
        one.answers(50)
        looks = asyncio.create_task(one.exchange.refresh())
        await redis.is_asked.wait()
        one.answers(30)
        asyncio.get_running_loop().call_later(0.05, redis.is_let.set)
        await one.exchange.close()
        await looks
        assert redis.got == 80
        assert one.exchange.counts == {"sent": 80, "received": 0, "ignored": 0, "dropped": 0}

    asyncio.run(work())


def test_who_is_cancelled_while_answers_are_on_their_way_loses_none() -> None:
    async def work() -> None:
        one, redis = await fake_instance()
        one.answers(50)
        runs = asyncio.create_task(one.exchange.run_once())
        await redis.is_asked.wait()
        runs.cancel()
        await asyncio.wait({runs})
        one.answers(30)
        asyncio.get_running_loop().call_later(0.05, redis.is_let.set)
        await one.exchange.close()
        assert redis.got == 80
        assert one.exchange.counts["sent"] == 80

    asyncio.run(work())


@pytest.mark.parametrize("n_later", [0, 30])
def test_what_was_not_sent_at_the_end_counts_as_dropped(
    monkeypatch: pytest.MonkeyPatch, n_later: int
) -> None:
    monkeypatch.setattr("vistazo.service.drift.exchange._LONGEST_FLUSH_S", 0.05)

    async def work() -> None:
        one, redis = await fake_instance()
        one.answers(50)
        runs = asyncio.create_task(one.exchange.run_once())
        await redis.is_asked.wait()
        runs.cancel()
        one.answers(n_later)
        await one.exchange.close()
        assert redis.got == 0
        counts = {"sent": 0, "received": 0, "ignored": 0, "dropped": 50 + n_later}
        assert one.exchange.counts == counts

    asyncio.run(work())


JUNK = {
    "a word": ("SET", "words"),
    "a list": ("RPUSH", "a"),
    "a set": ("SADD", "a"),
    "other fields": ("XADD", "*", "b", "x" * 17),
    "more fields": ("XADD", "*", "a", "1", "b", "2", "c", "3"),
    "a long one": ("XADD", "*", "a", "x" * 100_000),
    "no class": ("XADD", "*", "a", b"writer00" + b"\0" * 4 + b"\xff\xff\xff\xff" + b"\0"),
    "no bin": ("XADD", "*", "a", b"writer00" + b"\0" * 8 + b"\xfe"),
    "the year 5138": ("XADD", "99999999999999-*", "a", b"writer00" + b"\0" * 8 + b"\0"),
    "the last id": ("XADD", f"{2**64 - 1}-{2**64 - 1}", "a", "x"),
}


@pytest.mark.parametrize("command", JUNK.values(), ids=JUNK.keys())
def test_what_somebody_else_puts_there_is_ignored(
    server: RedisServer, command: tuple[str | bytes, ...]
) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(60)
        await one.exchanged()
        with server.client() as client:
            [key] = client.keys("*")
            if command[0] != "XADD":
                client.delete(key)
            for _ in range(1 if command == JUNK["the last id"] else 40):
                client.execute_command(command[0], key, *command[1:])
        other.answers(50)
        one.answers(50, confidence=0.6)
        for each in (other, one, other, one):
            await each.exchanged()
            assert each.exchange.is_up
        assert one.report.answers >= 160
        assert other.report.answers >= 100
        for each in (one, other):
            for quantity in each.report.quantities:
                assert quantity.since is None or quantity.since <= datetime.now(UTC)

    run(work, server)


@pytest.mark.longer
def test_what_came_though_nobody_confirmed_it_is_not_sent_twice(server: RedisServer) -> None:
    """Redis hangs, and is waited for no longer; then it goes on, and takes what it was sent."""

    async def work(one: Instance, other: Instance) -> None:
        one.answers(10)
        await one.exchanged()
        one.answers(60)
        server.hang()
        await one.exchange.run_once()
        assert not one.exchange.is_up
        server.go_on()
        await one.exchanged()
        await other.exchanged()
        with server.client() as client:
            [key] = client.keys("*")
            assert client.xlen(key) == 70
        assert other.report.answers == 70

    run(work, server)


@pytest.mark.longer
def test_while_redis_is_gone_each_goes_on_and_what_it_saw_comes_later(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        for each in (one, other):
            each.answers(60)
            await each.exchanged()
        await one.exchanged()
        server.stop()
        one.answers(20)
        other.answers(300)  # more than a window holds: the oldest are not told any more
        for each in (one, other):
            began_s = time.perf_counter()
            await each.exchange.run_once()
            await each.exchange.refresh()
            assert time.perf_counter() - began_s < 0.2
        assert (one.report.answers, other.report.answers) == (140, 250)
        server.start()  # it has forgotten all
        for each in (one, other, one):
            await each.exchanged()
        assert other.exchange.counts["dropped"] == 50
        assert (one.report.answers, other.report.answers) == (250, 250)

    run(work, server)


@pytest.mark.longer
def test_who_looks_waits_a_moment_at_most_while_redis_hangs(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        one.answers(60)
        await one.exchanged()
        server.hang()
        try:
            began_s = time.perf_counter()
            await asyncio.gather(*(one.exchange.refresh() for _ in range(20)))
            assert time.perf_counter() - began_s < 0.3
            one.answers(1)
            began_s = time.perf_counter()
            await one.exchange.close()
            assert time.perf_counter() - began_s < 3
        finally:
            server.go_on()

    run(work, server)


def window(labels: int = 3, bins: int = 4) -> SharedWindow:
    edges = {name: tuple(range(1, bins)) for name in ("brightness", "size")}
    return SharedWindow(
        "0" * 64, [str(label) for label in range(labels)], Window(250, labels, edges)
    )


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_answers_of_this_model_or_none(data: bytes) -> None:
    arrived = window().read(data)
    assert len(arrived.answers) + arrived.ignored == -(-len(data) // 14)
    for each in arrived.answers:
        assert each.answer.label < 3
        assert all(place < 4 or place == 255 for place in each.answer.bins)
        assert each.at <= datetime.now(UTC)


def test_a_window_is_that_of_its_file_its_classes_and_its_bins() -> None:
    names = {
        window().name, window(labels=2).name, window(bins=5).name,
        SharedWindow("1" * 64, ["0", "1", "2"], Window(250, 3, {})).name,
    }  # fmt: skip
    assert len(names) == 4
    assert window().name == window().name
    assert window().writer != window().writer


def test_no_more_waits_than_a_window_holds() -> None:
    shared = window()
    for place in range(600):
        shared.put(PlacedAnswer(place % 3, b"\0\0"))
    assert (len(shared), shared.dropped) == (250, 350)
    taken = shared.waiting(100)
    shared.put(PlacedAnswer(0, b"\0\0"))
    shared.give_back(taken)
    assert (len(shared), shared.dropped) == (250, 351)
    assert shared.waiting(1) == taken[1:2]
