"""What a run found, as it is kept: the turns of each contender for each model, or why none."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from contenders import LIMIT, ROOT, Contender
from peer_environments import version_of
from turns import Pace, Turn

_MEMORY = "MemTotal:"


@dataclass
class Outcome:
    """Of one contender and model. With a ``failure`` its turns count for nothing."""

    turns: list[Turn] = field(default_factory=list)
    failure: str = ""


@dataclass
class Results:
    """``models`` by name, then by the contender's key, LIMIT among them."""

    begun: str
    machine: dict[str, str]
    versions: dict[str, str]
    pace: Pace
    models: dict[str, dict[str, Outcome]] = field(default_factory=dict)

    def outcome(self, model: str, key: str) -> Outcome:
        return self.models.setdefault(model, {}).setdefault(key, Outcome())

    def turns(self, model: str, key: str) -> list[Turn]:
        """None where it failed, or took no part."""
        outcome = self.models.get(model, {}).get(key, Outcome())
        return [] if outcome.failure else outcome.turns

    @property
    def rounds(self) -> int:
        """As many as the limit has turns, for the model that has most."""
        return max((len(self.turns(model, LIMIT)) for model in self.models), default=0)

    def most(self, share: Callable[[Turn], float]) -> float:
        """The greatest of all turns."""
        outcomes = [one for outcomes in self.models.values() for one in outcomes.values()]
        return max((share(turn) for one in outcomes for turn in one.turns), default=0.0)

    def write(self, path: Path) -> None:
        """At once, so that an interruption leaves what was there."""
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Raises OSError, ValueError, KeyError, TypeError where it is no such file."""
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        models = {
            model: {
                key: Outcome([Turn(**turn) for turn in one["turns"]], one["failure"])
                for key, one in outcomes.items()
            }
            for model, outcomes in told["models"].items()
        }
        return cls(**{**told, "pace": Pace(**told["pace"]), "models": models})


def describe_machine(workers: int) -> dict[str, str]:
    """What decides how fast it is, and what else it had to do."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(_MEMORY))
    return {
        "processor": _processor(),
        "cores": str(workers),
        "memory": f"{kilobytes / 1e6:.0f} GB",
        "system": f"Linux {platform.release()}",
        "Python": platform.python_version(),
        "load before the run": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    fields = dict(line.partition(":")[::2] for line in text.splitlines() if ":" in line)
    known = {name.strip(): value.strip() for name, value in fields.items()}
    wide = [flag for flag in ("avx2", "avx512f", "amx_tile") if flag in known.get("flags", "")]
    return " ".join([known.get("model name", platform.machine()), *wide])


def describe_versions(contenders: list[Contender]) -> dict[str, str]:
    """By the contender's key, and of what they all run on."""
    told = {one.key: version_of(one.requirements) for one in contenders if one.requirements}
    packages = ("vistazo", "onnxruntime", "pillow", "numpy", "fastapi", "keras", "tensorflow")
    return told | {package: _installed(package) for package in packages}


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return _commit() if package == "vistazo" else "not installed"


def _commit() -> str:
    """Of this checkout, and whether it was changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "of this checkout"
