"""What figures of a card come to in sentences: of the command line, and of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class WorthCase:
    """A group of figures, and the English sentence; empty where there is nothing to tell."""

    what: str
    group: dict[str, Any]
    told: str
    name: str = "official_test_split"
    labels: tuple[str, ...] = ("NORMAL", "PNEUMONIA")
    card: dict[str, Any] = field(default_factory=dict)


def figure(value: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def of_two(sensitivity: Any, specificity: Any, **more: Any) -> dict[str, Any]:
    return {"pictures": 626, "sensitivity": sensitivity, "specificity": specificity, **more}


def sick(misses: str, calls: str) -> str:
    return (
        f"Official test split (626 pictures): of 100 PNEUMONIA pictures it misses {misses}; "
        f"of 100 NORMAL pictures it calls {calls} PNEUMONIA."
    )


CASES = (
    WorthCase(
        "with intervals, which are widened to whole numbers",
        of_two(figure(0.9785, 0.9645, 0.9901), figure(0.9689, 0.9366, 0.9936)),
        sick("2 (0 to 4)", "3 (0 to 7)"),
    ),
    WorthCase("as plain numbers", of_two(0.91, 0.88), sick("9", "12")),
    WorthCase("a half counts up", of_two(0.975, 0.985), sick("3", "2")),
    WorthCase("one of a hundred is one", of_two(0.99, 0.01), sick("1", "99")),
    WorthCase("hardly any is not none", of_two(0.996, 0.9999), sick(*2 * ("fewer than 1",))),
    WorthCase("nearly all is not all", of_two(0.004, 0.0001), sick(*2 * ("more than 99",))),
    WorthCase("none and all", of_two(1, 0.0), sick("0", "100")),
    WorthCase(
        "an interval of no width says nothing",
        of_two(figure(1, 1, 1), figure(0.992, 0.98, 1)),
        sick("0", "fewer than 1 (0 to 2)"),
    ),
    WorthCase(
        "an undefined figure is left out",
        of_two(figure(None, None, None), figure(0.9, None, None)),
        "Official test split (626 pictures): of 100 NORMAL pictures it calls 10 PNEUMONIA.",
    ),
    WorthCase("what is no share is left out", of_two(97.8, "high", accuracy=True), ""),
    WorthCase("no figures", {"pictures": 3, "note": "not yet"}, ""),
    WorthCase(
        "strangers alone",
        {"pictures": 80, "out_of_distribution": figure(0.925, 0.86, 0.975)},
        "Adults (80 pictures): of 100 pictures it marks 93 (86 to 98) as not of the kind it knows.",
        name="adults",
    ),
    WorthCase(
        "everything, with a note",
        of_two(0.97, 0.94, out_of_distribution=figure(0.002, 0.0, 0.006), note="<b>Seen</b>."),
        sick("3", "6")[:-1] + "; of 100 pictures it marks fewer than 1 (0 to 1) as not of the "
        "kind it knows. <b>Seen</b>.",
    ),
    WorthCase(
        "the card says which label is meant, and what people call the group",
        of_two(0.97, 0.94, title={"es": "Otros", "en-GB": "Ours"}, note={"de": "Da."}),
        "Ours (626 pictures): of 100 NORMAL pictures it misses 3; "
        "of 100 PNEUMONIA pictures it calls 6 NORMAL. Da.",
        card={"positive": "NORMAL", "language": "de"},
    ),
    WorthCase(
        "many labels",
        {"pictures": 12345, "accuracy": figure(0.9312, 0.9, 0.95)},
        "Unseen (12,345 pictures): of 100 pictures it gets 93 (90 to 95) right.",
        name="unseen",
        labels=("scab", "rot", "rust"),
    ),
    WorthCase(
        "texts",
        {"texts": 290, "sensitivity": 0.8633, "specificity": 0.7682},
        "Unseen texts (290 texts): of 100 PNEUMONIA texts it misses 14; "
        "of 100 NORMAL texts it calls 23 PNEUMONIA.",
        name="unseen_texts",
    ),
    WorthCase(
        "nobody counted, and the label is hostile",
        {"sensitivity": 0.5, "specificity": 0.25},
        "A b c: of 100 <b>{count}</b> cases it misses 50; "
        "of 100 whole cases it calls 75 <b>{count}</b>.",
        name="a-b.c",
        labels=("whole", "<b>{count}</b>"),
    ),
    WorthCase(
        "a part of another group is left to the tables",
        of_two(0.5, 0.5),
        "",
        name="those_that_look_like_the_other_label",
    ),
)
