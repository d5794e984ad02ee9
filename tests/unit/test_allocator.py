"""What the allocator keeps of a block that is freed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"

FREED = """
import sys
from pathlib import Path
from vistazo.service.allocator import give_back_freed_blocks

assert give_back_freed_blocks()
def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

bytearray(20_000_000)  # glibc's own threshold would follow the size of this
before = resident_bytes()
blocks = [bytearray(b"1") * 4_000_000 for _ in range(10)]
del blocks[:-1]  # the last one lies on top of the heap and would hold the others
print(resident_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="It is about glibc.")
def test_a_block_of_the_size_of_a_picture_goes_back_to_the_system_when_it_is_freed() -> None:
    kept = subprocess.run(
        [sys.executable, "-c", FREED],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(kept.stdout) < 10_000_000
