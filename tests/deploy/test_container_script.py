"""scripts/check-container without a container: what it does where there is no engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import assault
import numpy as np
import pytest
from container_engine import Engine, EngineError, find_engine
from container_proof import Report
from memory_gauge import needed_bytes
from pictures import drawn_picture
from PIL import Image
from radiograph import LOSSLESS, drawn_radiograph

from vistazo.pictures import ImageLimits, open_image

SCRIPT = Path(__file__).parents[2] / "scripts" / "check-container"


@pytest.mark.parametrize(("arguments", "status"), [((), 0), (("--require-engine",), 1)])
def test_without_an_engine_it_skips_loudly_and_fails_only_where_one_is_required(
    arguments: tuple[str, ...], status: int, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, "PATH": str(tmp_path), "CONTAINER_ENGINE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert "SKIPPED: THE CONTAINER WAS NOT CHECKED" in done.stdout


def write_engine(folder: Path, name: str, status: int) -> None:
    script = folder / name
    script.write_text(f"#!/bin/sh\necho no daemon >&2\nexit {status}\n")
    script.chmod(0o755)


def test_an_engine_that_does_not_work_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write_engine(tmp_path, "docker", status=1)
    assert find_engine({}) is None
    write_engine(tmp_path, "podman", status=0)
    engine = find_engine({})
    assert engine
    assert engine.command == ("podman",)
    assert engine.build_command == ("podman", "build")


def test_the_engine_can_be_named_with_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    write_engine(tmp_path, "podman", status=0)
    engine = find_engine(
        {
            "CONTAINER_ENGINE": "podman --runtime runc",
            "CONTAINER_BUILD": "buildah bud",
            "CONTAINER_RUN_OPTIONS": "--network host",
        }
    )
    assert engine == Engine(
        ("podman", "--runtime", "runc"), ("buildah", "bud"), ("--network", "host")
    )
    assert engine.has_host_network


def test_what_a_failed_command_said_is_told(tmp_path: Path) -> None:
    write_engine(tmp_path, "engine", status=1)
    engine = Engine((str(tmp_path / "engine"),), ())
    with pytest.raises(EngineError, match="no daemon"):
        engine.size_bytes("an image")


def test_a_figure_beyond_its_bar_fails_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.figure("size", 259.9, "MB", 260)
    report.claim("status", 0, 0)
    assert report.is_kept
    report.figure("size", 260.1, "MB", 260)
    assert not report.is_kept
    assert "FAIL  size: 260.1 MB (at most 260 MB)" in capsys.readouterr().out


def test_the_pictures_made_without_a_library_are_pictures(tmp_path: Path) -> None:
    for name, data in {
        "picture": drawn_picture(),
        "colour": assault.bomb(16, assault.RGBA, 40),
        "grey": assault.bomb(16, assault.GREY, 40),
    }.items():
        path = tmp_path / f"{name}.png"
        path.write_bytes(data)
        with Image.open(path) as image:
            image.load()
            assert min(image.size) >= 40


def test_the_x_ray_made_without_a_library_is_one() -> None:
    image = open_image(drawn_radiograph(64, 48), ImageLimits())
    assert image.header.radiograph
    assert image.header.radiograph.transfer_syntax == LOSSLESS
    levels = np.asarray(image.decode().pixels)
    down, across = np.sin(np.pi * np.arange(48) / 48), np.sin(np.pi * np.arange(64) / 64)
    np.testing.assert_allclose(levels, 255 * np.outer(down, across), atol=0.1)


def test_half_of_the_requests_are_sound_and_every_kind_of_hostile_one_occurs() -> None:
    names = [attempt.name for attempt, _ in zip(assault.attempts(b"x"), range(100), strict=False)]
    assert names[::2] == ["a full-size picture"] * 50
    assert len(set(names)) == 16


@pytest.mark.parametrize(
    ("files", "needed"),
    [
        ({"memory.current": "900", "memory.stat": "anon 300\nfile 500\nshmem 100\n"}, 500),
        (
            {
                "memory.usage_in_bytes": "900",
                "memory.stat": "cache 1\ntotal_cache 500\ntotal_shmem 100\n",
            },
            500,
        ),
    ],
    ids=["cgroups 2", "cgroups 1"],
)
def test_memory_is_counted_without_the_page_cache_but_with_what_lies_in_a_tmpfs(
    files: dict[str, str], needed: int, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert needed_bytes(tmp_path) == needed
