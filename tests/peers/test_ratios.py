"""What the benchmark makes of its figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmark_page import better_than_vistazo, page_text
from benchmark_results import Outcome, Results
from benchmark_table import model_table, ratio_table, spread_text
from ratios import Ratio, Spread, best_peer, ratios


def found(results: Results, name: str) -> Ratio:
    return next(ratio for ratio in ratios(results) if name in ratio.name)


def test_a_spread_is_a_median_between_the_least_and_the_greatest() -> None:
    assert Spread.of([3, 1, 8]) == Spread(3, 1, 8)
    assert Spread.of([]) is None


def test_a_ratio_is_taken_round_by_round(results: Results) -> None:
    assert found(results, "share of").value == Spread(0.95, 0.9, 1.0)
    assert found(results, "beyond").value == Spread(1.5, 1, 2)
    assert found(results, "CPU time").value == Spread(pytest.approx(0.826, abs=1e-3), 7 / 9, 7 / 8)
    assert found(results, "Keras").value == Spread(10, 10, 10)


def test_the_best_peer_takes_a_form_runs_our_engine_and_did_not_fail(results: Results) -> None:
    assert best_peer(results, "MobileNetV2") == "litserve"
    assert found(results, "best peer, LitServe").value == Spread(1.75, 1.5, 2.0)


def test_a_bar_is_met_by_the_median(results: Results) -> None:
    assert {ratio.name: ratio.is_met for ratio in ratios(results)} == {
        "share of the in-process limit": True,
        "the same share by CPU time, which noise spares": True,
        "one connection, beyond the limit's time": True,
        "against the best peer, LitServe": True,
        "against plain FastAPI + Keras": False,
    }


def test_what_could_not_be_measured_misses_its_bar(results: Results) -> None:
    results.models["MobileNetV2"]["vistazo"].failure = "ended"
    assert not any(ratio.is_met for ratio in ratios(results) if ratio.bar)
    assert "not measured" in ratio_table(results)


def test_on_a_slow_model_there_is_no_bar_against_others(results: Results) -> None:
    slow = replace(results, models={"DenseNet121": results.models["MobileNetV2"]})
    assert found(slow, "Keras").is_met
    assert found(slow, "Keras").bar is None
    assert found(slow, "share of").bar is not None


def test_peers_that_did_not_take_part_have_no_ratio(results: Results) -> None:
    del results.models["MobileNetV2"]["keras"]
    assert not [ratio for ratio in ratios(results) if "Keras" in ratio.name]


def test_the_table_goes_by_speed_and_gives_no_figure_to_who_failed(results: Results) -> None:
    lines = model_table(results, "MobileNetV2").splitlines()
    told = [line.split(" | ")[0].strip("| ") for line in lines[2:]]
    assert told == [
        "mosec",
        "**Vistazo**",
        "LitServe",
        "BentoML",
        "FastAPI + Keras predict (TensorFlow)",
        "Ray Serve",
        "in one process: the limit",
    ]
    assert "500" not in model_table(results, "MobileNetV2")
    assert "| raw body | 97.0 (95.0 to 99.0) |" in lines[2]


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (9.994, "9.99"), (12.34, "12.3"), (123.4, "123")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert spread_text(Spread(value, value, value)) == text


def test_the_page_says_who_failed_and_where_a_peer_is_better(results: Results) -> None:
    assert better_than_vistazo(results, "MobileNetV2") == [
        "mosec: 97.0 requests/s (Vistazo 95.0); 10.0 ms with one connection (Vistazo 11.0)."
    ]
    results.models["MobileNetV2"]["mosec"] = Outcome(failure="not installed: no wheel")
    text = page_text(results)
    assert "- mosec: not installed: no wheel" in text
    assert "- Ray Serve: answered 500 Internal Server Error" in text
    assert "nowhere in this run" in text
    assert "LitServe 1.2" in text
    assert "at most 3% of\none core" in text


def test_results_are_read_as_they_were_written(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "benchmark.json")
    assert Results.read(tmp_path / "benchmark.json") == results
    assert [path.name for path in tmp_path.iterdir()] == ["benchmark.json"]
