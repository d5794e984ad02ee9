"""./scripts/benchmark: Vistazo beside other servers, on this machine, as anyone can repeat it."""

from __future__ import annotations

import argparse
import datetime
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmark_page import write_page
from benchmark_plot import write_plot
from benchmark_results import Results, describe_machine, describe_versions
from benchmark_rounds import Rounds
from benchmark_table import failures, model_table, ratio_table
from contenders import CONTENDERS, ROOT, VISTAZO, Contender
from films import film
from measured_models import MODELS, BenchmarkError, make_task
from peer_environments import NotInstalledError, interpreter
from ratios import ratios
from server_family import orphans_adopted
from turns import Course, Films, Pace

_RESULTS, _TABLE, _PLOT = "benchmark.json", "benchmark.md", "benchmark.svg"
_QUICK_MODELS, _QUICK_PEERS = MODELS[:2], ("litserve", "mosec", "keras")
_INTERRUPTED = 130
_MUCH = 0.05  # of all cores

Number = TypeVar("Number", int, float)

_DESCRIPTION = """\
Measure Vistazo beside other servers: same pictures, same weights, same work, one after the other,
round by round. Each is installed at a pinned version, in an environment of its own below
.venv-benchmark; one that cannot be is reported. At most an hour. Linux.
"""
_EXAMPLES = """\
examples:
  ./scripts/benchmark --quick                       five minutes, once all is installed
  ./scripts/benchmark                               everybody, three models, four rounds
  ./scripts/benchmark --models MobileNetV2 --peers litserve,bentoml --rounds 2
  ./scripts/benchmark --check                       exit status 1 where a bar is missed
  ./scripts/benchmark --page scripts/peers/README.md
  ./scripts/benchmark --from runs/benchmark/benchmark.json --page page.md   without measuring

exit status: 0; 1 with --check where a bar is missed; 2 where nothing can be measured; 130 when
interrupted (all servers end, what was measured is kept)
"""


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./scripts/benchmark",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    peers = [one.key for one in CONTENDERS if one.key != VISTAZO]
    parser.add_argument("--quick", action="store_true", help="two models, three peers, two rounds")
    parser.add_argument("--models", type=_some_of(MODELS), help=f"of {','.join(MODELS)}")
    parser.add_argument("--peers", type=_some_of(peers), help=f"of {','.join(peers)}")
    parser.add_argument(
        "--rounds", type=_positive(int, 100), help="turns of each with each model (4)"
    )
    parser.add_argument(
        "--seconds", type=_positive(float, 60), help="each part of a turn lasts (5)"
    )
    parser.add_argument("--check", action="store_true", help="fail where a bar is missed")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "benchmark", metavar="FOLDER")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write a page about the run")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE.json", help="of this")
    return parser


def _some_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = [name for name in text.split(",") if name]
        unknown = [name for name in found if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(known)}")
        return found

    return names


def _positive(kind: type[Number], most: int) -> Callable[[str], Number]:
    def number(text: str) -> Number:
        value = kind(text)
        if not 0 < value <= most:
            raise argparse.ArgumentTypeError(f"it has to be more than 0, and at most {most}")
        return value

    return number


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    try:
        results = _earlier(options.earlier) if options.earlier else _measured(options)
        return _report(results, options)
    except (BenchmarkError, OSError) as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        kept = options.out / _RESULTS
        say("\nInterrupted." + (f" What was measured is in {kept}." if kept.exists() else ""))
        return _INTERRUPTED


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _earlier(path: Path) -> Results:
    try:
        return Results.read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{path} is no result of this benchmark: {error}") from error


def _measured(options: argparse.Namespace) -> Results:
    workers = len(os.sched_getaffinity(0))
    pace, rounds, models, peers = _plan(options)
    contenders = [one for one in CONTENDERS if one.key == VISTAZO or one.key in peers]
    results = Results(
        begun=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=describe_machine(workers),
        versions=describe_versions(contenders),
        pace=pace,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    pythons = _installed(contenders, results, models)
    films = Films(film(0), film(1))
    courses = [Course(make_task(model, workers, say), films, pace) for model in models]
    with orphans_adopted():
        Rounds(results, options.out / _RESULTS, contenders, pythons, courses, say).run(rounds)
    return results


def _plan(options: argparse.Namespace) -> tuple[Pace, int, Sequence[str], Sequence[str]]:
    """What the options say, else what is quick, or whole."""
    quick = options.quick
    seconds = options.seconds or (2.0 if quick else 5.0)
    everybody = [one.key for one in CONTENDERS]
    return (
        Pace(seconds, warm_up_s=min(1.0, seconds / 2)),
        options.rounds or (2 if quick else 4),
        options.models or (_QUICK_MODELS if quick else MODELS),
        options.peers if options.peers is not None else (_QUICK_PEERS if quick else everybody),
    )


def _installed(
    contenders: Sequence[Contender], results: Results, models: Sequence[str]
) -> dict[str, Path]:
    """The interpreters of those that need their own; who has none is said to have failed."""
    pythons = {}
    for one in contenders:
        if one.requirements is None:
            continue
        try:
            pythons[one.key] = interpreter(one.requirements, say)
        except NotInstalledError as error:
            say(f"{one.title} is left out. Not installed: {error}")
            for model in models:
                results.outcome(model, one.key).failure = f"not installed: {error}"
    return pythons


def _report(results: Results, options: argparse.Namespace) -> int:
    options.out.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join([*_tables(results), ratio_table(results)])
    print(text)
    (options.out / _TABLE).write_text(text + "\n", encoding="utf-8")
    write_plot(results, options.out / _PLOT)
    say(f"\nWritten: {', '.join(str(options.out / name) for name in (_RESULTS, _TABLE, _PLOT))}")
    others = results.most(lambda turn: turn.others_share)
    if others > _MUCH:
        say(f"The machine was not quiet: something else took up to {others:.0%} of its cores.")
    if options.page:
        write_page(results, options.page)
        say(f"The page: {options.page}")
    missed = [ratio for ratio in ratios(results) if not ratio.is_met]
    return 1 if options.check and missed else 0


def _tables(results: Results) -> list[str]:
    found = []
    for model in results.models:
        told = [f"{who}: {why}" for who, why in failures(results, model)]
        found.append("\n".join([f"## {model}", "", model_table(results, model), *told]))
    return found


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
