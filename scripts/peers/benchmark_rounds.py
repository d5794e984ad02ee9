"""Round after round everybody has a turn; a noisy moment of the machine is nobody's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark_results import Results
from contenders import LIMIT, VISTAZO, Contender
from measured_models import BenchmarkError
from turns import Answers, Course, Turn, TurnError, limit_turn, take_turn

LONGEST_S = 55 * 60


@dataclass
class Rounds:
    """Writes ``results`` to ``path`` after each turn. A contender that has failed with a model has
    no further turn there. No turn begins after LONGEST_S.
    """

    results: Results
    path: Path
    contenders: Sequence[Contender]  # Vistazo first: its answers are what the others' must be
    pythons: dict[str, Path]
    courses: Sequence[Course]
    say: Callable[[str], None]
    expected: dict[str, Answers] = field(default_factory=dict)

    def run(self, count: int) -> None:
        """Raises BenchmarkError where Vistazo itself gives no answers."""
        until = time.monotonic() + LONGEST_S
        for number in range(count):
            for course in self.courses:
                self.say(f"Round {number + 1} of {count}, {course.task.name}:")
                for key in self._order(number):
                    if time.monotonic() > until:
                        self.say(f"After {LONGEST_S // 60} minutes it is enough.")
                        return
                    self._turn(key, course)

    def _order(self, number: int) -> list[str]:
        """Another one begins each round; Vistazo the first."""
        keys = [VISTAZO, LIMIT, *(one.key for one in self.contenders if one.key != VISTAZO)]
        first = number % len(keys)
        return keys[first:] + keys[:first]

    def _turn(self, key: str, course: Course) -> None:
        model = course.task.name
        outcome = self.results.outcome(model, key)
        if outcome.failure:
            return
        try:
            turn = self._taken(key, course)
        except TurnError as error:
            outcome.failure = str(error)
            self.say(f"  {key}: no figure: {outcome.failure}")
        else:
            outcome.turns.append(turn)
            self.say(f"  {key}: {turn.per_s:.1f} requests/s, alone {turn.alone_ms:.1f} ms")
        self.results.write(self.path)
        if model not in self.expected:
            raise BenchmarkError(f"Vistazo gives no answers: {outcome.failure}")

    def _taken(self, key: str, course: Course) -> Turn:
        model = course.task.name
        if key == LIMIT:
            return limit_turn(course, self.expected[model])
        contender = next(one for one in self.contenders if one.key == key)
        python = self.pythons.get(key, Path(sys.executable))
        turn, answers = take_turn(contender, python, course, self.expected.get(model))
        self.expected.setdefault(model, answers)
        return turn
