"""In place of what writes reports: a process that somebody took over, or that meets a defect.

It does what the title of the statement says.
"""

import json
import os
import signal
import sys
import time
from io import BufferedReader, FileIO

from vistazo.service.isolation import confinement, wire

_UID = "2.25.1"
ANSWERS: dict[str, object] = {
    "other uid": {"kind": "written", "sizes": [1], "uids": ["../../etc/passwd"]},
    "too much": {"kind": "written", "sizes": [10**12], "uids": [_UID]},
    "no files": {"kind": "written", "sizes": [], "uids": []},
    "more files than names": {"kind": "written", "sizes": [1, 1], "uids": [_UID]},
    "another kind": {"kind": "pixels", "sizes": []},
    "a rule with markup": {"kind": "refused", "sizes": [], "broken": [["<b>", "x"]]},
    "defect": {"kind": "defect", "sizes": [], "where": "ValueError at x.py:1"},
    "no memory": {"kind": "no_memory", "sizes": []},
}


def main(argument: str) -> None:
    confinement.confine(json.loads(argument)["service_pid"])
    outgoing, incoming = confinement.keep_stdout(), BufferedReader(FileIO(0))
    wire.send(outgoing, wire.encoded({"kind": "warm"}))
    while True:
        head = json.loads(wire.read_head(incoming))
        statement, *_ = [incoming.read(size) for size in head["sizes"]]
        wanted = json.loads(statement)["title"].removeprefix("Model: ").partition(".")[0]
        if wanted == "die":
            os.abort()
        if wanted == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if wanted == "hang":
            time.sleep(60)
        if wanted == "rubbish":
            wire.send(outgoing, b"\xff" * 100)
        if wanted in ANSWERS:
            wire.send(outgoing, wire.encoded(ANSWERS[wanted]), b"xx")
        else:
            good = {"kind": "written", "sizes": [2], "uids": [_UID]}
            wire.send(outgoing, wire.encoded(good), b"ok")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except wire.ConversationError:
        os._exit(0)
