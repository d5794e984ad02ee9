"""Settings that keep the service inside a container: a small one, and one of medium size.

Measured, without what is shared with other processes: 99 MB once ready, of which 19 are the
worker's that decodes, 190 MB at most while the costliest pictures of 12 Mpx (4000 x 3000) come, one
at a time, and 205 MB while a large AVIF is explained. With 17 MB of waiting uploads that stays
below 230 MB. Two at a time do not fit into 256 MB. A connection takes 4 kB, and 20 with half a
head.
"""

from __future__ import annotations

from pathlib import Path

SMALL_BYTES = 400_000_000
SETTINGS = {
    "THREADS": "1",
    "MAX_PIXELS": "12000000",
    # An X-ray of 2,500 x 2,000 as a DICOM file without compression; in base64, and waiting alone.
    "MAX_UPLOAD_BYTES": "12000000",
    "MAX_QUEUED_BYTES": "17000000",
    "MAX_CONNECTIONS": "1000",
}
# A phone's picture of 20 megapixels takes a worker 117 MB, and there may be four of them.
MEDIUM_BYTES = 1_000_000_000
MEDIUM_SETTINGS = {
    "MAX_PIXELS": "16000000",
    "MAX_UPLOAD_BYTES": "16000000",
    "MAX_QUEUED_BYTES": "32000000",
}
# What a container may hold, as version 2 and version 1 of cgroups tell it.
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_limit_bytes(files: tuple[Path, ...] = LIMITS) -> int | None:
    """None where there is no limit, or none that can be read."""
    for file in files:
        try:
            return int(file.read_text(encoding="ascii"))
        except (OSError, ValueError):  # not this version; or the word "max"
            continue
    return None


def settings_for(limit_bytes: int | None) -> dict[str, str]:
    """What to set where the environment does not set it."""
    if limit_bytes is None or limit_bytes >= MEDIUM_BYTES:
        return {}
    return dict(SETTINGS if limit_bytes < SMALL_BYTES else MEDIUM_SETTINGS)
