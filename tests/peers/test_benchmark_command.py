"""./scripts/benchmark as a command."""

from __future__ import annotations

from pathlib import Path

import benchmark_command
import pytest
from benchmark_command import arguments, main
from benchmark_results import Results
from measured_models import CACHE, MODELS


@pytest.mark.parametrize(
    "wrong",
    ["--models=AlexNet", "--peers=litserve,nobody", "--rounds=0", "--seconds=nan", "--seconds=61"],
)
def test_a_wrong_option_is_refused_in_words(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments().parse_args([wrong])
    assert ended.value.code == 2
    assert wrong.split("=", maxsplit=1)[0] in capsys.readouterr().err


def test_quick_is_two_models_and_a_few_peers() -> None:
    pace, rounds, models, peers = benchmark_command._plan(arguments().parse_args(["--quick"]))
    assert (pace.seconds, rounds, models) == (2.0, 2, MODELS[:2])
    assert "keras" in peers
    pace, rounds, models, peers = benchmark_command._plan(arguments().parse_args([]))
    assert (pace.seconds, rounds, models) == (5.0, 4, MODELS)
    assert len(peers) == 9


def test_a_file_that_is_no_result_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert main(["--from", str(tmp_path / "x.json"), "--out", str(tmp_path)]) == 2
    assert "no result of this benchmark" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_in_words(
    results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.write(tmp_path / "then.json")
    told = ["--from", str(tmp_path / "then.json"), "--out", str(tmp_path / "then.json")]
    assert main(told) == 2
    assert "then.json" in capsys.readouterr().err


def test_a_missed_bar_fails_only_a_check(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark_command, "write_plot", lambda *_: None)
    results.write(tmp_path / "then.json")
    told = ["--from", str(tmp_path / "then.json"), "--out", str(tmp_path)]
    assert main(told) == 0
    assert main([*told, "--check"]) == 1


@pytest.mark.longer
def test_vistazo_is_measured_beside_the_service_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--models=default", "--peers=onnx", "--rounds=1", "--seconds=1"]
    page = tmp_path / "page" / "README.md"
    assert main([*options, "--out", str(tmp_path), "--page", str(page)]) == 0, CACHE
    measured = Results.read(tmp_path / "benchmark.json")
    assert not [one.failure for one in measured.models["default"].values() if one.failure]
    assert {key: len(one.turns) for key, one in measured.models["default"].items()} == {
        "vistazo": 1,
        "limit": 1,
        "onnx": 1,
    }
    assert "| **Vistazo** | form |" in capsys.readouterr().out
    assert "requests.svg" in page.read_text(encoding="utf-8")
    assert (page.parent / "requests.svg").stat().st_size < 100_000
