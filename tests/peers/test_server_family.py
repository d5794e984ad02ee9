"""No process of a measured server outlives its turn, however the turn ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PEERS = Path(__file__).parents[2] / "scripts" / "peers"

# A server with a daemon in a session of its own whose parent is gone, and that heeds no signal.
SERVER = """
[ "$HEEDS_NOTHING" ] && trap "" TERM
setsid sh -c 'trap "" TERM INT; echo $$ > daemon; while :; do sleep 60; done' &
sh -c 'setsid sh -c "trap \\"\\" TERM; echo \\$\\$ > orphan; while :; do sleep 60; done" & exit'
echo $$ > top
sleep 60
"""
MEASURING = f"""
import sys, time
sys.path.insert(0, {str(PEERS)!r})
import os, signal, server_family, measured_service
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell runs tests behind
server_family._GRACE_S = 0.3
folder = Path(sys.argv[1])
command = ["sh", "-c", {SERVER!r}]
with (
    server_family.orphans_adopted(),
    server_family.running(command, os.environ, 1, folder) as server,
):
    while len(list(folder.glob("[dot]*"))) < 3:
        time.sleep(0.005)
    started = {{int(path.read_text()) for path in folder.glob("[dot]*")}}
    print(len(started.intersection(measured_service._tree(server.pid))), flush=True)
    if sys.argv[2] == "wait":
        time.sleep(60)
print(server_family.descendants())
"""


@contextlib.contextmanager
def measuring(folder: Path, how: str, heeds_nothing: str = "") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-S", "-c", MEASURING, str(folder), how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "HEEDS_NOTHING": heeds_nothing},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "3\n", "all three are the server's: they cost"
            yield process
        finally:
            process.kill()


def alive(folder: Path) -> list[str]:
    names = ("top", "daemon", "orphan")
    pids = {name: int((folder / name).read_text()) for name in names}
    return [name for name, pid in pids.items() if is_alive(pid)]


def is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return False


def test_ctrl_c_leaves_nothing_behind_and_impatience_changes_nothing(tmp_path: Path) -> None:
    with measuring(tmp_path, "wait", heeds_nothing="yes") as process:
        assert alive(tmp_path) == ["top", "daemon", "orphan"]
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=5)[1]
    assert alive(tmp_path) == []


def test_a_server_ends_with_a_benchmark_that_is_killed(tmp_path: Path) -> None:
    with measuring(tmp_path, "wait") as process:
        process.kill()
        process.wait(5)
    deadline = time.monotonic() + 5
    while "top" in alive(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = alive(tmp_path)
    for name in left:
        os.kill(int((tmp_path / name).read_text()), signal.SIGKILL)
    assert "top" not in left


def test_nothing_outlives_its_turn(tmp_path: Path) -> None:
    with measuring(tmp_path, "end") as process:
        said, _ = process.communicate(timeout=5)
    assert said == "set()\n"
    assert alive(tmp_path) == []
