"""vistazo pacs, as it is typed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from command_line import Done, run_here
from vistazo.cli.pacs import command
from vistazo.pacs.peers import called_of, may_call, may_connect, peer_of
from vistazo.pacs.spool import SpoolLimits, open_spool

ROOT = Path(__file__).parents[2]
Pacs = Callable[..., Done]


@pytest.fixture
def pacs(tmp_path: Path) -> Pacs:
    return lambda *arguments, **settings: run_here(("pacs", *arguments), settings, tmp_path)


_IN, _OUT = ("--peer", "A@10.0.0.5"), ("--send-to", "A@pacs:104")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--spool FOLDER"),
        (("--spool", "s", *_OUT), "No X-rays can come"),
        (("--spool", "s", *_IN), "nowhere to go"),
        (("--spool", "s", "--peer", "10.0.0.5", *_OUT), "write it as TITLE@ADDRESS"),
        (("--spool", "s", "--peer", "A@*", *_OUT), "say from which addresses"),
        (("--spool", "s", "--peer", "A@pacs.example", *_OUT), "is no address"),
        (("--spool", "s", "--peer", f"{'A' * 17}@10.0.0.5", *_OUT), "is no AE title"),
        (("--spool", "s", *_IN, "--send-to", "A@pacs"), "write TITLE@HOST:PORT"),
        (("--spool", "s", *_IN, "--send-to", "A@pacs:70000"), "write TITLE@HOST:PORT"),
        (("--spool", "s", "--dicomweb", "ftp://pacs"), "write it as https://"),
        (("--spool", "s", "--dicomweb", "https://me:secret@pacs/"), "PACS_DICOMWEB_TOKEN"),
        (("--spool", "s", "--dicomweb", "https://pacs", "--since", "soon"), "is no day"),
        (("--spool", "s", "--dicomweb", "https://pacs", "--modality", "dx1"), "is no modality"),
        (("--spool", "s", *_IN, *_OUT, "--tls-ca", "pyproject.toml"), "does not exist"),
        (("status", "nowhere"), "is no spool"),
        (("retry", "nowhere"), "is no spool"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_is_told_in_words(pacs: Pacs, arguments: tuple[str, ...], said: str) -> None:
    done = pacs(*arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_two_ways_of_saying_who_we_are_are_one_too_many(pacs: Pacs, tmp_path: Path) -> None:
    given = {"PACS_DICOMWEB_TOKEN": "a", "PACS_DICOMWEB_USER": "b", "PACS_SPOOL": "s"}
    done = pacs("--dicomweb", "https://pacs", **given)
    assert (done.returncode, done.stdout) == (2, "")
    assert "not both" in done.stderr


def test_status_says_what_waits_and_what_was_given_up_and_retry_takes_it_up_again(
    pacs: Pacs, tmp_path: Path
) -> None:
    with open_spool(tmp_path / "spool", SpoolLimits(10, 1_000)) as spool:
        for number in range(3):
            path = spool.incoming / "a.part"
            path.write_bytes(b"an x-ray")
            spool.keep(path, f"1.2.{number}")
        spool.end(spool.ledger.key_of("1.2.0"), "refused", "view")
        spool.end(spool.ledger.key_of("1.2.1"), "failed", "the archive answered 0xC000")
    done = pacs("status", "spool")
    assert done.returncode == 1
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["waiting", "1"], ["reported", "0"], ["sent", "0"], ["refused", "1"], ["1", "view"],
        ["failed", "1"], ["1", "the", "archive", "answered", "0xC000"],
    ]  # fmt: skip
    told = json.loads(pacs("status", "spool", "--json").stdout)
    assert told["refused_for"] == {"view": 1}
    assert told["bytes"] == 16
    assert pacs("retry", "spool").stdout == "1 to be tried again\n"
    again = pacs("retry", "spool", "--refused").stdout
    assert again == "0 to be tried again\n1 to be taken if they come again\n"
    assert pacs("status", "spool").returncode == 0


def test_a_peer_is_a_title_at_an_address() -> None:
    peers = [peer_of("PACS@10.0.0.5"), peer_of("*@192.168.0.0/16"), peer_of("SIX@2001:db8::/32")]
    assert may_call(peers, "PACS", "10.0.0.5")
    assert may_call(peers, "ANY", "192.168.3.4")
    assert may_call(peers, "SIX", "2001:db8::1%eth0")
    assert may_call(peers, "PACS", "::ffff:10.0.0.5")
    assert not may_call(peers, "OTHER", "10.0.0.5")
    assert not may_connect(peers, "10.0.0.6")
    assert not may_connect(peers, "no address")
    assert str(called_of("A B@[::1]:104")) == "A B@::1:104"


def test_help_needs_no_library_of_dicom(pacs: Pacs) -> None:
    done = pacs("--help")
    assert done.returncode == 0
    assert "PACS_SEND_TO" in done.stdout


@pytest.mark.parametrize("page", ["pacs.md", "pacs.es.md"])
def test_the_page_has_every_option_its_variable_and_its_default(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    rows = re.findall(r"^\| `(--[\w-]+)` \| `(\w+)` \|([^|]*)\|", text, re.MULTILINE)
    documented = {option: (variable, default) for option, variable, default in rows}
    options = {
        each.opts[0]: each for each in command.params if isinstance(each, click.Option)
    }  # fmt: skip
    assert set(documented) == set(options)
    for name, option in options.items():
        variable, default = documented[name]
        assert variable == (option.envvar or "MODEL_PATH")
        if isinstance(option.default, (int, float)) and not option.is_flag:
            assert float(re.sub(r"[.,]", "", default)) == option.default, name


@pytest.mark.longer
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_systemd_takes_the_unit_of_the_page(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "pacs.md").read_text("utf-8")
    [unit] = re.findall(r"^```ini\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    written = tmp_path / "vistazo-pacs.service"
    written.write_text(unit.replace("/opt/vistazo/.venv/bin/python", sys.executable))
    verify = [str(shutil.which("systemd-analyze")), "verify", "--man=no", str(written)]
    checked = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert "vistazo-pacs.service" not in checked.stderr, checked.stderr
