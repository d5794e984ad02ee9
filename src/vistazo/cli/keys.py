"""vistazo keys."""

from __future__ import annotations

from pathlib import Path

import click

from vistazo.errors import SettingsError
from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_file import change_key_file, read_key_file
from vistazo.service.access.key_ring import NAME, KeyEntry, read_entries
from vistazo.service.access.scopes import SCOPES, USUAL, AccessScope, in_order
from vistazo.service.settings import Settings

the_file = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of keys; by default the one in API_KEYS_FILE.",
)
the_scopes = click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What it is for; may be given several times. By default predict and feedback.",
)


@click.group(name="keys")
def command() -> None:
    """Make, list and revoke the keys of those who may call the service.

    Kept are names, scopes and digests, never a key: in the file that API_KEYS_FILE names, or as
    text for the variable API_KEYS. A service that runs reads a changed file within a second.

    \b
    Examples:
      vistazo keys add ward-7 --file keys.txt
      API_KEYS_FILE=keys.txt vistazo serve
      vistazo keys add prometheus --scope metrics --file keys.txt
      vistazo keys revoke ward-7 --file keys.txt
    """  # noqa: D301


@command.command(name="add")
@click.argument("name")
@the_scopes
@the_file
def add(name: str, scopes: tuple[AccessScope, ...], path: Path | None) -> None:
    """Make a key for NAME, and show it this once.

    The key goes to standard output, everything else to standard error. Without a file the entry for
    API_KEYS is shown too.
    """
    check_name(name)
    key = new_key()
    entry = KeyEntry(name, frozenset(scopes or USUAL), digest_of(key))
    path = path or Settings.from_environment().api_keys_file
    if path is not None:
        change_key_file(path, lambda entries: _with(entry, entries, path))
        where = f"Its digest is in {path}."
    else:
        where = f"To let it in, add this to the variable API_KEYS:\n{entry}"
    click.echo(key)
    click.echo(
        f"This is the key of {name}, for {_listed(entry)}. It is not shown again; it is sent in "
        f"the header 'Authorization: Bearer KEY'. {where}",
        err=True,
    )


@command.command(name="list")
@the_file
def show(path: Path | None) -> None:
    """Show whose keys there are, and what they are for."""
    for entry in _entries(path):
        click.echo(f"{entry.name:24} {_listed(entry)}")


@command.command(name="revoke")
@click.argument("name")
@the_file
def revoke(name: str, path: Path | None) -> None:
    """Let the key of NAME open nothing any more."""
    path = path or Settings.from_environment().api_keys_file
    if path is None:
        raise click.UsageError(
            "There is no file to take it from: give --file, or set API_KEYS_FILE. A key that "
            "stands in API_KEYS is revoked by taking its entry out, and a start."
        )
    if not path.exists():
        raise SettingsError(f"There is no file {path}.")
    change_key_file(path, lambda entries: _without(name, entries, path))
    click.echo(f"The key of {name} opens nothing any more.")


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise click.BadParameter(
            f"'{name}' has other characters than letters, digits, '.', '_' and '-', or more than "
            "64 of them.",
            param_hint="NAME",
        )


def _entries(path: Path | None) -> tuple[KeyEntry, ...]:
    if path is not None:
        return read_key_file(path)
    settings = Settings.from_environment()
    written, file = settings.api_keys, settings.api_keys_file
    if written is None and file is None:
        raise click.UsageError("There are no keys: give --file, or set API_KEYS_FILE or API_KEYS.")
    entries = read_entries(written.get_secret_value() if written else "", "API_KEYS")
    return (*entries, *(read_key_file(file) if file else ()))


def _with(entry: KeyEntry, entries: tuple[KeyEntry, ...], path: Path) -> tuple[KeyEntry, ...]:
    if any(each.name == entry.name for each in entries):
        raise SettingsError(
            f"{path} has a key of {entry.name} already. Revoke it first, or give another name: "
            "with two keys at a time one can be changed without a gap."
        )
    return (*entries, entry)


def _without(name: str, entries: tuple[KeyEntry, ...], path: Path) -> tuple[KeyEntry, ...]:
    rest = tuple(entry for entry in entries if entry.name != name)
    if len(rest) == len(entries):
        raise SettingsError(f"{path} has no key of {name}. 'vistazo keys list' shows the names.")
    return rest


def _listed(entry: KeyEntry) -> str:
    return ", ".join(in_order(entry.scopes))
