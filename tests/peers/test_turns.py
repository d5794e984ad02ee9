"""A contender's turn, with a server that is a few lines."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import measured_models
import peer_environments
import pytest
from contenders import CONTENDERS, FORM, Contender
from measured_models import BenchmarkError
from peer_environments import NotInstalledError, interpreter, lock_file, version_of
from picture_task import PictureTask
from turns import Course, Films, Pace, TurnError, agree, take_turn

import locked_environment
from locked_environment import reason_of

SERVER = """
import os, socketserver
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while head := self.rfile.readline():
            length = 0
            while head.strip():
                head = self.rfile.readline().lower()
                if head.startswith(b"content-length:"):
                    length = int(head.split(b":")[1])
            body = self.rfile.read(length)
            p = 0.9 if b"a film" in body else float(os.environ["OTHER"])
            told = b'{"probabilities": {"one": %f, "other": %f}}' % (p, 1 - p)
            head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(told)
            self.wfile.write(head + told)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
TASK = PictureTask("a model", "model.onnx", "model.keras", workers=2)
COURSE = Course(TASK, Films(b"a film", b"another"), Pace(0.1, 0.02, 2))
EXPECTED = ({"one": 0.9, "other": 0.1}, {"one": 0.3, "other": 0.7})


def stub(other: str = "0.3", server: str = SERVER) -> Contender:
    command = ("{python}", "-S", "-c", server.replace("{", "{{").replace("}", "}}"))
    return Contender("stub", "a stub", command, environment={"OTHER": other})


def turn_of(contender: Contender, expected=EXPECTED):
    return take_turn(contender, Path(sys.executable), COURSE, expected)


def test_a_turn_gives_figures_and_answers() -> None:
    turn, answers = turn_of(stub())
    assert answers == EXPECTED
    assert turn.per_s > 20
    assert 0 < turn.alone_ms < 100
    assert turn.memory_mb is not None
    assert 2 < turn.memory_mb < 100
    assert 0 < turn.client_share < 1
    assert 0 <= turn.others_share <= 1


def test_a_server_that_answers_wrongly_is_not_timed() -> None:
    with pytest.raises(TurnError, match=r"answers wrongly: .*0\.31.* not .*0\.3"):
        turn_of(stub("0.31"))


def test_a_model_that_says_the_same_of_all_pictures_proves_nothing() -> None:
    with pytest.raises(TurnError, match="two pictures the same answer"):
        turn_of(stub("0.9"), expected=None)


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(TurnError, match=r"ended while it started: .*no such model"):
        turn_of(stub(server="raise SystemExit('no such model')"))


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(TurnError, match="No such file"):
        turn_of(replace(stub(), command=("/nowhere/server",)))


def test_answers_agree_within_a_tolerance_and_about_all_labels() -> None:
    assert agree({"a": 0.5}, {"a": 0.5019})
    assert not agree({"a": 0.5}, {"a": 0.503})
    assert not agree({"a": 0.5}, {"a": 0.5, "b": 0.0})
    assert not agree({"a": float("nan")}, {"a": 0.5})


@pytest.mark.parametrize("contender", CONTENDERS, ids=lambda one: one.key)
def test_every_contender_is_sent_the_picture_in_a_whole_request(contender: Contender) -> None:
    head, _, body = contender.request(b"\xff\xd8 a film", 8000).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert (b"\xff\xd8 a film" in body) == (contender.body != "base64 in JSON")
    assert (b"multipart/form-data" in head) == (contender.body == FORM)


@pytest.mark.parametrize("package", [one.requirements for one in CONTENDERS if one.requirements])
def test_every_peer_is_pinned_with_hashes(package: str) -> None:
    assert version_of(package)
    lines = lock_file(package).read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if line[:1].isalnum()]
    assert pinned
    assert all("==" in line and line.endswith("\\") for line in pinned)


def test_a_peer_that_cannot_be_installed_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(peer_environments, "ENVIRONMENTS", tmp_path)
    monkeypatch.setattr(locked_environment.venv, "create", fail)
    with pytest.raises(NotInstalledError, match="No space left"):
        interpreter("mosec", lambda _: None)
    output = "Looking in links\nERROR: No matching distribution found for mosec==1\n"
    assert reason_of(output).startswith("No matching distribution found for mosec==1 (Python 3.")
    assert reason_of("").startswith("pip says nothing")


def test_the_peers_prepare_pictures_as_the_default_model_s_card_says() -> None:
    task = measured_models._as_card_says(TASK)
    assert (task.side, task.colour, task.divide_by) == (96, "grey", 255)
    assert task.equalize
    assert task.labels == ["NORMAL", "PNEUMONIA"]


def test_a_card_that_asks_for_more_than_the_peers_do_stops_the_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = "input: {height: 9, width: 9, scale: 1/255, resize: crop}\noutput: {kind: sigmoid}\n"
    (tmp_path / "pneumonia.card.yaml").write_text(card)
    monkeypatch.setattr(measured_models, "DEFAULT", tmp_path)
    with pytest.raises(BenchmarkError, match="teach it"):
        measured_models._as_card_says(TASK)
