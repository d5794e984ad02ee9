"""Figures that a model has to reach: the option ``--require``, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click

from vistazo.errors import SettingsError
from vistazo.training.requirement import Requirement, comparison_of, read_requirement

# Exit statuses: something was left out, and the gate is shut.
SOME_LEFT_OUT, SHUT = 1, 3


def _read(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    given: Iterable[str],
) -> tuple[Requirement, ...]:
    try:
        return tuple(map(read_requirement, given))
    except SettingsError as error:
        raise click.BadParameter(str(error)) from error


require_option = click.option(
    "--require",
    "requirements",
    multiple=True,
    callback=_read,
    metavar="FIGURE=VALUE",
    help="A bar to meet, as auc=0.95: at least that, of brier and expected_calibration_error at "
    "most. Any number of times.",
)


def exit_status(settled: Iterable[Mapping[str, Any]], refused: int) -> int:
    """``settled`` is what ``requirement.settle`` says."""
    if not all(each["is_met"] for each in settled):
        return SHUT
    return SOME_LEFT_OUT if refused else 0


def told(settled: Sequence[Mapping[str, Any]], part: str) -> Iterator[str]:
    """A line for each requirement, and an empty one."""
    if not settled:
        return
    yield f"Required of {part.replace('_', ' ')}:"
    for each in settled:
        bar = each.get("at_least", each.get("at_most"))
        value = "undefined" if each["value"] is None else f"{each['value']:.4f}"
        asked = f"{each['figure']} {comparison_of(each['figure'])} {bar:g}"
        yield f"  {'met    ' if each['is_met'] else 'NOT MET'}  {asked}: {value}"
    yield ""
