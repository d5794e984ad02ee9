"""Reloads of files that cannot be served, read as the service reads them: the old model goes on."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from builders import encoded, flat, write_brightness_model
from file_server import serving
from vistazo.loading import ModelSource, load_classifier
from vistazo.models.fetch import Link
from vistazo.models.file_hash import sha256_of
from vistazo.pictures import ImageLimits
from vistazo.pictures.reader import DirectReader
from vistazo.service.reload import Reloader, stamp_of

pytestmark = pytest.mark.longer
FILM = encoded(flat(230))


def name_three_labels(model: Path) -> None:
    card = model.with_suffix(".card.yaml")
    document = json.loads(card.read_text())
    three = {"labels": ["A", "B", "C"], "output": {"kind": "softmax"}}
    card.write_text(json.dumps({**document, **three}))


def cut(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-200])


def replace_by_another(model: Path) -> None:
    write_brightness_model(model, slope=-8)


FAULTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "labels": (name_three_labels, "card_invalid", "disagree"),
    "half a file": (cut, "model_unreadable", "m.keras"),
    "no file": (Path.unlink, "model_not_found", "There is no model"),
    "no file but a folder": (lambda m: (m.unlink(), m.mkdir()), "model_unreadable", "folder"),
    "nothing in it": (lambda m: m.write_bytes(b""), "model_unreadable", "empty"),
    "another file than the one named": (replace_by_another, "model_unreadable", "MODEL_SHA256"),
    "no card": (lambda m: m.with_suffix(".card.yaml").unlink(), "card_invalid", "never guessed"),
}


def reloader(source: ModelSource) -> Reloader:
    load = partial(load_classifier, source, DirectReader(ImageLimits()))
    return Reloader(load, partial(stamp_of, source))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_served_changes_nothing_and_is_told_in_words(
    fault: str, tmp_path: Path, cache: Path
) -> None:
    spoil, code, words = FAULTS[fault]
    model = write_brightness_model(tmp_path / "m.keras")
    sha256 = sha256_of(model) if fault.startswith("another") else None
    held = reloader(ModelSource(model, None, cache, sha256=sha256))

    async def reloaded() -> None:
        await held.start()
        spoil(model)
        ended = await held.reload("request")
        assert (ended.outcome, ended.code) == ("failed", code)
        assert words in str(ended.reason)

    asyncio.run(reloaded())
    assert held.classifier is not None
    assert held.classifier.classify(FILM).decision.predicted_class == "BRIGHT"


def test_a_model_of_another_size_with_other_labels_takes_its_place(
    tmp_path: Path, cache: Path
) -> None:
    model = write_brightness_model(tmp_path / "m.keras")
    held = reloader(ModelSource(model, None, cache))

    async def reloaded() -> None:
        await held.start()
        write_brightness_model(model, ("NIGHT", "DAY"), maps=True)
        assert (await held.reload("request")).outcome == "swapped"

    asyncio.run(reloaded())
    assert held.classifier is not None
    assert held.classifier.classify(FILM).decision.predicted_class == "DAY"
    assert held.classifier.signature.features is not None


def test_a_link_is_asked_again(tmp_path: Path, cache: Path) -> None:
    model = write_brightness_model(tmp_path / "m.keras")
    card = model.with_suffix(".card.yaml")
    with serving() as files:
        files["/m.keras"], files["/m.card.yaml"] = model.read_bytes(), card.read_bytes()
        held = reloader(ModelSource(Link(f"{files.url}/m.keras"), None, cache))

        async def reloaded() -> None:
            await held.start()
            files["/m.keras"] = write_brightness_model(model, slope=-8).read_bytes()
            assert (await held.reload("request")).outcome == "swapped"

        asyncio.run(reloaded())
    assert held.classifier is not None
    assert held.classifier.identity.sha256 == sha256_of(model)
    assert held.classifier.classify(FILM).decision.predicted_class == "DARK"


def test_fifty_models_that_cannot_be_served_leave_no_memory(tmp_path: Path, cache: Path) -> None:
    model = write_brightness_model(tmp_path / "m.keras")
    held = reloader(ModelSource(model, None, cache))

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def reloaded() -> int:
        await held.start()
        name_three_labels(model)
        before = 0
        for number in range(55):
            before = resident_bytes() if number == 5 else before
            assert (await held.reload("request")).outcome == "failed"
        return resident_bytes() - before

    assert asyncio.run(reloaded()) < 5e6
    assert threading.active_count() < 10
