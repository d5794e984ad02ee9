"""The commands of docs/protocols.md, run as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from builders import encoded, film
from documents import text_of


@pytest.mark.longer
def test_what_the_page_has_people_type_is_answered_as_it_says(
    running: Callable[..., Any], tmp_path: Path
) -> None:
    commands = re.findall(r"```sh\n(.*?)```", text_of("protocols.md"), re.DOTALL)
    assert len(commands) == 3
    picture = encoded(film(900, 700), "JPEG")
    (tmp_path / "film.jpeg").write_bytes(picture)
    with running() as service:
        said = httpx.post(f"{service.url}/predict", files={"file": picture}).json()["predictions"]
        answers = [
            json.loads(
                subprocess.run(
                    ["/bin/bash", "-c", command.replace("http://localhost:8000", service.url)],
                    cwd=tmp_path,
                    capture_output=True,
                    check=True,
                ).stdout
            )
            for command in commands
        ]
    in_json, binary, of_version_1 = answers
    assert np.float32(of_version_1["predictions"]).tolist() == [np.float32(said).tolist()]
    for answer in (in_json, binary):
        assert answer["outputs"][0]["data"] == np.float32(said).tolist()
    assert in_json["outputs"][1]["data"][0] in ("NORMAL", "PNEUMONIA")
