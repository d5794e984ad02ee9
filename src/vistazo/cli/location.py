"""An option that is a path or a link."""

from __future__ import annotations

import click

from vistazo.models.fetch import Location, parse_location


class _LocationType(click.Path):
    """The shell completes it as a path."""

    name = "location"

    def convert(  # type: ignore[override] # a link is no path
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Location:
        try:
            return parse_location(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


LOCATION = _LocationType()
