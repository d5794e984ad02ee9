"""What is given to ``vistazo serve``, and how a shell completes what is typed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from vistazo.cli import serve, vistazo
from vistazo.cli.serve import environment_with
from vistazo.errors import SettingsError
from vistazo.service.settings import Settings

OF_THE_SHELL = {
    "MODEL_PATH": "other.h5",
    "MODEL_CARD": "other.card.yaml",
    "MODEL_SHA256": "0" * 64,
    "MODEL_PATH_NEXT": "next.h5",
    "PORT": "9000",
    "THREADS": "2",
    "API_KEYS": "",
}


def test_what_is_given_goes_before_the_environment() -> None:
    given = environment_with({"host": "0.0.0.0", "port": "8001", "engine": None}, OF_THE_SHELL)  # noqa: S104
    assert given == OF_THE_SHELL | {"HOST": "0.0.0.0", "PORT": "8001"}  # noqa: S104


def test_of_another_model_nothing_is_believed_that_is_said_of_the_one_in_the_environment() -> None:
    given = environment_with({"model_path": "mine.h5", "model_card": None}, OF_THE_SHELL)
    kept = {"MODEL_PATH": "mine.h5", "PORT": "9000", "THREADS": "2", "API_KEYS": ""}
    # A hash is no description: whoever allows one model only is to be told that this is another.
    assert given == kept | {"MODEL_SHA256": "0" * 64}
    given = environment_with({"model_path": "mine.h5", "model_card": "mine.yaml"}, OF_THE_SHELL)
    assert given["MODEL_CARD"] == "mine.yaml"


@pytest.mark.parametrize("empty", ["", " "])
def test_a_shell_variable_that_is_not_set_is_not_the_default_model(empty: str) -> None:
    for name in ("model_path", "port"):
        with pytest.raises(SettingsError, match=f"nothing for {name.upper()}"):
            environment_with({name: empty}, OF_THE_SHELL)


def test_every_option_is_a_setting() -> None:
    assert {parameter.name for parameter in serve.command.params} < set(Settings.model_fields)


def test_what_cannot_be_used_is_told_before_anything_is_loaded() -> None:
    ended = CliRunner().invoke(serve.command, ["--port", "eighty"], env={"PORT": "9000"})
    assert "PORT" in str(ended.exception)
    assert "'eighty'" in str(ended.exception)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("se", {"setup", "serve"}),
        ("serve --po", {"--port"}),
        ("predict --no", {"--no-recursive"}),
        ("--ver", {"--version"}),
    ],
)
def test_the_shells_complete_commands_and_options(
    shell: str, typed: str, completed: set[str]
) -> None:
    words = f"vistazo {typed}"
    place = typed.rsplit(maxsplit=1)[-1] if shell == "fish" else str(typed.count(" ") + 1)
    variables = {
        "_VISTAZO_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": place,
    }
    printed = CliRunner().invoke(vistazo, [], env=variables, prog_name="vistazo").stdout
    found = {word for line in printed.splitlines() for word in line.replace("\t", ",").split(",")}
    assert completed <= found
    assert not {"predict", "--host"} & found


@pytest.mark.parametrize("typed", ["serve m", "predict --model m", "predict m"])
def test_a_place_is_completed_as_a_file(typed: str) -> None:
    variables = {
        "_VISTAZO_COMPLETE": "zsh_complete",
        "COMP_WORDS": f"vistazo {typed}",
        "COMP_CWORD": str(typed.count(" ") + 1),
    }
    printed = CliRunner().invoke(vistazo, [], env=variables, prog_name="vistazo").stdout
    assert printed.split()[:2] == ["file", "m"]
