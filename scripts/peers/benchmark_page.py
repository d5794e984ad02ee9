"""The page that shows one run: what is compared, figures, and where somebody else is better."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmark_plot import write_plot
from benchmark_results import Results
from benchmark_table import failures, model_table, ratio_table, spread_text
from contenders import CONTENDERS, VISTAZO
from ratios import Spread
from turns import Turn

PLOT = "requests.svg"

_HEAD = """\
# Vistazo and others, side by side

`./scripts/benchmark` measures this; `./scripts/benchmark --page scripts/peers/README.md` wrote
this page. One run on one machine: ratios travel, figures do not.

Every server gets the same picture (a JPEG of 1500 x 1100, 128 kB, made by code), the same weights
and the same work: decode, prepare, run, answer with probabilities as JSON. Each is set up as its
documentation has it for that ([servers](servers)), with as many workers as there are cores and one
thread a picture; the peers load what `vistazo convert` compiled. Their answers for two pictures are
compared with Vistazo's before they are timed.

One server runs at a time, started anew in each of {rounds} rounds: {seconds:g} s with {connections}
connections, then {seconds:g} s with one, each after {warm_up_s:g} s to warm up. A caller sends the
next request when it has its answer; all callers are one process, which took at most {client:.0%} of
one core. What else ran on the machine took at most {others:.0%} of all cores during a turn: the
more, the less the figures are worth. Memory is that of all the server's processes (PSS) at the end
of a turn. The limit is the same work in one process, on as many threads, without a server. Figures
are medians, in brackets the least and the greatest of all rounds.

Vistazo does more for a picture than is compared here: limits before every step, a decoder in a
process of its own, one bounded queue, and for the default model whether the picture looks like
those that it was made for. The service by hand has none of it: it shows the price.
"""


def write_page(results: Results, path: Path) -> None:
    """Markdown, and the plot beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_plot(results, path.parent / PLOT)
    path.write_text(page_text(results), encoding="utf-8")


def page_text(results: Results) -> str:
    return "\n".join(_parts(results))


def better_than_vistazo(results: Results, model: str) -> list[str]:
    """In sentences, of the medians, for every contender that outdoes Vistazo in anything."""
    found = []
    for one in CONTENDERS:
        outdone = list(_outdone(results, model, one.key)) if one.key != VISTAZO else []
        if outdone:
            found.append(f"{one.title}: {'; '.join(outdone)}.")
    return found


def _parts(results: Results) -> Iterator[str]:
    shares = {
        "client": results.most(lambda turn: turn.client_share),
        "others": results.most(lambda turn: turn.others_share),
    }
    yield _HEAD.format(rounds=results.rounds, **shares, **vars(results.pace))
    yield f"![Requests a second of each server, a panel for each model]({PLOT})\n"
    machine = "; ".join(f"{name} {value}" for name, value in results.machine.items())
    yield f"Run of {results.begun}. {machine}.\n"
    yield f"{', '.join(_versions(results))}.\n"
    yield "## Ratios\n"
    yield ratio_table(results) + "\n"
    for model in results.models:
        yield f"## {model}\n"
        yield model_table(results, model) + "\n"
        yield from (f"- {who}: {why}" for who, why in failures(results, model))
        yield "\nWhere another is better:\n"
        better = better_than_vistazo(results, model) or ["nowhere in this run."]
        yield "\n".join(f"- {line}" for line in better) + "\n"


def _versions(results: Results) -> Iterator[str]:
    titles = {one.key: one.title for one in CONTENDERS if one.requirements or one.key == VISTAZO}
    for key, version in results.versions.items():
        yield f"{titles.get(key, key)} {version}"


def _outdone(results: Results, model: str, key: str) -> Iterator[str]:
    ours, theirs = results.turns(model, VISTAZO), results.turns(model, key)
    if not ours or not theirs:
        return
    for name, figure, more_is_better in _FIGURES:
        own = statistics.median(figure(turn) for turn in ours)
        other = statistics.median(figure(turn) for turn in theirs)
        if other > own if more_is_better else other < own:
            text = spread_text(Spread(other, other, other))
            yield f"{text} {name} (Vistazo {spread_text(Spread(own, own, own))})"


_FIGURES: tuple[tuple[str, Callable[[Turn], float], bool], ...] = (
    ("requests/s", lambda turn: turn.per_s, True),
    ("ms with one connection", lambda turn: turn.alone_ms, False),
    ("ms CPU a request", lambda turn: turn.cpu_ms, False),
    ("MB", lambda turn: turn.memory_mb or 0.0, False),
)
