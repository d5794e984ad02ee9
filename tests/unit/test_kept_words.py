"""The words of a text are found once while an answer to it is made."""

from __future__ import annotations

import pytest

from vistazo.texts import analysis
from vistazo.texts.analysis import Analysis
from vistazo.texts.token_pattern import TokenPattern


class _Counting(TokenPattern):
    """Notes each text that is looked through."""

    def found_in(self, text: str) -> list[str]:
        looked_through.append(text)
        return super().found_in(text)


looked_through: list[str] = []


@pytest.fixture
def words() -> Analysis:
    looked_through.clear()
    return Analysis(
        "word",
        1,
        2,
        is_lowercase=True,
        accents="unicode",
        pattern=_Counting(r"\b[a-z]+\b"),
    )


def test_words_are_found_once_while_they_are_kept_and_forgotten_then(words: Analysis) -> None:
    with words.keeping():
        terms = [list(words.terms("Él va")) for _ in range(2)]
        assert words.pieces("Él va") == ["el", "va"]
    assert terms == [["el", "va", "el va"]] * 2
    assert looked_through == ["el va"]
    words.pieces("Él va")
    assert len(looked_through) == 2


def test_no_more_is_kept_than_a_request_of_usual_length_has(
    words: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysis, "_MOST_KEPT", 10)
    with words.keeping():
        for text in ("a b", "c d e", "f g h", "a b", "f g h"):
            words.pieces(text)
    assert looked_through == ["a b", "c d e", "f g h", "f g h"]


@pytest.mark.parametrize("text", ["", "1", "a", "a \ud800 b", "\ud800"])
def test_words_that_were_kept_are_the_same_as_found(words: Analysis, text: str) -> None:
    found = words.pieces(text)
    with words.keeping():
        assert [list(words.pieces(text)) for _ in range(2)] == [found, found]


def test_a_text_that_is_run_through_by_characters_stays_a_text() -> None:
    characters = Analysis("char", 1, 2, is_lowercase=True, accents="")
    with characters.keeping():
        assert [characters.pieces("ab") for _ in range(2)] == ["ab", "ab"]
