"""The windows in which tests take turns: to clear one costs a third of what a new one costs."""

from __future__ import annotations

from functools import partial
from typing import Any

_MOST_MS = 15_000
_USUAL_SIZE = {"width": 1280, "height": 720}


class Windows:
    """Of one browser. The shared ones, one for each locale, are cleared between tests.

    ``errors`` are those that a page reported of itself, such as a breach of its policy.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._shared: dict[str, Any] = {}
        self._own: list[Any] = []
        self.errors: list[str] = []

    def open(self, locale: str, *, own: bool) -> Any:
        """An empty page: what the language is cannot be changed later, all else can."""
        if own:
            self._own.append(self._new(locale))
            return self._own[-1]
        if locale not in self._shared:
            self._shared[locale] = self._new(locale)
        page = self._shared[locale]
        _leave(page)
        page.unroute_all()
        return page

    def clear(self) -> None:
        """Nothing goes on, and nothing is kept, of what was done in them."""
        for page in self._shared.values():
            _leave(page)
        while self._own:
            self._own.pop().context.close()

    def _new(self, locale: str) -> Any:
        page = self._browser.new_context(locale=locale).new_page()
        page.set_default_timeout(_MOST_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", partial(_note, self.errors))
        return page


def dress(
    page: Any,
    *,
    viewport: dict[str, int] | None = None,
    color_scheme: str = "light",
    reduced_motion: str = "no-preference",
) -> None:
    """The window's size and what its visitor prefers."""
    page.set_viewport_size(viewport or _USUAL_SIZE)
    page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)


def speak(page: Any, language: str) -> None:
    """Choose it, "English" or "Español", and wait until the page speaks it."""
    page.click(f".languages :text('{language}')")
    page.wait_for_selector(f"[aria-pressed=true]:text('{language}')")


def _leave(page: Any) -> None:
    if page.url.startswith("http"):
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        page.goto("about:blank")


def _note(errors: list[str], message: Any) -> None:
    # A request that was answered with an error is told about too; the page says so itself.
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        errors.append(message.text)
