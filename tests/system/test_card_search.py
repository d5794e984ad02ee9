from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.longer
@pytest.mark.timeout(900)
def test_two_models_trained_on_real_pictures_are_served_as_their_own_pipelines_had_them(
    data: Path, tmp_path: Path
) -> None:
    """Number 16 has one channel and turned labels; number 3 was trained on BGR, by OpenCV."""
    script = ROOT / "scripts" / "measure_card_search.py"
    done = subprocess.run(
        [sys.executable, script, data, tmp_path, "03", "16"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 within 1%; wrong orders of the labels: 0" in done.stdout
