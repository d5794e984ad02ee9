"""X-rays come by C-STORE: what is taken, what is refused, and attacks."""

from __future__ import annotations

import contextlib
import random
import resource
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest

from pacs_peers import (
    COMPUTED_RADIOGRAPHY,
    ROOT,
    Listening,
    all_that_comes,
    association,
    association_request,
    connection,
    data_pdu,
    echoed,
    pdu,
    store_command,
    stored,
    x_ray,
)
from ports import free_port, is_open
from vistazo.errors import SettingsError
from vistazo.pacs.contexts import VERIFICATION
from vistazo.pacs.listener import Listener, ListenerPolicy
from vistazo.pacs.peers import peer_of
from vistazo.pacs.receiving import ReceivingLimits
from vistazo.pacs.spool import Spool, SpoolLimits

# pydicom warns of what attackers send; the station does not listen.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
Listen = Callable[..., Listening]
_OUT_OF_RESOURCES, _NOT_UNDERSTOOD = 0xA700, 0xC000
_REJECTED, _ACCEPTED, _ABORTED = 3, 2, 7


def test_what_is_answered_with_success_lies_in_the_spool_once(listen: Listen) -> None:
    ours = listen()
    assert stored(ours.port, x_ray(1), x_ray(2), x_ray(1)) == [0, 0, 0]
    waiting = ours.spool.ledger.due("waiting", 10)
    assert {entry.key for entry in waiting} == {
        ours.spool.ledger.key_of(f"{ROOT}.{number}") for number in (1, 2)
    }
    data = ours.spool.picture(waiting[0].key)
    assert data[128:132] == b"DICM"
    assert len(ours.files()) == 2


def test_who_is_not_known_or_calls_another_is_told_so(listen: Listen) -> None:
    ours = listen("MODALITY@127.0.0.1")
    for title, called in (("STRANGER", "VISTAZO"), ("MODALITY", "ARCHIVE")):
        with association(ours.port, title=title, called=called) as sender:
            assert sender.is_rejected, (title, called)
    assert echoed(ours.port)


def test_from_an_unknown_address_nothing_is_read(listen: Listen) -> None:
    ours = listen("*@192.0.2.1", "MODALITY@2001:db8::/32")
    with connection(ours.port) as stranger:
        with contextlib.suppress(ConnectionError):
            stranger.sendall(association_request())
        assert all_that_comes(stranger) == b""


def test_what_we_do_not_read_and_storage_commitment_are_refused_as_it_is_agreed_upon(
    listen: Listen,
) -> None:
    commitment, report = "1.2.840.10008.1.20.1", "1.2.840.10008.5.1.4.1.1.88.33"
    tomography = "1.2.840.10008.5.1.4.1.1.2"
    wanted = (COMPUTED_RADIOGRAPHY, commitment, report, tomography)
    with association(listen().port, contexts=wanted) as sender:
        accepted = [context.abstract_syntax for context in sender.accepted_contexts]
        refused = {context.abstract_syntax for context in sender.rejected_contexts}
    assert accepted == [COMPUTED_RADIOGRAPHY]
    assert refused == {commitment, report, tomography}


def test_a_full_spool_takes_no_more_and_says_so(listen: Listen) -> None:
    ours = listen(room=SpoolLimits(2, 10_000_000))
    assert stored(ours.port, x_ray(1), x_ray(2), x_ray(3)) == [0, 0, _OUT_OF_RESOURCES]
    narrow = listen(room=SpoolLimits(100, 5_000))
    assert stored(narrow.port, x_ray(1, 3_000), x_ray(2, 3_000)) == [0, _OUT_OF_RESOURCES]
    assert len(narrow.files()) == 1


def test_a_full_disk_takes_no_more_and_leaves_nothing(listen: Listen) -> None:
    ours = listen()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        answers = stored(ours.port, x_ray(1, 500_000), x_ray(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answers == [_OUT_OF_RESOURCES, 0]
    assert len(ours.files()) == 1


def test_an_object_over_the_limit_is_refused_without_being_held(listen: Listen) -> None:
    ours = listen(limits=ReceivingLimits(100_000))
    assert stored(ours.port, x_ray(1, 300_000), x_ray(2)) == [_NOT_UNDERSTOOD, 0]
    assert len(ours.files()) == 1


def test_a_name_that_is_none_is_refused_for_good(listen: Listen) -> None:
    ours = listen()
    with connection(ours.port) as sender:
        sender.sendall(association_request())
        sender.recv(10_000)
        sender.sendall(data_pdu(store_command("1.2.x"), 3) + data_pdu(b"x", 2))
        answer = sender.recv(10_000)
    status = answer.index(struct.pack("<HHL", 0, 0x0900, 2)) + 8
    assert struct.unpack_from("<H", answer, status) == (_NOT_UNDERSTOOD,)
    _wait_until_idle(ours)
    assert ours.files() == []


@pytest.mark.longer
def test_an_object_without_an_end_ends_its_association(listen: Listen) -> None:
    ours = listen(limits=ReceivingLimits(100_000))
    fragment = data_pdu(bytes(100_000), 0)
    sent = 0
    tracemalloc.start()
    with connection(ours.port) as attacker:
        attacker.sendall(association_request())
        attacker.recv(10_000)
        attacker.sendall(data_pdu(store_command(), 3))
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                attacker.sendall(fragment)
                sent += len(fragment)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent < 20_000_000  # what the system holds between the two included
    assert most < 10_000_000
    _wait_until_idle(ours)
    assert ours.files() == []
    assert echoed(ours.port)


@pytest.mark.longer
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        association_request()[:40],
        association_request() + data_pdu(store_command(), 3) + data_pdu(b"half", 0),
        association_request() + data_pdu(store_command(), 3) + data_pdu(b"h", 2)[:9],
    ],
    ids=["nothing", "half a request", "half a data set", "half a PDU"],
)
def test_who_falls_silent_is_left(listen: Listen, sent: bytes) -> None:
    ours = listen(timeout_s=0.5)
    with connection(ours.port) as silent:
        silent.sendall(sent)
        started_s = time.monotonic()
        all_that_comes(silent)
        assert time.monotonic() - started_s < 4
    _wait_until_idle(ours)
    assert ours.files() == []
    assert echoed(ours.port)


@pytest.mark.longer
def test_who_sends_a_byte_now_and_then_is_left_too(listen: Listen) -> None:
    ours = listen(timeout_s=0.5, limits=ReceivingLimits(100_000, grace_s=0.5))
    with connection(ours.port) as slow:
        slow.sendall(association_request())
        slow.recv(10_000)
        slow.sendall(data_pdu(store_command(), 3))
        started_s = time.monotonic()
        with contextlib.suppress(OSError):
            for _ in range(100):
                slow.sendall(data_pdu(b"x", 0))
                time.sleep(0.1)
        assert time.monotonic() - started_s < 5
    _wait_until_idle(ours)
    assert ours.files() == []


@pytest.mark.parametrize(
    "sent",
    [
        pdu(1, b"", 0xFFFFFFFF) + bytes(100),
        association_request() + pdu(4, b"", 0xFFFFFFFF) + bytes(100),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00" + bytes(100),
        pdu(1, bytes(100)),
        pdu(2, bytes(100)),
        association_request() + association_request(),
        association_request() + data_pdu(b"", 3),
        association_request() + pdu(4, struct.pack(">L", 0)),
        association_request() + data_pdu(b"\xff" * 100, 3),
        association_request() + data_pdu(store_command(command=0x7777), 3),
        association_request() + data_pdu(store_command(), 3, context=99) + data_pdu(b"x", 2),
        association_request() + data_pdu(store_command(data_set=0x0101), 3),
        association_request() + data_pdu(store_command("../../etc/passwd"), 3) + data_pdu(b"", 2),
        association_request() + data_pdu(store_command(command=0x0020), 3)
        + 20 * data_pdu(bytes(10_000), 0),
        association_request() + 20 * data_pdu(bytes(10_000), 1),
        association_request() + 200 * (data_pdu(store_command(), 3) + data_pdu(b"x", 2)),
    ],
    ids=lambda sent: f"{len(sent)}-{sent[:1].hex()}-{sum(sent) % 9973}",
)  # fmt: skip
def test_what_is_no_association_ends_and_leaves_nothing(listen: Listen, sent: bytes) -> None:
    ours = listen(timeout_s=1.0)
    with connection(ours.port) as attacker:
        with contextlib.suppress(OSError):
            attacker.sendall(sent)
            attacker.shutdown(socket.SHUT_WR)
        all_that_comes(attacker)
    _wait_until_idle(ours)
    assert not list((ours.folder / "incoming").iterdir())
    assert all(file.name == "picture.dcm" for file in ours.files())
    assert echoed(ours.port)


@pytest.mark.longer
def test_garbage_of_any_kind_costs_an_association_and_no_more(listen: Listen) -> None:
    ours = listen(timeout_s=1.0)
    whole = association_request() + data_pdu(store_command(), 3) + data_pdu(bytes(500), 2)
    before = threading.active_count()
    for seed in range(300):
        rng, sent = random.Random(seed), bytearray(whole)  # noqa: S311
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(sent))
            sent[place : place + rng.choice((0, 1, 1, 4))] = rng.randbytes(rng.choice((0, 1, 4)))
        with connection(ours.port) as attacker, contextlib.suppress(OSError):
            attacker.sendall(sent)
            attacker.shutdown(socket.SHUT_WR)
            attacker.settimeout(0.05)
            attacker.recv(10_000)
        while threading.active_count() > before + 15:
            time.sleep(0.05)
    _wait_until_idle(ours)
    assert threading.active_count() <= before + 1
    assert not list((ours.folder / "incoming").iterdir())
    assert echoed(ours.port)


@pytest.mark.longer
def test_a_hundred_associations_at_once_cost_no_thread_more_than_allowed(listen: Listen) -> None:
    ours = listen(associations=5, timeout_s=2.0)
    with contextlib.ExitStack() as stack:
        callers = []
        for _ in range(100):
            with contextlib.suppress(OSError):
                callers.append(stack.enter_context(connection(ours.port)))
        for caller in callers:
            with contextlib.suppress(OSError):
                caller.sendall(association_request())
        time.sleep(0.5)
        serving = [each for each in threading.enumerate() if "AcceptorThread" in each.name]
        assert len(serving) <= 10
    _wait_until_idle(ours)
    assert echoed(ours.port)


@pytest.mark.longer
def test_who_asks_nothing_but_to_hang_up_holds_no_place(listen: Listen) -> None:
    ours = listen(associations=2)
    for _ in range(20):
        with connection(ours.port):
            pass
        time.sleep(0.02)
    assert echoed(ours.port)


def test_an_address_that_is_taken_is_told_in_words(listen: Listen, spool: Spool) -> None:
    ours = listen()
    policy = ListenerPolicy("VISTAZO", "127.0.0.1", ours.port, (), ReceivingLimits(1_000))
    with pytest.raises(SettingsError, match=r"cannot be listened on"):
        Listener(policy, spool).start()


def test_an_echo_is_answered(listen: Listen) -> None:
    with association(listen().port, contexts=(VERIFICATION,)) as sender:
        assert sender.send_c_echo().Status == 0


def test_at_the_end_who_is_sending_may_finish_and_nobody_else_comes_in(spool: Spool) -> None:
    port = free_port()
    policy = ListenerPolicy(
        "VISTAZO", "127.0.0.1", port, (peer_of("*@127.0.0.1"),), ReceivingLimits(1_000_000)
    )
    listener = Listener(policy, spool)
    listener.start()
    with association(port) as sender:
        assert sender.is_established
        stopping = threading.Thread(target=listener.stop, args=(10.0,))
        stopping.start()
        while is_open(port):
            time.sleep(0.02)
        assert sender.send_c_store(x_ray(1)).Status == 0
    stopping.join(5)
    assert not stopping.is_alive()
    assert spool.ledger.counts()["waiting"] == 1


def _wait_until_idle(ours: Listening) -> None:
    deadline_s = time.monotonic() + 10
    while any("AcceptorThread" in each.name for each in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
