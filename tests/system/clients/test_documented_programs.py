"""The programs on the page about open protocols, as they stand there, in each client's Python."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import peer_environments
import pytest

from documents import text_of
from foreign_client import ForeignClient

pytestmark = [pytest.mark.longer, pytest.mark.timeout(600)]

PAGES = ("protocols.md", "protocols.es.md")


def output_of(package: str, page: str, served: Any, folder: Path, picture: bytes) -> str:
    """Of the one program that imports the package."""
    (folder / "film.jpeg").write_bytes(picture)
    blocks = re.findall(r"^```python\n(.*?)^```", text_of(page), re.MULTILINE | re.DOTALL)
    (program,) = (
        block for block in blocks if re.search(rf"^(import|from) {package}\b", block, re.MULTILINE)
    )
    assert "localhost:8000" in program
    program = program.replace("localhost:8000", served.address)
    python = peer_environments.ENVIRONMENTS / package / "bin" / "python"
    command = [python, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text: str) -> list[float]:
    return [float(each) for each in re.findall(r"\d+\.\d+(?:e-\d+)?", text)]


@pytest.mark.parametrize("page", PAGES)
def test_the_program_for_tritonclient_prints_scores_and_labels(
    triton: ForeignClient, pneumonia: Any, pictures: list[bytes], tmp_path: Path, page: str
) -> None:
    said = output_of("tritonclient", page, pneumonia, tmp_path, pictures[1])
    predicted = pneumonia.predicted(pictures[1])
    assert numbers(said) == pytest.approx(list(predicted.values()), abs=1e-5)
    assert re.search(r"NORMAL|PNEUMONIA", said)


@pytest.mark.parametrize("page", PAGES)
def test_the_program_for_kserve_prints_scores(
    kserve: ForeignClient, pneumonia: Any, pictures: list[bytes], tmp_path: Path, page: str
) -> None:
    said = output_of("kserve", page, pneumonia, tmp_path, pictures[1])
    predicted = pneumonia.predicted(pictures[1])
    assert numbers(said) == pytest.approx(list(predicted.values()), abs=1e-5)
