"""vistazo token."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from vistazo.cli.keys import check_name, the_scopes
from vistazo.errors import SettingsError
from vistazo.service.access.scopes import USUAL, AccessScope, in_order
from vistazo.service.settings import Settings

_LONGEST_HOURS = 24 * 366


@click.command(name="token")
@click.option("--for", "name", required=True, metavar="NAME", help="Who is to have it.")
@click.option(
    "--hours",
    required=True,
    type=click.IntRange(1, _LONGEST_HOURS),
    help="How long it opens; at most a year.",
)
@the_scopes
def command(name: str, hours: int, scopes: tuple[AccessScope, ...]) -> None:
    """Make a JSON Web Token for NAME, signed with JWT_SECRET (HS256), that ends by itself.

    The token goes to standard output, everything else to standard error. A single token cannot be
    taken back before its end: another JWT_SECRET ends all of them. What is to be taken back is
    better a key (vistazo keys).

    \b
    Examples:
      vistazo token --for ward-7 --hours 24
      vistazo token --for nightly-report --hours 1 --scope metrics
    """  # noqa: D301
    from vistazo.service.access.issuing import issue_token
    from vistazo.service.access.tokens import policy_of, secret_of

    check_name(name)
    settings = Settings.from_environment()
    secret = secret_of(settings)
    if secret is None:
        raise SettingsError(
            "JWT_SECRET is not set: set the one that the service has. A new one: "
            'python -c "import secrets; print(secrets.token_urlsafe(48))"'
        )
    now_s, granted = int(time.time()), scopes or USUAL
    token = issue_token(
        secret, policy_of(settings), name=name, scopes=granted, now_s=now_s, hours=hours
    )
    until = datetime.fromtimestamp(now_s + hours * 3600, UTC)
    click.echo(token)
    click.echo(
        f"A token for {name}, for {', '.join(in_order(granted))}, until "
        f"{until:%Y-%m-%d %H:%M} UTC. It is sent in the header 'Authorization: Bearer TOKEN'.",
        err=True,
    )
