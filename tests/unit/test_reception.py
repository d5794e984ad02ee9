from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import pytest

from vistazo.errors import QueueFullError, SlowUploadError
from vistazo.service.reception import Reception, ReceptionPolicy, Upload


def reception(**changes: float) -> Reception:
    usual: dict[str, Any] = {
        "max_bytes": 100,
        "max_uploads": 10,
        "grace_s": 60,
        "min_bytes_per_s": 1000,
        "timeout_s": 60,
    }
    return Reception(ReceptionPolicy(**{**usual, **changes}))


@pytest.fixture
def anybody_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not after a second."""
    monkeypatch.setattr("vistazo.service.reception._QUICK_S", 0.0)


async def _held(room: Reception, address: str, n_bytes: int) -> Any:
    """How an upload ends that brings so many bytes and then no more."""
    with room.upload(address) as upload:
        async with upload.arriving():
            upload.received(n_bytes)
            await asyncio.sleep(10)


async def _beside(room: Reception, held: list[tuple[str, int]], then: Any) -> list[Any]:
    """How the uploads of others end, in order, when ``then`` has run beside them: None if not."""
    tasks = []
    for address, n_bytes in held:
        tasks.append(asyncio.create_task(_held(room, address, n_bytes)))
        await asyncio.sleep(0.002)
    await then()
    await asyncio.sleep(0.01)
    ends = [task.exception() if task.done() else None for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert room.n_bytes == 0
    return ends


def bringing(room: Reception, address: str, *pieces: int) -> Callable[[], Awaitable[None]]:
    async def bring() -> None:
        with room.upload(address) as upload:
            async with upload.arriving():
                for n_bytes in pieces:
                    upload.received(n_bytes)

    return bring


def test_bytes_are_charged_as_they_arrive_and_given_back_with_the_answer() -> None:
    async def bytes_now() -> list[int]:
        room = reception()
        with room.upload("a") as upload:
            seen = [room.n_bytes]
            async with upload.arriving():
                upload.received(30)
                upload.received(30)
                seen.append(room.n_bytes)
            seen.append(room.n_bytes)  # the work on them has not begun
        return [*seen, room.n_bytes]

    assert asyncio.run(bytes_now()) == [0, 60, 60, 0]


def test_who_is_quick_is_not_sent_away_for_another() -> None:
    room = reception()

    async def then() -> None:
        with pytest.raises(QueueFullError, match="waiting"):
            await bringing(room, "b", 60)()
        await bringing(room, "b", 50)()

    assert asyncio.run(_beside(room, [("a", 50)], then)) == [None]


@pytest.mark.parametrize(
    ("held", "ends"),
    [
        ([("a", 70)], ["a"]),
        ([("a", 40), ("a", 20), ("c", 30)], ["a", "a"]),
        ([("a", 20), ("a", 40), ("c", 30)], ["a"]),
        ([("a", 20), ("c", 70)], ["c"]),
    ],
)
def test_who_holds_more_than_an_even_share_gives_way_though_he_is_quick(
    held: list[tuple[str, int]], ends: list[str]
) -> None:
    room = reception()
    ended = asyncio.run(_beside(room, held, bringing(room, "b", 32)))
    gave_way = [caller for (caller, _), end in zip(held, ended, strict=True) if end]
    assert gave_way == ends


def test_who_floods_does_not_drive_out_one_who_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    room = reception()

    async def then() -> None:
        monkeypatch.setattr("vistazo.service.reception._QUICK_S", 0.0)
        with room.upload("a"), pytest.raises(QueueFullError, match="gave way"):
            await bringing(room, "a", 60, 10, 30)()

    ends = asyncio.run(_beside(room, [("b", 20), ("a", 20)], then))
    assert [type(end) for end in ends] == [type(None), QueueFullError]


def test_the_slowest_of_the_address_that_holds_the_most_gives_way(anybody_is_slow: None) -> None:
    room = reception()
    held = [("b", 20), ("a", 30), ("a", 30), ("b", 10)]
    ends = asyncio.run(_beside(room, held, bringing(room, "c", 30)))
    assert [type(end) for end in ends] == [type(None), QueueFullError, type(None), type(None)]


def test_who_holds_the_most_and_is_the_slowest_gives_way_himself(anybody_is_slow: None) -> None:
    room = reception()

    async def then() -> None:
        with pytest.raises(QueueFullError, match="gave way"):
            await bringing(room, "a", 30, 60)()

    assert asyncio.run(_beside(room, [("b", 20)], then)) == [None]


def test_bodies_that_wait_for_their_answer_do_not_give_way(anybody_is_slow: None) -> None:
    async def there(room: Reception, stack: ExitStack) -> Upload:
        upload = stack.enter_context(room.upload("a"))
        async with upload.arriving():
            upload.received(80)
        return upload

    async def refused() -> None:
        room = reception()
        with ExitStack() as stack:
            upload = await there(room, stack)
            with pytest.raises(QueueFullError):
                await bringing(room, "b", 30)()
            assert upload.n_bytes == 80

    asyncio.run(refused())


class Place:
    """One that waits for its answer, or is being answered."""

    def __init__(self, *, is_waiting: bool) -> None:
        self.is_waiting = is_waiting
        self.has_given_way = False

    def give_way(self) -> None:
        self.has_given_way = True


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_body_beyond_its_share_gives_way_until_it_is_being_answered(is_waiting: bool) -> None:
    async def come() -> bool:
        room, place = reception(), Place(is_waiting=is_waiting)
        with room.upload("a") as upload:
            upload.received(80)
            upload.wait_in(place)
            if is_waiting:
                await bringing(room, "b", 30)()
            else:
                with pytest.raises(QueueFullError, match="waiting"):
                    await bringing(room, "b", 30)()
            assert upload.n_bytes == (0 if is_waiting else 80)
        return place.has_given_way

    assert asyncio.run(come()) == is_waiting


def test_one_large_body_finds_room_when_it_is_alone() -> None:
    asyncio.run(bringing(reception(), "a", 500)())


def test_with_too_many_uploads_the_one_that_has_brought_nothing_longest_ends() -> None:
    room = reception(max_uploads=3)
    ends = asyncio.run(_beside(room, [("a", 0)] * 3, bringing(room, "b", 1)))
    assert [type(end) for end in ends] == [QueueFullError, type(None), type(None)]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"timeout_s": 0.05, "min_bytes_per_s": 0}, "did not arrive within 0.05 s."),
        ({"timeout_s": 0.05}, "within 0.05 s, and a second more for each 1000 bytes that came."),
        ({"grace_s": 0.05}, "slower than 1000 bytes/s for 0.05 s"),
    ],
)
def test_an_upload_that_trickles_ends(limits: dict[str, float], said: str) -> None:
    async def trickle() -> None:
        with reception(**limits).upload("a") as upload:
            async with upload.arriving():
                while True:
                    upload.received(1)
                    await asyncio.sleep(0.005)

    with pytest.raises(SlowUploadError, match=said):
        asyncio.run(trickle())


@pytest.mark.parametrize("timeout_s", [60, 0.5])
def test_an_upload_at_the_least_rate_goes_on_beyond_its_grace_and_its_time(
    timeout_s: float,
) -> None:
    async def steady() -> None:
        room = reception(grace_s=0.4, max_bytes=10_000, timeout_s=timeout_s)
        with room.upload("a") as upload:
            async with upload.arriving():
                for _ in range(40):
                    upload.received(60)
                    await asyncio.sleep(0.02)

    asyncio.run(steady())


def test_what_a_compressed_body_has_become_is_charged_too() -> None:
    """And finds no room where another upload holds it."""
    room = reception(max_bytes=100)

    async def scenario() -> None:
        with room.upload("a") as first, room.upload("b") as second:
            for upload, n_bytes in ((first, 40), (second, 10)):
                async with upload.arriving():
                    upload.received(n_bytes)
            second.grown(30)
            assert room.n_bytes == 80
            with pytest.raises(QueueFullError):
                second.grown(30)

    asyncio.run(scenario())
