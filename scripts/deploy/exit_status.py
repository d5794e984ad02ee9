"""How the commands of deploy.py end."""

DONE = 0
FAILED = 1
NOT_STARTED = 2
BROKEN = 3
INTERRUPTED = 130

MEANINGS = {
    DONE: "done",
    FAILED: "failed; the image that served before serves still, or again",
    NOT_STARTED: "not started, nothing was changed: a setting is missing or wrong, or was refused",
    BROKEN: "failed, and the earlier image could not be brought back: look at the service now",
    INTERRUPTED: "interrupted; what the host has begun goes on there",
}
