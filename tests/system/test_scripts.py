"""The set-up scripts, in a small project of their own whose one package is made here."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODULE = "import os, sys; print(sys.argv[1:], os.getcwd(), __import__('tiny').VERSION)"


def write_wheel(folder: Path, version: str) -> str:
    """A package of one module; returns its line in a requirements file."""
    wheel = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    members = {
        "tiny.py": f"VERSION = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in members.items():  # without the time of day: written twice, the same hash
            archive.writestr(zipfile.ZipInfo(name), text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n"


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        package = folder / "src" / "vistazo"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "__main__.py").write_text(MODULE)
        self.lock("1.0")

    def lock(self, version: str, name: str = "requirements.txt") -> None:
        (self.folder / name).write_text(write_wheel(self.folder, version))

    def lock_all(self, version: str) -> None:
        for name in ("evaluation", "training", "test"):
            self.lock(version, f"scripts/requirements/{name}.txt")
        self.lock(version)

    @property
    def unfinished(self) -> Path:
        """Lies there until all is installed; where it does, the next run begins anew."""
        return self.folder / ".venv" / "vistazo-unfinished"

    @property
    def installed(self) -> set[str]:
        """The sets that were installed by themselves."""
        stamps = (self.folder / ".venv").glob("vistazo-*.sha256")
        return {stamp.stem.removeprefix("vistazo-") for stamp in stamps}

    def run(
        self, *arguments: str, cwd: Path | None = None, script: str = "vistazo"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(self.folder / "scripts" / script), *arguments],
            cwd=cwd or self.folder,
            env={**os.environ, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Set up where an interruption had left a part of an environment, and the mark in it."""
    made = Project(tmp_path_factory.mktemp("project"))
    half = made.folder / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.touch()
    made.unfinished.touch()
    first = made.run("hello")
    assert first.returncode == 0, first.stderr
    assert "Making" in first.stderr
    assert "Installing 1 packages" in first.stderr
    assert not made.unfinished.exists()
    return made


def test_the_second_run_is_silent_and_quick(project: Project) -> None:
    started = time.monotonic()
    again = project.run("hello", "there")
    assert time.monotonic() - started < 5
    assert again.stderr == ""
    assert again.stdout.startswith("['hello', 'there']")


def test_the_scripts_work_from_any_folder_and_keep_it(project: Project, tmp_path: Path) -> None:
    assert str(tmp_path) in project.run("x", cwd=tmp_path).stdout


def test_a_new_lock_file_is_installed_by_the_next_run(project: Project) -> None:
    project.lock("2.0")
    assert "2.0" in project.run().stdout
    assert project.run().stderr == ""


def test_train_and_visualize_are_about_the_default_model_unless_told_otherwise(
    project: Project, tmp_path: Path
) -> None:
    project.lock_all("2.0")
    default = project.folder / "artifacts" / "pneumonia"
    for script, command, said in (
        ("train", "train", [str(default / "training.yaml")]),
        (
            "visualize",
            "evaluate",
            [str(default / "pneumonia.keras"), "--training", str(default / "training.yaml")],
        ),
    ):
        assert project.run(script=script, cwd=tmp_path).stdout.startswith(str([command, *said]))
        other = project.run("mine", "--out", "here", script=script, cwd=tmp_path)
        assert other.stdout.startswith(str([command, "mine", "--out", "here"]))


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("vistazo", ("train", "--help")),
        ("vistazo", ("evaluate", "mine.h5", "-h")),
        ("visualize", ("--help",)),
    ],
)
def test_to_read_the_help_nothing_is_installed_that_serving_does_without(
    script: str, arguments: tuple[str, ...], project: Project
) -> None:
    before = project.installed
    for name in ("evaluation", "training"):  # would be installed again, were they asked for
        project.lock("9.0", f"scripts/requirements/{name}.txt")
    asked = project.run(*arguments, script=script)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert project.installed == before


@pytest.fixture
def fresh(project: Project) -> Project:
    """An environment with no set in it yet; Python alone is there."""
    project.lock_all("2.0")
    for name in project.installed:
        (project.folder / ".venv" / f"vistazo-{name}.sha256").unlink()
    return project


def test_to_evaluate_tensorflow_is_not_installed(fresh: Project) -> None:
    assert "for evaluation" in fresh.run("evaluate", "mine.h5", "parts/").stderr
    assert fresh.installed == {"evaluation"}


def test_a_larger_set_holds_the_smaller_ones_until_its_lock_file_changes(fresh: Project) -> None:
    assert "for training" in fresh.run("train", "mine.yaml").stderr
    for command in ("serve", "evaluate", "train"):
        assert fresh.run(command).stderr == ""
    assert fresh.installed == {"training"}
    fresh.lock_all("1.0")
    changed = fresh.run("serve")
    assert "for serving" in changed.stderr
    assert changed.stdout.endswith("1.0\n")
    assert fresh.installed == {"training", "serving"}


def test_packages_that_cannot_be_had_end_with_words_and_the_mark_to_begin_anew(
    project: Project,
) -> None:
    sound = (project.folder / "requirements.txt").read_text()
    wrong = sound[:-65] + "0" * 64 + "\n"
    (project.folder / "requirements.txt").write_text(wrong)
    failed = project.run()
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert project.unfinished.exists()
