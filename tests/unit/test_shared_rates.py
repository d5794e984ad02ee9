"""A caller's requests are counted once over all instances: with a real Redis, and without it."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from pydantic import SecretStr

from ports import free_port
from redis_server import PASSWORD, PASSWORD_IN_A_URL, RedisServer, redis_server
from vistazo.service.access.rates import Rate, RateTable, Standing
from vistazo.service.access.shared_rates import RateSharing, SharedRates, read_count
from vistazo.service.shared_state.breaker import Breaker
from vistazo.service.shared_state.client import RedisClient
from vistazo.service.shared_state.link import Link
from vistazo.service.shared_state.settings import SharedStatePolicy

RATE = Rate(5, 60)


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(one_server: RedisServer) -> Iterator[RedisServer]:
    with one_server.client() as client:
        client.flushall()
    yield one_server
    with one_server.client() as client:
        client.replicaof("NO", "ONE")
        client.config_set("maxmemory", 0)


@dataclass
class Instance:
    sharing: RateSharing

    def rates(self, rate: Rate = RATE, kind: str = "rate") -> SharedRates:
        return self.sharing.of(kind, rate)

    @property
    def is_up(self) -> bool:
        return self.sharing.link.breaker.is_closed

    async def comes_back(self) -> None:
        deadline = time.monotonic() + 10
        while not self.is_up:
            assert time.monotonic() < deadline
            await self.sharing.mend()
            await asyncio.sleep(0.02)


@asynccontextmanager
async def instance(url: str, prefix: str = "vistazo") -> AsyncIterator[Instance]:
    """As the service has one; whether its Redis answers has been tried."""
    policy = SharedStatePolicy(SecretStr(url), prefix)
    link = Link(RedisClient(url), Breaker("rates", "redis"), read_count, 0.1)
    made = Instance(RateSharing(link, policy))
    await made.sharing.mend()
    try:
        yield made
    finally:
        await link.close()


def run(work: Callable[[Instance, Instance], Awaitable[None]], server: RedisServer) -> None:
    """With two instances of a service."""

    async def between() -> None:
        async with instance(server.url) as one, instance(server.url) as other:
            await work(one, other)

    asyncio.run(between())


def test_two_instances_count_as_one_would(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        alone, turns = RateTable(RATE), [one.rates(), other.rates()]
        for number in range(9):
            shared: Standing = await turns[number % 2].count("10.0.0.1")
            assert shared == alone.count("10.0.0.1")
        assert (await one.rates().count("10.0.0.2")).remaining == 4

    run(work, server)


def test_of_many_at_once_as_many_pass_as_may(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        rate = Rate(100, 60)
        turns = [one.rates(rate), other.rates(rate)]
        found = await asyncio.gather(*(turns[n % 2].count("10.0.0.1") for n in range(250)))
        assert sum(not each.is_over for each in found) == 100
        assert sorted(each.remaining for each in found if not each.is_over) == list(range(100))
        assert sum(each.is_over and not each.is_told for each in found) == 1

    run(work, server)


@pytest.mark.longer
def test_when_the_time_is_over_a_caller_begins_anew_by_the_clock_of_redis(
    server: RedisServer,
) -> None:
    async def work(one: Instance, other: Instance) -> None:
        mine, others = one.rates(Rate(2, 1)), other.rates(Rate(2, 1))
        first = [await each.count("10.0.0.1") for each in (mine, others, mine)]
        assert [each.is_over for each in first] == [False, False, True]
        await asyncio.sleep(1.05)
        assert [(await each.count("10.0.0.1")).remaining for each in (mine, others)] == [1, 0]

    run(work, server)


def test_who_is_over_already_costs_no_round_trip(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        rates = one.rates()
        for _ in range(6):
            await rates.count("10.0.0.1")
        with server.client() as client:
            before = client.info("commandstats")["cmdstat_eval"]["calls"]
            assert all([(await rates.count("10.0.0.1")).is_told for _ in range(100)])
            assert client.info("commandstats")["cmdstat_eval"]["calls"] == before

    run(work, server)


def test_nothing_of_a_caller_lies_in_redis_and_nothing_stays(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        for caller in ("10.0.0.77", "key:ward-7", "sub:perez", "\ud800"):
            await one.rates().count(caller)
            await one.rates(kind="wrong-keys").count(caller)

    run(work, server)
    with server.client() as client:
        keys = client.keys("*")
        assert len([key for key in keys if key.startswith(b"vistazo:rate:5/60s:")]) == 4
        assert len(keys) == 9  # and the probe
        assert not any(word in b"".join(keys) for word in (b"10.0.0.77", b"ward", b"perez"))
        assert all(0 < client.pttl(key) <= 60_000 for key in keys)


def test_services_with_other_prefixes_rates_and_passwords_do_not_meet(
    server: RedisServer, tmp_path: Path
) -> None:
    async def work() -> list[int]:
        async with instance(server.url) as one, instance(server.url, "news") as other:
            rates = [one.rates(), other.rates(), one.rates(Rate(6, 60)), one.rates(kind="x")]
            return [(await each.count("10.0.0.1")).remaining for each in rates]

    assert asyncio.run(work()) == [4, 4, 5, 4]


@pytest.mark.parametrize(
    "command",
    [
        ("SET", "words"),
        ("SET", "-1000000"),
        ("SET", "9223372036854775807"),
        ("SET", "0", "PX", "999999999999"),
        ("LPUSH", "a"),
        ("HSET", "a", "b"),
        ("SADD", "a"),
        ("XADD", "*", "a", "b"),
    ],
    ids=" ".join,
)
def test_what_somebody_else_puts_at_our_keys_gives_nobody_more_for_long(
    server: RedisServer, command: tuple[str, ...]
) -> None:
    async def work(one: Instance, other: Instance) -> None:
        await one.rates().count("10.0.0.1")
        with server.client() as client:
            [key] = client.keys("vistazo:rate:*")
            client.delete(key)
            client.execute_command(command[0], key, *command[1:])
        found = [await other.rates().count("10.0.0.1") for _ in range(7)]
        assert found[-1].is_over
        assert found[-1].reset_s <= 60
        assert other.is_up
        with server.client() as client:
            assert 0 < client.pttl(key) <= 60_000

    run(work, server)


def test_a_connection_that_redis_has_closed_meanwhile_is_made_again(server: RedisServer) -> None:
    async def work(one: Instance, other: Instance) -> None:
        rates = one.rates()
        await rates.count("10.0.0.1")
        with server.client() as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await asyncio.sleep(0.01)
        assert (await rates.count("10.0.0.1")).remaining == 3
        assert one.is_up
        assert not sum(one.sharing.link.breaker.failures.values())

    run(work, server)


def test_a_user_who_may_do_what_the_manual_says_may_do_enough(server: RedisServer) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
    [rules] = re.findall(r"A user of its own needs `(.*)`", manual)
    password = "of-nothing"  # noqa: S105
    with server.client() as client:
        wanted = ("on", f">{password}", *rules.replace("PREFIX", "vistazo").split())
        client.execute_command("ACL", "SETUSER", "service", "resetkeys", *wanted)

    async def work() -> None:
        url = server.url.replace("//", f"//service:{password}@")
        async with instance(url) as one, instance(url, "news") as other:
            await one.rates().count("10.0.0.1")
            assert one.is_up
            assert other.sharing.link.breaker.failures["refused"] == 1, "not its keys"

    asyncio.run(work())


def fills(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)


def empties(server: RedisServer) -> None:
    with server.client() as client:
        client.config_set("maxmemory", 0)


def follows(server: RedisServer) -> None:
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)


def leads(server: RedisServer) -> None:
    with server.client() as client:
        client.replicaof("NO", "ONE")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("breaks", "mends", "reason"),
    [
        (fills, empties, "full"),
        (follows, leads, "takes_no_writes"),
        (RedisServer.hang, RedisServer.go_on, "slow"),
        (RedisServer.stop, RedisServer.start, "unreachable"),
    ],
    ids=["full", "a replica", "hanging", "gone"],
)
def test_without_redis_each_goes_on_with_its_own_and_then_they_share_again(
    server: RedisServer,
    caplog: pytest.LogCaptureFixture,
    breaks: Callable[[RedisServer], None],
    mends: Callable[[RedisServer], None],
    reason: str,
) -> None:
    async def work(one: Instance, other: Instance) -> None:
        rates = [one.rates(Rate(100, 60)), other.rates(Rate(100, 60))]
        for number in range(10):
            await rates[number % 2].count("10.0.0.1")
        breaks(server)
        took, left = [], []
        for number in range(20):
            began_s = time.perf_counter()
            left.append((await rates[number % 2].count("10.0.0.1")).remaining)
            took.append(time.perf_counter() - began_s)
        assert max(took) < 0.2
        assert max(took[2:]) < 0.01
        # Each goes on where both were.
        assert left[::2] == list(range(left[0], left[0] - 10, -1))
        assert left[0] in (90, 89)
        mends(server)
        await one.comes_back()
        await other.comes_back()
        again = [(await each.count("10.0.0.9")).remaining for each in rates]
        assert again == [99, 98]
        assert one.sharing.link.breaker.failures[reason] >= 1

    with caplog.at_level(logging.INFO):
        run(work, server)
    told = [record.getMessage()[:19] for record in caplog.records]
    assert told.count("state is not shared") == 2
    assert told.count("state is shared wit") == 4


def test_a_wrong_password_is_said_without_it_and_the_right_one_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path, "--requirepass", PASSWORD) as server, caplog.at_level(0):

        async def asked(url: str) -> bool:
            async with instance(url) as one:
                assert (await one.rates().count("10.0.0.1")).remaining == 4
                return one.is_up

        right = server.url.replace("//", f"//:{PASSWORD_IN_A_URL}@")
        wrong = server.url.replace("//", "//:hunter2-hunter2@")
        assert [asyncio.run(asked(url)) for url in (wrong, server.url, right)] == [
            False, False, True,
        ]  # fmt: skip
    said = "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "password" in said
    assert "hunter2" not in said
    assert PASSWORD not in said
    assert PASSWORD_IN_A_URL not in said


def test_a_socket_in_the_file_system_will_do(tmp_path: Path) -> None:
    async def asked(url: str) -> bool:
        async with instance(url) as one:
            await one.rates().count("10.0.0.1")
            return one.is_up

    options = ("--unixsocket", str(tmp_path / "redis.sock"), "--requirepass", PASSWORD)
    with redis_server(tmp_path, *options):
        url = f"unix://{tmp_path}/redis.sock?db=1&password={PASSWORD_IN_A_URL}"
        assert asyncio.run(asked(url))


def certificate(folder: Path) -> Path:
    """One that vouches for itself, and its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = (folder / "own.pem", folder / "own.key")
    pem[0].write_bytes(made.public_bytes(Encoding.PEM))
    pem[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem[0]


def test_over_tls_only_a_certificate_that_is_trusted_will_do(tmp_path: Path) -> None:
    own, port = certificate(tmp_path), free_port()
    options = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-cert-file", str(own))

    async def asked(url: str) -> tuple[bool, str]:
        async with instance(url) as one:
            await one.rates().count("10.0.0.1")
            failures = one.sharing.link.breaker.failures
            return one.is_up, " ".join(reason for reason, count in failures.items() if count)

    with redis_server(tmp_path, *options, "--tls-key-file", str(own.with_suffix(".key"))):
        here = f"rediss://localhost:{port}"
        assert asyncio.run(asked(f"{here}?ssl_ca_certs={own}")) == (True, "")
        assert asyncio.run(asked(f"{here}?ssl_cert_reqs=none&ssl_check_hostname=false"))[0]
        assert asyncio.run(asked(here)) == (False, "not_trusted")
        elsewhere = f"rediss://127.0.0.1:{port}?ssl_ca_certs={own}"
        assert asyncio.run(asked(elsewhere)) == (False, "not_trusted")


NONSENSE = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "no protocol": bytes(range(256)) * 10,
    "an answer without an end": b"$1000000000\r\n" + b"x" * 1_000_000,
    "many answers": b"*2\r\n:1\r\n:60000\r\n" * 50,
    "deep answers": b"*1\r\n" * 100_000,
    "no count": b"+OK\r\n" * 20,
    "a count below zero": b"*2\r\n:-1\r\n:60000\r\n" * 20,
    "no number": b":x\r\n" * 20,
    "nothing": b"",
}


WAITED_FOR = ("an answer without an end", "nothing")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(said, id=name, marks=[pytest.mark.longer] if name in WAITED_FOR else [])
        for name, said in NONSENSE.items()
    ],
)
def test_whatever_somebody_who_is_no_redis_answers_requests_go_on(said: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(10_000):
                writer.write(said)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def asked() -> None:
        babbler = await asyncio.start_server(babble, "127.0.0.1")
        port = babbler.sockets[0].getsockname()[1]
        began_s = time.perf_counter()
        async with instance(f"redis://127.0.0.1:{port}") as one:
            rates = one.rates()
            found = [await rates.count("10.0.0.1") for _ in range(6)]
        assert time.perf_counter() - began_s < 3
        assert found[-1].reset_s <= 60
        babbler.close()

    asyncio.run(asked())
