"""Keys for tests, and those that they are for."""

from __future__ import annotations

from vistazo.service.access.api_key import digest_of, new_key
from vistazo.service.access.key_ring import KeyEntry
from vistazo.service.access.scopes import AccessScope

KEYS = {name: new_key() for name in ("ward", "graphs", "boss", "revoked")}
_SCOPES: dict[str, tuple[AccessScope, ...]] = {
    "ward": ("predict", "feedback"),
    "graphs": ("metrics",),
    "boss": ("admin", "predict"),
}
ENTRIES = ",".join(
    str(KeyEntry(name, frozenset(scopes), digest_of(KEYS[name])))
    for name, scopes in _SCOPES.items()
)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
