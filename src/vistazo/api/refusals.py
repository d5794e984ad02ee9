"""What was refused within one request, for its line in the log.

Codes and the names of rules, which are ours: the words of a refusal may quote the request.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar

from vistazo.api.schemas import Problem

_refused: ContextVar[list[Problem] | None] = ContextVar("refused", default=None)


@contextlib.contextmanager
def collected() -> Iterator[list[Problem]]:
    """The problems that are noted inside, in order."""
    problems: list[Problem] = []
    token = _refused.set(problems)
    try:
        yield problems
    finally:
        _refused.reset(token)


def note(problem: Problem) -> None:
    """Remember a problem that the running request is answered with. Outside one: nothing."""
    problems = _refused.get()
    if problems is not None:
        problems.append(problem)


def log_fields(problems: list[Problem], status: int) -> dict[str, object]:
    """``code`` of a request that was refused; ``refused``, how many by code, of an answered batch.

    With either ``rules``, where pictures break some. Empty where nothing was refused.
    """
    if not problems:
        return {}
    codes = [problem.code for problem in problems]
    rules = {fault.rule for problem in problems for fault in problem.errors or ()}
    return {
        **({"code": codes[-1]} if status >= 400 else {"refused": dict(Counter(codes))}),
        **({"rules": sorted(rules)} if rules else {}),
    }
