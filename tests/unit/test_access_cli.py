"""vistazo keys and vistazo token, as a person uses them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vistazo.cli import vistazo
from vistazo.errors import SettingsError, UnauthorizedError
from vistazo.service.access.key_file import read_key_file
from vistazo.service.access.keys import Keys
from vistazo.service.access.tokens import open_tokens
from vistazo.service.settings import Settings

pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "API_KEYS",
        "API_KEYS_FILE",
        "JWT_SECRET",
        "JWT_JWKS",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
    ):
        monkeypatch.delenv(name.upper(), raising=False)


def run(*words: str, **variables: str) -> Result:
    return CliRunner().invoke(vistazo, words, env=variables)


def test_a_key_is_made_listed_and_revoked(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    made = run("keys", "add", "ward-7", "--file", str(path))
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert "not shown again" in made.stderr
    assert key not in path.read_text() + made.stderr
    assert Keys(None, path).find(key).scopes == {"predict", "feedback"}
    run("keys", "add", "graphs", "--scope", "metrics", "--scope", "admin", API_KEYS_FILE=str(path))
    listed = run("keys", "list", API_KEYS_FILE=str(path)).stdout.splitlines()
    assert [line.split(maxsplit=1) for line in listed] == [
        ["ward-7", "predict, feedback"],
        ["graphs", "metrics, admin"],
    ]
    assert run("keys", "revoke", "ward-7", "--file", str(path)).exit_code == 0
    assert [entry.name for entry in read_key_file(path)] == ["graphs"]
    assert Keys(None, path).find(key) is None


def test_the_last_key_revoked_leaves_a_file_that_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    key = run("keys", "add", "only", "--file", str(path)).stdout.strip()
    run("keys", "revoke", "only", "--file", str(path))
    assert Keys(None, path).find(key) is None


def test_without_a_file_the_entry_for_the_variable_is_shown() -> None:
    made = run("keys", "add", "ward-7")
    entry = made.stderr.splitlines()[-1]
    assert Keys(entry, None).find(made.stdout.strip()).name == "ward-7"
    assert run("keys", "list", API_KEYS=entry).stdout.split() == ["ward-7", "predict,", "feedback"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "two words"), "'two words'"),
        (("add", "x" * 65), "64"),
        (("add", "ward", "--scope", "all"), "'predict', 'feedback', 'metrics', 'admin'"),
        (("list",), "API_KEYS_FILE"),
        (("revoke", "ward"), "--file"),
    ],
)
def test_what_cannot_be_done_is_said(words: tuple[str, ...], said: str) -> None:
    done = run("keys", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_file_that_does_not_fit_is_said(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    run("keys", "add", "ward", "--file", str(path))
    before = path.read_bytes()
    (tmp_path / "letter").write_text("Dear Sirs")
    for words, said in (
        (("add", "ward", "--file", str(path)), "has a key of ward already"),
        (("revoke", "nobody", "--file", str(path)), "no key of nobody"),
        (("revoke", "ward", "--file", str(tmp_path / "none")), "There is no file"),
        (("add", "ward", "--file", str(tmp_path / "letter")), "entry 1"),
        (("add", "ward", "--file", str(tmp_path / "no" / "folder")), "cannot be written"),
        (("list", "--file", str(tmp_path / "none")), "cannot be read"),
    ):
        done = run("keys", *words)
        assert isinstance(done.exception, SettingsError), words
        assert said in str(done.exception)
    assert path.read_bytes() == before
    assert (tmp_path / "letter").read_text() == "Dear Sirs"


SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"  # noqa: S105


def test_a_token_is_made_that_the_service_of_the_same_secret_takes() -> None:
    service = {"JWT_SECRET": SECRET, "JWT_ISSUER": "us", "JWT_AUDIENCE": "vistazo"}
    for words, scopes in (((), {"predict", "feedback"}), (("--scope", "metrics"), {"metrics"})):
        made = run("token", "--for", "ward-7", "--hours", "24", *words, **service)
        tokens = open_tokens(Settings.from_environment(service))
        identity = asyncio.run(tokens.identify(made.stdout.strip()))
        assert (identity.name, identity.scopes) == ("ward-7", scopes)
        assert SECRET not in made.output
        other = open_tokens(Settings.from_environment({**service, "JWT_AUDIENCE": "another"}))
        with pytest.raises(UnauthorizedError):
            asyncio.run(other.identify(made.stdout.strip()))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--for"),
        (("--for", "ward"), "--hours"),
        (("--for", "two words", "--hours", "1"), "'two words'"),
        (("--for", "ward", "--hours", "0"), "0"),
        (("--for", "ward", "--hours", "nan"), "nan"),
        (("--for", "ward", "--hours", "inf"), "inf"),
        (("--for", "ward", "--hours", "99999"), "8784"),
    ],
)
def test_a_token_that_cannot_be_made_is_said(words: tuple[str, ...], said: str) -> None:
    done = run("token", *words, JWT_SECRET=SECRET)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_secret_no_token_is_made() -> None:
    for secret, said in (("", "JWT_SECRET is not set"), ("short", "can be guessed")):
        done = run("token", "--for", "ward", "--hours", "1", JWT_SECRET=secret)
        assert isinstance(done.exception, SettingsError)
        assert said in str(done.exception)
        assert secret not in str(done.exception) or not secret
