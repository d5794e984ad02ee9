"""Archives on a real Ray, and on a real client of S3: rows are those of a run here, whoever dies.

Ray and s3fs are in an environment of their own, and so is all that runs here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders import encoded, flat, write_brightness_model
from ray_environment import ray_variables

pytestmark = [
    pytest.mark.longer,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"),
]
_FILMS = 600
_BUCKET = """
import sys, s3fs
fs = s3fs.S3FileSystem()
fs.mkdir("bucket")
fs.put(sys.argv[1], "bucket/films", recursive=True)
"""
# Two machines on this one; at a word the second comes, at the next it is gone as by a power cut.
_CLUSTER = """
import sys
from ray.cluster_utils import Cluster
kind = {"num_cpus": 1, "object_store_memory": 80_000_000}
cluster = Cluster(initialize_head=True, head_node_args={**kind, "include_dashboard": False})
print(cluster.address, flush=True)
sys.stdin.readline()
node = cluster.add_node(**kind)
sys.stdin.readline()
cluster.remove_node(node, allow_graceful=False)
sys.stdin.readline()
cluster.shutdown()
"""
Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ray")
    write_brightness_model(folder / "mine.keras")
    (folder / "films" / "below").mkdir(parents=True)
    for number in range(_FILMS):
        data = encoded(flat(number % 250, 300, 300)) if number % 50 else b"damaged"
        (folder / "films" / ("below" if number % 3 else "") / f"{number:04}.png").write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def run(ray_python: Path, place: Path) -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as ray:
        variables = ray_variables()

        def run(*arguments: str, **settings: str) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [str(ray_python), *arguments],
                env={
                    **variables,
                    "CACHE_DIR": str(place / "cache"),
                    "MODEL_PATH": str(place / "mine.keras"),
                    "RAY_TMPDIR": ray,
                    **settings,
                },
                cwd=place,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

        yield run


@pytest.fixture(scope="module")
def here(run: Run, place: Path) -> bytes:
    """The rows of a run without Ray."""
    scored(run("-m", "vistazo", "score", "films", "here.csv"))
    return (place / "here.csv").read_bytes()


def scored(process: subprocess.Popen[str]) -> str:
    told, said = process.communicate(timeout=200)
    assert process.returncode == 1, said
    assert f"{_FILMS} pictures, 12 of them without an answer" in told
    return said


def below(pid: int, name: bytes) -> list[int]:
    """Of the processes that one has started, or one of these, those with this name."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    left, found = [pid], []
    while left:
        children = parents.get(left.pop(), [])
        left += children
        found += children
    return [each for each in found if name in command_of(each)]


def command_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def parts(output: Path) -> int:
    return sum(1 for _ in output.with_name(f"{output.name}.work").glob("part-*"))


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def on_ray(run: Run, output: str, *options: str) -> subprocess.Popen[str]:
    local = ("--engine", "ray", "--address", "local", "--workers", "2", "--shard-files", "20")
    return run("-m", "vistazo", "score", "films", output, *local, *options)


def test_workers_of_ray_that_are_killed_change_no_row(run: Run, place: Path, here: bytes) -> None:
    process = on_ray(run, "killed.csv")
    for at in (5, 12):
        wait_for(lambda at=at: parts(place / "killed.csv") >= at, process)
        workers = below(process.pid, b"ray::Worker")
        assert workers
        os.kill(workers[0], signal.SIGKILL)
    assert "A worker died: another one does its work." in scored(process)
    assert (place / "killed.csv").read_bytes() == here


def test_a_run_on_ray_that_is_killed_is_gone_on_with_here_and_the_other_way(
    run: Run, place: Path, here: bytes
) -> None:
    process = on_ray(run, "both.csv")
    wait_for(lambda: parts(place / "both.csv") >= 5, process)
    process.kill()
    process.communicate(timeout=60)
    assert 5 <= parts(place / "both.csv") < 30
    scored(run("-m", "vistazo", "score", "films", "both.csv"))
    assert (place / "both.csv").read_bytes() == here


def test_a_machine_that_goes_away_changes_no_row(run: Run, place: Path, here: bytes) -> None:
    output = place / "machines.csv"
    with run("-c", _CLUSTER) as cluster:
        assert cluster.stdin is not None
        assert cluster.stdout is not None

        def tell(word: str) -> None:
            print(word, file=cluster.stdin, flush=True)

        address = cluster.stdout.readline().strip()
        options = ("--engine", "ray", "--address", address, "--workers", "2", "--shard-files", "2")
        process = run("-m", "vistazo", "score", "films", output.name, *options)
        wait_for(lambda: parts(output) >= 1, process)
        tell("come")
        wait_for(lambda: len(below(cluster.pid, b"ray::Worker")) == 2, process)
        before = parts(output)
        wait_for(lambda: parts(output) >= before + 5, process)
        tell("go")
        scored(process)
        tell("end")
        cluster.communicate(timeout=60)
    assert output.read_bytes() == here


_DEADLY = """
import os
_open = os.open
def open_or_die(path, *rest, **more):
    if str(path).endswith("deadly.png"):
        os._exit(1)
    return _open(path, *rest, **more)
os.open = open_or_die
"""


def test_a_picture_that_takes_every_worker_down_is_one_row(run: Run, place: Path) -> None:
    films, patch = place / "few", place / "patch"
    films.mkdir()
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(_DEADLY)
    for name in ("a.png", "b.png", "deadly.png", "e.png", "f.png"):
        (films / name).write_bytes(encoded(flat(200)))
    path = os.pathsep.join((str(patch), ray_variables()["PYTHONPATH"]))
    process = run(
        "-m", "vistazo", "score", "few", "few.jsonl", "--engine", "ray", "--address", "local",
        "--workers", "1", "--shard-files", "3", PYTHONPATH=path,
    )  # fmt: skip
    told, said = process.communicate(timeout=300)
    assert process.returncode == 1, said
    assert "few.jsonl: 5 pictures, 1 of them without an answer" in told
    assert said.count("A worker died") == 3 + 2 + 2  # of three, of the two beside the first, alone
    rows = [json.loads(line) for line in (place / "few.jsonl").read_text().splitlines()]
    assert [row["file"] for row in rows] == ["a.png", "b.png", "deadly.png", "e.png", "f.png"]
    assert [row.get("code") for row in rows] == [None, None, "picture_too_costly", None, None]


def test_a_model_that_a_worker_does_not_find_is_told_in_words(run: Run, place: Path) -> None:
    """The command has it in memory when it is taken away."""
    process = run(
        "-c",
        "import sys, vistazo.cli.score as s, pathlib; real = s.score_on_ray\n"
        "def gone(*a): pathlib.Path('moved.keras').unlink(); return real(*a)\n"
        "s.score_on_ray = gone; sys.argv = ['vistazo', *sys.argv[1:]]\n"
        "import shutil; shutil.copy('mine.keras', 'moved.keras')\n"
        "shutil.copy('mine.card.yaml', 'moved.card.yaml'); from vistazo.cli import main; main()",
        "score", "films", "none.csv", "--engine", "ray", "--address", "local", "--workers", "1",
        MODEL_PATH=str(place / "moved.keras"),
    )  # fmt: skip
    _, said = process.communicate(timeout=200)
    assert process.returncode == 2
    assert "A worker cannot begin:" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "auto"])
def test_a_ray_that_is_not_there_is_told_in_words(run: Run, address: str) -> None:
    process = run(
        "-m", "vistazo", "score", "films", "none.csv", "--engine", "ray", "--address", address
    )
    _, said = process.communicate(timeout=200)
    assert process.returncode == 2, said
    assert f"There is no Ray at '{address}'" in said
    assert "Traceback" not in said


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def s3(run: Run, ray_python: Path, place: Path) -> Iterator[dict[str, str]]:
    """The settings for a server of S3 on this machine, with the films in a bucket."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server = subprocess.Popen(
        [str(ray_python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        filling = run("-c", _BUCKET, str(place / "films") + "/", **settings)
        _, said = filling.communicate(timeout=120)
        assert filling.returncode == 0, said
        yield settings
    finally:
        server.kill()
        server.wait()


def test_a_bucket_is_scored_into_a_bucket(
    run: Run, place: Path, here: bytes, s3: dict[str, str]
) -> None:
    scored(run("-m", "vistazo", "score", "s3://bucket/films", "s3://bucket/out.csv", **s3))
    fetch = "import s3fs, sys; sys.stdout.buffer.write(s3fs.S3FileSystem().cat('bucket/out.csv'))"
    fetched, said = run("-c", fetch, **s3).communicate(timeout=60)
    assert fetched.encode() == here.replace(b"\r\n", b"\n"), said
    names = "import s3fs; print(*sorted(s3fs.S3FileSystem().ls('bucket')))"
    told, _ = run("-c", names, **s3).communicate(timeout=60)
    assert told.split() == ["bucket/films", "bucket/out.csv", "bucket/out.csv.manifest.json"]


def test_a_bucket_is_scored_on_ray(run: Run, place: Path, here: bytes, s3: dict[str, str]) -> None:
    options = ("--engine", "ray", "--address", "local", "--workers", "2", "--shard-files", "50")
    scored(run("-m", "vistazo", "score", "s3://bucket/films/", "from_s3.csv", *options, **s3))
    assert (place / "from_s3.csv").read_bytes() == here


@pytest.mark.parametrize(
    ("link", "change", "said"),
    [
        ("s3://no-such-bucket/films", {}, "s3://no-such-bucket/films cannot be read"),
        ("s3://bucket/films", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "cannot be read"),
        ("s3://bucket/films", {"AWS_ACCESS_KEY_ID": ""}, "credentials"),
    ],
)
def test_a_bucket_that_cannot_be_read_is_one_error_at_the_start(
    run: Run, s3: dict[str, str], link: str, change: dict[str, str], said: str
) -> None:
    settings = {**s3, **change, "AWS_EC2_METADATA_DISABLED": "true"}
    process = run("-m", "vistazo", "score", link, "refused.csv", **settings)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 2
    assert said in told
    assert told.count("\n") < 6
    assert "Traceback" not in told
