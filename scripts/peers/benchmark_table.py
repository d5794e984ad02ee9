"""Results as Markdown, which a terminal shows as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmark_results import Outcome, Results
from contenders import CONTENDERS, KERAS, LIMIT, VISTAZO, Contender
from ratios import Ratio, Spread, ratios, title_of
from turns import Turn

_COLUMNS: tuple[tuple[str, Callable[[Turn], float | None]], ...] = (
    ("requests/s", lambda turn: turn.per_s),
    ("one connection, ms", lambda turn: turn.alone_ms),
    ("CPU a request, ms", lambda turn: turn.cpu_ms),
    ("memory, MB", lambda turn: turn.memory_mb),
)


def model_table(results: Results, model: str) -> str:
    """Who, and what each gave: medians, in brackets the least and the greatest of all rounds."""
    head = ["who", "picture sent as", *(name for name, _ in _COLUMNS)]
    outcomes = results.models[model]
    ordered = [one for one in CONTENDERS if one.key in outcomes]
    rows = [_row(one, outcomes[one.key]) for one in sorted(ordered, key=_rank(results, model))]
    if LIMIT in outcomes:
        rows.append([title_of(LIMIT), "-", *_cells(outcomes[LIMIT])])
    return _markdown(head, rows)


def ratio_table(results: Results) -> str:
    rows = [
        [ratio.model, ratio.name, value_text(ratio), _bar(ratio), _verdict(ratio)]
        for ratio in ratios(results)
    ]
    return _markdown(["model", "Vistazo", "median (spread)", "bar", ""], rows)


def value_text(ratio: Ratio) -> str:
    if ratio.value is None:
        return "not measured"
    return spread_text(ratio.value) + ratio.unit


def spread_text(spread: Spread) -> str:
    """Three significant digits, whole numbers from a hundred on."""
    median, low, high = (_number(x) for x in (spread.median, spread.low, spread.high))
    return median if low == high else f"{median} ({low} to {high})"


def failures(results: Results, model: str) -> list[tuple[str, str]]:
    """Who gave no figure, and why."""
    return [
        (title_of(key), outcome.failure)
        for key, outcome in results.models[model].items()
        if outcome.failure
    ]


def _rank(results: Results, model: str) -> Callable[[Contender], float]:
    def rank(contender: Contender) -> float:
        spread = Spread.of(turn.per_s for turn in results.turns(model, contender.key))
        return -spread.median if spread else 0.0

    return rank


def _row(contender: Contender, outcome: Outcome) -> list[str]:
    title = contender.title + (f" ({contender.engine})" if contender.engine == KERAS else "")
    title = f"**{title}**" if contender.key == VISTAZO else title
    return [title, contender.body, *_cells(outcome)]


def _cells(outcome: Outcome) -> list[str]:
    if outcome.failure:
        return ["no figure: see below", *[""] * (len(_COLUMNS) - 1)]
    found = []
    for _, figure in _COLUMNS:
        values = [value for turn in outcome.turns if (value := figure(turn)) is not None]
        spread = Spread.of(values)
        found.append(spread_text(spread) if spread else "")
    return found


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _bar(ratio: Ratio) -> str:
    if ratio.bar is None:
        return ""
    return f"{'at least' if ratio.at_least else 'at most'} {ratio.bar:g}{ratio.unit}"


def _verdict(ratio: Ratio) -> str:
    if ratio.bar is None:
        return ""
    return "met" if ratio.is_met else "MISSED"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
