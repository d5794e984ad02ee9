"""What each path asks of its caller, in one table."""

from __future__ import annotations

from vistazo.service.access.scopes import AccessScope

# A path, and what lies below it; the longest that fits says it. None: open to everybody, always.
NEEDS: dict[str, AccessScope | None] = {
    "/predict": "predict",
    "/explain": "predict",
    "/preview": "predict",
    "/model": "predict",
    "/feedback": "feedback",
    "/metrics": "metrics",
    "/drift": "metrics",
    "/admin": "admin",
    "/health/": None,
    "/v1": "predict",
    "/v2": "predict",
    "/v2/health/": None,
    "/page/": None,
    "/page/example": "predict",
    "/docs": None,
    "/openapi.json": None,
}
# A path that somebody adds and forgets here is not open by that.
_ELSEWHERE: AccessScope = "predict"


def need_of(path: str) -> AccessScope | None:
    """The scope that a key needs for a path; None where none is needed."""
    if path == "/":
        return None
    fitting = [beginning for beginning in NEEDS if _begins(path, beginning)]
    return NEEDS[max(fitting, key=len)] if fitting else _ELSEWHERE


def _begins(path: str, beginning: str) -> bool:
    folder = beginning.rstrip("/") + "/"
    return path.startswith(folder) or path == beginning
