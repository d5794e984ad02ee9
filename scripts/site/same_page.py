"""A hook of MkDocs: who changes the language stays on the page."""

from __future__ import annotations

from typing import Any


def on_page_context(context: dict[str, Any], page: Any, config: Any, **_: Any) -> dict[str, Any]:
    """Before ``page`` is rendered: the links to the languages lead to it in each of them."""
    for language in config.extra["alternate"]:
        language["link"] = f"{language['root']}{page.url}"
    return context
