"""vistazo serve."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from vistazo.errors import SettingsError

_LOCATION: Any = {"type": click.Path(), "metavar": "PATH|LINK"}  # the shell completes it
# What is said of one model is of no use to another. MODEL_SHA256 is no such thing: it allows one
# model only, so that another is refused.
_OF_A_MODEL = (
    "MODEL_WEIGHTS", "MODEL_CARD", "MODEL_LABELS", "MODEL_BASELINE", "MODEL_PATH_NEXT",
    "VECTORIZER_PATH",
)  # fmt: skip


@click.command(name="serve")
@click.argument("model_path", type=click.Path(), required=False, metavar="[PATH|LINK]")
@click.option("--host", metavar="ADDRESS", help="Instead of HOST: 0.0.0.0 for every one.")
@click.option("--port", metavar="NUMBER", help="Instead of PORT; 0 takes a free one.")
@click.option("--weights", "model_weights", **_LOCATION, help="Instead of MODEL_WEIGHTS.")
@click.option("--card", "model_card", **_LOCATION, help="Instead of MODEL_CARD.")
@click.option("--vectorizer", "vectorizer_path", **_LOCATION, help="Instead of VECTORIZER_PATH.")
@click.option("--engine", metavar="NAME", help="Instead of ENGINE.")
@click.option("--threads", metavar="NUMBER", help="Instead of THREADS.")
def command(**given: str | None) -> None:
    """Start the prediction service, for the model of a file or a link: by default MODEL_PATH, else
    the one that comes with Vistazo.

    Everything else is set by environment variables: docs/settings.md lists them. What is given here
    goes before them; with a model, those that speak of another (MODEL_CARD and the like) do not
    count.

    \b
    Examples:
      vistazo serve
      vistazo serve my_model.h5
      vistazo serve my_model.h5 --port 8001
      vistazo serve --host 0.0.0.0 --port 80
      MODEL_PATH=~/my_model.h5 PORT=9000 vistazo serve
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    from vistazo.service.hangup import hold_hangups

    hold_hangups()  # first: what follows takes a second
    _serve(environment_with(given, os.environ))


def environment_with(
    given: Mapping[str, str | None], environment: Mapping[str, str]
) -> dict[str, str]:
    """What is ``given``, by the names of settings in small letters, goes before the environment.

    Raises SettingsError for what is empty: it would count as not given.
    """
    for name, value in given.items():
        if value is not None and not value.strip():
            raise SettingsError(
                f"'vistazo serve' was given nothing for {name.upper()}. Is the shell's variable "
                "set? Leave it out where the default is meant."
            )
    left_out = _OF_A_MODEL if given.get("model_path") else ()
    kept = {name: value for name, value in environment.items() if name not in left_out}
    return kept | {name.upper(): value for name, value in given.items() if value is not None}


def _serve(environment: Mapping[str, str]) -> None:
    from vistazo.service.allocator import give_back_freed_blocks
    from vistazo.service.log_sink import open_standard_streams
    from vistazo.service.settings import Settings
    from vistazo.service.telemetry import configure_logging

    open_standard_streams()
    give_back_freed_blocks()
    settings = Settings.from_environment(environment)
    configure_logging(settings.log_format, settings.log_level)
    from vistazo.api.server import serve

    serve(settings)
