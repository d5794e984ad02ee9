"""One model after another, where loading them is held, fails or finds files that change."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders import brightness_classifier
from vistazo.classifier import Classifier
from vistazo.errors import CardError, NotReadyError, UnreadableModelError
from vistazo.loading import ModelSource
from vistazo.models.fetch import Link
from vistazo.service.reload import Reloader, stamp_of, watch


class Loads:
    """Gives a new classifier each time, with the number of the time as its hash."""

    def __init__(self) -> None:
        self.count = 0
        self.gate = threading.Event()
        self.gate.set()
        self.fault: Exception | None = None

    def __call__(self) -> Classifier:
        self.count += 1
        number = self.count
        assert self.gate.wait(10)
        loaded = brightness_classifier(sha256=f"{number:064}")
        if self.fault is not None:
            raise self.fault
        return loaded


@pytest.fixture
def loads() -> Iterator[Loads]:
    loads = Loads()
    yield loads
    loads.gate.set()


def sha256(reloader: Reloader) -> int:
    assert reloader.classifier is not None
    return int(reloader.classifier.identity.sha256)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - threads set what is waited for
            await asyncio.sleep(0.001)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="It reads /proc, and is about glibc.")
def test_what_reading_a_model_took_is_given_back_before_it_is_served(loads: Loads) -> None:
    held: list[bytearray] = []

    def load() -> Classifier:
        parsed = [bytearray(b"1") * 50_000 for _ in range(1200)]
        held.append(parsed[-1])  # on top of the heap: what lies below stays, unless it is trimmed
        return loads()

    before_mb = resident_mb()
    asyncio.run(Reloader(load).start())
    assert resident_mb() - before_mb < 20


def test_all_who_ask_while_a_model_is_loaded_get_the_one_after_it(loads: Loads) -> None:
    async def asked_five_times() -> tuple[list[str], int]:
        reloader = Reloader(loads)
        await reloader.start()
        loads.gate.clear()
        first = asyncio.create_task(reloader.reload("signal"))
        await until(lambda: loads.count == 2)  # its files are being read
        later = [asyncio.create_task(reloader.reload("request")) for _ in range(4)]
        await asyncio.sleep(0.02)
        assert sha256(reloader) == 1
        loads.gate.set()
        ended = await asyncio.gather(first, *later)
        return [each.outcome for each in ended], sha256(reloader)

    assert asyncio.run(asked_five_times()) == (["swapped"] * 5, 3)
    assert loads.count == 3


def test_a_reload_asked_for_while_the_first_model_loads_comes_after_it(loads: Loads) -> None:
    async def asked_too_early() -> int:
        reloader = Reloader(loads)
        loads.gate.clear()
        starting = asyncio.create_task(reloader.start())
        await until(lambda: loads.count == 1)
        asked = asyncio.create_task(reloader.reload("signal"))
        await asyncio.sleep(0.02)
        assert loads.count == 1
        loads.gate.set()
        await asyncio.gather(starting, asked)
        return sha256(reloader)

    assert asyncio.run(asked_too_early()) == 2


@pytest.mark.parametrize("fault", [CardError("/models/m.card.yaml is wrong"), KeyError("labels")])
def test_a_model_that_cannot_be_served_leaves_the_one_before(
    fault: Exception, loads: Loads, caplog: pytest.LogCaptureFixture
) -> None:
    async def reloaded() -> Reloader:
        reloader = Reloader(loads)
        await reloader.start()
        loads.fault = fault
        with caplog.at_level(logging.INFO):
            await reloader.reload("request")
        return reloader

    reloader = asyncio.run(reloaded())
    assert sha256(reloader) == 1
    assert reloader.last is not None
    assert (reloader.last.outcome, dict(reloader.counts)) == (
        "failed",
        {"swapped": 0, "failed": 1},
    )
    assert reloader.last.code == ("card_invalid" if isinstance(fault, CardError) else "model_error")
    [told] = [record for record in caplog.records if record.message.startswith("reload failed")]
    assert vars(told)["reason"] == reloader.last.reason


def test_where_the_service_shuts_down_no_further_model_is_loaded(loads: Loads) -> None:
    async def asked_too_late() -> None:
        reloader = Reloader(loads)
        await reloader.start()
        reloader.close()
        with pytest.raises(NotReadyError):
            await reloader.reload("request")

    asyncio.run(asked_too_late())
    assert loads.count == 1


def test_a_model_that_is_being_loaded_at_the_end_is_given_up_and_is_no_failure(
    loads: Loads, caplog: pytest.LogCaptureFixture
) -> None:
    async def ended() -> Reloader:
        reloader = Reloader(loads, stop=loads.gate.set)
        await reloader.start()
        loads.gate.clear()
        loads.fault = UnreadableModelError("Reading m.keras was stopped.")
        asked = asyncio.create_task(reloader.reload("request"))
        await until(lambda: loads.count == 2)
        reloader.close()
        with pytest.raises(NotReadyError):
            await asked
        return reloader

    assert asyncio.run(ended()).counts["failed"] == 0
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("is_bad", [False, True])
def test_the_old_model_is_freed_when_the_last_request_that_took_it_ends_and_a_bad_one_at_once(
    is_bad: bool,
) -> None:
    made: list[weakref.ref[Classifier]] = []

    def load() -> Classifier:
        loaded = brightness_classifier()
        made.append(weakref.ref(loaded))
        if is_bad and len(made) > 1:
            raise CardError("bad")
        return loaded

    async def reloaded() -> None:
        reloader = Reloader(load)
        await reloader.start()
        taken = reloader.classifier
        await reloader.reload("file")
        if is_bad:
            for _ in range(500):  # the thread that made it is just letting go of it
                if made[1]() is None:
                    break
                await asyncio.sleep(0.01)
            assert made[1]() is None
            return
        assert made[0]() is not None
        assert taken is not None
        del taken
        assert made[0]() is None
        assert made[1]() is reloader.classifier

    gc.disable()  # by reference counting alone
    try:
        asyncio.run(reloaded())
    finally:
        gc.enable()


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    model = tmp_path / "m.keras"
    model.write_bytes(b"one")
    read: list[bytes] = []

    def load() -> Classifier:
        read.append(model.read_bytes())
        if len(read) == 1:
            model.write_bytes(b"the other")
            raise CardError("half of one, half of the other")
        return brightness_classifier()

    source = ModelSource(model, None, tmp_path)
    reloader = Reloader(load, lambda: stamp_of(source))
    asyncio.run(reloader.start())
    assert read == [b"one", b"the other"]
    assert reloader.tried == stamp_of(source)


def test_files_that_never_rest_are_no_model(tmp_path: Path, loads: Loads) -> None:
    ticks = iter(range(100))

    async def reloaded() -> Reloader:
        reloader = Reloader(loads)
        await reloader.start()
        reloader.stamp = lambda: frozenset({("m", next(ticks), 0, 0)})
        await reloader.reload("request")
        return reloader

    reloader = asyncio.run(reloaded())
    assert sha256(reloader) == 1
    assert reloader.last is not None
    assert "change while they are read" in str(reloader.last.reason)


@pytest.mark.parametrize(
    "name", ["m.keras", "m.card.yaml", "m.baseline.npz", "labels.txt", "m_labels.txt", "own.yaml"]
)
def test_the_stamp_is_of_every_file_that_the_model_is_read_from(name: str, tmp_path: Path) -> None:
    source = ModelSource(tmp_path / "m.keras", tmp_path / "own.yaml", tmp_path)
    before = stamp_of(source)
    draft = tmp_path / "draft"
    draft.write_bytes(b"same size")
    draft.replace(tmp_path / name)
    first = stamp_of(source)
    draft.write_bytes(b"size same")
    draft.replace(tmp_path / name)
    assert len({before, first, stamp_of(source)}) == 3
    (tmp_path / "another.keras").write_bytes(b"of no use here")
    (tmp_path / name).unlink()
    assert stamp_of(source) == before


def test_the_stamp_is_of_every_file_of_a_folder_and_of_none_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "saved" / "variables").mkdir(parents=True)
    source = ModelSource(tmp_path / "saved", None, tmp_path)
    before = stamp_of(source)
    (tmp_path / "saved" / "variables" / "data").write_bytes(b"weights")
    assert stamp_of(source) != before
    assert not stamp_of(ModelSource(Link("https://h.example/m.keras"), None, tmp_path))


def test_a_changed_file_is_loaded_once_it_rests_and_once_only(tmp_path: Path, loads: Loads) -> None:
    model = tmp_path / "m.keras"
    model.write_bytes(b"one")
    source = ModelSource(model, None, tmp_path)

    async def copied() -> None:
        reloader = Reloader(loads, lambda: stamp_of(source))
        watching = asyncio.create_task(watch(reloader, interval_s=0.02))
        await reloader.start()
        with model.open("wb", buffering=0) as file:
            for _ in range(20):
                file.write(b"more and more")
                await asyncio.sleep(0.005)
                assert loads.count == 1
        await until(lambda: loads.count == 2)
        loads.fault = CardError("no")
        model.write_bytes(b"bad")
        await until(lambda: reloader.counts["failed"] == 1)
        await asyncio.sleep(0.1)
        assert loads.count == 3  # what failed is not tried over and over
        loads.fault = None
        model.write_bytes(b"good again")
        await until(lambda: sha256(reloader) == 4)
        await reloader.reload("signal")
        await asyncio.sleep(0.1)
        assert loads.count == 5
        watching.cancel()

    asyncio.run(copied())
