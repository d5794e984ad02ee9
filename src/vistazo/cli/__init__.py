"""The command line. Each command is a module of this package, imported when it is asked for."""

from __future__ import annotations

import importlib
import sys

import click
from click.shell_completion import CompletionItem

from vistazo import __version__
from vistazo.errors import VistazoError
from vistazo.service.telemetry import configure_logging

_COMMANDS = (
    "setup",
    "serve",
    "predict",
    "score",
    "report",
    "inspect",
    "card",
    "convert",
    "train",
    "baseline",
    "evaluate",
    "compare",
    "keys",
    "token",
    "records",
    "pacs",
    "benchmark",
)


class _Commands(click.Group):
    """Loads one command at a time: 'serve' must not pay for what 'train' imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"vistazo.cli.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Of a command the name alone: to say what each does, all would have to be imported."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name) for name in _COMMANDS if name.startswith(incomplete)]


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="vistazo %(version)s")
def vistazo() -> None:
    """Serve a trained classifier: of Keras without TensorFlow, of scikit-learn without it."""
    configure_logging("console", "warning")


def main() -> None:
    """Exit status: 0 done, 1 some of it failed, 2 it could not be done, 3 a model is not good
    enough, 130 interrupted.
    """
    try:
        status = vistazo.main(standalone_mode=False, prog_name="vistazo")
    except VistazoError as error:
        click.echo(f"vistazo: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        sys.stderr.close()
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
