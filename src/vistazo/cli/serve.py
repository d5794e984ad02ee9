"""vistazo serve."""

from __future__ import annotations

import click


@click.command(name="serve")
def command() -> None:
    """Start the prediction service.

    Everything is set by environment variables; docs/settings.md lists them.

    \b
    Examples:
      vistazo serve
      MODEL_PATH=~/my_model.h5 PORT=9000 vistazo serve
    """  # noqa: D301 - \b is click's mark for a block that keeps its lines
    from vistazo.service.hangup import hold_hangups

    hold_hangups()  # first: what follows takes a second
    from vistazo.service.allocator import give_back_freed_blocks
    from vistazo.service.log_sink import open_standard_streams
    from vistazo.service.settings import Settings
    from vistazo.service.telemetry import configure_logging

    open_standard_streams()
    give_back_freed_blocks()
    settings = Settings.from_environment()
    configure_logging(settings.log_format, settings.log_level)
    from vistazo.api.server import serve

    serve(settings)
