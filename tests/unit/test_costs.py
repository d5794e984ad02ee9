"""What a model's errors cost, of a thousand cases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from builders import card
from vistazo.answers.costs import cost_sentences
from vistazo.cli.worth import worth_lines
from vistazo.models.serving_card import CostSpec
from vistazo.training.cheapest import cheapest_threshold
from worth_cases import figure, of_two

COSTS = {"currency": "EUR", "false_accept": 50, "false_reject": 2, "positive_share": 0.04}
GOOD = of_two(figure(0.95, 0.9, 0.99), figure(0.98, 0.96, 0.99), title={"es": "Piezas"})
LABELS = ["defective", "ok"]


def parts(costs: dict[str, Any] | None = COSTS, **figures: Any) -> Any:
    return card(labels=LABELS, positive="defective", figures=figures, costs=costs)


def test_a_thousand_parts_are_told_with_intervals_beside_no_check_at_all() -> None:
    [told] = cost_sentences(parts(unseen=GOOD))
    # 40 defective, of which 5 % pass (100 EUR); 960 good ones, of which 2 % are rejected (38 EUR).
    assert told["en"] == (
        "Piezas: of 1,000, 40 of them defective, 2 (0 to 4) pass as ok, and 19 (9 to 39) ok are "
        "called defective. That costs 138 (39 to 277) EUR; without a check it would be 2,000 EUR."
    )
    assert told["es"] == (
        "Piezas: de 1.000, de los que 40 son defective, 2 (0 a 4) pasan por ok, y 19 (9 a 39) ok "
        "se dan por defective. Eso cuesta 138 (39 a 277) EUR; sin control serían 2.000 EUR."
    )


def test_the_best_threshold_is_told_beside_the_own_one() -> None:
    better = {"threshold": 0.31, "sensitivity": 1, "specificity": 0.975}
    [told] = cost_sentences(parts(unseen={**GOOD, "best_threshold": better}))
    assert told["en"].endswith("At a threshold of 0.31 it would be 48 EUR, on these very cases.")
    assert told["es"].endswith("Con un umbral de 0,31 serían 48 EUR, en estos mismos casos.")
    own = {"threshold": 0.5, "sensitivity": 0.95, "specificity": 0.98}
    [told] = cost_sentences(parts(unseen={**GOOD, "best_threshold": own}))
    assert told["en"].endswith("No other threshold costs less on these cases.")


@pytest.mark.parametrize(
    "model",
    [
        parts(None, unseen=GOOD),
        parts(),
        parts(unseen={"sensitivity": 0.9, "specificity": None}),
        parts(those_that_look_like_the_other_label=GOOD),
    ],
)
def test_where_nobody_says_the_costs_or_measured_the_errors_nothing_is_told(model: Any) -> None:
    assert cost_sentences(model) == []
    assert not [line for line in worth_lines(model) if "costs" in line]


def test_names_that_look_like_a_format_stay_as_they_are() -> None:
    [told] = cost_sentences(
        card(labels=["{own}", "{x}"], costs=COSTS, figures={"{0}": {**GOOD, "title": "{cases}"}})
    )
    assert told["en"].startswith("{cases}: of 1,000, 40 of them {x}, 2 (0 to 4) pass as {own}")


def test_inspect_tells_it_in_lines_that_a_terminal_can_show() -> None:
    lines = list(worth_lines(parts(unseen=GOOD)))
    assert any(line.startswith("  costs      Piezas: of 1,000, 40 of them") for line in lines)
    assert all(len(line) <= 100 for line in lines)


def test_the_cheapest_threshold_is_that_of_a_search_through_all() -> None:
    random = np.random.default_rng(0)
    truth = random.random(400) < 0.3
    scores = np.clip(random.normal(0.35 + 0.3 * truth, 0.2), 0.01, 0.99)

    def price(costs: CostSpec, threshold: float) -> float:
        passes, called = (scores < threshold)[truth].mean(), (scores >= threshold)[~truth].mean()
        share = costs.positive_share
        return float(
            share * passes * costs.false_accept + (1 - share) * called * costs.false_reject
        )

    for accept in (0.0, 1.0, 30.0, 1000.0):
        costs = CostSpec(currency="EUR", false_accept=accept, false_reject=1, positive_share=0.1)
        best = cheapest_threshold(scores, truth, costs, 0.5)
        assert best is not None
        least = min(price(costs, each) for each in np.linspace(0.0001, 0.9999, 4000))
        assert price(costs, best["threshold"]) <= least + 1e-9
        assert best["sensitivity"] == pytest.approx(
            (scores >= best["threshold"])[truth].mean(), abs=1e-4
        )
    assert cheapest_threshold(scores, np.ones(400, bool), costs, 0.5) is None


def test_of_thresholds_that_cost_the_same_the_own_one_stays() -> None:
    costs = CostSpec(currency="EUR", false_accept=9, false_reject=1, positive_share=0.1)
    truth = np.array([False, False, True, True])
    best = cheapest_threshold(np.array([0.1, 0.2, 0.8, 0.9]), truth, costs, 0.42)
    assert best == {"threshold": 0.42, "sensitivity": 1.0, "specificity": 1.0}
