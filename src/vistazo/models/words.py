"""A card's texts: each is one text, or one for each of several languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, StringConstraints, Tag

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$"
# It stays in view on a phone, above the picture: a few lines.
_MAX_NOTICE = 300
_MAX_PHRASE = 200

# In brackets, so that a fault can be told without them: no field is called so.
_ONE, _SEVERAL = "(text)", "(languages)"
# Which of the two is known before either is tried, so that a fault is told once, of that one.
_KIND = Discriminator(lambda said: _SEVERAL if isinstance(said, dict) else _ONE)

Language = Annotated[str, Field(pattern=LANGUAGE)]
# In one of several languages: more than blanks.
_Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Prose = Annotated[
    Annotated[str, Tag(_ONE)] | Annotated[dict[Language, _Said], Tag(_SEVERAL)],
    _KIND,
]
Notice = Annotated[
    Annotated[Annotated[str, Field(max_length=_MAX_NOTICE)], Tag(_ONE)]
    | Annotated[dict[Language, Annotated[_Said, Field(max_length=_MAX_NOTICE)]], Tag(_SEVERAL)],
    _KIND,
]
Phrase = Annotated[
    Annotated[Annotated[str, Field(max_length=_MAX_PHRASE)], Tag(_ONE)]
    | Annotated[dict[Language, Annotated[_Said, Field(max_length=_MAX_PHRASE)]], Tag(_SEVERAL)],
    _KIND,
]


def spoken(text: object, own_language: str = "", language: str = "en") -> str:
    """A text, or of one for each of several languages that of ``language``; else that of the card's
    own, else the first. Empty for what is neither.
    """
    if not isinstance(text, Mapping):
        return text if isinstance(text, str) else ""
    wanted = (
        *(code for code in text if code == language),
        *(code for code in text if str(code).startswith(f"{language}-")),
        *(code for code in text if code == own_language),
        *text,
    )
    return str(text[wanted[0]]) if wanted else ""
