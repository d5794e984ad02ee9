"""What comes after this command: another one, to be pasted into the shell, or the service."""

from __future__ import annotations

import shlex
from pathlib import Path

from vistazo.service.settings import Settings
from vistazo.service.telemetry import configure_logging

_ROOT = Path(__file__).resolve().parents[3]


def how_to_serve(
    model: Path,
    card: Path | None = None,
    vectorizer: Path | None = None,
    weights: Path | None = None,
) -> str:
    """Serve ``model``, from the folder that this command was started in."""
    paths = {
        "MODEL_PATH": model,
        "MODEL_WEIGHTS": weights,
        "VECTORIZER_PATH": vectorizer,
        "MODEL_CARD": card,
    }
    settings = [f"{name}={shlex.quote(str(path))}" for name, path in paths.items() if path]
    return " ".join([*settings, _program()])


def serve_now(settings: Settings) -> None:
    """In this process, until it is told to end."""
    from vistazo.api.server import serve

    configure_logging(settings.log_format, settings.log_level)
    serve(settings)


def _program() -> str:
    script = _ROOT / "scripts" / "serve"
    if not script.exists():
        return "vistazo serve"
    return "./scripts/serve" if Path.cwd() == _ROOT else shlex.quote(str(script))
