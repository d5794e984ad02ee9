"""From a model's file to its page: seconds of ``./scripts/vistazo setup MODEL [PICTURES] --serve``.

    python scripts/measure_time_to_page.py MODEL [PICTURES]

Until ``/health/ready`` and the page answer, as a person with a stopwatch would measure it: the
environment is made too where there is none yet. A card and a baseline beside MODEL are set aside
before, for the file alone to be what there is; compiled models are not taken from any cache.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SCRIPT = Path(__file__).resolve().with_name("vistazo")
GIVE_UP_S = 600
LEFT_BEHIND = (".card.yaml", ".baseline.npz")


def main(model: str, *pictures: str) -> int:
    for ending in LEFT_BEHIND:
        written = Path(model).with_name(Path(model).stem + ending)
        if written.exists():
            written.rename(written.with_name(written.name + ".before"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PORT": str(port), "CACHE_DIR": cache}
        command = [sys.executable, SCRIPT, "setup", model, *pictures, "--serve"]
        started = time.monotonic()
        with subprocess.Popen(command, env=environment) as service:
            try:
                is_up = _wait(service, f"http://127.0.0.1:{port}", started)
            finally:
                service.send_signal(signal.SIGINT)
    print(f"{model}: {'the page after' if is_up else 'no page after'} {is_up or GIVE_UP_S:.1f} s")
    return 0 if is_up else 1


def _wait(service: subprocess.Popen[bytes], url: str, started: float) -> float:
    """Seconds until the page and a ready service answer; 0 where they never do."""
    while service.poll() is None and time.monotonic() - started < GIVE_UP_S:
        try:
            for path in ("/health/ready", "/"):
                urllib.request.urlopen(url + path, timeout=5).close()  # noqa: S310 - our own
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return time.monotonic() - started
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
