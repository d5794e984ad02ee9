"""The keys that open: their names, their scopes, and the digests by which they are known."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vistazo.errors import SettingsError
from vistazo.service.access.api_key import KEY_PREFIX, digest_of, is_key
from vistazo.service.access.scopes import SCOPES, AccessScope, in_order, is_scope

# All are compared with each key that comes: a fifth of a millisecond for as many.
MOST_KEYS = 1_000

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"hmac-sha256-([0-9a-f]{64})")
_FORM = "NAME:SCOPE+SCOPE:hmac-sha256-..., as 'vistazo keys add NAME' makes it"


@dataclass(frozen=True)
class KeyEntry:
    """``digest`` is ``digest_of`` the key; the key itself is nowhere."""

    name: str
    scopes: frozenset[AccessScope]
    digest: bytes = field(repr=False)

    def __str__(self) -> str:
        """As ``read_entries`` reads it."""
        return f"{self.name}:{'+'.join(in_order(self.scopes))}:hmac-sha256-{self.digest.hex()}"


class KeyRing:
    """Raises SettingsError where there are too many, or two of one name."""

    def __init__(self, entries: Iterable[KeyEntry]) -> None:
        self._entries = tuple(entries)
        names = [entry.name for entry in self._entries]
        if len(names) > MOST_KEYS:
            raise SettingsError(f"There are {len(names)} keys; {MOST_KEYS} are the most.")
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            raise SettingsError(f"Two keys have the name {doubles[0]}. Give each one of its own.")

    def __iter__(self) -> Iterator[KeyEntry]:
        return iter(self._entries)

    def find(self, key: str) -> KeyEntry | None:
        """The entry of a key. It takes as long wherever it stands, or if there is none."""
        if not is_key(key):
            return None
        digest, found = digest_of(key), None
        for entry in self._entries:
            if hmac.compare_digest(entry.digest, digest):
                found = entry
        return found


def read_entries(text: str, source: str) -> tuple[KeyEntry, ...]:
    """Entries, with commas or white space between them; what follows a # is a comment.

    Raises SettingsError, which names ``source`` and the place, and quotes nothing: where a person
    has written a key itself, it would be shown.
    """
    lines = [line.partition("#")[0] for line in text.splitlines()]
    words = [word for line in lines for word in re.split(r"[\s,]+", line) if word]
    return tuple(_read_entry(word, f"{source}, entry {n}") for n, word in enumerate(words, 1))


def _read_entry(word: str, place: str) -> KeyEntry:
    if word.startswith(KEY_PREFIX):
        raise SettingsError(
            f"{place}: this is a key itself, and who reads it here has it. Make another one, and "
            f"write what belongs here: {_FORM}."
        )
    name, _, rest = word.partition(":")
    scopes, _, digest = rest.partition(":")
    words, kept = scopes.split("+"), _DIGEST.fullmatch(digest)
    if not NAME.fullmatch(name) or kept is None:
        raise SettingsError(f"{place}: this is not {_FORM}.")
    if strange := [each for each in words if not is_scope(each)]:
        count = len(strange)
        raise SettingsError(
            f"{place}: {count} of its scopes cannot be read. There are {', '.join(SCOPES)}."
        )
    return KeyEntry(name, frozenset(filter(is_scope, words)), bytes.fromhex(kept[1]))
