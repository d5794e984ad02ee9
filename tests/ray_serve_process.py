"""Vistazo behind Ray Serve, in a Ray of its own, until SIGTERM: run by Python of .venv-ray.

    python ray_serve_process.py PORT CPUS FOLDER RAY_FOLDER ARGUMENT=VALUE ...

In the order of ``serve run``: first the application, then Ray. Where FOLDER gets a file ``wanted``
of further arguments, the application is deployed again with those, and the file renamed ``done``.
With LOGS_STAY set, what replicas log stays in RAY_FOLDER, as on a cluster.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import ray
from ray import serve

from ray_environment import OBJECT_STORE_BYTES
from vistazo.scale.ray import app


def main(port: str, cpus: str, folder: str, ray_folder: str, *arguments: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    wanted, done = Path(folder) / "wanted", Path(folder) / "done"
    application = app(_values(arguments))
    ray.init(
        address="local",
        num_cpus=int(cpus),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver="LOGS_STAY" not in os.environ,
        _temp_dir=ray_folder,
    )
    try:
        serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
        serve.run(application)
        while True:
            time.sleep(0.05)
            if wanted.exists():
                serve.run(app(_values(wanted.read_text().split())))
                wanted.rename(done)
    finally:
        ray.shutdown()


def _values(arguments: tuple[str, ...] | list[str]) -> dict[str, str]:
    return dict(argument.split("=", 1) for argument in arguments)


if __name__ == "__main__":
    os.environ.pop("RAY_ADDRESS", None)
    main(*sys.argv[1:])
