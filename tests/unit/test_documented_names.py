"""What the documents name exists: scripts, commands with their options, variables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from documents import PAGES, README, ROOT
from vistazo.cli import vistazo
from vistazo.service.settings import Settings

DOCUMENTS = [README, *PAGES, ROOT / ".github" / "SECURITY.md"]
each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT))
)


def code(document: Path) -> Iterator[str]:
    """Every line of code, in a block or within a sentence."""
    text = document.read_text("utf-8")
    for block in re.findall(r"^```.*?^```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from re.findall(
        r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    )


@each_document
def test_a_script_that_a_document_names_is_there(document: Path) -> None:
    for line in code(document):
        for script in re.findall(r"(?:\./|python3? )(scripts/[\w./-]+|\.ci/run)", line):
            assert (ROOT / script).exists(), line


@each_document
def test_a_command_that_a_document_names_has_the_options_that_it_names(document: Path) -> None:
    context = click.Context(vistazo)
    for line in code(document):
        for name, rest in re.findall(r"(?:^|[/ ]|-m )vistazo ([a-z]\w*)([^|]*)", line):
            command = vistazo.get_command(context, name)
            assert command, line
            known = {option for each in subcommands(command) for option in options(each)}
            assert set(re.findall(r"(?<= )--?[a-z][\w-]*", rest)) <= known | {"-h", "--help"}, line


def subcommands(command: click.Command) -> list[click.Command]:
    """Itself, and what is below it, as ``keys add`` is below ``keys``."""
    return [command, *(command.commands.values() if isinstance(command, click.Group) else ())]


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)


def variables(name: str) -> set[str]:
    """In which a command's options may be given."""
    command = vistazo.get_command(click.Context(vistazo), name)
    assert command
    given = [each.envvar for each in command.params if isinstance(each, click.Option)]
    return {variable for variable in given if isinstance(variable, str)}


@each_document
def test_a_variable_that_a_document_sets_is_read_by_something(document: Path) -> None:
    settings = {name.upper() for name in Settings.model_fields} | variables("pacs")
    files = ("docker-compose.yml", "Dockerfile", ".ci/run", "scripts/deploy/Caddyfile")
    files += ("src/vistazo/scale/ray.py",)
    others = "".join((ROOT / file).read_text("utf-8") for file in files)
    for line in code(document):
        for name in re.findall(r"\b([A-Z][A-Z0-9_]{3,})=", line):
            known = name in settings or re.search(rf"\b{name}\b", others)
            assert known or name.startswith("PYTHON"), line
