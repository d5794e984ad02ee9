"""Fetches a model and what belongs to it, each from its own link or from beside the model's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from vistazo import __version__
from vistazo.errors import DownloadError, ModelNotFoundError
from vistazo.models.compilation import name_shards
from vistazo.models.fetch.browser_model import laid_together, size_of
from vistazo.models.fetch.cache import Cache, Entry
from vistazo.models.fetch.companions import BASELINE, CARD, LABELS, LAYERS, METADATA, WEIGHTS, Kind
from vistazo.models.fetch.content import suffix_of
from vistazo.models.fetch.download import Download, Order
from vistazo.models.fetch.location import Link, Location
from vistazo.models.fetch.names import SUFFIXES, model_name, safe
from vistazo.models.fetch.partial import Bound, PartialFile
from vistazo.models.fetch.place import ModelFiles, Patience, Place
from vistazo.models.fetch.progress import Progress
from vistazo.models.fetch.redirects import Resolve, check_start, resolve
from vistazo.models.fetch.share_links import download_link
from vistazo.models.layers_text import (
    head_of,
    is_for_browser,
    is_one_of_several,
    is_one_of_two,
    text_kind,
)

log = logging.getLogger(__name__)

_POLL_S = 0.2
# Where something is at hand, or may be missing, nobody waits long for the network.
_BRIEF_ATTEMPTS = 3
_BRIEF_CONNECT_S = 3.0
_BRIEF_IDLE_S = 10.0


def collect(
    place: Place,
    folder: Callable[[], Path],
    patience: Patience,
    is_cancelled: Callable[[], bool],
) -> ModelFiles:
    """Fetch what is behind links. ``folder`` gives one that can be written. Raises ModelError."""

    async def fetch() -> ModelFiles:
        async with _client() as client:
            return await Collection(place, folder, patience, client).fetch()

    async def fetch_unless_cancelled() -> ModelFiles:
        task = asyncio.create_task(fetch())
        try:
            while not task.done():
                await asyncio.wait([task], timeout=_POLL_S)
                if is_cancelled():
                    raise DownloadError("The download was stopped.")
            return task.result()
        finally:
            task.cancel()

    # At 'info' httpx logs whole addresses, and those of shares are keys.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return asyncio.run(fetch_unless_cancelled())


def _client() -> httpx.AsyncClient:
    try:
        return httpx.AsyncClient(headers={"User-Agent": f"vistazo/{__version__}"})
    except OSError as error:
        raise DownloadError(
            f"The certificates of this machine cannot be read: {error}. SSL_CERT_FILE and "
            "SSL_CERT_DIR name them."
        ) from error


class Collection:
    """What one place names. ``client`` follows no redirects by itself."""

    def __init__(
        self,
        place: Place,
        folder: Callable[[], Path],
        patience: Patience,
        client: httpx.AsyncClient,
        resolve: Resolve = resolve,
    ) -> None:
        self._place = place
        self._folder = folder
        self._patience = patience
        self._client = client
        self._resolve = resolve
        self._cache = Cache(place.cache_dir)
        self._asks_again = True  # after what is in the cache; not where the network has failed

    async def fetch(self) -> ModelFiles:
        """Raises DownloadError; ModelNotFoundError where a link has nothing."""
        model, weights = await self._model_and_weights()
        return ModelFiles(
            model,
            await self._companion(CARD, self._place.card),
            await self._companion(LABELS, self._place.labels),
            await self._companion(BASELINE, self._place.baseline),
            await self._vectorizer(),
            weights,
        )

    async def _model_and_weights(self) -> tuple[Path, Path | None]:
        """The whole model, or the file of its layers with that of its weights where it is known."""
        model, given = self._place.model, self._place.weights
        if isinstance(model, Link):
            model = await self._model(model)
        bound = Bound(self._place.max_bytes, "MAX_MODEL_BYTES")
        kinds = [Kind("weights", beside, bound) for beside in WEIGHTS]
        if given is not None:
            return model, await self._companion(kinds[0], given)
        if isinstance(self._place.model, Link) and is_for_browser(head_of(model)):
            return await self._with_shards(model), None
        if not isinstance(self._place.model, Link) or not is_one_of_two(model):
            return model, None
        if text_kind(head_of(model)) is not None:
            return model, await self._first_beside(kinds)
        layers = await self._first_beside(LAYERS)
        return (model, None) if layers is None else (layers, model)

    async def _with_shards(self, model: Path) -> Path:
        """``model.json`` in a folder with the files that it names, each from beside it."""
        files = [model]
        names = await asyncio.to_thread(name_shards, model)
        for name in names:
            bound = Bound(self._place.max_bytes - size_of(files), "MAX_MODEL_BYTES")
            kind = Kind("weights", quote(name), bound)
            link = self._beside(kind)
            if link is None:
                raise DownloadError(
                    f"The model is made of {len(names) + 1} files, and {self._place.model} leads "
                    "to one of them alone. Put them into a folder of a web server or repository, "
                    "or share a zip of them."
                )
            files.append(await self._newest(link, kind, self._cache.find(link)))
        metadata = await self._companion(METADATA, None)
        return laid_together(files, (model.name, *names), metadata, self._folder)

    async def _first_beside(self, kinds: Sequence[Kind]) -> Path | None:
        for kind in kinds:
            found = await self._companion(kind, None)
            if found is not None:
                return found
        return None

    async def _vectorizer(self) -> Path | None:
        """Nobody looks for one that was not named."""
        given = self._place.vectorizer
        bound = Bound(self._place.max_bytes, "MAX_MODEL_BYTES")
        kind = Kind("vectorizer", "vectorizer.pkl", bound)
        return None if given is None else await self._companion(kind, given)

    async def _model(self, link: Link) -> Path:
        check_start(link, is_pinned=self._place.sha256 is not None)
        entry = self._cache.find(link)
        if entry is not None and self._place.sha256 is not None:
            if entry.sha256 == self._place.sha256:
                self._asks_again = self._lacks_card()
                return entry.path
            entry = entry if is_one_of_several(entry.path) else None
        kind = Kind("model", "", Bound(self._place.max_bytes, "MAX_MODEL_BYTES"))
        return await self._newest(link, kind, entry)

    def _lacks_card(self) -> bool:
        """Whether the card may have been put beside a model that came without one."""
        card = self._place.card or self._beside(CARD)
        return isinstance(card, Link) and self._cache.find(card) is None

    async def _companion(self, kind: Kind, given: Location | None) -> Path | None:
        if isinstance(given, Link):
            check_start(given, is_pinned=False)
            return await self._newest(given, kind, self._cache.find(given))
        beside = self._beside(kind)
        if given is not None or beside is None:
            return given
        entry = self._cache.find(beside)
        if entry is None and not self._asks_again:
            return None
        try:
            return await self._newest(beside, kind, entry, may_lack=True)
        except ModelNotFoundError:
            self._cache.forget(beside)
        except DownloadError as error:
            log.info("not found beside the model", extra={"file": kind.name, "reason": str(error)})
        return None

    def _beside(self, kind: Kind) -> Link | None:
        """The link of a file beside the model; None where the model's is of no folder.

        Without encryption it is not asked: a hash may speak for the model, but none for these.
        """
        if not isinstance(self._place.model, Link):
            return None
        link = download_link(self._place.model.url)
        parts = urlsplit(link.url)
        folder, _, name = parts.path.rpartition("/")
        if not link.has_folder or not name.lower().endswith(SUFFIXES):
            return None
        stem = name.rpartition(".")[0]
        plain = stem.removesuffix(".weights")
        path = f"{folder}/{kind.beside.format(stem=stem, name=plain)}"
        beside = Link(urlunsplit(parts._replace(path=path)))
        try:
            check_start(beside, is_pinned=False)
        except DownloadError:
            return None
        return beside

    async def _newest(
        self, link: Link, kind: Kind, entry: Entry | None, *, may_lack: bool = False
    ) -> Path:
        """From the link, or where it gives nothing from the cache."""
        if entry is not None and not self._asks_again:
            return entry.path
        patience = self._patience
        if entry is not None or may_lack:
            patience = _brief(patience, attempts=1 if entry is not None else _BRIEF_ATTEMPTS)
        try:
            newer = await self._download(link, kind, entry, patience)
        except (DownloadError, ModelNotFoundError) as error:
            if entry is None or (may_lack and isinstance(error, ModelNotFoundError)):
                raise
            log.warning(
                "a link fails; its copy in the cache is used",
                extra={"file": kind.name, "reason": str(error)},
            )
            self._asks_again = False
            return entry.path
        return (newer or entry or _nothing(link)).path

    async def _download(
        self, link: Link, kind: Kind, entry: Entry | None, patience: Patience
    ) -> Entry | None:
        """None where the entry is still the newest."""
        target, started = download_link(link.url), time.monotonic()
        is_model = kind.name == "model"
        order = Order(
            target,
            str(link) if target.has_folder else f"The {target.service} link",
            entry.version if entry is not None else None,
            patience,
            is_model=is_model,
            is_pinned=is_model and self._place.sha256 is not None,
        )
        with PartialFile(lambda: Cache(self._folder()).new_file(link), kind.bound) as partial:
            download = Download(self._client, self._resolve, order, partial, Progress(kind.name))
            if not await download.run():
                return None
            partial.close()
            if is_model and not is_one_of_several(partial.path):  # MODEL_SHA256 is that of all
                self._check_sha256(order.shown, partial.sha256)
            name = _name(kind, download.names, partial.path)
            kept = Cache(self._folder()).keep(
                link, partial.path, name, partial.sha256, download.version
            )
        seconds = round(time.monotonic() - started, 2)
        log.info("downloaded", extra={"file": kind.name, "bytes": partial.size, "seconds": seconds})
        return kept

    def _check_sha256(self, shown: str, sha256: str) -> None:
        if self._place.sha256 not in (None, sha256):
            raise DownloadError(
                f"{shown} gave a file with sha256 {sha256}, but MODEL_SHA256 is "
                f"{self._place.sha256}. It was not kept. Correct the link or MODEL_SHA256."
            )


def _brief(patience: Patience, attempts: int) -> Patience:
    return replace(
        patience,
        attempts=min(patience.attempts, attempts),
        connect_s=min(patience.connect_s, _BRIEF_CONNECT_S),
        idle_s=min(patience.idle_s, _BRIEF_IDLE_S),
    )


def _name(kind: Kind, names: tuple[str | None, ...], file: Path) -> str:
    if kind.name == "model":
        return model_name(names, suffix_of(file))
    named = [safe(name) for name in names if name and "." in name]
    return next(filter(None, named), kind.beside.format(stem="model", name="model"))


def _nothing(link: Link) -> Entry:
    raise DownloadError(f"{link} says that nothing has changed, but nothing is here. Try again.")
