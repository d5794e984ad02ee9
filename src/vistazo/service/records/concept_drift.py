"""Whether answers have become less right than where the model was measured, though what is asked
looks as it did there: the same pictures mean something else now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from vistazo.answers.reference import Reference
from vistazo.service.records.worth import Share, Worth

State = Literal["steady", "drifting", "too_few", "no_baseline"]

_FEWEST = 30
# Somebody looks after each new label, at windows that overlap. At this level a service whose model
# is as right as it was is told otherwise within 10,000 labels once in 100 times at most (it was
# 0.4 of 100, drawn at random); that it is right of 20 in 100 less is seen after 40 to 160 labels.
_LEVEL = 1e-5

_SEE_FIRST = {
    "en": "See first whether right answers are judged as often as wrong ones: feedback is seldom "
    "a fair sample.",
    "es": "Compruebe primero si las respuestas acertadas se valoran tanto como las erradas: "
    "los avisos rara vez son una muestra justa.",
}
_DRIFTING = {
    "en": "The model is wrong more often than where it was measured, and what it is asked looks "
    "the same: what the labels mean may have changed, or who says what is true. "
    f"{_SEE_FIRST['en']} Then judge a hundred answers chosen by lot, and train the model anew on "
    "recent examples.",
    "es": "El modelo se equivoca más que donde se midió, y lo que se le pregunta parece igual: "
    "puede haber cambiado lo que significan las etiquetas, o quién dice qué es cierto. "
    f"{_SEE_FIRST['es']} Después valore cien respuestas elegidas al azar, y entrene el modelo de "
    "nuevo con ejemplos recientes.",
}
_INPUTS_CHANGED = {
    "en": "The model is wrong more often than where it was measured, but what it is asked has "
    "changed, too: look after that first.",
    "es": "El modelo se equivoca más que donde se midió, pero también ha cambiado lo que se le "
    "pregunta: atienda primero a eso.",
}
_UNKNOWN = {
    "en": "The model is wrong more often than where it was measured, and nobody knows yet whether "
    f"what it is asked has changed. {_SEE_FIRST['en']}",
    "es": "El modelo se equivoca más que donde se midió, y aún no se sabe si ha cambiado lo que se "
    f"le pregunta. {_SEE_FIRST['es']}",
}


@dataclass(frozen=True)
class ConceptDrift:
    """``p_value`` is how often chance alone makes the newest judged answers as wrong as they are,
    at one look; None where nothing was compared. ``what_to_do`` is by language, None for nothing.
    """

    state: State
    expected_accuracy: float | None = None
    p_value: float | None = None
    inputs_look_the_same: bool | None = None
    what_to_do: dict[str, str] | None = None


def concept_drift(
    worth: Worth, reference: Reference | None, *, inputs_look_the_same: bool | None
) -> ConceptDrift:
    """Compare the newest judged answers with those that the ``reference`` was made of.

    ``inputs_look_the_same`` as there; None where nobody knows, as of rows of numbers.
    """
    if reference is None or not reference.judged:
        return ConceptDrift("no_baseline")
    expected = reference.right / reference.judged
    newest, is_same = worth.newest, inputs_look_the_same
    if newest is None or newest.count < _FEWEST:
        return ConceptDrift("too_few", expected, None, is_same)
    p_value = less_right(newest, reference.right, reference.judged)
    if p_value >= _LEVEL:
        return ConceptDrift("steady", expected, p_value, is_same)
    if is_same is False:
        return ConceptDrift("steady", expected, p_value, is_same, _INPUTS_CHANGED)
    return ConceptDrift("drifting", expected, p_value, is_same, _DRIFTING if is_same else _UNKNOWN)


def less_right(newest: Share, right: int, judged: int) -> float:
    """How often, were both as right, so few or fewer of the ``newest`` would be: Fisher's exact
    test, which knows that the reference was counted, too.
    """
    all_right, all_judged = newest.right + right, newest.count + judged
    fewest = max(0, all_right - judged)
    ways = (
        _log_choose(newest.count, each) + _log_choose(judged, all_right - each)
        for each in range(fewest, newest.right + 1)
    )
    whole = _log_choose(all_judged, all_right)
    return min(1.0, math.fsum(math.exp(way - whole) for way in ways))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
