"""Whether a text is of the language in which the letters were counted."""

from __future__ import annotations

import numpy as np
import pytest

from served_samples import reading_classifier, row_classifier
from vistazo.answers.reference import Answered, Reference
from vistazo.classifier import OutOfDistributionPolicy
from vistazo.service.drift.quantities import quantities_of
from vistazo.texts.letters import MOST_LETTERS, Letters

RANDOM = np.random.default_rng(0)
SPANISH = (
    "La ciudad despertó con lluvia y los vecinos salieron tarde a la calle. El alcalde prometió "
    "arreglar las aceras antes del verano, pero nadie en el mercado le creyó. Una mujer que vende "
    "naranjas desde hace treinta años dijo que cada gobierno promete lo mismo y que después todo "
    "queda igual. Mientras tanto los niños jugaban con un balón viejo junto a la fuente, y un "
    "perro dormía bajo el banco de siempre. Por la tarde volvió el sol, se abrieron las ventanas y "
    "se oyó música en los patios. Al anochecer la plaza estaba llena otra vez de gente que hablaba "
    "del precio del pan, de la cosecha y de los que se marcharon a buscar trabajo en otra parte."
)
MORE_SPANISH = (
    "El equipo ganó en el último minuto gracias a un error del portero. La afición, que había "
    "esperado bajo el frío durante dos horas, celebró la victoria hasta la madrugada. El "
    "entrenador explicó después que la mejora se debe al trabajo de los jugadores jóvenes, y que "
    "todavía queda mucho por hacer si quieren llegar a la final del campeonato en primavera."
)
ENGLISH = (
    "The team won in the last minute thanks to a mistake by the goalkeeper. The crowd, which had "
    "waited in the cold for two hours, went on with its party until the morning. The coach said "
    "afterwards that they owe it to the work of the young players, and that there is still much "
    "to do if they want to reach the final of the championship this spring with the whole squad."
)


def spanish() -> Letters:
    letters = Letters.of([SPANISH])
    assert letters is not None
    return letters


def test_another_language_and_gibberish_are_told_from_300_characters() -> None:
    letters = spanish()
    mash = "".join(RANDOM.choice(list("asdfghjkl qwertyuiop zxcvbnm"), 300))
    own, other, none = (letters.familiarity(text[:300]) for text in (MORE_SPANISH, ENGLISH, mash))
    assert own is not None
    assert other is not None
    assert none is not None
    assert other < own - 0.3
    assert none < own - 1


def test_case_and_what_is_no_letter_change_nothing() -> None:
    letters = spanish()
    assert letters.familiarity("¿La CASA, 12?") == letters.familiarity("la casa")


def test_a_script_that_never_came_is_told() -> None:
    letters = spanish()
    assert (letters.familiarity("Команда победила в последнюю минуту.") or 0) < -3.5
    assert (letters.familiarity("球队在最后一分钟获胜。") or 0) < -3.5


def test_the_same_letters_in_another_order_are_told() -> None:
    letters = spanish()
    shuffled = "".join(RANDOM.permutation(list(MORE_SPANISH)))
    assert (letters.familiarity(shuffled) or 0) < (letters.familiarity(MORE_SPANISH) or 0) - 0.5


@pytest.mark.parametrize("text", ["", "12 + 30 = 42 🎉", "\ud800\udfff"])
def test_of_a_text_without_letters_nothing_is_said(text: str) -> None:
    assert spanish().familiarity(text) is None
    assert Letters.of([text]) is None


def test_how_long_a_text_is_shifts_nothing() -> None:
    letters = spanish()
    once, often = letters.familiarity(f"{ENGLISH} "), letters.familiarity(f"{ENGLISH} " * 50)
    assert often == pytest.approx(once, abs=0.01)


def test_however_many_letters_there_are_sixty_are_kept_at_most() -> None:
    """Every character of Chinese is one."""
    letters = Letters.of(["".join(map(chr, range(0x4E00, 0x9FA5)))])
    assert letters is not None
    assert len(letters.alphabet) == MOST_LETTERS
    assert letters.familiarity("球队") is not None


@pytest.mark.parametrize("policy", ["warn", "off"])
def test_an_answer_tells_how_familiar_the_language_is_where_there_is_a_reference(
    policy: OutOfDistributionPolicy,
) -> None:
    classifier = reading_classifier(out_of_distribution=policy)
    assert classifier.classify([SPANISH])[0].language is None
    classifier.reference = Reference.of(["false", "true"], [Answered(0, {})], spanish())
    own, none = classifier.classify([MORE_SPANISH, "12"])
    assert own.language == quantities_of(own)["language"] == spanish().familiarity(MORE_SPANISH)
    assert none.language is None


def test_rows_of_numbers_have_no_language() -> None:
    classifier = row_classifier()
    classifier.reference = Reference.of(["A", "B"], [Answered(0, {})], spanish())
    assert classifier.classify([[2.0, 1.0]])[0].language is None
