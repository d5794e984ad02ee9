"""The command that comes after this one, to be pasted into the shell."""

from __future__ import annotations

import shlex
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]


def how_to_serve(model: Path, card: Path | None = None) -> str:
    """Serve ``model``, from the folder that this command was started in."""
    paths = {"MODEL_PATH": model, "MODEL_CARD": card}
    settings = [f"{name}={shlex.quote(str(path))}" for name, path in paths.items() if path]
    return " ".join([*settings, _program()])


def _program() -> str:
    script = _ROOT / "scripts" / "serve"
    if not script.exists():
        return "vistazo serve"
    return "./scripts/serve" if Path.cwd() == _ROOT else shlex.quote(str(script))
